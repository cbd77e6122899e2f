"""What of a clip is sent: which frames, at which size, and a fingerprint of it; pure array work."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from engines.base import FrameSource
from engines.remote.options import RemoteOptions
from utils.image_utils import shrink_to
from utils.prefetch import ended
from utils.scene_cut import CutDetector
from utils.types import Frame

_SMALL_LONG_SIDE = 320
_CHANGE_LEVELS = 3
"""Largest change of a reduced frame, in levels of 255, at which two frames are the same picture."""


class Fate(enum.Enum):
    """What becomes of a frame."""

    SENT = "sent"
    SAME = "same"
    """It takes the alpha of the frame before."""
    BETWEEN = "between"
    """The alpha of the frame before is carried along the motion."""


@dataclass(slots=True)
class Selection:
    """Chooses the frames to send, in their order; `fates` has those that were looked at."""

    options: RemoteOptions
    fates: list[Fate] = field(default_factory=list)
    _cuts: CutDetector = field(default_factory=CutDetector)
    _since: int = 0
    _before: npt.NDArray[np.uint8] | None = None

    def wants(self, frame: Frame) -> bool:
        """Return whether the next frame, uint8 RGB (H, W, 3), is sent: the first of a scene always is."""
        starts = self._cuts.is_cut(frame) or not self.fates
        is_same = self.options.skip_unchanged and not self._has_changed(frame) and not starts
        if is_same:
            self.fates.append(Fate.SAME)
            return False
        self._since = 0 if starts else self._since + 1
        is_sent = self._since % self.options.every == 0
        self.fates.append(Fate.SENT if is_sent else Fate.BETWEEN)
        return is_sent

    @property
    def sent(self) -> int:
        """Number of frames to send so far."""
        return self.fates.count(Fate.SENT)

    def _has_changed(self, frame: Frame) -> bool:
        """Tell whether the picture differs from the last one that differed."""
        small = shrink_to(frame, _SMALL_LONG_SIDE)
        before = self._before
        if before is not None and int(cv2.absdiff(small, before).max()) <= _CHANGE_LEVELS:
            return False
        self._before = small
        return True


def sent_size_wh(
    size_wh: tuple[int, int], wanted: int, service_long_side: int, *, is_even: bool
) -> tuple[int, int]:
    """Return the size that frames are sent at: never larger than they are, but for a side made even."""
    long_side = wanted or service_long_side or max(size_wh)
    scale = min(1.0, long_side / max(size_wh))
    width, height = (max(2, round(side * scale)) for side in size_wh)
    return (width + width % 2, height + height % 2) if is_even else (width, height)


def chosen_frames(
    frames: FrameSource,
    selection: Selection,
    size_wh: tuple[int, int],
    digest: hashlib._Hash,
    on_frame: Callable[[int], None],
) -> Iterator[Frame]:
    """Yield the frames to send at their size, uint8 RGB (h, w, 3), and put them into the digest.

    Args:
        on_frame: told of each frame that was looked at, how many there were; may raise `Cancelled`.
    """
    with ended(frames.read(0, len(frames))) as reader:
        for looked_at, frame in enumerate(reader, start=1):
            on_frame(looked_at)
            if not selection.wants(frame):
                continue
            sent = resized(frame, size_wh)
            digest.update(np.ascontiguousarray(sent).data)
            yield sent


def resized(frame: Frame, size_wh: tuple[int, int]) -> Frame:
    """Return the frame, uint8 RGB (H, W, 3), at another size."""
    if (frame.shape[1], frame.shape[0]) == size_wh:
        return frame
    return np.asarray(cv2.resize(frame, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
