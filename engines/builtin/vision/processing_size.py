"""The size that tracking works at, and a frame's images at that size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.area_mean import reduce_picture
from engines.builtin.vision.features import Appearance
from utils.types import FloatImage, Frame

PROCESSING_AREA = 480 * 270
"""Pixels of the processing size: the contour stays within 1.5 pixels at 480p, at a third of the cost."""


@dataclass(frozen=True, slots=True)
class ProcessingColours:
    """One frame at processing size: rgb uint8 (h, w, 3), lab float32 (h, w, 3), luma uint8 (h, w).

    Lab has L in [0, 100] and a, b in about [-100, 100].
    """

    rgb: Frame
    lab: FloatImage
    luma: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ProcessingFrame(ProcessingColours):
    """The same with the features of its appearance."""

    features: Appearance


def processing_size(size_wh: tuple[int, int], area: int = PROCESSING_AREA) -> tuple[int, int]:
    """Return the width and height to work at: the same shape, at most `area` pixels."""
    width, height = size_wh
    scale = min(1.0, float(np.sqrt(area / (width * height))))
    return max(8, round(width * scale)), max(8, round(height * scale))


def to_processing_size(frame: Frame, size_wh: tuple[int, int]) -> ProcessingFrame:
    """Return the frame, uint8 RGB (H, W, 3), at the size `size_wh` in pixels."""
    colours = to_processing_colours(frame, size_wh)
    return ProcessingFrame(colours.rgb, colours.lab, colours.luma, Appearance(colours.lab))


def to_processing_colours(frame: Frame, size_wh: tuple[int, int]) -> ProcessingColours:
    """Return the frame, uint8 RGB (H, W, 3), at the size `size_wh` in pixels, without features."""
    rgb = reduce_picture(frame, size_wh)
    scaled = rgb.astype(np.float32)
    scaled *= 1.0 / 255.0
    lab = cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB)
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return ProcessingColours(rgb, lab, luma)
