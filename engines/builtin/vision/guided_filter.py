"""The colour guided filter (He, Sun, Tang, TPAMI 2013) on box means; single pictures only."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.arrays import FloatImage, FloatMap, resize_map
from utils.compiled import compiled
from utils.mask_utils import bounding_box, grow_box
from utils.types import Frame, Mask


class _Moments(NamedTuple):
    """Window means: of the guide, of the values, and of the three parts of `_products`."""

    guide: FloatImage
    values: FloatMap
    crossed: FloatImage
    with_red: FloatImage
    others: FloatImage


def box_mean(values: FloatMap | FloatImage, radius: int) -> FloatMap:
    """Return the mean over (2 radius + 1) squared pixels, borders reflected."""
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


def refine_edges(image: Frame, mask: Mask, reduced: Frame | None = None) -> Mask:
    """Return a smaller mask at the picture's size, bool (H, W), its contour on the picture's edges.

    Args:
        image: uint8 RGB (H, W, 3).
        mask: bool (h, w), of the same picture reduced.
        reduced: the picture at the mask's size, uint8 RGB (h, w, 3), where the caller has it.
    """
    size_wh = image.shape[1], image.shape[0]
    height, width = mask.shape
    box = bounding_box(mask)
    full = np.zeros((size_wh[1], size_wh[0]), dtype=bool)
    if box is None:
        return full
    if reduced is None:
        reduced = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = grow_box(box, (width, height), 0.02, 3)
    model = _model_in(reduced, mask, (x0, y0, x1, y1))
    across, down = size_wh[0] / width, size_wh[1] / height
    left, top = round(x0 * across), round(y0 * down)
    right, bottom = round(x1 * across), round(y1 * down)
    enlarged = resize_map(model, (right - left, bottom - top))
    _threshold(enlarged, image[top:bottom, left:right], full[top:bottom, left:right])
    return full


def _model_in(picture: Frame, mask: Mask, box: tuple[int, int, int, int]) -> FloatImage:
    """Return the guided model of a mask in a box (x0, y0, x1, y1), as the whole picture has it there."""
    height, width = mask.shape
    radius = 2
    left, top, right, bottom = grow_box(box, (width, height), 0.0, 2 * radius + 1)
    guide = picture[top:bottom, left:right].astype(np.float32) * np.float32(1.0 / 255.0)
    values = mask[top:bottom, left:right].astype(np.float32)
    model = guided_model(guide, values, radius, 1e-3)
    x0, y0, x1, y1 = box
    return np.ascontiguousarray(model[y0 - top : y1 - top, x0 - left : x1 - left])


@compiled
def _threshold(model: FloatImage, image: Frame, out: Mask) -> None:
    """Fill `out` (H, W): where the model's value at the colour is above one half."""
    height, width = out.shape
    scale = np.float32(1.0 / 255.0)
    for row in range(height):
        for column in range(width):
            alpha = model[row, column, 3]
            for channel in range(3):
                alpha += model[row, column, channel] * (image[row, column, channel] * scale)
            out[row, column] = alpha > np.float32(0.5)
