"""Brightens what the network sees of dark pictures; pure array work, and no picture of the result is changed."""

from __future__ import annotations

import cv2
import numpy as np

from utils.types import Frame


def brightened(frame: Frame, gamma: float) -> Frame:
    """Return a frame, uint8 RGB (H, W, 3), with each level in [0, 1] to the power of `gamma`; itself at 1.

    The network learned on well lit people. In a dark picture it takes what is as dark behind the target for more of it.
    """
    if gamma == 1.0:
        return frame
    levels = np.linspace(0.0, 1.0, 256, dtype=np.float32) ** np.float32(gamma)
    return np.asarray(cv2.LUT(frame, np.rint(255.0 * levels).astype(np.uint8)), np.uint8)
