"""Why sessions were removed, so that whoever opens a link later is told; small files, the newest kept."""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path

from pydantic import BaseModel, ValidationError

from utils.errors import SessionError
from utils.types import Message

logger = logging.getLogger(__name__)

MOST_NOTES = 1000
"""Notes kept; the oldest go first."""


class _Note(BaseModel):
    reason: Message
    removed_at_s: float


class RemovalNotes:
    """One file for each removed session, named by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, session_id: str, reason: Message) -> None:
        """Note why a session was removed; a note that can't be written is only logged."""
        note = _Note(reason=reason, removed_at_s=time.time())
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self._folder / session_id).write_text(note.model_dump_json(), "utf-8")
            self._forget_oldest()
        except OSError as error:
            logger.warning("no note of a removed session could be written: %s", error.strerror)

    def error(self, session_id: str) -> SessionError:
        """Return the error for a session that is not there: removed, with the reason, or unknown."""
        with contextlib.suppress(OSError, ValidationError):
            note = _Note.model_validate_json((self._folder / session_id).read_bytes())
            date = time.strftime("%Y-%m-%d %H:%M", time.localtime(note.removed_at_s))
            return SessionError("job.session_removed", date=date, reason=note.reason)
        return SessionError("job.session_unknown")

    def _forget_oldest(self) -> None:
        notes = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in notes[: max(len(notes) - MOST_NOTES, 0)]:
            path.unlink(missing_ok=True)
