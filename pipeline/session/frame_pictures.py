"""JPEG pictures of a clip's frames: one decode gives a frame and those beside it, for everyone who waits for them.

Pictures are kept in the session's folder; how many requests are served at a time is the caller's to bound.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from config import Settings
from pipeline.session.session import Session
from pipeline.storage import disk
from pipeline.video_io import ClipInfo, VideoIO
from utils.errors import Cancelled, NotEnoughDisk
from utils.image_utils import encode_image, write_bytes
from utils.types import Frame

logger = logging.getLogger(__name__)

AHEAD = 12
"""Frames after the one asked for that the same decode gives at most."""
BEHIND = 3
"""Frames before it; `AHEAD` where the frame after it is there already, as when going backwards."""
HELD_BYTES = 32 * 1024 * 1024
"""Decoded frames before the one asked for that wait, so that it is answered first."""
STOP_WAIT_S = 3.0
"""Seconds that the decodes have to end when the process stops."""
_CHECK_S = 0.1
"""Seconds between two looks at a caller's cancel event."""


@dataclass(eq=False, slots=True)
class _Decode:
    """A running decode of the frames `first` … `end`-1, begun for the frame `asked`."""

    session: Session
    clip: ClipInfo
    asked: int
    first: int
    end: int
    stop: threading.Event = field(default_factory=threading.Event)
    given: dict[int, bytes] = field(default_factory=dict)
    waiting: Counter[int] = field(default_factory=Counter)
    has_space: bool = True
    is_over: bool = False
    error: Exception | None = None

    def gives(self, session_id: str, frame: int) -> bool:
        """Return whether the frame has come or will come from here."""
        is_inside = self.session.id == session_id and self.first <= frame < self.end
        return is_inside and (frame in self.given or not self.stop.is_set())

    @property
    def is_waited_for(self) -> bool:
        """False when it only reads ahead."""
        return any(self.waiting.values())


