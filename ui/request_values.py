"""Requests from values by option name, as API clients, page controls and command-line options give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.session.request import (
    MatteRequest,
    RenderRequest,
    Request,
    build_request,
    request_specs,
)
from ui.inputs import read_outputs, short_text
from utils.errors import BadRequest
from utils.options import OptionSpec, parse_option

TEXT_LIMIT = 60
"""Longest text of an option."""


def read_request(
    request_type: type[Request],
    values: Mapping[str, object],
    base: RenderRequest | None = None,
    **structure: Any,
) -> Request:
    """Return a request of values by name or older name; None means that the value isn't given.

    Args:
        base: where values that are not given come from; else they are the defaults.
        structure: fields that are no options, already checked.

    Raises:
        BadRequest: an unknown name, or a value that can't be used.
    """
    specs = request_specs(request_type)
    names = {alias: name for name, spec in specs.items() for alias in (name, *spec.option.aliases)}
    checked: dict[str, object] = {}
    for given, value in values.items():
        if given not in names:
            raise BadRequest("page.bad_value", name=str(given)[:TEXT_LIMIT])
        if _is_given(specs[names[given]], value):
            checked[names[given]] = _read_value(specs[names[given]], value)
    return build_request(request_type, checked, base, **structure)


def _is_given(spec: OptionSpec, value: object) -> bool:
    """Return whether a value was given: an empty field is none where the option may be left out."""
    is_empty = isinstance(value, str) and not value.strip() and spec.default is None
    return value is not None and not is_empty


def _read_value(spec: OptionSpec, value: object) -> object:
    if spec.kind == "list":
        return read_outputs(value)
    if not isinstance(value, (str, int, float)) or len(str(value)) > TEXT_LIMIT:
        raise BadRequest("page.bad_value", name=spec.name)
    if spec.kind in ("text", "choice"):
        return short_text(value, spec.name, TEXT_LIMIT) or spec.default
    return parse_option(spec, value)


_IN_WIDGETS = ("edges", "backgrounds")
"""Groups of options that a widget of the page shows together, but for those that are on or off."""


def page_controls(request_type: type[RenderRequest] = MatteRequest) -> tuple[OptionSpec, ...]:
    """Return the options of a request that the page draws a control of its own for."""
    specs = [spec for spec in request_specs(request_type).values() if spec.option.on_page]
    return tuple(spec for spec in specs if spec.path[0] not in _IN_WIDGETS or spec.kind == "bool")
