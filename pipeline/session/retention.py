"""Which sessions may go, and removing them; never one that is running or queued."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.session.state import SessionStatus
from pipeline.session.store import Session, SessionStore
from pipeline.storage.files import folder_bytes
from utils.errors import SessionError

DAMAGED_GRACE_S = 24 * 3600.0
"""Seconds a session with an unreadable state file is kept at least."""
PRESSURE_GRACE_HOURS = 1.0
"""Hours a session is kept at least when the disk is short."""


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
    busy = session.id in active or status is SessionStatus.QUEUED or session.is_running
    age_hours = max(now_s - updated_s, 0.0) / 3600.0
    return SessionSummary(session.id, name, status, age_hours, folder_bytes(session.folder), busy)


def summarise_all(
    sessions: Iterable[Session], now_s: float, active: frozenset[str] = frozenset()
) -> list[SessionSummary]:
    """Return what the list shows of all sessions; one that is removed meanwhile is left out."""
    summaries = []
    for session in sessions:
        try:
            summaries.append(summarise(session, now_s, active))
        except FileNotFoundError:
            continue
    return summaries


def expired(
    summaries: list[SessionSummary],
    retention_hours: float,
    keep_sessions: int,
    wanted_bytes: int = 0,
) -> list[SessionSummary]:
    """Return the sessions that may go, oldest first.

    A session goes when it is older than `retention_hours`, is not among the `keep_sessions` newest,
    or, idle for an hour, while those that go free less than `wanted_bytes`. A busy one never goes, a
    damaged one not within 24 h.
    """
    newest_first = sorted(summaries, key=lambda item: item.age_hours)
    surplus = {item.id for item in newest_first[keep_sessions:]}
    out: list[SessionSummary] = []
    freed_bytes = 0
    for item in reversed(newest_first):
        is_short = freed_bytes < wanted_bytes and item.age_hours > PRESSURE_GRACE_HOURS
        may_go = item.age_hours > retention_hours or item.id in surplus or is_short
        if may_go and not item.is_busy and not _is_fresh_damage(item):
            out.append(item)
            freed_bytes += item.size_bytes
    return out


def _is_fresh_damage(item: SessionSummary) -> bool:
    return item.status is SessionStatus.DAMAGED and item.age_hours * 3600.0 <= DAMAGED_GRACE_S


def clean(
    store: SessionStore,
    retention_hours: float,
    keep_sessions: int,
    *,
    dry_run: bool = False,
    active: frozenset[str] = frozenset(),
    min_free_bytes: int = 0,
) -> list[SessionSummary]:
    """Remove expired sessions; return those that went (with `dry_run`: that would go).

    Args:
        active: sessions with a job in this process; they stay.
        min_free_bytes: free bytes below which idle sessions go before their time, oldest first.
    """
    summaries = summarise_all(store, time.time(), active)
    free_bytes = shutil.disk_usage(store.root).free if summaries else min_free_bytes
    candidates = expired(
        summaries, retention_hours, keep_sessions, max(min_free_bytes - free_bytes, 0)
    )
    if dry_run:
        return candidates
    store.sweep_trash()
    return [item for item in candidates if store.remove(store.open_folder(item.id))]
