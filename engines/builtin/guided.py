"""The colour guided filter (He, Sun, Tang, TPAMI 2013) on box means; it knows nothing of video."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.arrays import FloatImage, FloatMap


def box_mean(values: FloatMap | FloatImage, radius: int) -> FloatMap:
    """Return the mean over (2 radius + 1) squared pixels, borders reflected."""
    size = 2 * radius + 1
    return cv2.blur(values, (size, size), borderType=cv2.BORDER_REFLECT)  # type: ignore[no-any-return]


def guided_filter(guide: FloatImage, values: FloatMap, radius: int, epsilon: float) -> FloatMap:
    """Return `values` (H, W) made locally linear in the guide's colours.

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
    offset = mean_values - (slope * mean_guide).sum(axis=2)
    mean_slope, mean_offset = box_mean(slope, radius), box_mean(offset, radius)
    return ((mean_slope * guide).sum(axis=2) + mean_offset).astype(np.float32)  # type: ignore[no-any-return]
