"""The job table and its workers: one job at a time in each lane, in order, cancelled for real."""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engines.base import RunContext
from pipeline.jobs.progress import ProgressMeter, Snapshot
from utils.errors import Cancelled, SessionError, SplazmatteError
from utils.types import Message

logger = logging.getLogger(__name__)

KEPT_FINISHED = 200
"""Finished jobs that the table remembers."""


class JobState(enum.Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


ACTIVE = frozenset({JobState.QUEUED, JobState.RUNNING})


@dataclass(slots=True)
class Job:
    """One piece of work for a session; `run` gets the context and raises `Cancelled` to stop."""

    session_id: str
    kind: str
    run: Callable[[RunContext], None]
    meter: ProgressMeter
    on_dropped: Callable[[], None]
    cancel: threading.Event = field(default_factory=threading.Event)
    state: JobState = JobState.QUEUED
    error: Message | None = None
    notices: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as the page shows it; `in_front` counts the jobs that run before it."""

    session_id: str
    kind: str
    state: JobState
    progress: Snapshot
    in_front: int
    expected_wait_s: float | None
    is_cancelling: bool
    error: Message | None
    notices: tuple[Message, ...]


class JobRunner:
    """Runs jobs on one worker thread a lane; a slot is free only when its worker has stopped.

    Args:
        lanes: names of the lanes, each with one worker of its own.
        queue_limit: most jobs waiting in a lane.
    """

    def __init__(self, lanes: tuple[str, ...] = ("matte", "render"), queue_limit: int = 20) -> None:
        self._queue_limit = queue_limit
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Job]] = {lane: deque() for lane in lanes}
        self._running: dict[str, Job | None] = dict.fromkeys(lanes)
        self._latest: dict[str, Job] = {}
        self._rates: dict[str, dict[str, float]] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = False

    def submit(
        self,
        session_id: str,
        kind: str,
        run: Callable[[RunContext], None],
        stages: Mapping[str, int],
        rate_key: str = "",
        on_dropped: Callable[[], None] = lambda: None,
        on_queued: Callable[[], None] = lambda: None,
    ) -> Job:
        """Queue a job in the lane `kind`.

        `on_queued` is called once the job is accepted, before it can start; `on_dropped` when it is
        cancelled before it ran, by the user or because we are stopping. What `on_queued` raises keeps
        the job out of the queue.

        Raises:
            SessionError: the session has a job already, the queue is full, or we are stopping.
        """
        with self._changed:
            if self._stopping:
                raise SessionError("job.stopping")
            current = self._latest.get(session_id)
            if current is not None and current.state in ACTIVE:
                raise SessionError("job.already_running")
            if len(self._waiting[kind]) >= self._queue_limit:
                raise SessionError("job.queue_full", limit=self._queue_limit)
            on_queued()
            key = f"{kind}:{rate_key}"
            meter = ProgressMeter(stages, self._rates.get(key))
            job = Job(session_id, kind, self._remembering(key, meter, run), meter, on_dropped)
            self._waiting[kind].append(job)
            self._latest.pop(session_id, None)
            self._latest[session_id] = job
            self._forget_old()
            if kind not in self._threads:
                thread = threading.Thread(
                    target=self._work, args=(kind,), name=f"worker-{kind}", daemon=True
                )
                self._threads[kind] = thread
                thread.start()
            self._changed.notify_all()
        return job

    def status(self, session_id: str) -> JobStatus | None:
        """Return the session's newest job, None where there is none in this process."""
        with self._changed:
            job = self._latest.get(session_id)
            if job is None:
                return None
            in_front, wait_s = self._queue_place(job)
            return JobStatus(
                session_id=session_id,
                kind=job.kind,
                state=job.state,
                progress=job.meter.snapshot(),
                in_front=in_front,
                expected_wait_s=wait_s,
                is_cancelling=job.cancel.is_set() and job.state is JobState.RUNNING,
                error=job.error,
                notices=tuple(job.notices),
            )

    def cancel(self, session_id: str) -> bool:
        """Ask the session's job to stop; a waiting one is dropped at once. False when none is active."""
        with self._changed:
            job = self._latest.get(session_id)
            if job is None or job.state not in ACTIVE:
                return False
            job.cancel.set()
            dropped = job.state is JobState.QUEUED
            if dropped:
                self._waiting[job.kind].remove(job)
                self._drop(job)
            self._changed.notify_all()
        return True

    def wait(self, session_id: str, timeout_s: float | None = None) -> JobState | None:
        """Wait until the session's job has ended; return its state, None where there is none."""
        with self._changed:
            job = self._latest.get(session_id)
            if job is None:
                return None
            self._changed.wait_for(lambda: job.state not in ACTIVE, timeout_s)
            return job.state

    @property
    def is_stopping(self) -> bool:
        """True once `close` was called: running jobs end as interrupted, not cancelled."""
        return self._stopping

    def active_sessions(self) -> frozenset[str]:
        """Return the ids of sessions with a waiting or running job."""
        with self._changed:
            return frozenset(key for key, job in self._latest.items() if job.state in ACTIVE)

    def close(self, grace_s: float = 8.0) -> bool:
        """Take no more jobs, stop the running ones at their next frame; True when all stopped."""
        with self._changed:
            self._stopping = True
            for queue in self._waiting.values():
                for job in queue:
                    self._drop(job)
                queue.clear()
            for running in self._running.values():
                if running is not None:
                    running.cancel.set()
            self._changed.notify_all()
        deadline_s = time.monotonic() + grace_s
        for thread in self._threads.values():
            thread.join(max(deadline_s - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads.values())

    def _drop(self, job: Job) -> None:
        """Settle a waiting job that will not run; under the lock, so that no new one comes between."""
        job.state = JobState.CANCELLED
        try:
            job.on_dropped()
        except (OSError, SplazmatteError) as error:
            logger.warning("session %s keeps an old state: %s", job.session_id[:6], error)

    def _remembering(
        self, key: str, meter: ProgressMeter, run: Callable[[RunContext], None]
    ) -> Callable[[RunContext], None]:
        def run_and_remember(context: RunContext) -> None:
            run(context)
            self._rates[key] = meter.rates()

        return run_and_remember

    def _queue_place(self, job: Job) -> tuple[int, float | None]:
        if job.state is not JobState.QUEUED:
            return 0, None
        waiting = self._waiting[job.kind]
        in_front = list(waiting)[: waiting.index(job)] if job in waiting else []
        running = self._running[job.kind]
        ahead = ([running] if running is not None else []) + in_front
        waits = [other.meter.snapshot().remaining_s for other in ahead]
        known = [wait for wait in waits if wait is not None]
        return len(ahead), sum(known) if len(known) == len(waits) else None

    def _forget_old(self) -> None:
        finished = [key for key, job in self._latest.items() if job.state not in ACTIVE]
        for key in finished[: max(len(finished) - KEPT_FINISHED, 0)]:
            del self._latest[key]

    def _work(self, lane: str) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting[lane] or self._stopping)
                if self._stopping:
                    return
                job = self._waiting[lane].popleft()
                job.state = JobState.RUNNING
                self._running[lane] = job
            state, error = self._run(job)
            with self._changed:
                job.state, job.error = state, error
                self._running[lane] = None
                self._changed.notify_all()

    def _run(self, job: Job) -> tuple[JobState, Message | None]:
        context = RunContext(
            on_progress=job.meter.report, on_notice=job.notices.append, cancel=job.cancel
        )
        job.meter.start()
        try:
            job.run(context)
        except Cancelled:
            return JobState.CANCELLED, None
        except SplazmatteError as error:
            return JobState.FAILED, error.message
        except BaseException:
            # Also SystemExit: a lane whose worker has gone would hold up everybody for good.
            logger.exception("job of session %s failed", job.session_id[:6])
            return JobState.FAILED, Message("job.fault")
        return JobState.DONE, None
