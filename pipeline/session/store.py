"""All sessions of a workspace: made, found, removed, and settled after a crash; runs no engine and no FFmpeg."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.session.removal_notes import RemovalNotes
from pipeline.session.session import Session, sessions_dir
from pipeline.session.state import SessionState, SessionStatus
from pipeline.session.trash import DeletedSession, Trash
from utils.errors import SessionError
from utils.types import Message

logger = logging.getLogger(__name__)

_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{20,64}")
_TRASH_PREFIX = ".trash-"
_NEW_PREFIX = ".new-"
SHOWN_NAME_LIMIT = 120
"""Characters kept of an uploaded file's name."""


class SessionStore:
    """All sessions of a workspace."""

    def __init__(self, workspace_dir: Path) -> None:
        self.root = sessions_dir(workspace_dir)
        self.removals = RemovalNotes(workspace_dir / "removed")
        self.trash = Trash(workspace_dir / "deleted")

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
        session = Session(self.root / _new_id())
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
            if session_id in self.trash:
                raise SessionError("job.session_deleted")
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
        """Remove an idle session for good: renamed first, then removed.

        Args:
            reason: noted for whoever opens the session's link later.

        Returns:
            False when it is running, was queued meanwhile, or is gone already.
        """
        trash = self.root / f"{_TRASH_PREFIX}{session.id}-{secrets.token_hex(4)}"
        if not _move_idle(session, trash):
            return False
        if reason is not None:
            self.removals.add(session.id, reason)
        shutil.rmtree(trash, ignore_errors=True)
        return True

    def delete(self, session: Session) -> bool:
        """Move an idle session to the trash, from where it can be restored; returns as `remove`."""
        if not _move_idle(session, self.trash.place_of(session.id)):
            return False
        self.trash.note_time(session.id)
        return True

    def restore(self, session_id: str) -> Session:
        """Take a session back from the trash.

        Raises:
            SessionError: the id is malformed, or there is no such session in the trash.
        """
        if not _ID_PATTERN.fullmatch(session_id):
            raise SessionError("job.session_unknown")
        return self.trash.restore(session_id, self.root)

    def deleted(self, session_id: str) -> DeletedSession | None:
        """Return a session of the trash by id, None where it is not there."""
        return self.trash.find(session_id) if _ID_PATTERN.fullmatch(session_id) else None

    def purge(self, session_id: str) -> bool:
        """Remove a session of the trash for good; False where it is not there."""
        return bool(_ID_PATTERN.fullmatch(session_id)) and self.trash.purge(session_id)

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

    def recover(
        self, held: frozenset[str] = frozenset(), *, is_alone: bool = True
    ) -> list[Session]:
        """Start-up scan: settle every session whose process died; return those interrupted.

        Sessions in `held` are left alone: worker processes have their jobs. So are those marked queued, whose
        jobs wait for `queue_again`.

        A session marked running whose job lock is free becomes done when every declared output is there
        with its recorded size, else interrupted; so does one marked done of which an output is gone.
        Partial files are swept; where we are not alone, other pages may be writing those that no job writes.
        """
        self.sweep_trash()
        interrupted = []
        for session in self:
            try:
                if session.id not in held and self._settle_idle(session, is_alone):
                    interrupted.append(session)
            except (OSError, SessionError) as error:
                logger.warning("session %s can't be settled: %s", session.id[:6], error)
        return interrupted

    def _settle_idle(self, session: Session, is_alone: bool) -> bool:
        descriptor = session.try_job_lock()
        if descriptor is None:
            return False
        try:
            return self._settle(session, is_alone)
        finally:
            os.close(descriptor)

    @staticmethod
    def _settle(session: Session, is_alone: bool) -> bool:
        session.sweep_partials(is_start=is_alone)
        try:
            state = session.state
        except SessionError:
            return False
        if state.status is SessionStatus.DONE:
            return _settle_done(session, state)
        if state.status is not SessionStatus.RUNNING:
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


def _move_idle(session: Session, place: Path) -> bool:
    """Rename a session's folder; False when it is running, was queued meanwhile, or is gone already."""
    try:
        descriptor = session.try_job_lock()
    except SessionError:
        return False
    if descriptor is None:
        return False
    try:
        if session.is_queued:
            return False
        session.folder.rename(place)
    except FileNotFoundError:
        return False
    finally:
        os.close(descriptor)
    return True


def _begin(building: Session) -> int:
    """Make the folder of a session to be; return its job lock, held, so that no sweep takes it for left over.

    A sweep may come between the folder and the lock: then the folder is gone, and made again.
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


def _new_id() -> str:
    """Return 24 random characters of A-Z, a-z, 0-9, "-" and "_", the first no "-": a command would take it for an option."""
    session_id = secrets.token_urlsafe(18)
    return _new_id() if session_id.startswith("-") else session_id
