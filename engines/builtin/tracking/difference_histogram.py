"""Histograms of the motion-compensated frame difference, of the object and of its surroundings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.mask_utils import dilate
from utils.types import FloatMap, Mask

_BINS = 24
_BINS_PER_FOLD = 9.6
"""Bins over which the logarithm of one plus a difference grows by one."""
_SMOOTH = 0.1, 0.2, 0.4, 0.2, 0.1
"""Weights of neighbouring bins, by which a histogram is smoothed."""
_RARE = 0.01
"""Share of pixels that a bin is taken to hold at least, of either side."""
_KEEP = 0.97
"""Share of earlier frames in the histograms at each new frame."""
_LARGEST_LOG_ODDS = 2.0
_EDGE = 2
"""Pixels beside the object that don't count as its surroundings."""


class DifferenceModel:
    """Histograms of `ObjectMotion.difference`: of the object's pixels, and of those around it.

    A still or untextured object differs as little as the background, and water as much as a swan on
    it: how well the difference separates them depends on the clip.
    """

    def __init__(self) -> None:
        self._histograms: npt.NDArray[np.float64] | None = None

    def learn(self, difference: FloatMap, inside: Mask) -> None:
        """Learn from a frame's window: difference float32 (h, w), the object's pixels bool (h, w)."""
        around = ~dilate(inside, _EDGE)
        if not inside.any() or not around.any():
            return
        bins = _bin_positions(difference).astype(np.intp)
        now = np.stack([_histograms(bins[side]) for side in (inside, around)])
        self._histograms = (
            now if self._histograms is None else _KEEP * self._histograms + (1.0 - _KEEP) * now
        )

    def evidence(self, difference: FloatMap) -> FloatMap:
        """Return the log odds of the object given each pixel's difference, float32 (h, w) in [-2, 2].

        All 0 before the first `learn`.
        """
        if self._histograms is None:
            return np.zeros_like(difference)
        inside, around = self._histograms + _RARE
        ratio = np.clip(np.log(inside / around), -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)
        log_odds = np.empty(difference.shape, dtype=np.float32)
        _look_up(_bin_positions(difference), ratio.astype(np.float32), log_odds)
        return log_odds


@compiled
def _look_up(places: FloatMap, values: npt.NDArray[np.float32], out: FloatMap) -> None:
    """Fill `out` (h, w) with the values of bins (bins,) at places on their scale, linear between middles."""
    height, width = places.shape
    last = np.float32(values.size - 1)
    for row in range(height):
        for column in range(width):
            place = min(max(places[row, column] - np.float32(0.5), np.float32(0.0)), last)
            left = int(place)
            right = min(left + 1, values.size - 1)
            share = place - np.float32(left)
            out[row, column] = values[left] + share * (values[right] - values[left])


def _bin_positions(difference: FloatMap) -> FloatMap:
    """Return each difference's position on the scale of bins, float32 in [0, bins)."""
    places = np.log1p(difference) * np.float32(_BINS_PER_FOLD)
    return np.asarray(np.minimum(places, np.float32(_BINS - 1e-3)))


def _histograms(bins: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return the share of pixels in each bin, smoothed, float64 (bins,)."""
    counts = np.bincount(bins, minlength=_BINS).astype(np.float64)
    smooth = np.convolve(np.pad(counts, len(_SMOOTH) // 2, mode="edge"), _SMOOTH, "valid")
    return np.asarray(smooth / smooth.sum())
