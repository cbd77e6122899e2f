"""Which sessions may go, and removing them; never one that is running or queued."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pipeline.files import folder_bytes
from pipeline.session import Session, SessionStore
from pipeline.state import SessionStatus
from utils.errors import SessionError

DAMAGED_GRACE_S = 24 * 3600.0
"""Seconds a session with an unreadable state file is kept at least."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session for the list; sizes in bytes, age since the last change in hours."""

    id: str
    shown_name: str
    status: SessionStatus
    age_hours: float
    size_bytes: int
    is_busy: bool


def summarise(
    session: Session, now_s: float, active: frozenset[str] = frozenset()
) -> SessionSummary:
    """Return what the list shows of a session; an unreadable one is "damaged"."""
    try:
        state = session.state
        name, status, updated_s = state.shown_name, state.status, state.updated_at_s
    except SessionError:
        name, status = "", SessionStatus.DAMAGED
        updated_s = session.folder.stat().st_mtime
    busy = session.id in active or session.is_running
    age_hours = max(now_s - updated_s, 0.0) / 3600.0
    return SessionSummary(session.id, name, status, age_hours, folder_bytes(session.folder), busy)


def expired(
    summaries: list[SessionSummary], retention_hours: float, keep_sessions: int
) -> list[SessionSummary]:
    """Return the sessions that may go, oldest first.

    A session goes when it is older than `retention_hours`, or is not among the `keep_sessions`
    newest. A busy one never goes, a damaged one not within 24 h.
    """
    newest_first = sorted(summaries, key=lambda item: item.age_hours)
    surplus = {item.id for item in newest_first[keep_sessions:]}
    out = [
        item
        for item in reversed(newest_first)
        if (item.age_hours > retention_hours or item.id in surplus) and not item.is_busy
    ]
    return [
        item
        for item in out
        if item.status is not SessionStatus.DAMAGED or item.age_hours * 3600.0 > DAMAGED_GRACE_S
    ]


def clean(
    store: SessionStore,
    retention_hours: float,
    keep_sessions: int,
    *,
    dry_run: bool = False,
    active: frozenset[str] = frozenset(),
) -> list[SessionSummary]:
    """Remove expired sessions; return those that went (with `dry_run`: that would go)."""
    now_s = time.time()
    summaries = [summarise(session, now_s, active) for session in store]
    candidates = expired(summaries, retention_hours, keep_sessions)
    if dry_run:
        return candidates
    return [item for item in candidates if store.remove(store.open_folder(item.id))]
