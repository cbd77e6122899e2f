"""Exposes dark pictures for what has to recognise something in them; pure array work, for no picture of a result."""

from __future__ import annotations

import cv2
import numpy as np

from utils.types import Frame

_BRIGHT_SHARE = 0.01
"""Share of the pixels that are taken for the highlights: the darkest of them tells how a picture is exposed."""
_EXPOSED_FROM = 128
"""Luma of the highlights, 0..255, from which on a picture is left as it is: well exposed ones have 140 to 255."""
_FULL_BELOW = 112
"""Luma of the highlights below which they are brightened in full; less and less up to `_EXPOSED_FROM`, so that a clip does not flicker."""
_HIGHLIGHTS = 230
"""Luma of the highlights of a picture that is brightened in full."""
_LARGEST_GAIN = 10.0
"""A picture as good as black shows noise alone when it is brightened further."""


def exposed(image: Frame) -> Frame:
    """Return a dark picture with its levels multiplied by `exposure_gain`, so that its highlights are bright.

    A network that was trained on photos misses things in a picture whose brightest parts are dark, and colours that
    differ by a few levels are taken for one.

    Args:
        image: uint8 RGB (H, W, 3).

    Returns:
        uint8 RGB (H, W, 3): `image` itself where the gain is 1.
    """
    return multiplied(image, exposure_gain(image))


def multiplied(image: Frame, gain: float) -> Frame:
    """Return a picture, uint8 RGB (H, W, 3), with all levels multiplied by `gain`, at least 1; itself where that is 1.

    All three channels get one factor, which keeps the hue. Levels that come to more than 255 are cut.
    """
    if gain == 1.0:
        return image
    levels = np.minimum(np.rint(np.arange(256) * gain), 255.0).astype(np.uint8)
    return np.asarray(cv2.LUT(image, levels), np.uint8)


def exposure_gain(image: Frame) -> float:
    """Return the factor, 1 to 10, by which the levels of a picture, uint8 RGB (H, W, 3), are too dark; 1 of a bright one."""
    highlights = _highlights(image)
    if highlights >= _EXPOSED_FROM:
        return 1.0
    share = min((_EXPOSED_FROM - highlights) / (_EXPOSED_FROM - _FULL_BELOW), 1.0)
    wanted = highlights + share * (_HIGHLIGHTS - highlights)
    return min(wanted / max(highlights, 1), _LARGEST_GAIN)


def gain_beside(image: Frame, gain: float) -> float:
    """Return the gain of another frame of a clip whose confirmed frame has `gain`: as large, unless this one is brighter.

    At least 1, and at most what brings its highlights to 255. A clip that stays as dark gets one factor, so that
    colours stay the same from frame to frame.

    Args:
        image: uint8 RGB (H, W, 3).
        gain: by `exposure_gain` of the confirmed frame.
    """
    if gain == 1.0:
        return 1.0
    return max(1.0, min(gain, 255.0 / max(_highlights(image), 1)))


def _highlights(image: Frame) -> int:
    """Return the luma, 0..255, that no more than the brightest hundredth of the pixels is above."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    counts = np.bincount(luma.ravel(), minlength=256)
    above = luma.size - np.cumsum(counts)
    return int(np.argmax(above <= _BRIGHT_SHARE * luma.size))
