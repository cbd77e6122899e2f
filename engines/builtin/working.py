"""The reduced size that tracking works at, and the pictures made of a frame at that size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Frame

FloatMap = npt.NDArray[np.float32]
"""float32 (h, w)."""
FloatImage = npt.NDArray[np.float32]
"""float32 (h, w, C)."""

WORKING_AREA = 480 * 270
"""Pixels of the working size: the contour stays within a pixel and a half at 480p, at a third of the cost."""


@dataclass(frozen=True, slots=True)
class WorkingFrame:
    """One frame at working size: rgb uint8 (h, w, 3), lab float32 (h, w, 3), luma uint8 (h, w).

    Lab has L in [0, 100] and a, b in about [-100, 100].
    """

    rgb: Frame
    lab: FloatImage
    luma: npt.NDArray[np.uint8]


def working_size(size_wh: tuple[int, int], area: int = WORKING_AREA) -> tuple[int, int]:
    """Return the width and height to work at: the same shape, at most `area` pixels."""
    width, height = size_wh
    scale = min(1.0, float(np.sqrt(area / (width * height))))
    return max(8, round(width * scale)), max(8, round(height * scale))


def shrink(frame: Frame, size_wh: tuple[int, int]) -> WorkingFrame:
    """Return the frame, uint8 RGB (H, W, 3), at the size `size_wh` in pixels."""
    height, width = frame.shape[:2]
    rgb = frame
    if (width, height) != size_wh:
        rgb = cv2.resize(frame, size_wh, interpolation=cv2.INTER_AREA)
    scaled = rgb.astype(np.float32)
    scaled *= 1.0 / 255.0
    lab = cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB)
    return WorkingFrame(rgb, lab, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def resize_map(values: FloatMap, size_wh: tuple[int, int]) -> FloatMap:
    """Return the map at another size, float32: area mean going down, bilinear going up."""
    height, width = values.shape[:2]
    if (width, height) == size_wh:
        return values.astype(np.float32, copy=False)
    smaller = size_wh[0] * size_wh[1] < width * height
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(values, size_wh, interpolation=method).astype(np.float32, copy=False)
