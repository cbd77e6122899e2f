"""The page's side of workers: hands out jobs, follows them, takes them back from the dead, puts results in place."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from engines.base import RunContext
from pipeline.session.request import MatteRequest
from pipeline.session.session import LOCK_WAIT_S, Session
from pipeline.session.state import SessionStatus
from pipeline.workers.attempts import Attempt, discard_attempts, sweep
from pipeline.workers.lease import LeaseWatch
from pipeline.workers.local import LocalWorkers
from pipeline.workers.records import (
    WORKER_VERSION,
    Beat,
    JobRecord,
    Phase,
    WorkerRecord,
    cancel,
    end,
    offer,
    take_back,
)
from pipeline.workers.store import JobStore
from utils.errors import (
    Cancelled,
    DispatchedJobFailed,
    SessionError,
    StoreUnavailable,
    WorkersUnavailable,
)
from utils.types import Message, Progress

logger = logging.getLogger(__name__)

POLL_S = 0.25
"""Seconds between two looks at a job."""
STOP_WAIT_S = 2.0
"""Seconds that workers still have to end when all else has stopped."""
LOOK_S = 0.5
"""Seconds between two looks which workers there are."""
SEND_AGAIN_S = 30.0
"""Seconds after which a waiting job is announced to the workers again: a broker may have lost the message."""

STARTED_AGAIN = Message("worker.started_again")

Send = Callable[[JobRecord], None]
"""Tells the workers of a waiting job; raises `StoreUnavailable` where the broker is gone."""


class Dispatcher:
    """Gives jobs of this page to workers; any thread may use it.

    Args:
        lease_s: seconds without a sign of life after which a worker is dead.
        send: announces a waiting job; nothing where workers look into the store by themselves.
        local: workers that are started with the page, and again when they die, so none is waited for in vain.
    """

    def __init__(
        self,
        store: JobStore,
        workspace_dir: Path,
        lease_s: float,
        send: Send = lambda record: None,
        local: LocalWorkers | None = None,
    ) -> None:
        self.store = store
        self.workspace_dir = workspace_dir
        self.lease_s = lease_s
        self.send = send
        self._local = local
        self._watch = LeaseWatch(lease_s)
        self._dead: set[str] = set()
        self._live: tuple[WorkerRecord, ...] = ()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="workers", daemon=True)

    def begin(self) -> list[JobRecord]:
        """Let workers of this version come; return the jobs that an earlier process of the page left.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        self.store.begin(WORKER_VERSION)
        records = self.store.records()
        sweep(self.workspace_dir, frozenset(record.id for record in records))
        self._thread.start()
        if self._local is not None:
            self._local.start(self._dead.add)
        return records

    def stop(self) -> None:
        """Have workers that were started with the page give their jobs back; returns at once."""
        self._closed.set()
        if self._local is not None:
            self._local.stop()

    def close(self) -> None:
        """Wait for the end of what `begin` started."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._local is not None:
            self._local.close(STOP_WAIT_S)

    def new_job(self, session: Session, request: MatteRequest, needs: str) -> DispatchedJob:
        """Return a job for the workers, not in the store yet.

        Raises:
            WorkersUnavailable: no live worker has the engine.
            StoreUnavailable: the store can't be reached.
        """
        self._look_for_workers()
        if needs not in self.engines() and self._local is None:
            raise WorkersUnavailable("worker.none", engine=needs)
        record = JobRecord(
            id=secrets.token_hex(12),
            session_id=session.id,
            request=request,
            needs=needs,
            client=session.state.owner,
        )
        return self.job_of(session, record)

    def job_of(self, session: Session, record: JobRecord) -> DispatchedJob:
        """Return a job that is in the store already."""
        return DispatchedJob(self, session, record)

    def engines(self) -> frozenset[str]:
        """Return the engines that live workers have."""
        return frozenset[str]().union(*(worker.engines for worker in self._live))

    @property
    def workers(self) -> tuple[WorkerRecord, ...]:
        """The workers that are not known to be dead."""
        return self._live

    def by_engine(self) -> dict[str, int]:
        """Return how many live workers have each engine."""
        return dict(Counter(engine for worker in self._live for engine in worker.engines))

    def may_start(self, needs: str, running: Sequence[str]) -> bool:
        """Return whether a worker may be free for a job.

        Args:
            needs: the engine, "" for a job that workers have already.
            running: what the jobs need that were handed out.
        """
        able = [worker for worker in self._live if needs in worker.engines]
        return not needs or sum(one == needs for one in running) < len(able)

    def is_dead(self, owner: str) -> bool:
        """Return whether a worker has ended for certain."""
        return owner in self._dead

    def _look_for_workers(self) -> None:
        self._live = tuple(
            worker
            for worker in self.store.workers()
            if worker.name not in self._dead and not self._watch.is_dead(worker.name, worker.count)
        )

    def _keep_looking(self) -> None:
        while not self._closed.wait(LOOK_S):
            try:
                self._look_for_workers()
            except StoreUnavailable as error:
                logger.debug("%s", error)
                for worker in self._live:
                    self._watch.forget(worker.name)


class DispatchedJob:
    """One job from the page's queue to its result in the session."""

    def __init__(self, dispatcher: Dispatcher, session: Session, record: JobRecord) -> None:
        self._dispatcher = dispatcher
        self._store = dispatcher.store
        self._session = session
        self.record = record
        self._watch = LeaseWatch(dispatcher.lease_s)
        self._sent_s = float("-inf")
        self._passed_on: list[Message] = []

    def queue(self) -> None:
        """Put the job into the store; it survives this process from then on."""
        self._store.put(self.record)

    def drop(self) -> None:
        """Forget a job that has ended, or that was never handed out."""
        try:
            self._store.forget(self.record.id)
        except StoreUnavailable as error:
            logger.warning("job %s stays in the store: %s", self.record.id, error)

    def run(self, context: RunContext, is_stopping: Callable[[], bool]) -> None:
        """Follow the job to its end; what was made is in the session then.

        Args:
            is_stopping: the process stops, which the workers need not; the next one follows the job on.

        Raises:
            Cancelled: the user cancelled it, or this process is stopping.
            DispatchedJobFailed: it failed in the worker, with the worker's message.
        """
        lock = self._session.try_job_lock(LOCK_WAIT_S)
        if lock is None:
            raise SessionError("job.already_running")
        try:
            self._follow(context, is_stopping)
            self._settle()
        finally:
            os.close(lock)

    def _follow(self, context: RunContext, is_stopping: Callable[[], bool]) -> None:
        """Return when the job has ended; what is unknown meanwhile changes nothing."""
        is_known = True
        while True:
            is_cancelled = context.cancel.is_set() and not is_stopping()
            try:
                if self._look(context, is_cancelled=is_cancelled):
                    return
                is_known = True
            except StoreUnavailable as error:
                if is_known:
                    logger.warning("job %s: %s", self.record.id, error)
                    context.on_notice(error.message)
                is_known = False
                self._watch.forget(self.record.id)
            if context.cancel.is_set() and is_stopping():
                raise Cancelled
            if context.cancel.wait(POLL_S):
                time.sleep(POLL_S)

    def _look(self, context: RunContext, *, is_cancelled: bool) -> bool:
        """Take what the store knows of the job and do what is due; return whether it has ended."""
        known = self._store.read(self.record.id)
        if known is None:  # a broker that was started again without its data
            self._store.put(self.record)
            known = self.record
        if is_cancelled:
            known = self._store.change(known.id, cancel) or known
        if known.phase is Phase.RUNNING and known.attempt != self.record.attempt:
            self._session.update(status=SessionStatus.RUNNING, engine_used=known.needs)
        if known.phase is not self.record.phase:
            self._sent_s = float("-inf")
        self.record = known
        if known.phase is Phase.QUEUED:
            self._attempt().keep_cache(self._session)
            self._store.change(known.id, offer)
        elif known.phase is Phase.WAITING:
            context.on_progress(Progress("worker", 0, 1))
            self._send_waiting()
        elif known.phase is Phase.RUNNING:
            self._watch_running(context)
        return known.phase in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)

    def _send_waiting(self) -> None:
        now_s = time.monotonic()
        if now_s - self._sent_s > SEND_AGAIN_S:
            self._dispatcher.send(self.record)
            self._sent_s = now_s

    def _watch_running(self, context: RunContext) -> None:
        beat = self._store.beat(self.record.id)
        count = 0
        if beat is not None and beat.attempt == self.record.attempt:
            count = beat.count
            self._pass_on(beat, context)
        sign = (self.record.attempt, count)
        is_silent = self._watch.is_dead(self.record.id, sign)
        if is_silent or self._dispatcher.is_dead(self.record.owner):
            self._take_back(context)

    def _pass_on(self, beat: Beat, context: RunContext) -> None:
        if beat.progress is not None:
            context.on_progress(beat.progress)
        for notice in beat.notices:
            if notice not in self._passed_on:
                self._passed_on.append(notice)
                context.on_notice(notice)
        self._attempt().show_live_picture(self._session)

    def _take_back(self, context: RunContext) -> None:
        """Take the job from its dead worker; where that had written its manifest, the job is done."""
        attempt, number = self._attempt(), self.record.attempt
        if attempt.is_complete:
            self._store.change(self.record.id, end(number, Phase.DONE))
            return
        logger.warning("job %s: worker %s is gone", self.record.id, self.record.owner)
        if self._store.change(self.record.id, take_back(number)) is not None:
            context.on_notice(STARTED_AGAIN)

    def _settle(self) -> None:
        """Put the end of the job into the session, then forget it."""
        record = self.record
        if record.phase is Phase.DONE:
            attempt = self._attempt()
            if attempt.is_complete:  # else it was published before this process came
                state = attempt.publish(self._session)
                if record.deaths:
                    self._session.update(warnings=(*state.warnings, STARTED_AGAIN))
        else:
            self._attempt().keep_cache(self._session)
        if record.phase is Phase.FAILED:
            self._session.update(status=SessionStatus.FAILED, error=record.error)
        elif record.phase is Phase.CANCELLED:
            self._session.update(status=SessionStatus.CANCELLED, error=None)
        discard_attempts(self._dispatcher.workspace_dir, record.id)
        self.drop()
        if record.error is not None:
            raise DispatchedJobFailed(record.error)
        if record.phase is Phase.CANCELLED:
            raise Cancelled

    def _attempt(self) -> Attempt:
        return Attempt(self._dispatcher.workspace_dir, self.record)
