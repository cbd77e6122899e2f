"""The job table and its threads: one job at a time in each lane, or as many as there are workers, clients in turn."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from engines.base import RunContext
from pipeline.jobs.lane import ACTIVE, Job, JobState, Lane, MayStart, one_at_a_time
from pipeline.jobs.progress import ProgressMeter, Snapshot
from pipeline.workers.needs import NO_NEEDS, JobNeeds
from utils.errors import Cancelled, SessionError, SplazmatteError
from utils.priority import ClickPriority, give_way
from utils.types import Message

logger = logging.getLogger(__name__)

__all__ = ["ACTIVE", "Job", "JobRunner", "JobState", "JobStatus"]

_LANES = ("matte", "render")
"""Kinds of jobs that don't wait for each other."""
KEPT_FINISHED = 200
"""Finished jobs that the table remembers."""
MOST_AT_ONCE = 64
"""Jobs of a lane that run at a time at most, where several may."""
BEGIN_WAIT_S = 2.0
"""Seconds that jobs have to stop where none has made anything yet: loading a model can't be cut short."""
ASK_AGAIN_S = 1.0
"""Seconds between two looks whether a waiting job may start, where that is not for us to say."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as the page shows it.

    `in_front` counts the jobs that are expected to run before it, `expected_wait_s` is how long they
    take; None once it runs.
    """

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
    """Runs jobs on a thread each; the place of a job is free only when its thread has stopped.

    Args:
        queue_limit: most jobs waiting in a lane.
        client_limit: most jobs of one client waiting in a lane.
        gives_way: jobs run at a lower priority than the threads that answer people, and wait for clicks.
        may_start: by lane, whether a further job may start; a lane without runs one at a time.
    """

    def __init__(
        self,
        queue_limit: int = 300,
        client_limit: int = 60,
        *,
        gives_way: bool = False,
        may_start: Mapping[str, MayStart] | None = None,
    ) -> None:
        self._may_start = dict(may_start or {})
        self._queue_limit = queue_limit
        self._client_limit = client_limit
        self._gives_way = gives_way
        self.clicks = ClickPriority()
        """Where clicks are noted, so that jobs which give way wait for their answers."""
        self._changed = threading.Condition()
        self._lanes = {lane: Lane() for lane in _LANES}
        self._latest: dict[str, Job] = {}
        self._rates: dict[str, dict[str, float]] = {}
        self._threads: dict[str, list[threading.Thread]] = {lane: [] for lane in _LANES}
        self._stopping = False
        self._paused = False
        self._ended: Counter[JobState] = Counter()

    def submit(
        self,
        session_id: str,
        kind: str,
        run: Callable[[RunContext], object],
        stages: Mapping[str, int],
        rate_key: str = "",
        on_dropped: Callable[[], None] = lambda: None,
        on_queued: Callable[[], None] = lambda: None,
        client: str = "",
        needs: JobNeeds = NO_NEEDS,
    ) -> Job:
        """Queue a job in the lane `kind` for a client, which shares the lane with the others.

        `on_queued` is called once the job is accepted, before it can start; `on_dropped` when it is
        cancelled before it ran, by the user or because we are stopping. What `on_queued` raises keeps
        the job out of the queue.

        Raises:
            SessionError: the session has a job already, the client has as many as it may, the queue
                is full, or we are stopping.
        """
        with self._changed:
            lane = self._lanes[kind]
            self._check_takes(session_id, lane, client)
            on_queued()
            key = f"{kind}:{rate_key}"
            meter = ProgressMeter(stages, self._rates.get(key))
            job = Job(
                session_id,
                kind,
                self._remembering(key, meter, run),
                meter,
                on_dropped,
                client,
                needs,
            )
            lane.add(job)
            self._latest.pop(session_id, None)
            self._latest[session_id] = job
            self._forget_old()
            self._add_thread(kind)
            self._changed.notify_all()
        return job

    def _check_takes(self, session_id: str, lane: Lane, client: str) -> None:
        """Check that a session's job may be queued for a client; under the lock. Errors: see `submit`."""
        if self._stopping:
            raise SessionError("job.stopping")
        current = self._latest.get(session_id)
        if current is not None and current.state in ACTIVE:
            raise SessionError("job.already_running")
        if lane.waiting_of(client) >= self._client_limit:
            raise SessionError("job.client_queue_full", limit=self._client_limit)
        if len(lane) >= self._queue_limit:
            raise SessionError("job.queue_full", limit=self._queue_limit)

    def _add_thread(self, kind: str) -> None:
        """Start the lane's thread, or one for each of its jobs where several may run; under the lock."""
        lane, threads = self._lanes[kind], self._threads[kind]
        jobs = len(lane) + len(lane.running)
        wanted = min(jobs, MOST_AT_ONCE) if kind in self._may_start else 1
        if len(threads) < wanted:
            thread = threading.Thread(
                target=self._work, args=(kind,), name=f"worker-{kind}", daemon=True
            )
            threads.append(thread)
            thread.start()

    def status(self, session_id: str) -> JobStatus | None:
        """Return the session's newest job, None where there is none in this process."""
        with self._changed:
            job = self._latest.get(session_id)
            if job is None:
                return None
            in_front, wait_s = 0, None
            if job.state is JobState.QUEUED:
                in_front, wait_s = self._lanes[job.kind].place(job)
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
                self._lanes[job.kind].remove(job)
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

    @property
    def is_paused(self) -> bool:
        """True where waiting jobs are not started."""
        return self._paused

    def pause(self, *, is_paused: bool) -> None:
        """Start no waiting job from now on, or start them again; running ones go on."""
        with self._changed:
            self._paused = is_paused
            self._changed.notify_all()

    def active_sessions(self) -> frozenset[str]:
        """Return the ids of sessions with a waiting or running job."""
        with self._changed:
            return frozenset(key for key, job in self._latest.items() if job.state in ACTIVE)

    def counts(self) -> dict[JobState, int]:
        """Return how many jobs wait and run now, and how many have ended in each way since the start."""
        with self._changed:
            active = Counter(job.state for job in self._latest.values() if job.state in ACTIVE)
            return {state: active[state] + self._ended[state] for state in JobState}

    def close(self, grace_s: float = 8.0) -> bool:
        """Take no more jobs, stop the running ones at their next frame; True when all stopped."""
        with self._changed:
            self._stopping = True
            for lane in self._lanes.values():
                for job in lane.clear():
                    self._drop(job)
                for job in lane.running:
                    job.cancel.set()
            running = [job for lane in self._lanes.values() for job in lane.running]
            self._changed.notify_all()
        if not any(job.meter.has_begun for job in running):
            grace_s = min(grace_s, BEGIN_WAIT_S)
        deadline_s = time.monotonic() + grace_s
        threads = [thread for lane in self._threads.values() for thread in lane]
        for thread in threads:
            thread.join(max(deadline_s - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in threads)

    def _log_end(self, job: Job, state: JobState) -> None:
        is_stopped = self._stopping and state is JobState.CANCELLED
        how = "stopped with the program" if is_stopped else state.value
        seconds = job.meter.snapshot().elapsed_s
        text = "session %s: %s job %s after %.1f s"
        logger.info(text, job.session_id[:6], job.kind, how, seconds)

    def _drop(self, job: Job) -> None:
        """Settle a waiting job that will not run; under the lock, so that no new one comes between."""
        job.state = JobState.CANCELLED
        self._ended[job.state] += 1
        how = "left for the next start" if self._stopping else "cancelled"
        logger.info("session %s: waiting %s job %s", job.session_id[:6], job.kind, how)
        try:
            job.on_dropped()
        except (OSError, SplazmatteError) as error:
            logger.warning("session %s keeps an old state: %s", job.session_id[:6], error)
        job.forget_work()

    def _remembering(
        self, key: str, meter: ProgressMeter, run: Callable[[RunContext], object]
    ) -> Callable[[RunContext], None]:
        def run_and_remember(context: RunContext) -> None:
            run(context)
            self._rates[key] = meter.rates()

        return run_and_remember

    def _forget_old(self) -> None:
        finished = [key for key, job in self._latest.items() if job.state not in ACTIVE]
        for key in finished[: max(len(finished) - KEPT_FINISHED, 0)]:
            del self._latest[key]

    def _work(self, name: str) -> None:
        if self._gives_way:
            give_way()  # a job takes minutes and every core; who clicks waits for the answer
        lane = self._lanes[name]
        while True:
            with self._changed:
                job = self._next(name)
                if job is None:
                    return
                lane.start(job)
                job.state = JobState.RUNNING
            state, error = self._run(job)
            job.meter.end(is_complete=state is JobState.DONE)
            self._log_end(job, state)
            with self._changed:
                job.state, job.error = state, error
                self._ended[state] += 1
                job.forget_work()
                lane.end(job)
                self._changed.notify_all()

    def _next(self, name: str) -> Job | None:
        """Wait for a job that may start, under the lock; None when we are stopping."""
        may_start = self._may_start.get(name, one_at_a_time)
        pause_s = ASK_AGAIN_S if name in self._may_start else None
        while not self._stopping:
            job = None if self._paused else self._lanes[name].next(may_start)
            if job is not None:
                return job
            self._changed.wait(pause_s)
        return None

    def _run(self, job: Job) -> tuple[JobState, Message | None]:
        context = RunContext(
            on_progress=job.meter.report, on_notice=job.notices.append, cancel=job.cancel
        )
        if self._gives_way:
            context.make_way = partial(self.clicks.make_way, job.cancel)
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
            return JobState.FAILED, Message("job.internal_error")
        return JobState.DONE, None
