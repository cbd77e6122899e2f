"""Playback clips of sessions, made one at a time in the background when a page asks for them."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

from pipeline.session.session import Session
from pipeline.storage.files import write_atomically
from pipeline.video_io import VideoIO
from pipeline.video_io.playback import write_playback_clip
from utils.errors import Cancelled, SplazmatteError
from utils.priority import give_way
from utils.scene_cut import CutDetector
from utils.types import Frame

logger = logging.getLogger(__name__)

STOP_WAIT_S = 3.0
"""Seconds that the worker has to end when the process stops."""


class PlaybackClips:
    """Makes playback clips; the worker starts with the first one asked for."""

    def __init__(self, video: VideoIO) -> None:
        self._video = video
        self._waiting: queue.SimpleQueue[Session | None] = queue.SimpleQueue()
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._worker: threading.Thread | None = None

    def ask(self, session: Session) -> bool:
        """Return whether the session's playback clip is there; if not, have it made."""
        if session.playback_clip.is_file():
            return True
        with self._lock:
            if session.id not in self._asked and not self._stop.is_set():
                self._asked.add(session.id)
                self._waiting.put(session)
                if self._worker is None:
                    self._worker = threading.Thread(target=self._work, name="playback", daemon=True)
                    self._worker.start()
        return False

    def path(self, session: Session) -> Path | None:
        """Return the playback clip, None while there is none."""
        return session.playback_clip if session.playback_clip.is_file() else None

    def cuts(self, session: Session) -> tuple[int, ...]:
        """Return the frames that begin a new scene; none before the playback clip was made."""
        with contextlib.suppress(FileNotFoundError):
            return tuple(json.loads(session.cuts_path.read_text()))
        return ()

    def stop(self) -> None:
        """Ask the worker to stop, also in the middle of a clip."""
        self._stop.set()
        self._waiting.put(None)

    def close(self) -> None:
        """Stop, and wait for the worker; nothing unfinished is left."""
        self.stop()
        if self._worker is not None:
            self._worker.join(STOP_WAIT_S)

    def _work(self) -> None:
        give_way()
        while not self._stop.is_set():
            session = self._waiting.get()
            if session is None:
                return
            self._make(session)

    def _make(self, session: Session) -> None:
        try:
            clip = session.clip
            frames = self._video.open(session.source, clip, self._stop)
            cuts: list[int] = []
            read = _noting_cuts(frames.read(0, len(frames)), cuts)
            write_playback_clip(read, session.playback_clip, self._stop)
            write_atomically(session.cuts_path, json.dumps(cuts).encode("utf-8"))
        except Cancelled:
            return
        except (OSError, SplazmatteError) as error:
            # The page then plays frame by frame; asking again would fail the same way.
            logger.warning("session %s has no playback clip: %s", session.id[:6], error)


def _noting_cuts(frames: Iterator[Frame], cuts: list[int]) -> Iterator[Frame]:
    """Pass on the frames, and put the numbers of those that begin a new scene into the list."""
    detector = CutDetector()
    for index, frame in enumerate(frames):
        if detector.is_cut(frame):
            cuts.append(index)
        yield frame
