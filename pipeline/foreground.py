"""The foreground's own colour where a matte is between 0 and 1, so that no old background shines through.

Blur fusion: M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021; two passes, the wide
one at a quarter of the size, both only near such pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Alpha, Frame

WIDE_RADIUS_PX = 90
FINE_RADIUS_PX = 6
COARSE_FACTOR = 4
_TINY = np.float32(1e-5)

FloatMap = npt.NDArray[np.float32]


def estimate_foreground(frame: Frame, alpha: Alpha) -> Frame:
    """Return the straight foreground colour, uint8 RGB (H, W, 3).

    Where alpha, float32 (H, W), is 0 or 1 the frame comes back as it is.
    """
    return estimate_channels(frame, alpha)


def estimate_channels(image: npt.NDArray[np.uint8], alpha: Alpha) -> npt.NDArray[np.uint8]:
    """As `estimate_foreground`, for any channels: uint8 (H, W) or (H, W, C), linear in light or not."""
    unknown = (alpha > 0) & (alpha < 1)
    box = _region(unknown)
    if box is None:
        return image
    rows, columns = box
    part = image[rows, columns].astype(np.float32)
    fine = _blur_fusion(part, np.ascontiguousarray(alpha[rows, columns], np.float32))
    inside = unknown[rows, columns]
    result = image.copy()
    result[rows, columns][inside] = np.clip(np.rint(fine[inside]), 0, 255).astype(np.uint8)
    return result


def _region(unknown: npt.NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows = np.flatnonzero(unknown.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(unknown.any(axis=0))
    margin = WIDE_RADIUS_PX
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    return slice(top, rows[-1] + margin + 1), slice(left, columns[-1] + margin + 1)


def _blur_fusion(image: FloatMap, alpha: FloatMap) -> FloatMap:
    height, width = alpha.shape
    small_wh = (max(width // COARSE_FACTOR, 1), max(height // COARSE_FACTOR, 1))
    small = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    small_alpha = cv2.resize(alpha, small_wh, interpolation=cv2.INTER_AREA)
    radius = WIDE_RADIUS_PX // COARSE_FACTOR
    front, back = _local_means(small, small, small_alpha, radius)
    wide_front = _like(image, cv2.resize(front, (width, height)))
    wide_back = _like(image, cv2.resize(back, (width, height)))
    first = _corrected(image, wide_front, wide_back, alpha)
    near_front, near_back = _local_means(first, wide_back, alpha, FINE_RADIUS_PX)
    return _corrected(image, near_front, near_back, alpha)


def _local_means(
    front: FloatMap, back: FloatMap, alpha: FloatMap, radius: int
) -> tuple[FloatMap, FloatMap]:
    """Mean foreground weighted by alpha, and mean background weighted by 1 - alpha, in a box."""
    box = (2 * radius + 1, 2 * radius + 1)
    share = _weight(alpha, front)
    front_mass = cv2.blur(front * share, box)
    back_mass = cv2.blur(back * (1 - share), box)
    mean_alpha = _weight(cv2.blur(alpha, box), front)
    return (
        _like(front, front_mass / (mean_alpha + _TINY)),
        _like(front, back_mass / (1 - mean_alpha + _TINY)),
    )


def _corrected(image: FloatMap, front: FloatMap, back: FloatMap, alpha: FloatMap) -> FloatMap:
    share = _weight(alpha, image)
    moved: FloatMap = front + share * (image - share * front - (1 - share) * back)
    return np.clip(moved, 0, 255)


def _weight(alpha: npt.ArrayLike, image: FloatMap) -> FloatMap:
    weight = np.asarray(alpha, np.float32)
    return weight[..., None] if image.ndim == 3 else weight


def _like(image: FloatMap, values: npt.ArrayLike) -> FloatMap:
    return np.asarray(values, np.float32).reshape(image.shape)
