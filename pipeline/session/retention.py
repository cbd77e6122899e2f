"""Which sessions may go, and removing them; never one that is running, queued, kept or new.

A session goes by age. Where there are more sessions than wanted, only owners who have more than an
equal share lose any, the largest first and their oldest first; so one client's batch costs nobody
else anything. When the disk runs short, new uploads are refused long before anything is removed.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.session.session import Session
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.storage.disk import MEGABYTE, free_bytes
from pipeline.storage.files import folder_bytes
from utils.errors import NotEnoughDisk, SessionError
from utils.types import Message

logger = logging.getLogger(__name__)

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
    owner: str = ""
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """When sessions may go.

    `retention_hours` is the age at which an idle session goes; `keep_sessions` how many are wanted at
    most; `protected_hours` the age below which none goes because the disk is full; `floor_bytes` the free
    bytes below which sessions go before their time; `undelete_hours` how long a deleted one can be restored.
    """

    retention_hours: float
    keep_sessions: int
    protected_hours: float = 24.0
    floor_bytes: int = 0
    undelete_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Removal:
    """A session that may go, and why."""

    session: SessionSummary
    reason: Message


Elsewhere: TypeAlias = Callable[[str], SessionStatus | None]
"""Returns how a session's job stands that workers have while no page follows it, None where there is none."""


def _nowhere(session_id: str) -> None:
    del session_id


def summarise(
    session: Session,
    now_s: float,
    active: frozenset[str] = frozenset(),
    elsewhere: Elsewhere = _nowhere,
) -> SessionSummary:
    """Return what the list shows of a session; an unreadable one is "damaged"."""
    owner, is_kept = "", False
    try:
        state = session.state
        name, status, updated_s = state.shown_name, state.status, state.updated_at_s
        owner, is_kept = state.owner, state.is_kept
    except SessionError:
        name, status = "", SessionStatus.DAMAGED
        updated_s = session.folder.stat().st_mtime
    busy = session.id in active or status is SessionStatus.QUEUED or session.is_running
    if status is SessionStatus.RUNNING and not busy:
        # Its process was killed, which the page's next start records, or workers go on without the page.
        found = elsewhere(session.id)
        status, busy = found or SessionStatus.INTERRUPTED, found is not None
    age_hours = max(now_s - updated_s, 0.0) / 3600.0
    size_bytes = folder_bytes(session.folder)
    return SessionSummary(session.id, name, status, age_hours, size_bytes, busy, owner, is_kept)


def summarise_all(
    sessions: Iterable[Session],
    now_s: float,
    active: frozenset[str] = frozenset(),
    elsewhere: Elsewhere = _nowhere,
) -> list[SessionSummary]:
    """Return what the list shows of all sessions; one that is removed meanwhile is left out."""
    summaries = []
    for session in sessions:
        try:
            summaries.append(summarise(session, now_s, active, elsewhere))
        except FileNotFoundError:
            continue
    return summaries


def expired(
    summaries: Sequence[SessionSummary], rules: RetentionRules, wanted_bytes: int = 0
) -> list[Removal]:
    """Return the sessions that may go, in the order they go.

    Args:
        wanted_bytes: what has to be freed; sessions go before their time until it is.
    """
    by_age = [
        Removal(item, Message("job.removed.age", {"hours": round(rules.retention_hours)}))
        for item in sorted(summaries, key=lambda item: -item.age_hours)
        if item.age_hours > rules.retention_hours and _may_go(item)
    ]
    gone = {removal.session.id for removal in by_age}
    left = [item for item in summaries if item.id not in gone]
    surplus = _beyond_share(left, rules, lambda item: 1, len(left) - rules.keep_sessions)
    gone |= {item.id for item in surplus}
    left = [item for item in left if item.id not in gone]
    wanted_bytes -= sum(item.size_bytes for item in summaries if item.id in gone)
    for_space = _largest_first(left, rules, lambda item: item.size_bytes, wanted_bytes)
    return [
        *by_age,
        *(Removal(item, Message("job.removed.count")) for item in surplus),
        *(Removal(item, Message("job.removed.disk")) for item in for_space),
    ]


def _may_go(item: SessionSummary) -> bool:
    is_fresh_damage = (
        item.status is SessionStatus.DAMAGED and item.age_hours * 3600.0 <= DAMAGED_GRACE_S
    )
    return not item.is_busy and not item.is_kept and not is_fresh_damage


def _beyond_share(
    summaries: Sequence[SessionSummary],
    rules: RetentionRules,
    size_of: Callable[[SessionSummary], int],
    surplus: int,
) -> list[SessionSummary]:
    """Return what goes of owners who have more than an equal share, until the surplus is gone."""
    owners = {item.owner for item in summaries}
    share = rules.keep_sessions // max(len(owners), 1)
    return _largest_first(summaries, rules, size_of, surplus, share)


