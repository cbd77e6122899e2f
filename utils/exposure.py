"""Exposes dark pictures for what has to recognise something in them; pure array work, for no picture of a result."""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Frame

_BRIGHT_SHARE = 0.01
"""Share of the pixels that are taken for the highlights: the darkest of them tells how a picture is exposed."""
_CUT_SHARE = 0.1
"""Share of the pixels that a gain may bring above 255 in their brightest channel: coloured light has little luma."""
_EXPOSED_FROM = 128
"""Luma of the highlights, 0..255, from which on a picture is left as it is: well exposed ones have 140 to 255."""
_FULL_BELOW = 112
"""Luma of the highlights below which they are brightened in full; less and less up to `_EXPOSED_FROM`, so that a clip does not flicker."""
_HIGHLIGHTS = 230
"""Luma of the highlights of a picture that is brightened in full."""
_LARGEST_GAIN = 10.0
"""A picture as good as black shows noise alone when it is brightened further."""
_HEADROOM = 1.1
"""How much brighter than the frame that sets a gain another may be before its own falls: 253 of 255 levels."""
_LASTING_FRAMES = 4
"""Frames in a row whose gains are smaller after which a shot's is for good: a flash is shorter."""


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


@dataclass(frozen=True, slots=True)
class ExposureLimits:
    """Which pictures are dark, by the luma of their highlights, 0..255.

    Attributes:
        full_below: below it highlights are brought to 230.
        exposed_from: from it on a picture is left as it is; in between the gain fades out.
    """

    full_below: int = _FULL_BELOW
    exposed_from: int = _EXPOSED_FROM


ANY_DARK = ExposureLimits()
"""What is dark for whatever has to recognise something in it."""


def exposure_gain(image: Frame, limits: ExposureLimits = ANY_DARK) -> float:
    """Return the factor, 1 to 10, by which the levels of a picture, uint8 RGB (H, W, 3), are too dark; 1 of a bright one."""
    return _gain_by_itself(image, _luma_counts(image), limits)


def _gain_by_itself(image: Frame, counts: npt.NDArray[np.int64], limits: ExposureLimits) -> float:
    """Return `exposure_gain`; `counts` are those of the image's luma."""
    highlights = _highlights(counts)
    if highlights >= limits.exposed_from:
        return 1.0
    fading = limits.exposed_from - limits.full_below
    share = min((limits.exposed_from - highlights) / fading, 1.0)
    wanted = highlights + share * (_HIGHLIGHTS - highlights)
    brightest = functools.reduce(cv2.max, cv2.split(image))
    uncut = 255.0 / max(_exceeded(_counts(brightest), _CUT_SHARE), 1)
    return max(1.0, min(wanted / max(highlights, 1), uncut, _LARGEST_GAIN))


@dataclass(frozen=True, slots=True)
class Exposure:
    """How another frame of a clip is exposed that belongs with a dark one.

    Attributes:
        gain: of that one, by `exposure_gain`; 1 where all frames are left as they are.
        level: the geometric mean of its luma plus one, 1..256.
        limits: by which it is dark.
    """

    gain: float = 1.0
    level: float = 1.0
    limits: ExposureLimits = ANY_DARK


AS_IT_IS = Exposure()
"""Of a clip whose frames are left as they are."""


def exposure_of(image: Frame, limits: ExposureLimits = ANY_DARK) -> Exposure:
    """Return what frames beside a picture, uint8 RGB (H, W, 3), are exposed by."""
    counts = _luma_counts(image)
    gain = _gain_by_itself(image, counts, limits)
    return AS_IT_IS if gain == 1.0 else Exposure(gain, _level(counts), limits)


def gain_beside(image: Frame, beside: Exposure) -> float:
    """Return the gain of another frame of a clip than the one that `beside` is of: as large, unless this one is brighter.

    A clip that stays as dark gets one factor, so that colours stay the same from frame to frame. It falls where what the
    frame by itself would get is nearer to 1 by more than a tenth, but by no more than the level rises: a lamp that comes
    into the picture brightens little else, and with another factor everything would change its colour. The level is the
    log-average of Reinhard et al., Photographic Tone Reproduction for Digital Images, 2002.

    Args:
        image: uint8 RGB (H, W, 3).
        beside: by `exposure_of` of the confirmed frame, or of a shot's first.
    """
    if beside.gain == 1.0:
        return 1.0
    counts = _luma_counts(image)
    as_bright = beside.gain * beside.level / _level(counts)
    if as_bright >= beside.gain:
        return beside.gain
    by_itself = 1.0 + _HEADROOM * (_gain_by_itself(image, counts, beside.limits) - 1.0)
    return max(1.0, min(beside.gain, max(by_itself, as_bright)))


class ShotGain:
    """Tells the gains of the frames of a clip's shots, which come in order; each shot's first frame sets its own.

    Within a shot they are those of `gain_beside`, which fall and rise with the light. A frame gets no more than the
    largest of any four frames in a row before it: after a fade from black the gain is that of the picture, and after a
    flash it is that before.
    """

    def __init__(self, limits: ExposureLimits) -> None:
        self._limits = limits
        self._first = AS_IT_IS
        self._last: deque[float] = deque(maxlen=_LASTING_FRAMES)
        self._lasting = 1.0

    def of(self, frame: Frame, starts: bool) -> float:
        """Return the factor, 1 to 10, of the next frame, uint8 RGB (H, W, 3); `starts`: it is a shot's first."""
        if starts:
            self._first = exposure_of(frame, self._limits)
            self._lasting = self._first.gain
            self._last.clear()
        if self._lasting == 1.0:
            return 1.0
        gain = min(gain_beside(frame, self._first), self._lasting)
        self._last.append(gain)
        if len(self._last) == _LASTING_FRAMES:
            self._lasting = max(self._last)
        return gain

    @property
    def lasting(self) -> float:
        """The largest factor that any later frame of the shot gets, 1 to 10."""
        return self._lasting


def _luma_counts(image: Frame) -> npt.NDArray[np.int64]:
    """Return how many pixels have each luma, int64 (256,)."""
    return _counts(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _counts(levels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    # As numpy's bincount, in a fifth of its time.
    counts = cv2.calcHist([levels], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel(), dtype=np.int64)


def _level(counts: npt.NDArray[np.int64]) -> float:
    """Return the geometric mean of the luma plus one: of a frame twice as bright nearly twice as much."""
    return float(np.exp(np.sum(counts * np.log(np.arange(1.0, 257.0))) / counts.sum()))


def _highlights(counts: npt.NDArray[np.int64]) -> int:
    """Return the luma, 0..255, that no more than the brightest hundredth of the pixels is above."""
    return _exceeded(counts, _BRIGHT_SHARE)


def _exceeded(counts: npt.NDArray[np.int64], share: float) -> int:
    """Return the level, 0..255, that no more than a share of the pixels is above."""
    above = counts.sum() - np.cumsum(counts)
    return int(np.argmax(above <= share * counts.sum()))
