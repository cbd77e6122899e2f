"""A worker: runs one job at a time in its main thread and keeps saying that it lives.

What it can't tell it leaves as it is: while the store is out of reach a job goes on, and its end is
reported when the store is back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from engines.base import RunContext
from pipeline.session.store import SessionStore
from pipeline.storage import disk
from pipeline.workers.attempts import Attempt
from pipeline.workers.records import (
    WORKER_VERSION,
    JobRecord,
    Order,
    Phase,
    Step,
    WorkerRecord,
    absolve,
    claim,
    end,
    give_back,
)
from pipeline.workers.running_job import RunningJob
from pipeline.workers.store import RETRY_S, JobStore
from pipeline.workers.transfer import WorkerFiles
from utils.errors import (
    Cancelled,
    NotEnoughDisk,
    SplazmatteError,
    StoreUnavailable,
    WorkersUnavailable,
)
from utils.types import Message

logger = logging.getLogger(__name__)

LONGEST_HEARTBEAT_S = 0.5
"""Seconds between two heartbeats at most; the user's cancel is read with each."""
HEARTBEATS_A_LEASE = 4
"""Heartbeats within a lease at least, so that a late one does not cost the job."""
STOP_TRIES_S = 5.0
"""Seconds that a worker which stops tries to report a job's end."""

RunJob = Callable[[SessionStore, JobRecord, RunContext], object]
"""Runs a job, or a part of one, for a session of a store, in this thread."""


