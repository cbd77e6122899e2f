"""Boxes around clicks in which the object meant is looked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from utils.types import ExpectedSize, IntBox

_SIZES = (0.25, 0.45, 0.8)
"""Sides of the boxes tried around a lone click, as shares of the picture's shorter side."""
_EXPECTED_SIZES = (1.0, 1.5)
"""Sides of the boxes tried where the target's size is known from other frames, as multiples of the expected ones."""

_SMALLER = 0.9
"""Share of the smallest box's area below which a box of the largest likely size is tried as well."""


def boxes_around(
    places: Sequence[tuple[int, int]], small_wh: tuple[int, int], expected: ExpectedSize | None
) -> list[IntBox]:
    """Return boxes around clicks at (x, y), by size; then those of the expected size, where it is known.

    Of the largest likely size a single one, and only where it is smaller than the others: with larger ones more candidates
    would agree on too much.

    Args:
        places: of the positive clicks, in a picture of `small_wh` pixels.
        expected: the target's size in this picture; such a box holds every click.
    """
    left, top = np.min(places, axis=0)
    right, bottom = np.max(places, axis=0)
    width, height = small_wh
    boxes: list[IntBox] = []
    for share in _SIZES:
        reach = 0.5 * share * min(width, height)
        x0, y0 = max(0, round(left - reach)), max(0, round(top - reach))
        boxes.append((x0, y0, min(width, round(right + reach)), min(height, round(bottom + reach))))
    if expected is None:
        return boxes
    x, y = 0.5 * (left + right), 0.5 * (top + bottom)
    for share in (1.0,) if expected.is_largest else _EXPECTED_SIZES:
        across = 0.5 * max(share * expected.width, right - left + 2)
        down = 0.5 * max(share * expected.height, bottom - top + 2)
        x0, y0 = max(0, round(x - across)), max(0, round(y - down))
        box = x0, y0, min(width, round(x + across)), min(height, round(y + down))
        if not expected.is_largest or _area(box) < _SMALLER * _area(boxes[0]):
            boxes.append(box)
    return boxes


def _area(box: IntBox) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
