"""Where things sit in a service's answers, and bodies made from a row's templates; it sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from engines.remote.spec import JsonBody

Answer: TypeAlias = Any
"""JSON as it was read: dictionaries, lists, texts, numbers."""


def lookup(answer: Answer, where: str) -> Answer:
    """Return what sits at a dotted path in JSON, or at the first of several; None where nothing does."""
    for path in where.split("|"):
        found = answer
        for name in path.split("."):
            if isinstance(found, dict):
                found = found.get(name)
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                found = None
        if found is not None:
            return found
    return None


def expand_body(body: Mapping[str, JsonBody], values: Mapping[str, str]) -> dict[str, Any]:
    """Return a body with the placeholders in its texts filled in."""
    result: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, str):
            result[name] = value.format_map(values)
        elif isinstance(value, Mapping):
            result[name] = expand_body(value, values)
        else:
            result[name] = value
    return result
