"""Appearance features of each pixel: colour, blurred colour at three scales, texture."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.mask_utils import grow_box
from utils.types import FloatImage, FloatMap, IntBox

FEATURE_COUNT = 17
_MARGIN = 24
"""Pixels around a window that its features depend on: a blur at sigma 4, a gradient, a mean over 13 pixels."""


class Appearance:
    """A picture's features, computed where they are read: float32 (N, 17) or (h, w, 17).

    Lab; Lab blurred at sigma 1.5, 4 and 20; gradient energy at two scales; local deviation of Lab. One object
    serves one thread.
    """

    def __init__(self, lab: FloatImage) -> None:
        """Hold a picture in Lab, float32 (h, w, 3); its blurred copies are made of the windows that are read."""
        self.shape: tuple[int, int] = (lab.shape[0], lab.shape[1])
        self._lab = lab
        self._known = (0, 0, 0, 0)
        self._sources: _Sources | None = None

    def read(
        self, places: npt.NDArray[np.int64], rows: FloatImage, window: IntBox | None = None
    ) -> None:
        """Fill the first 17 columns of `rows` (N, 17 or more) with the features at flat indices (N,).

        All of them lie in the window (x0, y0, x1, y1), where one is given.
        """
        _fill(self._sources_in(window or (0, 0, self.shape[1], self.shape[0])), places, rows)

    def whole(self) -> FloatImage:
        """Return the features of all pixels, float32 (h, w, 17)."""
        height, width = self.shape
        features = np.empty((height * width, FEATURE_COUNT), dtype=np.float32)
        self.read(np.arange(height * width), features)
        return features.reshape(height, width, FEATURE_COUNT)

    def _sources_in(self, window: IntBox) -> _Sources:
        """Return what features are read from, known in the window; a second window makes it known everywhere."""
        x0, y0, x1, y1 = self._known
        if self._sources is None:
            self._known = window
            self._sources = _sources(self._lab, window)
        elif window[0] < x0 or window[1] < y0 or window[2] > x1 or window[3] > y1:
            self._known = (0, 0, self.shape[1], self.shape[0])
            self._sources = _sources(self._lab, self._known)
        return self._sources


def _sources(lab: FloatImage, window: IntBox) -> _Sources:
    """Return the maps of a picture in Lab, float32 (h, w, 3), filled in a window (x0, y0, x1, y1)."""
    height, width = lab.shape[:2]
    x0, y0, x1, y1 = grow_box(window, (width, height), 0.0, _MARGIN)
    view = np.s_[y0:y1, x0:x1]
    near = lab[view]
    small_wh = max(4, width // 6), max(4, height // 6)
    coarse = cv2.GaussianBlur(
        cv2.resize(lab, small_wh, interpolation=cv2.INTER_AREA), (0, 0), 20.0 / 6.0
    )
    coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    fine, middle = (cv2.GaussianBlur(near, (0, 0), sigma) for sigma in (1.5, 4.0))
    energies = box_mean(_gradients(fine), 2), box_mean(_gradients(middle), 6)

    def whole(values: FloatImage | FloatMap) -> FloatImage | FloatMap:
        filled = np.empty((height, width, *values.shape[2:]), dtype=np.float32)
        filled[view] = values
        return filled.reshape(height * width, *values.shape[2:])

    return _Sources(
        lab.reshape(-1, 3),
        whole(fine),
        whole(middle),
        coarse.reshape(-1, 3),
        whole(box_mean(near, 3)),
        whole(box_mean(near * near, 3)),
        *(whole(energy) for energy in energies),
    )


class _Sources(NamedTuple):
    """What features are read from, a row a pixel: Lab, as it is, blurred at three scales, its window mean and that of
    its square, float32 (N, 3); and the window means of two gradient energies, float32 (N,).
    """

    lab: FloatImage
    fine: FloatImage
    middle: FloatImage
    coarse: FloatImage
    mean: FloatImage
    mean_square: FloatImage
    near: FloatMap
    far: FloatMap


def edge_strength(lab: FloatImage) -> FloatMap:
    """Return the first gradient energy of `Appearance` alone, float32 (h, w)."""
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
def _fill(sources: _Sources, places: npt.NDArray[np.int64], out: FloatImage) -> None:
    """Fill the first columns of `out` (N, 17 or more) in one loop, without an array for each step."""
    lab, fine, middle, coarse, mean, mean_square, near, far = sources
    zero = np.float32(0.0)
    for row in range(places.size):
        place = places[row]
        for channel in range(3):
            out[row, channel] = lab[place, channel]
            out[row, 3 + channel] = fine[place, channel]
            out[row, 6 + channel] = middle[place, channel]
            out[row, 9 + channel] = coarse[place, channel]
            usual = mean[place, channel]
            variance = mean_square[place, channel] - usual * usual
            out[row, 14 + channel] = np.sqrt(max(variance, zero))
        # A running mean of zeros may come out a hair below zero.
        out[row, 12] = np.sqrt(max(near[place], zero))
        out[row, 13] = np.sqrt(max(far[place], zero))
