"""The colour guided filter (He, Sun, Tang, TPAMI 2013) on box means; it knows nothing of video."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.arrays import FloatImage, FloatMap, dot, resize_map
from utils.mask_utils import bounding_box, grow_box
from utils.types import Frame, Mask


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
    mean_guide = box_mean(guide, radius)
    mean_values = box_mean(values, radius)
    covariance = box_mean(guide * values[..., None], radius) - mean_guide * mean_values[..., None]
    red, green, blue = (guide[..., channel] for channel in range(3))
    products = np.stack(
        [red * red, red * green, red * blue, green * green, green * blue, blue * blue], axis=2
    )
    second = box_mean(products[..., :3], radius), box_mean(products[..., 3:], radius)
    m_r, m_g, m_b = (mean_guide[..., channel] for channel in range(3))
    rr = second[0][..., 0] - m_r * m_r + epsilon
    rg = second[0][..., 1] - m_r * m_g
    rb = second[0][..., 2] - m_r * m_b
    gg = second[1][..., 0] - m_g * m_g + epsilon
    gb = second[1][..., 1] - m_g * m_b
    bb = second[1][..., 2] - m_b * m_b + epsilon
    inverse_rr, inverse_rg, inverse_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    inverse_gg, inverse_gb, inverse_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = inverse_rr * rr + inverse_rg * rg + inverse_rb * rb
    c_r, c_g, c_b = (covariance[..., channel] for channel in range(3))
    slope = np.stack(
        [
            inverse_rr * c_r + inverse_rg * c_g + inverse_rb * c_b,
            inverse_rg * c_r + inverse_gg * c_g + inverse_gb * c_b,
            inverse_rb * c_r + inverse_gb * c_g + inverse_bb * c_b,
        ],
        axis=2,
    )
    slope /= np.maximum(determinant, 1e-12)[..., None]
    offset = mean_values - dot(slope, mean_guide)
    model = np.concatenate([slope, offset[..., None]], axis=2)
    return box_mean(np.ascontiguousarray(model, dtype=np.float32), radius)


def refine_edges(image: Frame, mask: Mask) -> Mask:
    """Return a smaller mask at the picture's size, bool (H, W), its contour on the picture's edges.

    Args:
        image: uint8 RGB (H, W, 3).
        mask: bool (h, w), of the same picture reduced.
    """
    size_wh = image.shape[1], image.shape[0]
    height, width = mask.shape
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    model = guided_model(
        small.astype(np.float32) * np.float32(1.0 / 255.0), mask.astype(np.float32), 2, 1e-3
    )
    box = bounding_box(mask)
    full = np.zeros((size_wh[1], size_wh[0]), dtype=bool)
    if box is None:
        return full
    across, down = size_wh[0] / width, size_wh[1] / height
    x0, y0, x1, y1 = grow_box(box, (width, height), 0.02, 3)
    left, top = round(x0 * across), round(y0 * down)
    right, bottom = round(x1 * across), round(y1 * down)
    enlarged = resize_map(np.ascontiguousarray(model[y0:y1, x0:x1]), (right - left, bottom - top))
    crop = image[top:bottom, left:right].astype(np.float32) * np.float32(1.0 / 255.0)
    alpha = enlarged[..., 3]
    for channel in range(3):
        alpha += enlarged[..., channel] * crop[..., channel]
    full[top:bottom, left:right] = alpha > 0.5
    return full
