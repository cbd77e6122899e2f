"""Painting on masks: brush strokes and polygons to exactly the pixels they cover."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from utils.types import Mask, Stroke

Path = npt.NDArray[np.float64]


def paint(mask: Mask, strokes: Iterable[Stroke]) -> Mask:
    """Return the mask, bool (H, W), with the strokes painted on it in their order.

    A positive stroke adds the pixels it covers, a negative one removes them; the others stay as they are.
    """
    painted = mask.copy()
    for stroke in strokes:
        top, left, covered = _covered(stroke, mask.shape)
        rows, columns = covered.shape
        painted[top : top + rows, left : left + columns][covered] = stroke.is_positive
    return painted


def erased_by(strokes: Iterable[Stroke], shape: tuple[int, ...]) -> Mask:
    """Return what the strokes remove of whatever mask they are painted on, bool of shape (H, W)."""
    return ~paint(np.ones(shape, np.bool_), strokes)


def painted_by(strokes: Iterable[Stroke], shape: tuple[int, ...]) -> Mask:
    """Return what the strokes add to whatever mask they are painted on, bool of shape (H, W)."""
    return paint(np.zeros(shape, np.bool_), strokes)


def _covered(stroke: Stroke, shape: tuple[int, ...]) -> tuple[int, int, Mask]:
    """Return the first row and column, and the covered pixels, of the part of the frame around a stroke."""
    path = np.asarray(stroke.vertices, np.float64).reshape(-1, 2)
    reach = 0.0 if stroke.is_filled else stroke.radius_px
    left, top = (int(np.clip(np.floor(path[:, a].min() - reach), 0, shape[1 - a])) for a in (0, 1))
    right, bottom = (
        int(np.clip(np.ceil(path[:, a].max() + reach), 0, shape[1 - a])) for a in (0, 1)
    )
    covered = np.zeros((max(bottom - top, 0), max(right - left, 0)), np.bool_)
    if covered.size:
        inside = path - (left, top)
        if stroke.is_filled:
            _fill(covered, inside)
        else:
            for start, end in itertools.pairwise(inside):
                _draw_line(covered, start, end, stroke.radius_px)
            _draw_line(covered, inside[0], inside[0], stroke.radius_px)
    return top, left, covered


def _draw_line(covered: Mask, start: Path, end: Path, radius: float) -> None:
    """Mark the pixels whose centre is at most `radius` away from the line between two vertices."""
    low, high = np.minimum(start, end) - radius, np.maximum(start, end) + radius
    x0, y0 = np.clip(np.floor(low), 0, covered.shape[::-1]).astype(int)
    x1, y1 = np.clip(np.ceil(high), 0, covered.shape[::-1]).astype(int)
    if x0 >= x1 or y0 >= y1:
        return
    x = np.arange(x0, x1)[None, :] + 0.5 - start[0]
    y = np.arange(y0, y1)[:, None] + 0.5 - start[1]
    dx, dy = end - start
    length = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / length, 0.0, 1.0) if length > 0 else np.zeros((1, 1))
    distance = (x - along * dx) ** 2 + (y - along * dy) ** 2
    covered[y0:y1, x0:x1] |= distance <= radius * radius


def _fill(covered: Mask, path: Path) -> None:
    """Mark the pixels whose centre is inside the polygon, by the even-odd rule."""
    x = np.arange(covered.shape[1])[None, :] + 0.5
    y = np.arange(covered.shape[0])[:, None] + 0.5
    for (x0, y0), (x1, y1) in zip(path, np.roll(path, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y >= min(y0, y1)) & (y < max(y0, y1))
        covered ^= crosses & (x > x0 + (y - y0) * (x1 - x0) / (y1 - y0))
