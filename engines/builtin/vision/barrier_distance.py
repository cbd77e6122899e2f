"""Minimum barrier distance: how strong an edge every path to the background must cross."""

from __future__ import annotations

import cv2
import numpy as np

from utils.compiled import compiled
from utils.mask_utils import bounding_box, grow_box
from utils.types import FloatImage, FloatMap, Mask

_PASSES = 4
"""Raster passes, in turns from the first pixel and from the last."""
_LARGEST_LOG_ODDS = 2.0


def barrier_distance(lab: FloatImage, seeds: Mask) -> FloatMap:
    """Return the distance of each pixel to the seeds, float32 (h, w), in Lab units.

    The least, over all paths, of how far the colours on the path range; summed over the channels.
    Approximated by raster passes (Zhang et al., ICCV 2015).

    Args:
        lab: float32 (h, w, 3).
        seeds: bool (h, w), distance 0.
    """
    total = np.zeros(seeds.shape, dtype=np.float32)
    height, width = seeds.shape
    box = bounding_box(~seeds) or (0, 0, width, height)
    # No path is shorter for beginning at a seed behind another one.
    x0, y0, x1, y1 = grow_box(box, (width, height), 0.0, 1)
    window = np.s_[y0:y1, x0:x1]
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    for channel in range(3):
        plane = np.ascontiguousarray(smooth[window][..., channel])
        distance = np.where(seeds[window], 0.0, 1e6).astype(np.float32)
        _scan(plane, distance, plane.copy(), plane.copy(), _PASSES)
        total[window] += distance
    return total


def barrier_evidence(lab: FloatImage, outside: Mask) -> FloatMap:
    """Return log odds, float32 (h, w) in [-2, 2], that a pixel is cut off from the outside by edges.

    The level between "cut off" and "open" is Otsu's, over the pixels that are not outside.
    """
    if not outside.any() or outside.all():
        return np.zeros(outside.shape, dtype=np.float32)
    distance = barrier_distance(lab, outside)
    levels = np.clip(distance * 2.0, 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(levels[~outside].reshape(-1, 1), 0, 255, cv2.THRESH_OTSU)
    middle = max(level / 2.0, 4.0)
    evidence = 3.0 * (distance - middle) / middle
    return np.asarray(np.clip(evidence, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS), dtype=np.float32)


@compiled
def _scan(plane: FloatMap, distance: FloatMap, high: FloatMap, low: FloatMap, passes: int) -> None:
    height, width = plane.shape
    for turn in range(passes):
        ahead = turn % 2 == 0
        for line in range(height):
            row = line if ahead else height - 1 - line
            for place in range(width):
                column = place if ahead else width - 1 - place
                value = plane[row, column]
                for side in range(2):
                    from_row = row if side else (row - 1 if ahead else row + 1)
                    from_column = column if not side else (column - 1 if ahead else column + 1)
                    if not (0 <= from_row < height and 0 <= from_column < width):
                        continue
                    if distance[from_row, from_column] > 1e5:
                        continue
                    top = max(high[from_row, from_column], value)
                    bottom = min(low[from_row, from_column], value)
                    if top - bottom < distance[row, column]:
                        distance[row, column] = top - bottom
                        high[row, column] = top
                        low[row, column] = bottom
