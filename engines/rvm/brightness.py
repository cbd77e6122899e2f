"""Brightens what the network sees of dark pictures; pure array work, and no picture of the result is changed."""

from __future__ import annotations

import cv2
import numpy as np

from utils.exposure import ExposureLimits
from utils.types import Frame

AUTOMATIC_GAMMA = 0.0
"""Dark frames are seen exposed, by a factor instead of a gamma."""
_LEAST_GAMMA = 0.3
VERY_DARK = ExposureLimits(full_below=64, exposed_from=80)
"""Which shots are exposed: at factors of 2 to 3, what becomes visible behind somebody before others costs as much as it brings."""


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
