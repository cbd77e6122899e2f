"""A clip's own transparency as masks, of one frame or of all; it decodes and keeps nothing."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping

import numpy as np

from pipeline.session.session import Session
from pipeline.session.state import SessionState
from pipeline.video_io import ClipInfo, VideoIO
from utils.prefetch import ended
from utils.types import Mask

SOURCE_ENGINE = "source-alpha"
"""What a key frame says made its mask where that is the clip's own transparency and nothing else."""
OPAQUE_FROM = 127
"""Level of 255 above which a pixel of a clip's own transparency belongs to the target."""


def source_masks(
    video: VideoIO,
    session: Session,
    clip: ClipInfo,
    frames: range,
    cancel: threading.Event | None = None,
) -> Generator[Mask, None, None]:
    """Yield what the clip's own transparency shows on each of the frames, bool (H, W).

    Raises:
        FfmpegFailed: FFmpeg ended early, hung or is missing.
        Cancelled: the event was set while waiting.
    """
    with ended(video.read_alphas(session.source, clip, frames, cancel)) as alphas:
        for alpha in alphas:
            yield alpha > OPAQUE_FROM


def are_source_masks(
    video: VideoIO, session: Session, clip: ClipInfo, masks: Mapping[int, Mask], first: int
) -> bool:
    """Tell whether all masks of a target, bool (H, W) by frame, are the clip's own transparency.

    Then it says on every frame what the target is; with any other mark it was wrong somewhere.

    Args:
        first: the clip's frame that the masks' frames are counted from.
    """
    if not clip.has_alpha or not masks:
        return False
    for index, mask in masks.items():
        (own,) = source_masks(video, session, clip, range(first + index, first + index + 1))
        if not np.array_equal(own, mask):
            return False
    return True


def is_marked_by_source(state: SessionState, number: int) -> bool:
    """Return whether nothing but the clip's own transparency marks a target, as its key frames say; decodes nothing."""
    engines = {
        frame.engine for frame in state.all_keyframes if frame.target == number and frame.kept
    }
    return engines == {SOURCE_ENGINE}
