"""What is wrong with the settings' variables, in words that name them; reads the environment and `.env`, changes nothing."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from config import Settings

_PREFIX = "SPLAZMATTE_"
_NOT_JSON = re.compile(r'error parsing value for field "(\w+)"')
"""pydantic-settings' words on a list or a table that is no JSON."""
_IN_WORDS = {
    "int_parsing": "write a whole number, without a unit, quotes or a comment",
    "float_parsing": "write a number, without a unit, quotes or a comment",
    "bool_parsing": "write true or false",
    "tuple_type": """write a list: '["a", "b"]'""",
    "dict_type": """write a table: '{"a": 1}'""",
}
"""pydantic's name of an error -> what to write instead."""
_SHOWN = 40
"""Most letters of a wrong value that are shown."""
_LINE = re.compile(rf"^\s*(?:export\s+)?({_PREFIX}\w+)\s*=", re.IGNORECASE | re.MULTILINE)
"""A line of `.env` that sets a variable of ours."""
_ALIKE = 0.85
"""Share of letters by which a variable is taken for a misspelt setting: others belong to scripts and services."""

_UNIT = re.compile(r"_(S|HOURS|BYTES|BYTES_PER_S|USD)")
"""What the name of a setting with a unit ends in."""


def settings_problem(error: ValueError) -> str:
    """Return what is wrong with each setting, by the variable's name."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return "; ".join(_described(item) for item in error.errors())
    found = _NOT_JSON.search(str(error))
    if found is None:
        return str(error)
    return f"""{_variable(found.groups())} is not JSON: a list is written '["a", "b"]', a table '{{"a": 1}}'"""


def _described(item: ErrorDetails) -> str:
    """Return what a variable's value is and should be; a value that may hold a password is not shown."""
    place = _variable(item["loc"])
    wanted = _IN_WORDS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
    wanted = wanted.replace("Input should", "it should", 1)
    if item["type"] == "value_error" or "@" in str(item["input"]):
        return f"{place}: {wanted}"
    return f"{place}: “{str(item['input'])[:_SHOWN]}” can't be used; {wanted}"


def _variable(place: tuple[int | str, ...]) -> str:
    """Return a variable's name, and which of its values is meant: SPLAZMATTE_FORMATS[1]."""
    name, *inside = place or ("",)
    return f"{_PREFIX}{name}".upper().rstrip("_") + "".join(f"[{part}]" for part in inside)


def variables_given(settings: type[Settings]) -> set[str]:
    """Return the names of all variables in the environment and in the file `.env` that the settings read."""
    names = set(os.environ)
    path = settings.model_config.get("env_file")
    if isinstance(path, Path):
        try:
            text = path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            return names
        names |= {name.upper() for name in _LINE.findall(text)}
    return names


def misspelt(variables: Iterable[str], fields: Iterable[str]) -> list[str]:
    """Return a line for each variable that is no setting but is spelt almost like one, or lacks its unit alone."""
    known = {f"{_PREFIX}{field}".upper() for field in fields}
    names = [name.removeprefix(_PREFIX) for name in known]
    lines = []
    for variable in sorted(set(variables) - known):
        if not variable.startswith(_PREFIX):
            continue
        given = variable.removeprefix(_PREFIX)
        alike = [name for name in names if _UNIT.fullmatch(name.removeprefix(given))]
        alike = alike or difflib.get_close_matches(given, names, 1, _ALIKE)
        lines += [
            f"warning: {variable} is no setting; {_PREFIX}{name} may be meant" for name in alike
        ]
    return lines


def unknown_engines(settings: Settings, engines: Collection[str]) -> list[str]:
    """Return a line for each engine that a table of the settings names and that there is not.

    The address or the price meant for it would be without effect: a clip could go to a service itself instead
    of to the gateway.
    """
    lines = []
    for field in ("remote_bases", "remote_models", "remote_prices"):
        for name in sorted(set(getattr(settings, field)) - set(engines)):
            alike = difflib.get_close_matches(name, engines, 1)
            hint = f"; “{alike[0]}” may be meant" if alike else ""
            lines.append(f"warning: {_variable((field,))} names no engine by “{name}”{hint}")
    return lines
