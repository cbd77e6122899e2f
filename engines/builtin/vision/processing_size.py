"""The reduced size that tracking works at, and the pictures made of a frame at that size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.arrays import FloatImage
from engines.builtin.vision.features import appearance
from utils.types import Frame

WORKING_AREA = 480 * 270
"""Pixels of the working size: the contour stays within a pixel and a half at 480p, at a third of the cost."""


@dataclass(frozen=True, slots=True)
class WorkingFrame:
    """One frame at working size: rgb uint8 (h, w, 3), lab float32 (h, w, 3), luma uint8 (h, w).

    Lab has L in [0, 100] and a, b in about [-100, 100]; `features` is what a pixel looks like,
    float32 (h, w, 17), see `features.appearance`.
    """

    rgb: Frame
    lab: FloatImage
    luma: npt.NDArray[np.uint8]
    features: FloatImage


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
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return WorkingFrame(rgb, lab, luma, appearance(lab))
