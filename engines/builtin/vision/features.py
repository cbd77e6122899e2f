"""Appearance features of each pixel: colour, blurred colour at three scales, texture."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.types import FloatImage, FloatMap

FEATURE_COUNT = 17


def appearance(lab: FloatImage) -> FloatImage:
    """Return float32 (h, w, 17) for a picture in Lab (h, w, 3).

    Lab; Lab blurred at sigma 1.5, 4 and 20; gradient energy at two scales; local deviation of Lab.
    """
    height, width = lab.shape[:2]
    fine = cv2.GaussianBlur(lab, (0, 0), 1.5)
    middle = cv2.GaussianBlur(lab, (0, 0), 4.0)
    small_wh = max(4, width // 6), max(4, height // 6)
    coarse = cv2.GaussianBlur(
        cv2.resize(lab, small_wh, interpolation=cv2.INTER_AREA), (0, 0), 20.0 / 6.0
    )
    coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    blurred = _Blurred(fine, middle, coarse, box_mean(lab, 3), box_mean(lab * lab, 3))
    energies = box_mean(_gradients(fine), 2), box_mean(_gradients(middle), 6)
    features = np.empty((height, width, FEATURE_COUNT), dtype=np.float32)
    _fill(lab, blurred, energies, features)
    return features


class _Blurred(NamedTuple):
    """Lab blurred at three scales, its window mean, and the window mean of its square, float32 (h, w, 3)."""

    fine: FloatImage
    middle: FloatImage
    coarse: FloatImage
    mean: FloatImage
    mean_square: FloatImage


def edge_strength(lab: FloatImage) -> FloatMap:
    """Return the first gradient energy of `appearance` alone, float32 (h, w)."""
    energy = box_mean(_gradients(cv2.GaussianBlur(lab, (0, 0), 1.5)), 2)
    return np.asarray(np.sqrt(np.maximum(energy, 0.0)), dtype=np.float32)


def _gradients(lab: FloatImage) -> FloatMap:
    """Return the squared gradient (Sobel) of L, float32 (h, w)."""
    luma = np.ascontiguousarray(lab[..., 0])
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    across *= across
    down *= down
    across += down
    return across  # type: ignore[no-any-return]


@compiled
def _fill(
    lab: FloatImage, blurred: _Blurred, energies: tuple[FloatMap, FloatMap], out: FloatImage
) -> None:
    """Fill `out` (h, w, 17) in one loop, without an array of the whole picture for each step."""
    fine, middle, coarse, mean, mean_square = blurred
    near, far = energies
    height, width = near.shape
    zero = np.float32(0.0)
    for row in range(height):
        for column in range(width):
            for channel in range(3):
                out[row, column, channel] = lab[row, column, channel]
                out[row, column, 3 + channel] = fine[row, column, channel]
                out[row, column, 6 + channel] = middle[row, column, channel]
                out[row, column, 9 + channel] = coarse[row, column, channel]
                usual = mean[row, column, channel]
                variance = mean_square[row, column, channel] - usual * usual
                out[row, column, 14 + channel] = np.sqrt(max(variance, zero))
            # A running mean of zeros may come out a hair below zero.
            out[row, column, 12] = np.sqrt(max(near[row, column], zero))
            out[row, column, 13] = np.sqrt(max(far[row, column], zero))
