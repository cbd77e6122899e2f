"""A small mask-free preview of a clip just uploaded, made in the background while nothing else runs.

The engine that needs no mark mattes every frame at a small size. While a click or a job runs the preview gives
its engine back and waits, then goes on where it was; see `Preference.quick_preview`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

from engines.base import FrameSource, MattingEngine, RunContext
from engines.device.manager import ModelManager
from pipeline.session.background import FailedSessions, SessionWorker
from pipeline.session.session import Session
from pipeline.video_io import VideoIO
from pipeline.video_io.playback import write_playback_clip
from utils.errors import Cancelled, SplazmatteError
from utils.image_utils import compose_over_checker, shrink_to, write_image
from utils.types import Frame

logger = logging.getLogger(__name__)

LONG_SIDE = 512
"""Longest side of the preview, in pixels."""
PICTURE_INTERVAL_S = 1.0
"""Seconds between two pictures of a preview in the making."""
IDLE_CHECK_S = 0.25


@dataclass(frozen=True, slots=True)
class PreviewState:
    """How far a session's preview is: frames done of all; `has_failed` where none will come."""

    done: int
    total: int
    is_ready: bool = False
    has_failed: bool = False


class SmallFrames:
    """A clip's frames from `first` on, scaled down; remembers those read and not asked for yet."""

    def __init__(self, source: FrameSource, first: int) -> None:
        self._source = source
        self._first = first
        self._recent: deque[tuple[int, Frame]] = deque()
        width, height = source.size_wh
        scale = min(1.0, LONG_SIDE / max(width, height))
        self._size_wh = max(round(width * scale), 1), max(round(height * scale), 1)

    @property
    def size_wh(self) -> tuple[int, int]:
        """See `FrameSource.size_wh`."""
        return self._size_wh

    def __len__(self) -> int:
        return len(self._source) - self._first

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """See `FrameSource.read`."""
        frames = self._source.read(start + self._first, stop + self._first, step)
        for index, frame in zip(range(start, stop, step), frames, strict=True):
            small = shrink_to(frame, LONG_SIDE)
            self._recent.append((index, small))
            yield small

    def recent(self, index: int) -> Frame:
        """Return a small frame that was read, uint8 RGB (h, w, 3); those before it are forgotten: an engine may read far ahead."""
        while self._recent[0][0] != index:
            self._recent.popleft()
        return self._recent[0][1]


MakePreview: TypeAlias = Callable[[Session, str, Callable[[int], None], threading.Event], None]
"""Makes a session's preview with an engine; is told whom to tell the frames done, and what ends it early. Raises
`Cancelled` then."""


class PreviewMaker:
    """Makes previews in this process.

    Args:
        is_job_active: tells whether a job runs or waits here.
    """

    def __init__(
        self, video: VideoIO, manager: ModelManager, is_job_active: Callable[[], bool]
    ) -> None:
        self._video = video
        self._manager = manager
        self._is_job_active = is_job_active

    def make(
        self,
        session: Session,
        engine_name: str,
        on_done: Callable[[int], None],
        stopping: threading.Event,
    ) -> None:
        """See `MakePreview`.

        Raises:
            OSError: the disk is full.
            SplazmatteError: the clip or the engine can't be used.
        """
        pictures = self.composited(session, engine_name, on_done, stopping)
        try:
            write_playback_clip(pictures, session.quick_preview_clip, stopping)
        finally:
            session.quick_preview_picture.unlink(missing_ok=True)

    def composited(
        self,
        session: Session,
        engine_name: str,
        on_done: Callable[[int], None],
        stopping: threading.Event,
    ) -> Iterator[Frame]:
        """Yield every frame over a checkerboard, uint8 RGB (h, w, 3); waits while something else runs."""
        clip = session.clip
        source = self._video.open(session.source, clip, stopping)
        done, next_s = 0, 0.0
        while done < clip.frame_count:
            self._wait_until_idle(stopping)
            for picture in self._matted(SmallFrames(source, done), engine_name, stopping):
                done += 1
                on_done(done)
                if time.monotonic() >= next_s:
                    write_image(session.quick_preview_picture, picture)
                    next_s = time.monotonic() + PICTURE_INTERVAL_S
                yield picture
                if self.is_busy(own_leases=1):
                    break

    def _matted(
        self, frames: SmallFrames, engine_name: str, stopping: threading.Event
    ) -> Iterator[Frame]:
        lease = self._manager.lease(engine_name, size_wh=frames.size_wh, wait_s=0, cancel=stopping)
        try:
            with lease as engine:
                if not isinstance(engine, MattingEngine):
                    raise TypeError(f"{engine_name} makes no mattes")
                matted = engine.process(frames, {}, 0, {}, RunContext(cancel=stopping))
                with closing(matted):  # type: ignore[type-var]
                    for item in matted:
                        yield compose_over_checker(frames.recent(item.index), item.alpha)
        finally:
            # The next job may be hours away, or have no use for it.
            self._manager.release_working_memory()

    def _wait_until_idle(self, stopping: threading.Event) -> None:
        while self.is_busy(own_leases=0):
            if stopping.wait(IDLE_CHECK_S):
                raise Cancelled

    def is_busy(self, own_leases: int) -> bool:
        """Return whether a job is active, or more engines are lent than the preview has."""
        return self._is_job_active() or self._manager.lease_count() > own_leases


class QuickPreviews:
    """Has previews made, the one asked for last first; the worker starts with the first of them.

    Args:
        engine_name: the engine that makes them now, "" for none.
    """

    def __init__(self, engine_name: Callable[[], str], make: MakePreview) -> None:
        self._engine_name = engine_name
        self._make_preview = make
        self._states: dict[str, PreviewState] = {}
        """Of the sessions that wait or are worked on."""
        self._failed = FailedSessions()
        self._lock = threading.Lock()
        self._worker = SessionWorker("quick-preview", self._make, newest_first=True)

    def ask(self, session: Session) -> PreviewState | None:
        """Return how far the session's preview is, and have it made; None where there are no previews."""
        total = session.clip.frame_count
        if session.quick_preview_clip.is_file():
            return PreviewState(total, total, is_ready=True)
        if not self._engine_name():
            return None
        with self._lock:
            if session in self._failed:
                return PreviewState(0, total, has_failed=True)
            if session.id not in self._states and not self._worker.stopping.is_set():
                self._states[session.id] = PreviewState(0, total)
                self._worker.put(session)
            return self._states.get(session.id)

    def stop(self) -> None:
        """See `SessionWorker.stop`."""
        self._worker.stop()

    def close(self) -> None:
        """See `SessionWorker.close`."""
        self._worker.close()

    def _make(self, session: Session) -> None:
        has_failed = False
        try:
            self._make_preview(
                session,
                self._engine_name(),
                partial(self._note_done, session),
                self._worker.stopping,
            )
        except Cancelled:
            return
        except (OSError, SplazmatteError) as error:
            has_failed = True
            logger.warning("session %s has no quick preview: %s", session.id[:6], error)
        except Exception:
            has_failed = True
            logger.exception("session %s has no quick preview", session.id[:6])
        with self._lock:
            del self._states[session.id]
            if has_failed:
                self._failed.add(session)

    def _note_done(self, session: Session, done: int) -> None:
        # Nothing of the session is read: it may be gone, and who tells this may be the thread that reads a worker's answers.
        with self._lock:
            known = self._states.get(session.id)
            if known is not None:
                self._states[session.id] = replace(known, done=done)
