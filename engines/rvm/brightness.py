"""Brightens what the network sees of dark pictures; pure array work, and no picture of the result is changed."""

from __future__ import annotations

import cv2
import numpy as np

from utils.exposure import exposure_gain
from utils.types import Frame

AUTOMATIC_GAMMA = 0.0
"""Dark frames are seen exposed, by a factor instead of a gamma."""
_LEAST_GAMMA = 0.3
_FULL_BELOW, _EXPOSED_FROM = 64, 80
"""Luma of the highlights, 0..255, below which a frame is exposed in full, and from which it is not: at factors
of 2 to 3, what becomes visible behind somebody before others costs as much as it brings."""
_HEADROOM = 1.1
"""How much brighter than the shot's first frame another may be before the factor falls: 253 of 255 levels."""


def brightened(frame: Frame, gamma: float) -> Frame:
    """Return a frame, uint8 RGB (H, W, 3), with each level in [0, 1] to the power of `gamma`.

    The frame itself at 1 and at `AUTOMATIC_GAMMA`; smaller ones than 0.3 count as 0.3.

    The network learned on well lit people. In a dark picture it takes what is as dark behind the target for more of it.
    """
    if gamma in {AUTOMATIC_GAMMA, 1.0}:
        return frame
    gamma = max(gamma, _LEAST_GAMMA)
    levels = np.linspace(0.0, 1.0, 256, dtype=np.float32) ** np.float32(gamma)
    return np.asarray(cv2.LUT(frame, np.rint(255.0 * levels).astype(np.uint8)), np.uint8)


def first_gain(frame: Frame) -> float:
    """Return the factor, 1 to 10, by which the network is to see a frame, uint8 RGB (H, W, 3), that nothing came before."""
    return exposure_gain(frame, _FULL_BELOW, _EXPOSED_FROM)


class ShotGain:
    """Tells the factor by which the network is to see a shot's frames, which come in order.

    It stays the same so that nothing flickers, and falls for good where a frame is so bright that it would be cut:
    after a fade from black, the factor is that of the picture.
    """

    def __init__(self) -> None:
        self._gain = 1.0

    def of(self, frame: Frame, starts: bool) -> float:
        """Return the factor, 1 to 10, of the next frame, uint8 RGB (H, W, 3); `starts`: it is a shot's first."""
        if starts:
            self._gain = first_gain(frame)
        elif self._gain > 1.0:
            largest = 1.0 + _HEADROOM * (first_gain(frame) - 1.0)
            self._gain = min(self._gain, largest)
        return self._gain
