"""The options of a MatAnyone job, with upstream's defaults, and the sizes it may compute at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engines.base import OptionSpec, OptionValue
from utils.types import Message

SMALLER_SHORT_SIDES = (1080, 720, 540, 360)
"""Short sides, in pixels, that a job falls back to when memory runs out."""
_MEMORY_FRAMES = 6
"""Frames that attention compares with at most: one kept for ever, four recent, one just added."""
_BASE_BYTES = 200_000_000
"""Workspaces of the library, whatever the size."""
_BYTES_PER_PIXEL = 2_000
"""Feature maps; measured 1200 to 1900."""
_MAX_KERNEL = 100
_MAX_WARMUP = 50


def option_specs(default_generation: str) -> tuple[OptionSpec, ...]:
    """Return what `process` takes; `default_generation` is the installation's setting."""
    return (
        OptionSpec(
            "generation",
            "choice",
            default_generation,
            Message("engine.matanyone.option_generation"),
            choices=("auto", "1", "2"),
        ),
        OptionSpec(
            "inside_size",
            "choice",
            "720",
            Message("engine.matanyone.option_inside_size"),
            choices=("720", "1080", "full"),
        ),
        OptionSpec("dilate", "int", 10, Message("engine.matanyone.option_dilate"), 0, _MAX_KERNEL),
        OptionSpec("erode", "int", 10, Message("engine.matanyone.option_erode"), 0, _MAX_KERNEL),
        OptionSpec("warmup", "int", 10, Message("engine.matanyone.option_warmup"), 0, _MAX_WARMUP),
        OptionSpec("amp", "bool", False, Message("engine.matanyone.option_amp")),
    )


@dataclass(frozen=True, slots=True)
class JobOptions:
    """Validated options; kernels in pixels, `inside` a short side in pixels or None for full size."""

    generation: str
    inside: int | None
    dilate: int
    erode: int
    warmup: int
    amp: bool

    @classmethod
    def of(cls, values: Mapping[str, OptionValue]) -> JobOptions:
        """Return the options from what `resolve_options` gave."""
        inside = str(values["inside_size"])
        return cls(
            generation=str(values["generation"]),
            inside=None if inside == "full" else int(inside),
            dilate=int(values["dilate"]),
            erode=int(values["erode"]),
            warmup=int(values["warmup"]),
            amp=bool(values["amp"]),
        )


def short_sides(size_wh: tuple[int, int], inside: int | None) -> list[int]:
    """Return the short sides to compute at, in pixels: the wanted one, then smaller ones."""
    full = min(size_wh)
    wanted = full if inside is None else min(full, inside)
    return [wanted, *(side for side in SMALLER_SHORT_SIDES if side < wanted)]


def inside_size_wh(size_wh: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Return the width and height, in pixels, that frames are computed at.

    Never larger than the frame; the other side is cut to whole pixels, as upstream's `max_size` does.
    """
    width, height = size_wh
    shortest = min(width, height)
    if shortest <= short_side:
        return width, height
    return int(width / shortest * short_side), int(height / shortest * short_side)


def working_bytes(width: int, height: int) -> int:
    """Estimate the device bytes of one job computed at this size, in pixels.

    Two parts, measured on the real architecture (docs/performance.md): feature maps grow with the
    pixels, attention with the square of the 16 x 16 tokens over the memory frames.
    """
    tokens = -(-width // 16) * -(-height // 16)
    attention = 2 * 4 * _MEMORY_FRAMES * tokens * tokens
    return _BASE_BYTES + _BYTES_PER_PIXEL * width * height + attention