class Worker:
    """Runs jobs of a store; `with` says when it lives.

    Args:
        workspace_dir: where the folders of attempts are.
        files: how the files of jobs get here and back.
        run_job: does the work of an attempt, in the attempt's own folder.
        lives: a further condition; without it the worker stops as at `stop`.
    """

    def __init__(
        self,
        store: JobStore,
        workspace_dir: Path,
        files: WorkerFiles,
        run_job: RunJob,
        worker: WorkerRecord,
        lease_s: float,
        lives: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._workspace_dir = workspace_dir
        self._files = files
        self._run_job = run_job
        self._record = worker
        self._interval_s = min(LONGEST_HEARTBEAT_S, lease_s / HEARTBEATS_A_LEASE)
        self._lives = lives
        self._running: RunningJob | None = None
        self._is_settling = False
        self._refusal: WorkersUnavailable | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_saying, name="heartbeats", daemon=True)
        self.stopping = threading.Event()
        """Set when no further job is begun."""

    @property
    def queues(self) -> tuple[str, ...]:
        """The names of the queues whose jobs it takes."""
        return tuple(map(self._record.queue, self._record.engines))

    @property
    def name(self) -> str:
        """Its name in the store, which no other worker has."""
        return self._record.name

    @property
    def is_running(self) -> bool:
        """Whether it runs a job now."""
        return self._running is not None

    @property
    def is_working(self) -> bool:
        """Whether it runs a job of which there is more to do than to report its end."""
        return self.is_running and not self._is_settling

    def suits(self, record: JobRecord) -> bool:
        """Return whether it has what a job needs."""
        return self._record.suits(record.requirements)

    def __enter__(self) -> Worker:
        """Announce the worker; where the store can't be reached now, with a later heartbeat.

        Raises:
            WorkersUnavailable: the page is of another version.
        """
        try:
            self._announce()
        except StoreUnavailable as error:
            logger.warning("%s", error)
        if self._refusal is not None:
            raise self._refusal
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()
        try:
            self._store.dismiss(self.name)
        except StoreUnavailable as unavailable:
            logger.warning("%s", unavailable)

    def stop(self) -> None:
        """Begin no further job, and give the running one back at its next frame; also from a signal handler."""
        self.stopping.set()
        running = self._running
        if running is not None:
            running.cancel.set()

    def check(self) -> None:
        """Raise why the page refused this worker, if it did."""
        if self._refusal is not None:
            raise self._refusal

    def run(self, job_id: str) -> bool:
        """Run a job unless somebody else has it, or it has ended; return whether it was this worker's.

        A paused worker waits with it; the page tells another one meanwhile.
        """
        while self._record.order is Order.PAUSE and not self.stopping.wait(LONGEST_HEARTBEAT_S):
            pass
        if self.stopping.is_set():
            return False
        record = self._store.change(job_id, claim(self.name, self._record.suits))
        if record is None:
            return False
        logger.info("job %s of session %s begins", job_id, record.session_id[:6])
        running = RunningJob(record)
        self._running = running
        if self.stopping.is_set():
            running.cancel.set()
        attempt = Attempt(self._workspace_dir, record)
        try:
            step = self._attempt(attempt, running)
            self._is_settling = True
            if not self._settle(job_id, step):
                logger.warning("job %s was taken back meanwhile; what was made goes", job_id)
                attempt.discard()
                self._settle(job_id, absolve)
        finally:
            self._running, self._is_settling = None, False
        return True

    def _attempt(self, attempt: Attempt, running: RunningJob) -> Step:
        """Do the work; return the step that says how it ended."""
        record = running.record
        try:
            with disk.translate_disk_errors(self._workspace_dir):
                _insist(running, lambda: self._files.begin(attempt, record, running.cancel))
                store = SessionStore(attempt.workspace_dir)
                self._run_job(store, record, running.context())
                _insist(running, lambda: self._files.deliver(attempt, record, running.cancel))
            return end(record.attempt, Phase.DONE)
        except Cancelled:
            if running.is_cancelled_by_user:
                step = end(record.attempt, Phase.CANCELLED)
            else:
                step = give_back(record.attempt)
        except SplazmatteError as error:
            logger.warning("job %s: %s (%s)", record.id, error, error.detail)
            message = error.message
            if isinstance(error, NotEnoughDisk):
                message = Message("worker.disk", {"worker": self.name, "reason": message})
            step = end(record.attempt, Phase.FAILED, message)
        except BaseException:
            logger.exception("job %s failed", record.id)
            step = end(record.attempt, Phase.FAILED, Message("job.internal_error"))
        self._files.deliver_cache(attempt, record)
        return step

    def _settle(self, job_id: str, step: Step) -> bool:
        """Report a job's end, as often as it takes; return whether it still was this worker's.

        A worker that stops tries for a while only; the lease and the manifest settle the rest.
        """
        stopping_since_s = None
        while True:
            try:
                return self._store.change(job_id, step) is not None
            except StoreUnavailable as error:
                logger.warning("the end of job %s can't be reported yet: %s", job_id, error)
                if self.stopping.is_set() and stopping_since_s is None:
                    stopping_since_s = time.monotonic()
                if stopping_since_s and time.monotonic() - stopping_since_s > STOP_TRIES_S:
                    return True
                time.sleep(RETRY_S)

    def _keep_saying(self) -> None:
        is_reached = True
        while not self._closed.wait(self._interval_s):
            if not self._lives():
                self.stop()
            try:
                self._announce()
                self._heartbeat()
                is_reached = True
            except StoreUnavailable as error:
                if is_reached:
                    logger.warning("%s", error)
                is_reached = False
            except Exception:
                logger.exception("a heartbeat failed")

    def _announce(self) -> None:
        running = self._running
        job = "" if running is None else running.record.id
        order = self._store.order(self.name)
        changes = {"count": self._record.count + 1, "job": job, "order": order}
        self._record = self._record.model_copy(update=changes)
        if order is Order.DRAIN:
            self.stopping.set()
        version = self._store.version()
        if version not in ("", WORKER_VERSION):
            self._refusal = WorkersUnavailable("worker.version", own=WORKER_VERSION, page=version)
            self.stop()
            return
        self._store.announce(self._record)

    def _heartbeat(self) -> None:
        """Say how far the job is, and read whether it is still wanted."""
        running = self._running
        if running is None:
            return
        job_id, attempt = running.record.id, running.record.attempt
        self._store.put_heartbeat(job_id, running.next_heartbeat())
        known = self._store.read(job_id)
        if known is None:
            return
        if known.cancel:
            running.is_cancelled_by_user = True
            running.cancel.set()
        if known.attempt != attempt or known.phase is not Phase.RUNNING:
            running.cancel.set()


def _insist(running: RunningJob, step: Callable[[], None]) -> None:
    """Take a step as often as it takes to reach the object store; the job waits meanwhile.

    Raises:
        Cancelled: the job is not wanted here any more.
    """
    told = ""
    while True:
        try:
            return step()
        except StoreUnavailable as error:
            if str(error) != told:
                told = str(error)
                logger.warning("job %s waits: %s (%s)", running.record.id, error, error.detail)
            if running.cancel.wait(RETRY_S):
                raise Cancelled from error


def work_by_asking(
    worker: Worker, store: JobStore, pause_s: float = LONGEST_HEARTBEAT_S / 2
) -> None:
    """Look for waiting jobs until the worker stops: what a store without a broker needs.

    Those that need most come first, since other workers may be too small for them.

    Raises:
        WorkersUnavailable: a page of another version was started.
    """
    while not worker.stopping.is_set():
        waiting = [
            record
            for record in store.records()
            if record.phase is Phase.WAITING and worker.suits(record)
        ]
        waiting.sort(key=_most_memory, reverse=True)
        if not any(worker.run(record.id) for record in waiting):
            worker.stopping.wait(pause_s)
    worker.check()


def _most_memory(record: JobRecord) -> int:
    return max(record.memory_bytes.values(), default=0)
