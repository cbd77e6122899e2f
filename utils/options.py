"""Options declared once, as annotated fields, for command line, page and API.

A class of options is a dataclass or a pydantic model. A field that a user may set is annotated
`Annotated[type, Option(Text(...), ...)]`; from it come the control that is drawn, the range that is
checked and the name that a request uses.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, Literal, TypeAlias, TypeVar

from utils.errors import BadRequest
from utils.messages import Language, Text

OptionValue: TypeAlias = str | int | float | bool
Options = TypeVar("Options")
Kind: TypeAlias = Literal["bool", "int", "float", "choice", "text", "list"]
AUTOMATIC = Text(en="automatic", zh="自动")
"""What the page calls a choice that the program makes by itself."""


@dataclass(frozen=True, slots=True)
class Option:
    """The label of a field, and the values it takes."""

    label: Text
    minimum: float | None = None
    maximum: float | None = None
    """Inclusive limits of a number."""
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    """Allowed texts, or a function that names them."""
    choice_labels: tuple[Text, ...] = ()
    """What the page calls the choices, in their order; by default as requests do."""
    slider: tuple[float, float, float] | None = None
    """Lowest and highest value and step of a slider, where it is narrower than the limits."""
    name: str = ""
    """Name in requests, where it isn't the field's own."""
    aliases: tuple[str, ...] = ()
    """Further names, which older requests use."""
    retired: tuple[str, ...] = ()
    """Names of options that no longer exist, which older requests may hold: accepted and ignored."""
    hint: str = ""
    """How a text is written, for help; the same in every language."""
    on_page: bool = True
    """False where another part of the page sets it."""
    needs: str = ""
    """Capability (`engines.base.Capability`) that an engine must have for it to be offered on the page."""


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option, enough to draw a control and to validate a value; made by `specs_of`.

    `path` leads from the options class to the field: more than one name for a field of a group.
    """

    path: tuple[str, ...]
    kind: Kind
    default: Any
    option: Option

    @property
    def name(self) -> str:
        """The name in requests."""
        return self.option.name or self.path[-1]

    def value_in(self, options: object) -> Any:
        """Return the option's value in an object of the class that declares it."""
        return reduce(getattr, self.path, options)

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed texts; empty where any will do."""
        choices = self.option.choices
        return choices() if callable(choices) else choices

    def choice_labels(self, language: Language) -> tuple[str, ...]:
        """Return what the page calls the choices, in their order."""
        labels = tuple(label.in_language(language) for label in self.option.choice_labels)
        return labels or self.choices

    @property
    def allowed(self) -> str:
        """The allowed values as text."""
        if self.choices:
            return ", ".join(self.choices)
        return f"{self.option.minimum} … {self.option.maximum}"


def specs_of(options_type: type[Any]) -> tuple[OptionSpec, ...]:
    """Return the options of a class in the order of its fields, those of nested groups in their place.

    Names are unique over the class and its groups.
    """
    return _cached_specs(options_type)  # type: ignore[arg-type]  # a class is hashable


@cache
def _cached_specs(options_type: type[Any]) -> tuple[OptionSpec, ...]:
    hints = typing.get_type_hints(options_type, include_extras=True)
    defaults = _defaults(options_type)
    specs: list[OptionSpec] = []
    for field, hint in hints.items():
        if field not in defaults:
            continue
        option = next((item for item in _extras(hint) if isinstance(item, Option)), None)
        plain = _plain(hint)
        if option is not None:
            kind = _kind(plain, bool(option.choices))
            specs.append(OptionSpec((field,), kind, defaults[field], option))
        elif isinstance(plain, type) and dataclasses.is_dataclass(plain):
            specs += [
                dataclasses.replace(spec, path=(field, *spec.path)) for spec in specs_of(plain)
            ]
    return tuple(specs)


def resolve_options(
    specs: tuple[OptionSpec, ...], values: Mapping[str, OptionValue]
) -> dict[str, OptionValue]:
    """Return all options with defaults filled in, each value of its kind and in range.

    Strings are accepted for every kind (the command line sends them), and older names.

    Raises:
        BadRequest: an unknown option or a value out of range.
    """
    names = {alias: spec.name for spec in specs for alias in (spec.name, *spec.option.aliases)}
    retired = {name for spec in specs for name in spec.option.retired}
    for name in values:
        if name not in names and name not in retired:
            known = ", ".join(sorted(spec.name for spec in specs)) or "-"
            raise BadRequest("engine.option_unknown", name=name[:60], known=known)
    given = {names[name]: value for name, value in values.items() if name in names}
    return {spec.name: parse_option(spec, given.get(spec.name, spec.default)) for spec in specs}


def read_options(
    options_type: type[Options],
    values: Mapping[str, OptionValue],
    specs: tuple[OptionSpec, ...] | None = None,
) -> Options:
    """Return an object of the class with the values, checked as `resolve_options` does.

    Args:
        specs: the class's own, with other defaults where the installation has them.
    """
    return options_type(**resolve_options(specs or specs_of(options_type), values))


def check_ranges(options: Any) -> None:
    """Check every number of an options object against its limits.

    Raises:
        BadRequest: one is out of range, or not finite.
    """
    for spec in specs_of(type(options)):
        value = getattr(options, spec.path[0])
        if spec.kind in ("int", "float") and value is not None and not _is_inside(spec, value):
            raise BadRequest("job.value", name=spec.name, value=value, allowed=spec.allowed)


def parse_option(spec: OptionSpec, value: OptionValue) -> OptionValue:
    """Return one value of the option's kind and in range.

    Raises:
        BadRequest: it isn't.
    """
    parsers: dict[str, Callable[[OptionValue], OptionValue]] = {
        "int": _parse_int,
        "float": float,
        "bool": _parse_bool,
    }
    problem = BadRequest(
        "engine.option_range", name=spec.name, value=str(value)[:60], allowed=spec.allowed
    )
    try:
        if isinstance(value, bool) and spec.kind in ("int", "float"):
            raise TypeError(value)
        parsed = parsers.get(spec.kind, str)(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise problem from error
    if spec.kind == "choice" and parsed not in spec.choices:
        raise problem
    if spec.kind in ("int", "float") and not _is_inside(spec, float(parsed)):
        raise problem
    return parsed


def _is_inside(spec: OptionSpec, value: float) -> bool:
    option = spec.option
    low = option.minimum if option.minimum is not None else float("-inf")
    high = option.maximum if option.maximum is not None else float("inf")
    return low <= value <= high


def _parse_int(value: OptionValue) -> int:
    number = float(value)
    if number != int(number):
        raise ValueError(value)
    return int(number)


def _parse_bool(value: OptionValue) -> bool:
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
            raise ValueError(value)
        return lowered in ("1", "true", "yes", "on")
    return bool(value)


def _kind(hint: Any, has_choices: bool) -> Kind:
    if typing.get_origin(hint) is tuple:
        return "list"
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float"}
    return kinds.get(hint, "choice" if has_choices else "text")


def _extras(hint: Any) -> tuple[Any, ...]:
    return hint.__metadata__ if typing.get_origin(hint) is typing.Annotated else ()


def _plain(hint: Any) -> Any:
    """Return the type without `Annotated` and without `| None`."""
    if typing.get_origin(hint) is typing.Annotated:
        hint = hint.__origin__
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(item for item in typing.get_args(hint) if item is not type(None))
    return hint


def _defaults(options_type: type) -> dict[str, Any]:
    if dataclasses.is_dataclass(options_type):
        return {field.name: _default_of(field) for field in dataclasses.fields(options_type)}
    model_fields: Mapping[str, Any] = getattr(options_type, "model_fields", {})
    return {
        name: field.get_default(call_default_factory=True) for name, field in model_fields.items()
    }


def _default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default
