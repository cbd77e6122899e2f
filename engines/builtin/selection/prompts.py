"""Checks of a prompt against a picture before the built-in engine works on it."""

from __future__ import annotations

from utils.errors import UnusablePrompt
from utils.types import Box, Prompt

_SMALLEST_BOX = 4


def check_prompt(prompt: Prompt, size_wh: tuple[int, int], engine: str, frame: int = 0) -> None:
    """Refuse what the built-in engine can't use, with what to do instead.

    Raises:
        UnusablePrompt: text, exemplars, nothing at all, only negative clicks, or a place outside.
    """
    if prompt.text.strip():
        raise UnusablePrompt("prompt.text_unsupported", name=engine)
    if prompt.exemplars:
        raise UnusablePrompt("prompt.exemplars_unsupported", name=engine)
    if prompt.is_empty:
        raise UnusablePrompt("prompt.empty")
    width, height = size_wh
    for point in prompt.points:
        if not (0 <= point.x < width and 0 <= point.y < height):
            raise UnusablePrompt(
                "prompt.point_outside",
                x=f"{point.x:g}",
                y=f"{point.y:g}",
                width=width,
                height=height,
            )
    if prompt.box is None and prompt.mask is None and not any(p.positive for p in prompt.points):
        raise UnusablePrompt("prompt.no_positive")


def clip_box(box: Box, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box within the picture as whole pixels (x0, y0, x1, y1), half-open.

    Raises:
        UnusablePrompt: it lies outside or is too small to hold anything.
    """
    width, height = size_wh
    x0, x1 = sorted((box.x0, box.x1))
    y0, y1 = sorted((box.y0, box.y1))
    if not (x1 > 0 and y1 > 0 and x0 < width and y0 < height):
        raise UnusablePrompt("prompt.box_outside", width=width, height=height)
    left, top = max(0, round(x0)), max(0, round(y0))
    right, bottom = min(width, round(x1)), min(height, round(y1))
    if right - left < _SMALLEST_BOX or bottom - top < _SMALLEST_BOX:
        raise UnusablePrompt(
            "prompt.box_small",
            box_width=max(0, right - left),
            box_height=max(0, bottom - top),
            minimum=_SMALLEST_BOX,
        )
    return left, top, right, bottom
