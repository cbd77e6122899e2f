"""Total-variation segmentation: the most likely region with a short contour along the image's edges."""

from __future__ import annotations

import numpy as np

from engines.builtin.vision.arrays import FloatImage, FloatMap, channel_gaps
from utils.compiled import compiled

_EDGE_SCALE = 12.0


def edge_weights(lab: FloatImage) -> tuple[FloatMap, FloatMap]:
    """Return the cost of a contour between each pixel and its right and its lower neighbour.

    float32 (h, w) each, 1 where the colours agree, towards 0.05 across an edge; 0 at the border.
    """
    across = np.zeros(lab.shape[:2], dtype=np.float32)
    down = np.zeros_like(across)
    right = channel_gaps(lab[:, 1:], lab[:, :-1])
    below = channel_gaps(lab[1:], lab[:-1])
    across[:, :-1] = 0.05 + 0.95 * np.exp(-right / _EDGE_SCALE)
    down[:-1] = 0.05 + 0.95 * np.exp(-below / _EDGE_SCALE)
    return across, down


def regularised(
    log_odds: FloatMap, lab: FloatImage, smoothness: float = 0.35, iterations: int = 60
) -> FloatMap:
    """Return u, float32 (h, w) in [0, 1], that minimises sum(-log_odds u) + smoothness TV(u).

    By the primal-dual method of Chambolle and Pock (2011).
    """
    across, down = edge_weights(lab)
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
    dual_x = np.zeros_like(u)
    dual_y = np.zeros_like(u)
    for _ in range(iterations):
        for row in range(height - 1):
            for column in range(width - 1):
                here = ahead[row, column]
                value = dual_x[row, column] + step * (ahead[row, column + 1] - here)
                limit = across[row, column]
                dual_x[row, column] = min(max(value, -limit), limit)
                value = dual_y[row, column] + step * (ahead[row + 1, column] - here)
                limit = down[row, column]
                dual_y[row, column] = min(max(value, -limit), limit)
        for column in range(width - 1):
            value = dual_x[height - 1, column] + step * (
                ahead[height - 1, column + 1] - ahead[height - 1, column]
            )
            limit = across[height - 1, column]
            dual_x[height - 1, column] = min(max(value, -limit), limit)
        for row in range(height - 1):
            value = dual_y[row, width - 1] + step * (
                ahead[row + 1, width - 1] - ahead[row, width - 1]
            )
            limit = down[row, width - 1]
            dual_y[row, width - 1] = min(max(value, -limit), limit)
        for row in range(height):
            for column in range(width):
                flow = dual_x[row, column] + dual_y[row, column]
                if column > 0:
                    flow -= dual_x[row, column - 1]
                if row > 0:
                    flow -= dual_y[row - 1, column]
                old = u[row, column]
                new = min(max(old + step * (flow + log_odds[row, column]), zero), one)
                u[row, column] = new
                ahead[row, column] = new + new - old
