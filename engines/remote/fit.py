"""Fits what a service returned to what it was sent; services change size, rate and number of frames.

What can be explained is fitted, and said; anything else is refused, since a matte on the wrong frames looks
right until it moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from engines.base import ReturnedClip
from engines.remote.spec import Returned
from utils.alpha_levels import OPAQUE, AlphaLevels
from utils.errors import ServiceFailed
from utils.prefetch import ended
from utils.types import Alpha, Frame, Message

MOST_LOST = 2
"""Frames at the end of a clip that encoders of services lose or repeat."""
_RATE_TOLERANCE = 0.005
_ASPECT_TOLERANCE = 0.02
_DURATION_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Sent:
    """What a service was sent: so many frames at that rate and size."""

    count: int
    fps: Fraction
    size_wh: tuple[int, int]


def fitted_indices(
    service: str, sent: Sent, returned: ReturnedClip
) -> tuple[Sequence[int], Message | None]:
    """Return which returned frame belongs to each sent one, never going back, and what to say of it.

    The same rate: frame by frame, and up to two frames too many or too few at the end. Another rate with the
    same duration: by time.

    Raises:
        ServiceFailed: neither explains the number of frames, or the picture has another shape.
    """
    _check_shape(service, sent, returned)
    count = len(returned)
    if count == sent.count:
        return range(count), None
    rates = {"sent_fps": f"{float(sent.fps):.4g}", "got_fps": f"{float(returned.fps):.4g}"}
    values: dict[str, str | int | float | Message] = {
        "service": service,
        "sent": sent.count,
        "got": count,
        **rates,
    }
    same_rate = abs(returned.fps / sent.fps - 1) <= _RATE_TOLERANCE
    if same_rate and abs(count - sent.count) <= MOST_LOST:
        indices = [min(index, count - 1) for index in range(sent.count)]
        return indices, Message("remote.fitted_end", values)
    duration_s, got_s = sent.count / sent.fps, count / returned.fps
    slack_s = max(
        MOST_LOST / min(sent.fps, returned.fps), duration_s * Fraction(_DURATION_TOLERANCE)
    )
    if not same_rate and abs(duration_s - got_s) <= slack_s:
        # The frame that is shown at the middle of each sent frame's time.
        middles = ((index + Fraction(1, 2)) / sent.fps for index in range(sent.count))
        indices = [min(int(middle * returned.fps), count - 1) for middle in middles]
        return indices, Message("remote.fitted_rate", values)
    raise ServiceFailed("remote.frame_count", service=service, sent=sent.count, got=count, **rates)


def _check_shape(service: str, sent: Sent, returned: ReturnedClip) -> None:
    width, height = returned.size_wh
    aspect = width / height * sent.size_wh[1] / sent.size_wh[0]
    # A side of few pixels that was made even changes the shape as well.
    slack = max(_ASPECT_TOLERANCE, 2 / min(sent.size_wh), 2 / min(width, height))
    if abs(aspect - 1) > slack:
        raise ServiceFailed(
            "remote.shape",
            service=service,
            width=width,
            height=height,
            sent_width=sent.size_wh[0],
            sent_height=sent.size_wh[1],
        )


def clip_alphas(
    service: str,
    kind: Returned,
    returned: ReturnedClip,
    indices: Sequence[int],
    size_wh: tuple[int, int],
) -> Iterator[Alpha]:
    """Yield the alpha of each sent frame, float32 (H, W), of that size.

    Raises:
        ServiceFailed: the clip should have transparency and has none.
    """
    if kind == "transparency" and not returned.has_alpha:
        raise ServiceFailed("remote.no_transparency", service=service)
    source = _alphas(kind, returned)
    position = -1
    current: Alpha | None = None
    with ended(source):
        for index in indices:
            while position < index:
                current = next(source)
                position += 1
            if current is None:
                raise RuntimeError("frames are counted from 0")
            yield at_size(current, size_wh)


def _alphas(kind: Returned, returned: ReturnedClip) -> Iterator[Alpha]:
    if kind == "transparency":
        for opacity in returned.transparency():
            yield opacity.astype(np.float32) / np.float32(255)
        return
    for frame in returned.colours():
        if kind == "levels":
            yield from_colours(frame)
        else:
            yield brightness(frame)


def brightness(frame: Frame) -> Alpha:
    """Return a matte's alpha, float32 (H, W), of a picture of it, uint8 RGB (H, W, 3)."""
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.float32) / np.float32(255)


def to_colours(levels: AlphaLevels) -> Frame:
    """Return alpha levels, uint16 (H, W), as a picture, uint8 (H, W, 3): the upper 8 of 12 bits in red, the lower in green."""
    picture = np.zeros((*levels.shape, 3), np.uint8)
    picture[..., 0] = levels >> 4
    picture[..., 1] = (levels & 15) << 4
    return picture


def from_colours(frame: Frame) -> Alpha:
    """Return the alpha, float32 (H, W), of a picture that `to_colours` made."""
    levels = (frame[..., 0].astype(np.uint16) << 4) | (frame[..., 1] >> 4)
    return np.asarray(levels, np.float32) * np.float32(1 / OPAQUE)


def at_size(alpha: Alpha, size_wh: tuple[int, int]) -> Alpha:
    """Return the alpha, float32 (h, w), at another size."""
    if (alpha.shape[1], alpha.shape[0]) == size_wh:
        return alpha
    is_smaller = alpha.shape[1] > size_wh[0]
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(alpha, size_wh, interpolation=how), np.float32)
