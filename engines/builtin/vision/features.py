"""Appearance features of each pixel: colour, blurred colour at three scales, texture."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.vision.arrays import FloatImage, FloatMap
from engines.builtin.vision.guided_filter import box_mean

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
    mean, mean_square = box_mean(lab, 3), box_mean(lab * lab, 3)
    deviation = np.sqrt(np.maximum(mean_square - mean * mean, 0.0))
    energies = _gradient_energy(fine[..., 0], 2), _gradient_energy(middle[..., 0], 6)
    layers = [lab, fine, middle, coarse, *energies, deviation]
    return np.asarray(cv2.merge(layers), dtype=np.float32)


def _gradient_energy(luma: FloatMap, radius: int) -> FloatMap:
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    energy = box_mean(across * across + down * down, radius)
    # A running mean of zeros may come out a hair below zero.
    return np.asarray(np.sqrt(np.maximum(energy, 0.0)), dtype=np.float32)
