"""What is left of jobs that worker processes have while no page follows them; it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from config import Settings
from pipeline.session.state import SessionStatus
from pipeline.workers.records import JobRecord, Phase
from pipeline.workers.redis_store import RedisJobStore, key_prefix, namespace_of
from pipeline.workers.store import FileJobStore, JobStore

_LIVES_WITHIN_S = 2.0
"""Seconds in which a worker that lives gives a heartbeat; it does so every half second."""
_LOOK_S = 0.1
"""Seconds between two looks for one."""
_ENDED = (Phase.FAILED, Phase.CANCELLED)


def left_jobs(settings: Settings) -> Mapping[str, SessionStatus]:
    """Return the sessions whose jobs are in the workers' store: running where a worker lives, else queued.

    The page's next start follows them all.

    Raises:
        StoreUnavailable: the store can't be reached: nobody may conclude that a worker is dead.
        WorkersUnavailable: as `RedisJobStore`.
    """
    store = _open(settings)
    if store is None:
        return {}
    records = [record for record in store.records() if record.phase not in _ENDED]
    live = _live(store, [one for one in records if one.phase is Phase.RUNNING])
    found = {record.session_id: SessionStatus.QUEUED for record in records}
    return found | {record.session_id: SessionStatus.RUNNING for record in live}


def _open(settings: Settings) -> JobStore | None:
    """Return the store that the page and its workers use; None where there is none yet."""
    if not (settings.workspace_dir / "jobs").is_dir():
        return None
    if settings.broker is None:
        return FileJobStore(settings.workspace_dir)
    prefix = key_prefix(namespace_of(settings.workspace_dir))
    return RedisJobStore(settings.broker.get_secret_value(), prefix)


def _live(store: JobStore, records: Collection[JobRecord]) -> list[JobRecord]:
    """Return those whose heartbeats change while we look."""
    before = {record.id: store.heartbeat(record.id) for record in records}
    live: list[JobRecord] = []
    waiting = list(records)
    deadline_s = time.monotonic() + _LIVES_WITHIN_S
    while waiting and time.monotonic() < deadline_s:
        time.sleep(_LOOK_S)
        changed = [record for record in waiting if store.heartbeat(record.id) != before[record.id]]
        live += changed
        waiting = [record for record in waiting if record not in changed]
    return live
