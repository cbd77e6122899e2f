"""Total-variation segmentation: the most likely region with a short contour along the image's edges."""

from __future__ import annotations

import cv2
import numpy as np

from utils.compiled import compiled
from utils.types import FloatImage, FloatMap

_EDGE_SCALE = 12.0
"""Difference of neighbours, summed over the Lab channels, at which a contour costs 1 / e of that in a plain area."""


def edge_weights(lab: FloatImage) -> tuple[FloatMap, FloatMap]:
    """Return the cost of a contour between each pixel and its right and its lower neighbour.

    float32 (h, w) each, 1 where the colours agree, towards 0.05 across an edge; 0 at the border.
    """
    gaps = np.empty((2, *lab.shape[:2]), dtype=np.float32)
    _fill_neighbour_gaps(lab, gaps[0], gaps[1])
    gaps *= np.float32(-1.0 / _EDGE_SCALE)
    weights = cv2.exp(gaps.reshape(gaps.shape[1] * 2, -1)).reshape(gaps.shape)
    weights *= np.float32(0.95)
    weights += np.float32(0.05)
    across, down = weights
    across[:, -1] = 0.0
    down[-1] = 0.0
    return across, down


@compiled
def _fill_neighbour_gaps(lab: FloatImage, across: FloatMap, down: FloatMap) -> None:
    """Fill (h, w) with the sum over channels of the difference to the right, and to the lower, neighbour."""
    height, width = across.shape
    for row in range(height):
        for column in range(width):
            right, below = min(column + 1, width - 1), min(row + 1, height - 1)
            to_right, to_below = np.float32(0.0), np.float32(0.0)
            for channel in range(3):
                here = lab[row, column, channel]
                to_right += abs(lab[row, right, channel] - here)
                to_below += abs(lab[below, column, channel] - here)
            across[row, column] = to_right
            down[row, column] = to_below


def regularised(
    log_odds: FloatMap, lab: FloatImage, smoothness: float = 0.35, iterations: int = 60
) -> FloatMap:
    """Return u, float32 (h, w) in [0, 1], that minimises sum(-log_odds u) + smoothness TV(u).

    By the primal-dual method of Chambolle and Pock (2011).
    """
    return shortest_contour(log_odds, edge_weights(lab), smoothness, iterations)


def shortest_contour(
    log_odds: FloatMap, edges: tuple[FloatMap, FloatMap], smoothness: float, iterations: int = 60
) -> FloatMap:
    """Return the same for edge weights computed before."""
    across, down = edges
    log_odds = np.ascontiguousarray(log_odds, dtype=np.float32)
    result = (log_odds > 0).astype(np.float32)
    _primal_dual(
        log_odds,
        across * np.float32(smoothness),
        down * np.float32(smoothness),
        iterations,
        result,
    )
    return result


@compiled
def _primal_dual(
    log_odds: FloatMap, across: FloatMap, down: FloatMap, iterations: int, u: FloatMap
) -> None:
    height, width = u.shape
    step = np.float32(0.35)
    zero, one = np.float32(0.0), np.float32(1.0)
    ahead = u.copy()
    # One more column and row, always 0, so that the loops have no branch.
    dual_x = np.zeros((height, width + 1), dtype=np.float32)
    dual_y = np.zeros((height + 1, width), dtype=np.float32)
    for _ in range(iterations):
        # A row's duals need its own and the next row as they were, so one pass over the rows does all.
        for row in range(height):
            for column in range(width - 1):
                rise = ahead[row, column + 1] - ahead[row, column]
                value = dual_x[row, column + 1] + step * rise
                limit = across[row, column]
                dual_x[row, column + 1] = min(max(value, -limit), limit)
            if row < height - 1:
                for column in range(width):
                    rise = ahead[row + 1, column] - ahead[row, column]
                    value = dual_y[row + 1, column] + step * rise
                    limit = down[row, column]
                    dual_y[row + 1, column] = min(max(value, -limit), limit)
            for column in range(width):
                flow = dual_x[row, column + 1] - dual_x[row, column]
                flow += dual_y[row + 1, column] - dual_y[row, column]
                old = u[row, column]
                new = min(max(old + step * (flow + log_odds[row, column]), zero), one)
                u[row, column] = new
                ahead[row, column] = new + new - old
