"""Sessions that were deleted and can be restored for a while; retention empties it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.session.session import Session
from pipeline.session.sizes import SessionSizes
from pipeline.storage.files import folder_bytes
from utils.errors import SessionError


@dataclass(frozen=True, slots=True)
class DeletedSession:
    """One session in the trash; `deleted_at_s` in seconds since the epoch."""

    id: str
    shown_name: str
    owner: str
    deleted_at_s: float
    size_bytes: int


class Trash:
    """A folder beside that of the sessions; a session goes in and out of it by a rename.

    The folder's own time tells when the session was deleted: nothing writes into it any more.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes = SessionSizes()

    def place_of(self, session_id: str) -> Path:
        """Return where a session of that id lies once it is deleted; the folder of the trash is made."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.folder / session_id

    def note_time(self, session_id: str) -> None:
        """Note that a session was deleted now."""
        os.utime(self.folder / session_id)

    def __contains__(self, session_id: str) -> bool:
        return (self.folder / session_id).is_dir()

    def __iter__(self) -> Iterator[DeletedSession]:
        """Yield the sessions, the one that was deleted first before the others."""
        folders = list(self.folder.iterdir()) if self.folder.is_dir() else []
        found = [one for one in map(self.find, [folder.name for folder in folders]) if one]
        return iter(sorted(found, key=lambda one: one.deleted_at_s))

    def find(self, session_id: str) -> DeletedSession | None:
        """Return the session of that id, None where it is not in the trash."""
        session = Session(self.folder / session_id)
        try:
            deleted_at_s = session.folder.stat().st_mtime
        except FileNotFoundError:
            return None
        try:
            state, size_bytes = session.state, self._sizes.of(session)
        except SessionError:  # A damaged one is listed without a name.
            return DeletedSession(session_id, "", "", deleted_at_s, folder_bytes(session.folder))
        return DeletedSession(session_id, state.shown_name, state.owner, deleted_at_s, size_bytes)

    def restore(self, session_id: str, sessions: Path) -> Session:
        """Put a session back among the others, as one that was used just now.

        Raises:
            SessionError: it is not in the trash, or damaged: then it stays there.
        """
        session = Session(sessions / session_id)
        try:
            (self.folder / session_id).rename(session.folder)
        except FileNotFoundError as error:
            raise SessionError("job.not_deleted") from error
        try:
            session.update()
        except SessionError:
            session.folder.rename(self.folder / session_id)
            raise
        return session

    def purge(self, session_id: str) -> bool:
        """Remove a session for good; False where it is not in the trash."""
        if session_id not in self:
            return False
        shutil.rmtree(self.folder / session_id, ignore_errors=True)
        return True

    def purge_old(self, hours: float, wanted_bytes: int = 0, *, dry_run: bool = False) -> int:
        """Remove what was deleted so many hours ago, and further ones until the wanted bytes are free.

        Returns:
            How many bytes that frees.
        """
        freed = 0
        for one in self:
            is_old = time.time() - one.deleted_at_s > hours * 3600.0
            if not is_old and freed >= wanted_bytes:
                break
            freed += one.size_bytes
            if not dry_run:
                self.purge(one.id)
        return freed
