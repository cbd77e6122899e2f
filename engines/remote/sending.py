"""What of a clip is sent: the chosen frames, at their size, and a fingerprint of them; pure array work."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from engines.base import FrameSource
from engines.onnx.frame_choice import AlphaSource, FrameChoice
from utils.prefetch import ended
from utils.types import Frame


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
    choice: FrameChoice,
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
            if choice.choose(frame) is not AlphaSource.MATTED:
                continue
            sent = resized(frame, size_wh)
            digest.update(np.ascontiguousarray(sent).data)
            yield sent


def resized(frame: Frame, size_wh: tuple[int, int]) -> Frame:
    """Return the frame, uint8 RGB (H, W, 3), at another size."""
    if (frame.shape[1], frame.shape[0]) == size_wh:
        return frame
    return np.asarray(cv2.resize(frame, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
