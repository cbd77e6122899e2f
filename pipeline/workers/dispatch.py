"""The page's side of workers: hands out jobs, follows them, takes back those of dead workers, puts results in place."""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from pipeline.metrics import Metric
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.storage.disk import MEGABYTE
from pipeline.workers.attempts import sweep
from pipeline.workers.dispatched_job import Delivery, DispatchedJob
from pipeline.workers.lease import LeaseWatch
from pipeline.workers.local import LocalWorkers
from pipeline.workers.needs import JobNeeds
from pipeline.workers.records import WORKER_VERSION, JobRecord, Order, WorkerRecord
from pipeline.workers.store import JobStore
from pipeline.workers.transfer import PageFiles
from utils.errors import StoreUnavailable, WorkersUnavailable

logger = logging.getLogger(__name__)

STOP_WAIT_S = 2.0
"""Seconds that workers still have to end when all else has stopped."""
LOOK_S = 0.5
"""Seconds between two looks which workers there are."""


class Dispatcher:
    """Gives jobs of this page to workers; any thread may use it.

    Args:
        lease_s: seconds without a heartbeat after which a worker is dead.
        files: how the files of jobs get to workers and back.
        send: announces a waiting job in queues; nothing where workers look into the store by themselves.
            Raises `StoreUnavailable` where the broker is gone.
        local: workers that are started with the page, and again when they die, so none is waited for in vain.
    """

    def __init__(
        self,
        store: JobStore,
        workspace_dir: Path,
        lease_s: float,
        files: PageFiles,
        send: Callable[[JobRecord, Iterable[str]], None] = lambda record, queues: None,
        local: LocalWorkers | None = None,
    ) -> None:
        self.store = store
        self.files = files
        self._workspace_dir = workspace_dir
        self._local = local
        self._delivery = Delivery(
            store,
            workspace_dir,
            files,
            lease_s,
            send,
            self._is_dead,
            self._count_able,
            self._queues,
        )
        self._watch = LeaseWatch(lease_s)
        self._dead: set[str] = set()
        self.cards = None if local is None else local.cards
        """Where prompts are answered; None where the page's process does it."""
        if self.cards is not None:
            self.cards.has_job = self._has_job
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
        sweep(self._workspace_dir, frozenset(record.id for record in records))
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

    def new_job(self, session: Session, request: MatteRequest, needs: JobNeeds) -> DispatchedJob:
        """Return a job for the workers, not in the store yet; raises as `check`."""
        self.check(needs)
        record = JobRecord(
            id=secrets.token_hex(12),
            session_id=session.id,
            request=request,
            needs=needs.engine,
            memory_bytes=needs.memory_bytes,
            client=session.state.owner,
        )
        return self.job_of(session, record)

    def job_of(self, session: Session, record: JobRecord) -> DispatchedJob:
        """Return a job that is in the store already."""
        return DispatchedJob(self._delivery, session, record)

    def engines(self) -> frozenset[str]:
        """Return the engines that live workers have."""
        return frozenset[str]().union(*(worker.engines for worker in self._live))

    @property
    def workers(self) -> tuple[WorkerRecord, ...]:
        """The workers that are not known to be dead."""
        return self._live

    def metrics(self) -> tuple[Metric, ...]:
        """Return what a monitor draws of the workers."""
        live = self._live
        having = Counter(engine for worker in live for engine in worker.engines)
        samples = tuple((f'engine="{name}"', float(having[name])) for name in sorted(having))
        busy = sum(bool(worker.job) for worker in live)
        return (
            Metric("workers_live", "Worker processes that live.", len(live)),
            Metric("workers_busy", "Worker processes that run a job.", busy),
            Metric("workers", "Live worker processes that have an engine.", samples=samples),
        )

    def may_start(self, needs: JobNeeds, running: Sequence[JobNeeds]) -> bool:
        """Return whether a worker may be free for a job, of those that have its engine and the memory for it.

        Those with that engine may be handed to any worker that suits them: one must be left, however they share them.

        Args:
            running: what the jobs need that were handed out.
        """
        if needs.in_page:
            return not any(one.in_page for one in running)
        if not needs.engine:
            return True
        able = [self._able(one) for one in running if one.engine == needs.engine]
        return _is_one_left(self._able(needs), able)

    def check(self, needs: JobNeeds) -> None:
        """Check that a live worker suits a job.

        Raises:
            WorkersUnavailable: none has the engine, none of those can write the files, or none of them has the memory.
            StoreUnavailable: the store can't be reached.
        """
        self._look_for_workers()
        expected = () if self._local is None else self._local.expected(needs)
        having = [worker for worker in (*self._live, *expected) if needs.engine in worker.engines]
        if not having:
            raise WorkersUnavailable("worker.none", engine=needs.engine)
        lacking = set(having[0].unwritable).intersection(needs.outputs)
        having = [worker for worker in having if worker.can_write(needs)]
        if not having:
            kinds = ", ".join(sorted(lacking))
            raise WorkersUnavailable("worker.no_encoder", engine=needs.engine, kinds=kinds)
        if not any(worker.suits(needs) for worker in having):
            largest = max(having, key=lambda worker: worker.memory_bytes or 0)
            raise WorkersUnavailable(
                "worker.too_small",
                engine=needs.engine,
                needed_mb=-(-needs.on(largest.device) // MEGABYTE),
                worker=largest.name,
                has_mb=(largest.memory_bytes or 0) // MEGABYTE,
            )

    def _suiting(self, needs: JobNeeds) -> list[WorkerRecord]:
        return [worker for worker in self._live if worker.suits(needs)]

    def _able(self, needs: JobNeeds) -> frozenset[str]:
        """Return the names of the workers that suit a job and are not about to end."""
        suiting = self._suiting(needs)
        return frozenset(worker.name for worker in suiting if worker.order is Order.WORK)

    def _count_able(self, needs: JobNeeds) -> int:
        return len(self._able(needs))

    def _queues(self, needs: JobNeeds) -> frozenset[str]:
        """Return the queue of the smallest idle worker that suits a job; where all are busy, those of all of them."""
        suiting = self._suiting(needs)
        idle = [worker for worker in suiting if not worker.job and worker.order is Order.WORK]
        chosen = [min(idle, key=_size)] if idle else suiting
        return frozenset(worker.queue(needs.engine) for worker in chosen)

    def _has_job(self, name: str) -> bool:
        return any(worker.name == name and worker.job for worker in self._live)

    def _is_dead(self, owner: str) -> bool:
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


def _is_one_left(names: Collection[str], others: Sequence[Collection[str]]) -> bool:
    """Return whether one of a job's workers is left where others have one of theirs each, as far as those reach.

    The jobs and workers are matched by augmenting paths (Kuhn 1955).
    """
    jobs = [*others, names]
    taken: dict[str, int] = {}

    def has_one(job: int, seen: set[str]) -> bool:
        for name in jobs[job]:
            if name in seen:
                continue
            seen.add(name)
            if name not in taken or has_one(taken[name], seen):
                taken[name] = job
                return True
        return False

    return [has_one(job, set()) for job in range(len(jobs))][-1]


def _size(worker: WorkerRecord) -> tuple[bool, float]:
    """Sort workers with a card before those without, then by memory."""
    memory = math.inf if worker.memory_bytes is None else float(worker.memory_bytes)
    return worker.device == "cpu", memory
