"""Scene cut detection between consecutive frames, on thumbnails; keeps one frame at a time."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Frame

_SMALL_WH = (64, 36)
_BINS = 16
_CHANGE_LEVELS = 20.0
"""Mean change of the thumbnail, in levels of 255, below which there is no cut."""
_SHARED_COLOURS = 0.84
"""Share of the colour histogram in common above which a large change is motion, not a cut."""
_SAME_STRUCTURE = 0.6
"""Correlation of the thumbnails from which a large change is one of the light, such as a flash, not a cut."""


class CutDetector:
    """Compares each frame with the one before: a cut changes the picture, its colours and what is bright and dark."""

    def __init__(self) -> None:
        self._small: npt.NDArray[np.int16] | None = None
        self._colours: npt.NDArray[np.float64] | None = None

    def is_cut(self, frame: Frame) -> bool:
        """Return whether a new scene begins with this frame, uint8 RGB (H, W, 3); False at the first."""
        small = cv2.resize(frame, _SMALL_WH, interpolation=cv2.INTER_AREA).astype(np.int16)
        colours = np.concatenate(
            [np.bincount(small[..., c].ravel() * _BINS // 256, minlength=_BINS) for c in range(3)]
        ) / (3 * small[..., 0].size)
        before, colours_before = self._small, self._colours
        self._small, self._colours = small, colours
        if before is None or colours_before is None:
            return False
        change = float(np.abs(small - before).mean())
        shared = float(np.minimum(colours, colours_before).sum())
        is_large = change > _CHANGE_LEVELS and shared < _SHARED_COLOURS
        return is_large and _correlation(small, before) < _SAME_STRUCTURE


def _correlation(first: npt.NDArray[np.int16], second: npt.NDArray[np.int16]) -> float:
    """Return the correlation of the grey levels of two pictures (h, w, 3); 0 where one is plain."""
    one, other = (picture.mean(axis=2) - picture.mean() for picture in (first, second))
    deviation = float(one.std() * other.std())
    return float((one * other).mean()) / deviation if deviation > 0.0 else 0.0
