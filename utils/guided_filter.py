"""The colour guided filter (He, Sun, Tang, TPAMI 2013) on box means; single pictures only."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.types import FloatImage, FloatMap


class _Moments(NamedTuple):
    """Window means: of the guide, of the values, and of the three parts of `_products`."""

    guide: FloatImage
    values: FloatMap
    crossed: FloatImage
    with_red: FloatImage
    others: FloatImage


def box_mean(values: FloatMap | FloatImage, radius: int) -> FloatMap:
    """Return the mean of values, float32 (H, W[, C]), over (2 radius + 1) squared pixels, borders reflected."""
    size = 2 * radius + 1
    return cv2.blur(values, (size, size), borderType=cv2.BORDER_REFLECT)  # type: ignore[no-any-return]


def guided_model(guide: FloatImage, values: FloatMap, radius: int, epsilon: float) -> FloatImage:
    """Return the linear model of `values` in the guide's colours around each pixel.

    float32 (H, W, 4): three slopes and an offset. It is smooth, so it may be computed on a smaller
    picture, enlarged, and applied to the full one (He and Sun, "Fast guided filter", 2015).

    Args:
        guide: float32 (H, W, 3) in [0, 1].
        values: float32 (H, W).
        radius: of the window, in pixels.
        epsilon: squared colour difference below which a window counts as flat.
    """
    mean_guide, mean_values = box_mean(guide, radius), box_mean(values, radius)
    products = np.empty((3, *guide.shape), dtype=np.float32)
    _products(guide, values, products)
    model = np.empty((*values.shape, 4), dtype=np.float32)
    moments = _Moments(
        mean_guide,
        mean_values,
        box_mean(products[0], radius),
        box_mean(products[1], radius),
        box_mean(products[2], radius),
    )
    _solve(moments, np.float32(epsilon), model)
    return box_mean(model, radius)


@compiled
def _products(guide: FloatImage, values: FloatMap, out: npt.NDArray[np.float32]) -> None:
    """Fill `out` (3, H, W, 3): the colours times the values; rr, rg, rb; gg, gb, bb."""
    height, width = values.shape
    for row in range(height):
        for column in range(width):
            value = values[row, column]
            red, green, blue = guide[row, column, 0], guide[row, column, 1], guide[row, column, 2]
            out[0, row, column, 0] = red * value
            out[0, row, column, 1] = green * value
            out[0, row, column, 2] = blue * value
            out[1, row, column, 0] = red * red
            out[1, row, column, 1] = red * green
            out[1, row, column, 2] = red * blue
            out[2, row, column, 0] = green * green
            out[2, row, column, 1] = green * blue
            out[2, row, column, 2] = blue * blue


@compiled
def _solve(moments: _Moments, epsilon: np.float32, model: FloatImage) -> None:
    """Fill `model` (H, W, 4): each window's ridge regression in closed form."""
    guide, values, crossed, with_red, others = moments
    height, width = values.shape
    least = np.float32(1e-12)
    for row in range(height):
        for column in range(width):
            red, green, blue = guide[row, column, 0], guide[row, column, 1], guide[row, column, 2]
            value = values[row, column]
            r_v = crossed[row, column, 0] - red * value
            g_v = crossed[row, column, 1] - green * value
            b_v = crossed[row, column, 2] - blue * value
            rr = with_red[row, column, 0] - red * red + epsilon
            rg = with_red[row, column, 1] - red * green
            rb = with_red[row, column, 2] - red * blue
            gg = others[row, column, 0] - green * green + epsilon
            gb = others[row, column, 1] - green * blue
            bb = others[row, column, 2] - blue * blue + epsilon
            # The covariance is symmetric, and so is its inverse: these are that times the determinant.
            inverse_rr, inverse_rg, inverse_rb = (
                gg * bb - gb * gb,
                gb * rb - rg * bb,
                rg * gb - gg * rb,
            )
            inverse_gg, inverse_gb, inverse_bb = (
                rr * bb - rb * rb,
                rb * rg - rr * gb,
                rr * gg - rg * rg,
            )
            scale = np.float32(1.0) / max(
                inverse_rr * rr + inverse_rg * rg + inverse_rb * rb, least
            )
            slope_r = (inverse_rr * r_v + inverse_rg * g_v + inverse_rb * b_v) * scale
            slope_g = (inverse_rg * r_v + inverse_gg * g_v + inverse_gb * b_v) * scale
            slope_b = (inverse_rb * r_v + inverse_gb * g_v + inverse_bb * b_v) * scale
            model[row, column, 0] = slope_r
            model[row, column, 1] = slope_g
            model[row, column, 2] = slope_b
            model[row, column, 3] = value - slope_r * red - slope_g * green - slope_b * blue
