"""Sessions as folders: one state file each, written atomically; it runs no engine and no FFmpeg."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline.session.removal_notes import RemovalNotes
from pipeline.session.state import SessionState, SessionStatus
from pipeline.session.versions import parse_state
from pipeline.storage.files import exclusive, is_locked, partial_path, try_lock, write_atomically
from pipeline.video_io import ClipInfo
from utils.errors import SessionError
from utils.types import Mask, Message

logger = logging.getLogger(__name__)

_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{20,64}")
_TRASH_PREFIX = ".trash-"
_NEW_PREFIX = ".new-"
LOCK_WAIT_S = 2.0
"""Seconds a worker waits for a job lock that a look or a clean-up holds for a moment."""
_LOOK_S = 0.2
"""Seconds that outlast a look at a job lock; who holds it longer runs a job."""
_ROOM_NAME = "room.partial"
SPARE_BYTES = 64 * 1024
"""Bytes set aside during a job beside those of the state file."""
SHOWN_NAME_LIMIT = 120
"""Characters kept of an uploaded file's name."""


class Session:
    """One session's folder; its state is read from disk at each use, so no copy goes stale."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        """The unguessable key."""
        return self.folder.name

    @property
    def state(self) -> SessionState:
        """The state on disk.

        Raises:
            SessionError: the state file is missing or damaged, or a newer SplazMatte wrote it.
        """
        path = self.folder / "session.json"
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise SessionError("job.session_unknown") from error
        except OSError as error:
            raise SessionError("job.session_damaged", detail=str(error)) from error
        return parse_state(content)

    @property
    def source(self) -> Path:
        """The uploaded clip."""
        return self.folder / self.state.source

    @property
    def clip(self) -> ClipInfo:
        """What is known of the clip.

        Raises:
            SessionError: the session is damaged.
        """
        clip = self.state.clip
        if clip is None:
            raise SessionError("job.session_damaged")
        return clip

    @property
    def master(self) -> Path:
        """The exact alpha of the last job, before edge controls."""
        return self.folder / "alpha_master.nut"

    @property
    def background_picture(self) -> Path:
        """Where the session's own background lies, if it has one."""
        return self.folder / "background.png"

    @property
    def cache_dir(self) -> Path:
        """Where an engine that can resume keeps its work."""
        return self.folder / "cache"

    @property
    def masks_dir(self) -> Path:
        """Tracked masks, one PNG a frame."""
        return self.folder / "masks"

    def write(self, state: SessionState) -> None:
        """Replace the state file."""
        write_atomically(
            self.folder / "session.json", state.model_dump_json(indent=1).encode("utf-8")
        )

    def update(self, **changes: Any) -> SessionState:
        """Change fields of the state, read and written under one lock; return the new state."""
        return self.transform(lambda state: state.model_copy(update=changes))

    def transform(self, change: Callable[[SessionState], SessionState]) -> SessionState:
        """Replace the state by `change(state)` under the session's lock; return the new state.

        Raises:
            SessionError: the session was removed, or its state can't be read.
            OSError: the disk is full; the state is as it was.
        """
        try:
            with exclusive(self.folder / ".state.lock"):
                state = change(self.state).model_copy(update={"updated_at_s": time.time()})
                self.write(state)
        except FileNotFoundError as error:
            raise SessionError("job.session_unknown") from error
        return state

    @contextmanager
    def masks_lock(self) -> Iterator[None]:
        """Hold the masks of the keyframes still, against another click or a job that reads them."""
        if not self.folder.is_dir():
            raise SessionError("job.session_unknown")
        with exclusive(self.folder / ".masks.lock"):
            yield

    def try_job_lock(self, wait_s: float = _LOOK_S) -> int | None:
        """Take the lock a worker holds for a job's life; None when a job is running.

        Raises:
            SessionError: the session was removed.
        """
        try:
            return try_lock(self.folder / ".job.lock", wait_s)
        except FileNotFoundError as error:
            raise SessionError("job.session_unknown") from error

    @property
    def is_running(self) -> bool:
        """True while some process holds the job lock."""
        try:
            return is_locked(self.folder / ".job.lock")
        except FileNotFoundError:
            return False

    @property
    def is_queued(self) -> bool:
        """True while the state says that a job waits."""
        try:
            return self.state.status is SessionStatus.QUEUED
        except SessionError:
            return False

    def instance_path(self, frame: int, instance: int) -> Path:
        """Where the mask of an instance found on a frame lies."""
        return self.folder / "instances" / f"{frame:06d}" / f"{instance}.png"

    def base_mask_path(self, frame: int) -> Path:
        """Where the mask that clicks on a frame correct lies, if there is one."""
        return self.instance_path(frame, 0).with_name("base.png")

    def set_room_aside(self) -> None:
        """Take the room that the state will need at a job's end; sweeping the partial files frees it.

        Raises:
            OSError: the disk is full.
        """
        state_bytes = (self.folder / "session.json").stat().st_size
        (self.folder / _ROOM_NAME).write_bytes(bytes(2 * state_bytes + SPARE_BYTES))

    def give_room_back(self) -> None:
        """Free what was set aside."""
        (self.folder / _ROOM_NAME).unlink(missing_ok=True)

    def sweep_partials(self) -> int:
        """Remove files that a stopped writer left behind; return how many."""
        count = 0
        for path in self.folder.rglob("*.partial*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            count += 1
        return count


class SessionStore:
    """All sessions of a workspace."""

    def __init__(self, workspace_dir: Path) -> None:
        self.root = workspace_dir / "sessions"
        self.removals = RemovalNotes(workspace_dir / "removed")

    def create(
        self,
        shown_name: str,
        fill: Callable[[Path], Mapping[str, Any]] = lambda folder: {},
    ) -> Session:
        """Make a session with a new id, complete or not at all, also when the process is killed.

        Args:
            shown_name: only ever text to show.
            fill: puts files into the new folder and returns fields of the state.
        """
        session = Session(self.root / secrets.token_urlsafe(18))
        building = Session(self.root / f"{_NEW_PREFIX}{session.id}")
        lock = _begin(building)
        try:
            fields = fill(building.folder)
            building.write(SessionState(id=session.id, shown_name=clean_name(shown_name), **fields))
            building.folder.rename(session.folder)
        except BaseException:
            shutil.rmtree(building.folder, ignore_errors=True)
            raise
        finally:
            os.close(lock)
        return session

    def open(self, session_id: str) -> Session:
        """Return the session of that id.

        Raises:
            SessionError: the id is malformed or unknown, or the session was removed.
        """
        if not isinstance(session_id, str) or not _ID_PATTERN.fullmatch(session_id):
            raise SessionError("job.session_unknown")
        session = Session(self.root / session_id)
        if not (session.folder / "session.json").is_file():
            raise self.removals.error(session_id)
        return session

    def open_folder(self, session_id: str) -> Session:
        """Return a session of ours by id, also one whose state file is damaged."""
        return Session(self.root / session_id)

    def __iter__(self) -> Iterator[Session]:
        if not self.root.is_dir():
            return iter(())
        folders = sorted(self.root.iterdir())
        return (
            Session(folder)
            for folder in folders
            if _ID_PATTERN.fullmatch(folder.name) and folder.is_dir()
        )

    def remove(self, session: Session, reason: Message | None = None) -> bool:
        """Delete an idle session: renamed to trash first, then removed.

        Args:
            reason: noted for whoever opens the session's link later.

        Returns:
            False when it is running, was queued meanwhile, or is gone already.
        """
        try:
            descriptor = session.try_job_lock()
        except SessionError:
            return False
        if descriptor is None:
            return False
        trash = self.root / f"{_TRASH_PREFIX}{session.id}-{secrets.token_hex(4)}"
        try:
            if session.is_queued:
                return False
            session.folder.rename(trash)
        except FileNotFoundError:
            return False
        finally:
            os.close(descriptor)
        if reason is not None:
            self.removals.add(session.id, reason)
        shutil.rmtree(trash, ignore_errors=True)
        return True

    def sweep_trash(self) -> None:
        """Remove what an interrupted removal or an interrupted upload left."""
        if not self.root.is_dir():
            return
        for folder in self.root.glob(f"{_TRASH_PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in self.root.glob(f"{_NEW_PREFIX}*"):
            try:
                lock = Session(folder).try_job_lock()
            except SessionError:
                continue
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)

    def recover(self) -> list[Session]:
        """Start-up scan: settle every session whose process died; return those interrupted.

        A session marked running or queued whose job lock is free becomes done when every declared
        output is there with its recorded size, else interrupted; so does one marked done of which an
        output is gone. Partial files are swept.
        """
        self.sweep_trash()
        interrupted = []
        for session in self:
            try:
                if self._settle_idle(session):
                    interrupted.append(session)
            except (OSError, SessionError) as error:
                logger.warning("session %s can't be settled: %s", session.id[:6], error)
        return interrupted

    def _settle_idle(self, session: Session) -> bool:
        descriptor = session.try_job_lock()
        if descriptor is None:
            return False
        try:
            return self._settle(session)
        finally:
            os.close(descriptor)

    @staticmethod
    def _settle(session: Session) -> bool:
        session.sweep_partials()
        try:
            state = session.state
        except SessionError:
            return False
        if state.status is SessionStatus.DONE:
            return _settle_done(session, state)
        if state.status not in (SessionStatus.RUNNING, SessionStatus.QUEUED):
            return False
        complete = bool(state.outputs) and all(
            _has_size(session.folder / output.file, output.size_bytes) for output in state.outputs
        )
        if complete:
            session.update(status=SessionStatus.DONE)
        else:
            session.update(
                status=SessionStatus.INTERRUPTED,
                outputs=state.previous_outputs,
                previous_outputs=(),
            )
        return not complete


def _begin(building: Session) -> int:
    """Make the folder of a session to be; return its job lock, held, so that no sweep takes it for left over.

    A sweep may come between the folder and the lock: then the folder is gone, and made anew.
    """
    while True:
        building.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock = building.try_job_lock()
        except SessionError:
            continue
        if lock is not None:
            if os.fstat(lock).st_nlink > 0:
                return lock
            os.close(lock)


def _settle_done(session: Session, state: SessionState) -> bool:
    """Take back "done" where an output is gone: killed while new files took the place of old ones."""
    there = tuple(output for output in state.outputs if (session.folder / output.file).exists())
    if len(there) == len(state.outputs):
        return False
    session.update(status=SessionStatus.INTERRUPTED, outputs=there)
    return True


class MaskFolder(Mapping[int, Mask]):
    """Masks on disk by frame number, `000000.png` and on, each read when asked for."""

    def __init__(self, folder: Path, first: int = 0) -> None:
        self._folder = folder
        self._first = first

    def path(self, index: int) -> Path:
        """The file of a frame, counted from the range's first."""
        return self._folder / f"{index + self._first:06d}.png"

    def __getitem__(self, index: int) -> Mask:
        try:
            return read_mask(self.path(index))
        except FileNotFoundError as error:
            raise KeyError(index) from error

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.path(index).is_file()

    def __iter__(self) -> Iterator[int]:
        return iter(
            sorted(int(path.stem) - self._first for path in self._folder.glob("*[0-9].png"))
        )

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob("*[0-9].png"))


def read_mask(path: Path) -> Mask:
    """Read a mask PNG of ours; return bool (H, W)."""
    with Image.open(path) as image:
        mask: Mask = np.asarray(image.convert("L")) > 127
    return mask


def write_mask(path: Path, mask: Mask) -> None:
    """Write a mask, bool (H, W), as a 1-bit PNG, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_path(path)
    try:
        Image.fromarray(mask).save(temporary, format="PNG", compress_level=1)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def clean_name(name: str) -> str:
    """Return an uploaded name fit to be shown as text: no folders, no control characters, short."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(
        character for character in base if character.isprintable() and not _is_bidi(character)
    )
    return printable[:SHOWN_NAME_LIMIT] or "clip"


def _is_bidi(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        if path.is_dir():
            return sum(item.stat().st_size for item in path.iterdir()) == size_bytes
        return path.stat().st_size == size_bytes
    except OSError:
        return False
