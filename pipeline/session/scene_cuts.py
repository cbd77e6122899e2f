"""The frames of a session's clip that begin a new scene: found once, then kept beside the clip."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from pipeline.session.session import Session
from pipeline.storage.files import write_atomically
from pipeline.video_io import VideoIO
from utils.scene_cut import CutDetector
from utils.types import Frame


def kept_cuts(session: Session) -> tuple[int, ...] | None:
    """Return the clip's cuts, None where nobody has looked for them yet."""
    try:
        return tuple(json.loads(session.cuts_path.read_text()))
    except FileNotFoundError:
        return None


def keep_cuts(session: Session, cuts: list[int]) -> None:
    """Keep the clip's cuts, frames from 0 on."""
    write_atomically(session.cuts_path, json.dumps(cuts).encode("utf-8"))


def noting_cuts(frames: Iterator[Frame], cuts: list[int]) -> Iterator[Frame]:
    """Pass on the frames, uint8 RGB (H, W, 3), and put the numbers of those that begin a new scene into the list."""
    detector = CutDetector()
    for index, frame in enumerate(frames):
        if detector.is_cut(frame):
            cuts.append(index)
        yield frame


def find_cuts(session: Session, video: VideoIO, cancel: threading.Event) -> tuple[int, ...]:
    """Return the clip's cuts; where they are not known, the whole clip is decoded for them.

    Raises:
        SplazmatteError: the clip can't be decoded; `Cancelled` among them.
    """
    kept = kept_cuts(session)
    if kept is not None:
        return kept
    frames = video.open(session.source, session.clip, cancel)
    cuts: list[int] = []
    for _ in noting_cuts(frames.read(0, len(frames)), cuts):
        pass
    keep_cuts(session, cuts)
    return tuple(cuts)