class FramePictures:
    """Makes pictures and keeps them; any thread may use it."""

    def __init__(self, settings: Settings, video: VideoIO) -> None:
        self._settings = settings
        self._video = video
        self._changed = threading.Condition()
        self._decodes: list[_Decode] = []
        self._is_closed = False

    def picture(
        self,
        session: Session,
        clip: ClipInfo,
        frame: int,
        cancel: threading.Event | None = None,
        *,
        neighbours: bool = False,
    ) -> bytes:
        """Return a JPEG of the frame: the one kept, else from a decode that runs, else from one of its own.

        Args:
            cancel: ends the wait, and the decode where nobody else waits for its frame.
            neighbours: have the decode go on to the frames beside this one.

        Raises:
            FfmpegFailed: FFmpeg ended early, hung or is missing.
            Cancelled: the event was set, or the process stops.
        """
        while True:
            kept = self.kept(session, frame)
            if kept is not None:
                return kept
            with self._changed:
                decode = self._find_or_start(session, clip, frame, neighbours, cancel)
                if decode is None:
                    continue
                content = self._wait(decode, frame, cancel)
            if content is not None:
                return content

    def kept(self, session: Session, frame: int) -> bytes | None:
        """Return the JPEG that was kept of the frame, None without one."""
        with contextlib.suppress(FileNotFoundError):
            return _path(session, frame).read_bytes()
        return None

    def stop(self) -> None:
        """End all decodes, and begin no more."""
        with self._changed:
            self._is_closed = True
            for decode in self._decodes:
                decode.stop.set()
            self._changed.notify_all()

    def close(self) -> None:
        """Stop, and wait for the decodes' end."""
        self.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._decodes, STOP_WAIT_S)

    def _find_or_start(
        self,
        session: Session,
        clip: ClipInfo,
        frame: int,
        neighbours: bool,
        cancel: threading.Event | None,
    ) -> _Decode | None:
        """Return the decode that gives the frame, None where its picture has come meanwhile."""
        while True:
            for decode in self._decodes:
                if decode.gives(session.id, frame):
                    return decode
            if _path(session, frame).is_file():
                return None
            if self._is_closed or (cancel is not None and cancel.is_set()):
                raise Cancelled
            if not self._must_wait_for_space(session.id):
                return self._start(session, clip, frame, neighbours)
            self._changed.wait(_CHECK_S)

    def _must_wait_for_space(self, session_id: str) -> bool:
        """Stop reading ahead where it is in the way of a frame asked for; tell whether its end is near.

        That is reading ahead of another place in the same clip, and whatever takes the last decoder.
        """
        limit = self._settings.preview_decodes
        ending = sum(decode.stop.is_set() for decode in self._decodes)
        for decode in self._decodes:
            if decode.stop.is_set() or decode.is_waited_for:
                continue
            if decode.session.id == session_id or len(self._decodes) - ending >= limit:
                decode.stop.set()
                ending += 1
        return ending > 0 and len(self._decodes) >= limit

    def _start(self, session: Session, clip: ClipInfo, frame: int, neighbours: bool) -> _Decode:
        first, end = frame, frame + 1
        if neighbours:
            end = self._end_of_missing(session, clip, frame, 1, AHEAD)
            is_backwards = end == frame + 1 < clip.frame_count
            behind = AHEAD if is_backwards else BEHIND
            first = self._end_of_missing(session, clip, frame, -1, behind) + 1
        decode = _Decode(session, clip, frame, first, end)
        self._decodes.append(decode)
        threading.Thread(
            target=self._run, args=(decode,), name=f"picture-{frame}", daemon=True
        ).start()
        return decode

    def _end_of_missing(
        self, session: Session, clip: ClipInfo, frame: int, step: int, most: int
    ) -> int:
        """Return the first frame in a direction that need not be made, or is too far off."""
        for distance in range(1, most + 1):
            other = frame + step * distance
            is_there = not 0 <= other < clip.frame_count or _path(session, other).is_file()
            if is_there or any(decode.gives(session.id, other) for decode in self._decodes):
                return other
        return frame + step * (most + 1)

    def _wait(self, decode: _Decode, frame: int, cancel: threading.Event | None) -> bytes | None:
        """Return the frame's picture, None where the decode ended before it and another is needed."""
        decode.waiting[frame] += 1
        try:
            while frame not in decode.given and not decode.is_over:
                if cancel is not None and cancel.is_set():
                    raise Cancelled
                self._changed.wait(_CHECK_S)
        finally:
            decode.waiting[frame] -= 1
            self._leave(decode)
        if frame in decode.given:
            return decode.given[frame]
        if decode.error is not None:
            raise decode.error
        return None

    def _leave(self, decode: _Decode) -> None:
        """End a decode that nobody waits for before it has given the frame it was begun for."""
        if decode.is_waited_for or decode.asked in decode.given:
            return
        decode.stop.set()
        # A place to decode is free only when the decoder has really ended.
        self._changed.wait_for(lambda: decode.is_over, STOP_WAIT_S)

    def _run(self, decode: _Decode) -> None:
        try:
            source = self._video.open(decode.session.source, decode.clip, decode.stop)
            with closing(source.read(decode.first, decode.end)) as frames:  # type: ignore[type-var]
                self._give_all(decode, frames)
        except Cancelled:
            logger.debug("pictures from frame %d: stopped", decode.first)
        except Exception as error:
            # Whoever waits gets it; frames that were only read ahead are asked for again when wanted.
            decode.error = error
        finally:
            with self._changed:
                decode.is_over = True
                self._decodes.remove(decode)
                self._changed.notify_all()

    def _give_all(self, decode: _Decode, frames: Iterator[Frame]) -> None:
        held: deque[tuple[int, Frame]] = deque()
        for index, frame in enumerate(frames, start=decode.first):
            if decode.stop.is_set():
                raise Cancelled
            if index < decode.asked:
                held.append((index, frame))
                if len(held) * frame.nbytes > HELD_BYTES:
                    self._give(decode, *held.popleft())
                continue
            self._give(decode, index, frame)
            while held:
                self._give(decode, *held.pop())
            if not decode.has_space and not decode.is_waited_for:
                return

    def _give(self, decode: _Decode, index: int, frame: Frame) -> None:
        content = encode_image(frame, ".jpg")
        is_kept = self._keep(decode.session, index, content)
        with self._changed:
            decode.given[index] = content
            decode.has_space = is_kept
            self._changed.notify_all()

    def _keep(self, session: Session, index: int, content: bytes) -> bool:
        """Keep a picture for the next time as long as the disk's reserve stays free; tell whether it is kept."""
        try:
            reserve_bytes = self._settings.min_free_disk_bytes
            disk.check_before(session.folder, len(content), reserve_bytes)
            path = _path(session, index)
            path.parent.mkdir(exist_ok=True)
            write_bytes(path, content)
        except (OSError, NotEnoughDisk):
            # A full disk, a session removed, or a job that sweeps unfinished files: it is made again.
            return False
        return True


def _path(session: Session, frame: int) -> Path:
    return session.folder / "frames" / f"{frame:06d}.jpg"
