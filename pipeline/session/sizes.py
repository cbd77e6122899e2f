"""What sessions take of the disk, kept: lists ask for many every few seconds, and each holds thousands of files."""

from __future__ import annotations

from pipeline.session.session import Session
from pipeline.storage.files import folder_bytes

MOST_KEPT = 1000
"""Sessions whose size is kept; beyond that all are measured again."""


class SessionSizes:
    """Measures a session again when its state has changed."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, int]] = {}

    def of(self, session: Session) -> int:
        """Return the bytes of the session's files, as they were when its state last changed."""
        changed_at_s = session.state.updated_at_s
        kept = self._kept.get(session.id)
        if kept is None or kept[0] != changed_at_s:
            kept = changed_at_s, folder_bytes(session.folder)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[session.id] = kept
        return kept[1]
