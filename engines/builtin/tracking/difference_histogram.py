"""How much the object differs from the background carried along, and what is around it does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.builtin.vision.arrays import FloatMap
from utils.mask_utils import dilate
from utils.types import Mask

_BINS = 24
_BINS_PER_FOLD = 9.6
"""Bins over which the logarithm of one plus a difference grows by one."""
_SMOOTH = 0.1, 0.2, 0.4, 0.2, 0.1
_RARE = 0.01
"""Share of pixels that a bin is taken to hold at least, of either side."""
_KEEP = 0.97
_LARGEST_LOG_ODDS = 2.0
_EDGE = 2


class DifferenceModel:
    """Histograms of `ObjectMotion.difference`: of the object's pixels, and of those around it.

    A thing that stands still or has no texture differs as little as the background, and water differs as
    much as a swan on it: how far a difference tells them apart is another matter in each clip.
    """

    def __init__(self) -> None:
        self._shares: npt.NDArray[np.float64] | None = None

    def learn(self, difference: FloatMap, inside: Mask) -> None:
        """Learn from a frame's window: difference float32 (h, w), the object's pixels bool (h, w)."""
        around = ~dilate(inside, _EDGE)
        if not inside.any() or not around.any():
            return
        bins = _places(difference).astype(np.intp)
        now = np.stack([_shares(bins[side]) for side in (inside, around)])
        self._shares = now if self._shares is None else _KEEP * self._shares + (1.0 - _KEEP) * now

    def evidence(self, difference: FloatMap) -> FloatMap:
        """Return the log odds, float32 (h, w) in [-2, 2], that a pixel that differs so is the object's.

        All 0 before anything was learned.
        """
        if self._shares is None:
            return np.zeros_like(difference)
        inside, around = self._shares + _RARE
        ratio = np.clip(np.log(inside / around), -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)
        told = np.interp(_places(difference), np.arange(_BINS) + 0.5, ratio)
        return np.asarray(told, dtype=np.float32)


def _places(difference: FloatMap) -> FloatMap:
    """Return where each difference lies on the bins' scale, float32 in [0, bins)."""
    places = np.log1p(difference) * np.float32(_BINS_PER_FOLD)
    return np.asarray(np.minimum(places, np.float32(_BINS - 1e-3)))


def _shares(bins: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return the share of pixels in each bin, smoothed, float64 (bins,)."""
    counts = np.bincount(bins, minlength=_BINS).astype(np.float64)
    smooth = np.convolve(np.pad(counts, len(_SMOOTH) // 2, mode="edge"), _SMOOTH, "valid")
    return np.asarray(smooth / smooth.sum())
