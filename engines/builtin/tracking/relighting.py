"""Undoes sudden changes of light, such as flashes, in what a pass sees of its frames; it changes no picture of a result."""

from __future__ import annotations

import cv2
import numpy as np

from utils.scene_cut import detail
from utils.types import FloatImage, Frame

_SMALL_WH = (64, 36)
"""Size at which the light is compared: people and their motion are small there, light is not."""
_OFFSET = np.float32(4.0)
"""Levels added before gains are taken, so that noise in the dark is none."""
_MEDIAN = 5
"""Side of the median over the gains of single pixels, which is taken twice: what moves has gains of its own."""
_CHANGE_LEVELS = 6.0
"""Mean change of the small picture, in levels of 255, below which the light counts as the same."""
_LEFT = 0.6
"""Share of the change that a smooth gain may leave where the light changed: motion from frame to frame leaves 0.64 to 1, light 0.02 to 0.56."""
_LIT = 0.15
"""Logarithm of the gain, up or down, from which a place counts as lit otherwise."""
_SAME_DETAIL = 0.2
"""Correlation of the detail of such places from which it is the light that changed: of what moved far, 95 % have less than 0.1, of light more than 0.25."""
_LARGEST_GAIN = np.float32(8.0)
"""By which a frame is brightened at most: beyond there is noise."""
_DIM, _RESTORED = 0.6, 0.95
"""Shares of the mean level of a scene's first frame below which what is seen was too dark to be undone, and from which on it is
as before."""
_STEP = 0.1
"""By which the logarithm of a gain that stays changes from frame to frame at most."""


class Relighting:
    """Follows a pass and shows each frame in the light of the frames before it.

    The tracker knows its target by its colours, and optical flow takes for granted that they stay. When a lamp is
    switched on, a door opens or a flash goes off, all of that is lost at once. But the light of such a change is
    a gain in each channel that varies smoothly over the picture, and what was known holds once it is divided by.
    """

    def __init__(self) -> None:
        self._seen: FloatImage | None = None
        self._first_level = 1.0
        """Mean of `_seen` in the scene's first frame."""
        self._is_dim = False
        self._exposure = 1.0
        self._gain: FloatImage | None = None

    def relit(self, picture: Frame, exposure: float, starts: bool) -> Frame | None:
        """Return the next frame as the tracker is to see it; None where the light is that of the frame before.

        Args:
            picture: uint8 RGB (h, w, 3).
            exposure: the factor by which its levels are seen where the light is the same. Elsewhere it is that of the frame
                before, and nothing is lost that a factor would cut.
            starts: a new scene begins with it, whose light is its own.
        """
        small = cv2.resize(picture, _SMALL_WH, interpolation=cv2.INTER_AREA).astype(np.float32)
        is_first = starts or self._seen is None
        gain = None
        if not is_first and not self._comes_back(small, exposure):
            gain = self._change_of_light(small, self._held(small))
        if gain is None:
            self._exposure = exposure
        self._gain = gain
        self._seen = small * np.float32(self._exposure) + _OFFSET
        if gain is not None:
            self._seen *= gain
        level = float(self._seen.mean())
        if is_first:
            self._first_level = level
        self._is_dim = level < (_RESTORED if self._is_dim else _DIM) * self._first_level
        if gain is None:
            return None
        return _multiplied(picture, self._exposure, gain)

    def _comes_back(self, levels: FloatImage, exposure: float) -> bool:
        """Tell whether the light before is one that was too dark to be undone, and a frame's own is nearer to the first.

        Args:
            levels: the frame's small picture, float32 (h', w', 3).
            exposure: by which it would be seen.
        """
        if self._seen is None or not self._is_dim:
            return False
        shown = levels * np.float32(exposure) + _OFFSET
        before, now = (abs(np.log(one.mean() / self._first_level)) for one in (self._seen, shown))
        return bool(now < before)

    def _held(self, levels: FloatImage) -> FloatImage | None:
        """Return the gain of the frame before, but not what a camera takes back: most of the picture becomes brighter, or darker.

        Its exposure follows the new light little by little. None without a gain.

        Args:
            levels: float32 (h', w', 3), of the next frame.
        """
        if self._gain is None or self._seen is None:
            return None
        lit = (levels * np.float32(self._exposure) + _OFFSET) * self._gain
        excess = float(np.median(np.log(lit / self._seen)))
        if excess * float(np.log(self._gain).mean()) <= 0.0:
            return self._gain
        return self._gain * np.float32(np.exp(-np.clip(excess, -_STEP, _STEP)))

    def _change_of_light(self, levels: FloatImage, held: FloatImage | None) -> FloatImage | None:
        """Return by what a frame's small picture, float32 (h', w', 3), is in the light before; None where the light is the same.

        The gain that is `held` from the frame before is not found again: each time, motion would add to it.
        """
        before = self._seen
        if before is None:
            return None
        small = levels * np.float32(self._exposure) + _OFFSET
        change = _change(small, before)
        if held is not None:
            lit = small * held
            change_held = _change(lit, before)
            if change_held < change:
                small, change = lit, change_held
            else:
                held = None
        if change < _CHANGE_LEVELS:
            return held
        fresh = _smooth_gain(small, before)
        if _change(small * fresh, before) > _LEFT * change or not _keeps_detail_where_lit(
            small, before, fresh
        ):
            return held
        return fresh if held is None else np.minimum(held * fresh, _LARGEST_GAIN)


def _change(first: FloatImage, second: FloatImage) -> float:
    """Return the mean change between small pictures, in levels."""
    return float(np.abs(first - second).mean())


def _keeps_detail_where_lit(small: FloatImage, before: FloatImage, gain: FloatImage) -> bool:
    """Tell whether the places that a gain (h', w', 3) lights otherwise show what they showed before, but for the light.

    Something large and plain that moved far is a smooth change too.
    """
    is_lit = np.abs(np.log(gain)).mean(axis=2) > _LIT
    one, other = detail(small)[is_lit], detail(before)[is_lit]
    energy = float(np.square(one).sum()) * float(np.square(other).sum())
    return energy > 0.0 and float((one * other).sum()) >= _SAME_DETAIL * float(np.sqrt(energy))


def _smooth_gain(small: FloatImage, before: FloatImage) -> FloatImage:
    """Return what a small picture is to be multiplied by for the light before, float32 (h', w', 3)."""
    log_gain = np.log(before / small)
    channels = []
    for channel in cv2.split(log_gain):
        median = cv2.medianBlur(cv2.medianBlur(channel, _MEDIAN), _MEDIAN)
        channels.append(cv2.blur(median, (3, 3)))
    gain = np.exp(np.stack(channels, axis=2))
    return np.asarray(np.minimum(gain, _LARGEST_GAIN), dtype=np.float32)


def _multiplied(picture: Frame, exposure: float, gain: FloatImage) -> Frame:
    """Return a picture, uint8 RGB (h, w, 3), by an exposure, and then by a gain of `_SMALL_WH` above `_OFFSET`."""
    height, width = picture.shape[:2]
    whole = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    levels = (picture.astype(np.float32) * np.float32(exposure) + _OFFSET) * whole - _OFFSET
    return np.asarray(np.clip(np.rint(levels), 0.0, 255.0), dtype=np.uint8)
