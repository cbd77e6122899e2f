"""Frames that show the same picture as the one before, on reduced frames; keeps one frame at a time."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.image_utils import shrink_to
from utils.types import Frame

_SMALL_LONG_SIDE = 320
_CHANGE_LEVELS = 3
"""Largest change of a reduced frame, in levels of 255, at which two frames are the same picture."""


class ChangeDetector:
    """Compares each frame with the last one that differed, so that a slow change is not missed."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.uint8] | None = None

    def has_changed(self, frame: Frame) -> bool:
        """Return whether the frame, uint8 RGB (H, W, 3), shows another picture; True at the first."""
        small = shrink_to(frame, _SMALL_LONG_SIDE)
        before = self._before
        if before is not None and int(cv2.absdiff(small, before).max()) <= _CHANGE_LEVELS:
            return False
        self._before = small
        return True