def _largest_first(
    summaries: Sequence[SessionSummary],
    rules: RetentionRules,
    size_of: Callable[[SessionSummary], int],
    wanted: int,
    share: int = 0,
) -> list[SessionSummary]:
    """Return the oldest sessions of whoever holds most, one after the other, until enough are found.

    Args:
        wanted: sum of `size_of` to reach.
        share: what an owner keeps in any case.
    """
    held: Counter[str] = Counter()
    removable: dict[str, list[SessionSummary]] = {}
    for item in sorted(summaries, key=lambda item: item.age_hours):
        held[item.owner] += size_of(item)
        if _may_go(item) and item.age_hours > rules.protected_hours:
            removable.setdefault(item.owner, []).append(item)
    out: list[SessionSummary] = []
    while wanted > 0:
        owners = [owner for owner, items in removable.items() if items and held[owner] > share]
        if not owners:
            break
        owner = max(owners, key=held.__getitem__)
        item = removable[owner].pop()
        held[owner] -= size_of(item)
        wanted -= size_of(item)
        out.append(item)
    return out


def clean(
    store: SessionStore,
    rules: RetentionRules,
    *,
    dry_run: bool = False,
    active: frozenset[str] = frozenset(),
    elsewhere: Elsewhere = _nowhere,
) -> list[Removal]:
    """Remove expired sessions; return those that went (with `dry_run`: that would go).

    Each removal is logged, and noted so that whoever opens the session's link is told why.

    Args:
        active: sessions with a job in this process; they stay.
    """
    summaries = summarise_all(store, time.time(), active, elsewhere)
    has_any = bool(summaries) or any(store.trash)
    free = free_bytes(store.root) if has_any else rules.floor_bytes
    wanted_bytes = rules.floor_bytes - free
    # What somebody has to miss least goes first.
    wanted_bytes -= store.trash.purge_old(rules.undelete_hours, wanted_bytes, dry_run=dry_run)
    wanted_bytes -= drop_versions(store, summaries, rules, wanted_bytes, dry_run=dry_run)
    candidates = expired(summaries, rules, wanted_bytes)
    if dry_run:
        return candidates
    store.sweep_trash()
    removed = []
    for removal in candidates:
        item = removal.session
        if store.remove(store.open_folder(item.id), removal.reason):
            removed.append(removal)
            logger.info(
                "session %s of %s removed, %.1f h old, %d MB: %s",
                item.id[:6],
                item.owner or "nobody",
                item.age_hours,
                item.size_bytes // MEGABYTE,
                removal.reason.code,
            )
    return removed


def drop_versions(
    store: SessionStore,
    summaries: Sequence[SessionSummary],
    rules: RetentionRules,
    wanted_bytes: int,
    *,
    dry_run: bool,
) -> int:
    """Delete earlier results of idle sessions that may go, the oldest sessions first, until enough is freed.

    Returns:
        How many bytes that frees.
    """
    freed = 0
    for item in sorted(summaries, key=lambda item: -item.age_hours):
        if freed >= wanted_bytes:
            break
        if not _may_go(item) or item.age_hours <= rules.protected_hours:
            continue
        session = store.open_folder(item.id)
        held = folder_bytes(session.versions_dir)
        if held and (dry_run or _drop_versions_of(session)):
            freed += held
    return freed


def _drop_versions_of(session: Session) -> bool:
    """Delete a session's earlier results; False where a job, which may have begun meanwhile, keeps one there."""
    try:
        lock = session.try_job_lock()
    except SessionError:
        return False
    if lock is None:
        return False
    try:
        shutil.rmtree(session.versions_dir, ignore_errors=True)
    finally:
        os.close(lock)
    logger.info("session %s: earlier results removed, the disk is short", session.id[:6])
    return True


def check_share(store: SessionStore, owner: str, size_bytes: int, reserve_bytes: int) -> None:
    """When the disk runs short, refuse an upload of whoever holds most of it already.

    What is between the reserve and twice the reserve is left to the other owners.

    Raises:
        NotEnoughDisk: with what the owner's sessions hold.
    """
    if free_bytes(store.root) - size_bytes >= 2 * reserve_bytes:
        return
    held: Counter[str] = Counter()
    for item in summarise_all(store, time.time()):
        held[item.owner] += item.size_bytes
    for deleted in store.trash:
        held[deleted.owner] += deleted.size_bytes
    if len(held | Counter({owner: 1})) > 1 and held[owner] > sum(held.values()) / 2:
        raise NotEnoughDisk("job.disk_share", held_mb=held[owner] // MEGABYTE)
