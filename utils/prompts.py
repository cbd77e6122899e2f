"""The one check of prompts against a picture, for page, command line and every engine; no model runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from utils.errors import UnusablePrompt
from utils.types import Box, Message, Point, Prompt

MINIMUM_BOX_PX = 2
"""Shortest side of a box, in pixels, after it was clipped to the picture."""


def check_prompt(
    prompt: Prompt,
    size_wh: tuple[int, int],
    name: str | Message,
    *,
    reads_text: bool = False,
    finds_similar: bool = False,
) -> Prompt:
    """Return the prompt with its boxes clipped to the picture.

    Args:
        size_wh: width and height of the picture, in pixels.
        name: the engine's name, for the error text.
        reads_text: the engine finds things by text.
        finds_similar: the engine finds everything like an exemplar box.

    Raises:
        UnusablePrompt: it is empty, has only negative clicks, a place outside the picture, or what the
            engine can't use.
    """
    if prompt.text.strip() and not reads_text:
        raise UnusablePrompt("prompt.text_unsupported", name=name)
    if (prompt.exemplars or prompt.negative_exemplars) and not finds_similar:
        raise UnusablePrompt("prompt.exemplars_unsupported", name=name)
    if prompt.negative_exemplars and not (prompt.exemplars or prompt.text.strip()):
        raise UnusablePrompt("prompt.no_positive")
    if prompt.is_empty:
        raise UnusablePrompt("prompt.empty")
    check_points(prompt.points, size_wh)
    clicks_only = not (
        prompt.text.strip() or prompt.exemplars or prompt.box or prompt.mask is not None
    )
    if clicks_only and not any(point.positive for point in prompt.points):
        raise UnusablePrompt("prompt.no_positive")
    return replace(
        prompt,
        box=None if prompt.box is None else clip_box(prompt.box, size_wh),
        exemplars=tuple(clip_box(box, size_wh) for box in prompt.exemplars),
        negative_exemplars=tuple(clip_box(box, size_wh) for box in prompt.negative_exemplars),
    )


def clip_box(box: Box, size_wh: tuple[int, int]) -> Box:
    """Return the box clipped to a picture of this width and height, its corners in order.

    Raises:
        UnusablePrompt: it lies outside, a value is not a number, or a side of what is left is under
            `MINIMUM_BOX_PX`.
    """
    width, height = size_wh
    left, right = sorted((box.x0, box.x1))
    top, bottom = sorted((box.y0, box.y1))
    numbers = not any(math.isnan(value) for value in (left, right, top, bottom))
    if not numbers or left >= width or top >= height or right <= 0 or bottom <= 0:
        raise UnusablePrompt("prompt.box_outside", width=width, height=height)
    clipped = Box(max(left, 0), max(top, 0), min(right, width), min(bottom, height))
    sides = clipped.x1 - clipped.x0, clipped.y1 - clipped.y0
    if min(sides) < MINIMUM_BOX_PX:
        raise UnusablePrompt(
            "prompt.box_small",
            box_width=f"{sides[0]:g}",
            box_height=f"{sides[1]:g}",
            minimum=MINIMUM_BOX_PX,
        )
    return clipped


def check_points(points: Iterable[Point], size_wh: tuple[int, int]) -> None:
    """Check that every click lies in a picture of this width and height.

    Raises:
        UnusablePrompt: one lies outside, or is not a number.
    """
    width, height = size_wh
    for point in points:
        if not (0 <= point.x < width and 0 <= point.y < height):
            raise UnusablePrompt(
                "prompt.point_outside",
                x=f"{point.x:g}",
                y=f"{point.y:g}",
                width=width,
                height=height,
            )
