"""Every output format by its kind: whatever module of this package has a `FORMAT`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from pipeline.video_io import outputs
from pipeline.video_io.outputs.output_format import OutputFormat
from utils.errors import BadRequest


@cache
def formats() -> dict[str, OutputFormat]:
    """Return the formats by kind, in the order they are shown."""
    found = []
    for module in pkgutil.iter_modules(outputs.__path__):
        declared = getattr(
            importlib.import_module(f"{outputs.__name__}.{module.name}"), "FORMAT", None
        )
        if isinstance(declared, OutputFormat):
            found.append(declared)
    return {item.kind: item for item in sorted(found, key=lambda item: item.position)}


def output_kinds() -> tuple[str, ...]:
    """Return the names of all formats, in the order they are shown."""
    return tuple(formats())


def default_outputs() -> tuple[str, ...]:
    """Return the names of the formats that a job makes unless it is told otherwise."""
    return tuple(kind for kind, item in formats().items() if item.is_default)


def output_format(kind: str) -> OutputFormat:
    """Return one format.

    Raises:
        BadRequest: there is none of this name.
    """
    found = formats().get(kind)
    if found is None:
        raise BadRequest("job.output_unknown", name=kind[:60], known=", ".join(output_kinds()))
    return found


def check_outputs(kinds: Iterable[str]) -> None:
    """Check the outputs of a job.

    Raises:
        BadRequest: none is asked for, or an unknown one.
    """
    asked = tuple(kinds)
    if not asked:
        raise BadRequest("job.no_output", known=", ".join(output_kinds()))
    for kind in asked:
        output_format(kind)


def estimate_bytes(pixels: int, kinds: Iterable[str]) -> int:
    """Return the bytes that the outputs take at most, for so many pixels over all frames."""
    return sum(output_format(kind).estimate_bytes(pixels) for kind in kinds)
