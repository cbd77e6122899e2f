"""Parameters of an endpoint from the options that a request declares, as Gradio reads them: a signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from pipeline.session.request import RenderRequest, request_specs
from utils.options import OptionSpec

OPTION_TYPES: dict[str, Any] = {"bool": bool, "int": int, "float": float, "list": list[str]}
"""Python type of each kind of option; of all others it is text."""


def with_request_options(
    method: Callable[..., Any], request_type: type[RenderRequest]
) -> Callable[..., Any]:
    """Return the method with a parameter for each option of the request in the place of its `**values`.

    Each is None where the client doesn't give it.
    """
    plain = inspect.signature(method, eval_str=True)
    fixed = [item for item in plain.parameters.values() if item.kind is not item.VAR_KEYWORD]
    options = [_parameter(spec) for spec in request_specs(request_type).values()]
    signature = plain.replace(parameters=[fixed[0], *options, *fixed[1:]])

    @wraps(method)
    def endpoint(*args: Any, **kwargs: Any) -> Any:
        return method(**signature.bind(*args, **kwargs).arguments)

    endpoint.__signature__ = signature  # type: ignore[attr-defined]
    endpoint.__annotations__ = {
        **{item.name: item.annotation for item in signature.parameters.values()},
        "return": signature.return_annotation,
    }
    # `get_type_hints` would look at the method's own annotations instead.
    del endpoint.__wrapped__  # type: ignore[attr-defined]
    return endpoint


def _parameter(spec: OptionSpec) -> inspect.Parameter:
    annotation = OPTION_TYPES.get(spec.kind, str) | None
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(spec.name, kind, default=None, annotation=annotation)
