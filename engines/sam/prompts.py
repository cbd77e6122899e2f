"""Check prompts for SAM 3 and SAM 2.1 before any model runs; knows no tensors."""

from __future__ import annotations

import math
import re

from utils.errors import UnusablePrompt
from utils.types import Box, Point

_NOT_ENGLISH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Kana, CJK ideographs, Hangul: the text encoder sees them as byte fragments, and its result is meaningless."""
_MINIMUM_BOX_PX = 2


def check_text(text: str) -> str:
    """Return the phrase, trimmed, that SAM 3's English text encoder can take.

    Raises:
        UnusablePrompt: it is empty or not English.
    """
    phrase = " ".join(text.split())
    if not phrase:
        raise UnusablePrompt("prompt.empty")
    if _NOT_ENGLISH.search(phrase):
        raise UnusablePrompt("prompt.text_not_english", text=phrase[:60])
    return phrase


def check_points(points: tuple[Point, ...], size_wh: tuple[int, int]) -> None:
    """Check that every click lies in the picture.

    Raises:
        UnusablePrompt: one lies outside or is not a number.
    """
    width, height = size_wh
    for point in points:
        if not (0 <= point.x <= width and 0 <= point.y <= height):
            raise UnusablePrompt(
                "prompt.point_outside", x=str(point.x), y=str(point.y), width=width, height=height
            )


def check_box(box: Box, size_wh: tuple[int, int]) -> Box:
    """Return the box cut to the picture, its corners in order.

    Raises:
        UnusablePrompt: it lies outside or is too small.
    """
    width, height = size_wh
    if any(math.isnan(value) for value in (box.x0, box.y0, box.x1, box.y1)):
        raise UnusablePrompt("prompt.box_outside", width=width, height=height)
    x0, x1 = sorted((min(max(box.x0, 0), width), min(max(box.x1, 0), width)))
    y0, y1 = sorted((min(max(box.y0, 0), height), min(max(box.y1, 0), height)))
    if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
        raise UnusablePrompt("prompt.box_outside", width=width, height=height)
    if x1 - x0 < _MINIMUM_BOX_PX or y1 - y0 < _MINIMUM_BOX_PX:
        raise UnusablePrompt(
            "prompt.box_small",
            box_width=round(x1 - x0),
            box_height=round(y1 - y0),
            minimum=_MINIMUM_BOX_PX,
        )
    return Box(x0, y0, x1, y1)
