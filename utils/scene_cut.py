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


class CutDetector:
    """Compares each frame with the one before: a cut changes both the picture and its colours."""

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
        return change > _CHANGE_LEVELS and shared < _SHARED_COLOURS
