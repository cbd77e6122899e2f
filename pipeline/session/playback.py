"""Playback clips of sessions, made one at a time in the background when a page asks for them."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pipeline.session.background import FailedSessions, SessionWorker
from pipeline.session.scene_cuts import keep_cuts, kept_cuts, noting_cuts
from pipeline.session.session import Session
from pipeline.video_io import VideoIO
from pipeline.video_io.playback import write_playback_clip
from utils.errors import Cancelled, SplazmatteError

logger = logging.getLogger(__name__)


class PlaybackClips:
    """Makes playback clips; the worker starts with the first one asked for."""

    def __init__(self, video: VideoIO) -> None:
        self._video = video
        self._waiting: set[str] = set()
        self._failed = FailedSessions()
        self._lock = threading.Lock()
        self._worker = SessionWorker("playback", self._make)

    def ask(self, session: Session) -> bool:
        """Return whether the session's playback clip is there; if not, have it made."""
        if session.playback_clip.is_file():
            return True
        with self._lock:
            is_known = session.id in self._waiting or session in self._failed
            if not is_known and not self._worker.stopping.is_set():
                self._waiting.add(session.id)
                self._worker.put(session)
        return False

    def path(self, session: Session) -> Path | None:
        """Return the playback clip, None while there is none."""
        return session.playback_clip if session.playback_clip.is_file() else None

    def cuts(self, session: Session) -> tuple[int, ...]:
        """Return the frames that begin a new scene; none before the playback clip was made."""
        return kept_cuts(session) or ()

    def stop(self) -> None:
        """See `SessionWorker.stop`."""
        self._worker.stop()

    def close(self) -> None:
        """See `SessionWorker.close`."""
        self._worker.close()

    def _make(self, session: Session) -> None:
        try:
            clip = session.clip
            frames = self._video.open(session.source, clip, self._worker.stopping)
            cuts: list[int] = []
            read = noting_cuts(frames.read(0, len(frames)), cuts)
            write_playback_clip(read, session.playback_clip, self._worker.stopping)
            keep_cuts(session, cuts)
        except Cancelled:
            return
        except (OSError, SplazmatteError) as error:
            # The page then plays frame by frame; asking again would fail the same way.
            logger.warning("session %s has no playback clip: %s", session.id[:6], error)
            with self._lock:
                self._failed.add(session)
        finally:
            with self._lock:
                self._waiting.discard(session.id)
