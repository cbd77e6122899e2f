"""One job from the page's queue to its result in the session: followed, taken back from the dead, settled."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from engines.base import RunContext
from pipeline.session.parts import MattePart, parts_dir
from pipeline.session.session import LOCK_WAIT_S, Session
from pipeline.session.state import SessionStatus
from pipeline.storage import disk
from pipeline.workers.attempts import Attempt, discard_attempts
from pipeline.workers.divided_job import DividedJob, follow
from pipeline.workers.lease import LeaseWatch
from pipeline.workers.needs import JobNeeds
from pipeline.workers.records import (
    Heartbeat,
    JobRecord,
    Phase,
    abandon,
    cancel,
    divide,
    end,
    offer,
    take_back,
    undivide,
)
from pipeline.workers.store import JobStore
from pipeline.workers.transfer import PageFiles
from utils.errors import (
    Cancelled,
    DispatchedJobFailed,
    NotEnoughDisk,
    ObjectMissing,
    SessionError,
    SplazmatteError,
    StoreUnavailable,
)
from utils.types import PREPARE, Message, Progress

logger = logging.getLogger(__name__)

SEND_AGAIN_S = 30.0
"""Seconds after which a waiting job is announced to the workers again: a broker may have lost the message."""

STARTED_AGAIN = Message("worker.started_again")

Plan: TypeAlias = Callable[[int], tuple[MattePart, ...]]
"""Returns the parts of a job for so many workers; none where it is not to be divided."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What all jobs of a dispatcher use.

    `is_dead` tells whether a worker has ended for certain, `able` how many live workers suit a job, `queues` which
    queues they read; the rest is as `Dispatcher` takes it.
    """

    store: JobStore
    workspace_dir: Path
    files: PageFiles
    lease_s: float
    send: Callable[[JobRecord, Iterable[str]], None]
    is_dead: Callable[[str], bool]
    able: Callable[[JobNeeds], int]
    queues: Callable[[JobNeeds], frozenset[str]]


class DispatchedJob:
    """One job from the page's queue to its result in the session."""

    def __init__(self, delivery: Delivery, session: Session, record: JobRecord) -> None:
        self._delivery = delivery
        self._store = delivery.store
        self._files = delivery.files
        self._session = session
        self.record = record
        self._watch = LeaseWatch(delivery.lease_s)
        self._sent_s = float("-inf")
        self._sent_to: frozenset[str] = frozenset()
        self._passed_on: list[Message] = []
        self._has_parts = False
        self._died = False

    def queue(self) -> None:
        """Put the job into the store; it survives this process from then on."""
        self._store.put(self.record)

    def drop(self) -> None:
        """Forget a job that has ended, or that was never handed out, and its parts."""
        try:
            for part in self.record.part_records():
                self._store.forget(part.id)
            self._store.forget(self.record.id)
        except StoreUnavailable as error:
            logger.warning("job %s stays in the store: %s", self.record.id, error)

    def run(self, context: RunContext, is_stopping: Callable[[], bool], plan: Plan) -> None:
        """Follow the job to its end; what was made is in the session then.

        Args:
            is_stopping: the process stops, which the workers need not; the next one follows the job on.
            plan: divides it, where several workers could do it.

        Raises:
            Cancelled: the user cancelled it, or this process is stopping.
            DispatchedJobFailed: it failed in the worker, with the worker's message.
        """
        lock = self._session.try_job_lock(LOCK_WAIT_S)
        if lock is None:
            raise SessionError("job.already_running")
        try:
            self._divide(plan)
            if self.record.parts and self.record.phase is Phase.QUEUED:
                self._follow_parts(context, is_stopping)
            follow(partial(self.look, context), context, is_stopping)
            self._settle()
        finally:
            os.close(lock)

    def _divide(self, plan: Plan) -> None:
        """Divide a job that no worker has among those that have its engine."""
        workers = self._delivery.able(self.record.requirements)
        if workers < 2 or self.record.is_handed_out:
            return
        try:
            parts = plan(workers)
            if parts:
                self.record = self._store.change(self.record.id, divide(parts)) or self.record
                logger.info("job %s is done in %d parts", self.record.id, len(parts))
        except SplazmatteError as error:
            # One worker can do it as well; what is wrong with the clip it will say.
            logger.info("job %s is not divided: %s", self.record.id, error)

    def _follow_parts(self, context: RunContext, is_stopping: Callable[[], bool]) -> None:
        """Have the parts done; where one fails, or the user cancels, the job has ended."""
        parts = [
            DispatchedJob(self._delivery, self._session, record)
            for record in self.record.part_records()
        ]
        divided = DividedJob(parts)
        follow(partial(divided.look, context), context, is_stopping)
        self._has_parts = divided.is_done
        self._died = divided.has_deaths
        if not divided.is_done:
            step = abandon(divided.error)

            def end_it(*, is_cancelled: bool) -> bool:
                self.record = self._store.change(self.record.id, step) or self.record
                return True

            follow(end_it, context, is_stopping)

    def look(self, context: RunContext, *, is_cancelled: bool) -> bool:
        """Take what the store knows of the job and do what is due; return whether it has ended.

        Raises:
            StoreUnavailable: nothing is known now.
        """
        try:
            return self._look(context, is_cancelled=is_cancelled)
        except Cancelled:
            return False  # while files were under way; the next look knows who wanted it
        except StoreUnavailable:
            self._watch.forget(self.record.id)
            raise

    def take_part(self) -> None:
        """Put a part that is done into the session; the job's own end settles the rest."""
        attempt = self._attempt()
        if attempt.is_complete:
            attempt.publish(self._session)
            attempt.discard()

    def _look(self, context: RunContext, *, is_cancelled: bool) -> bool:
        # What the user cancelled is still put in order; a stop leaves it to the next process.
        stop = threading.Event() if is_cancelled else context.cancel
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
            if known.part is None and known.parts and not self._has_parts:
                # The store took the division, and was gone before it could say so.
                self._store.change(known.id, undivide)
            self._offer(context, stop)
        elif known.phase is Phase.WAITING:
            context.on_progress(Progress("worker", 0, 1))
            self._send_waiting()
        elif known.phase is Phase.RUNNING:
            self._watch_running(context, stop)
        elif known.phase is Phase.DONE:
            self._fetch(stop)
        return known.phase in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)

    def _offer(self, context: RunContext, stop: threading.Event) -> None:
        """Let the workers have the job, with what the attempt before it left to go on from."""
        attempt = self._attempt()
        self._files.fetch_cache(self._session, attempt, self.record)
        attempt.keep_cache(self._session)
        context.on_progress(Progress("worker", 0, 1))
        try:
            with disk.translate_disk_errors(self._session.folder):
                self._files.send(self._session, self.record, stop)
        except NotEnoughDisk as error:
            self._fail(error)
        else:
            self._store.change(self.record.id, offer)

    def _fetch(self, stop: threading.Event) -> None:
        """Have here what the worker made."""
        try:
            with disk.translate_disk_errors(self._session.folder):
                self._files.fetch(self._session, self._attempt(), self.record, stop)
        except (ObjectMissing, NotEnoughDisk) as error:
            self._fail(error)

    def _fail(self, error: SplazmatteError) -> None:
        logger.warning("job %s: %s (%s)", self.record.id, error, error.detail)
        step = abandon(error.message)
        self.record = self._store.change(self.record.id, step) or self.record

    def _send_waiting(self) -> None:
        """Announce the job in the queues that suit it now; in those where it is already, again after a while."""
        now_s = time.monotonic()
        queues = self._delivery.queues(self.record.requirements)
        if now_s - self._sent_s > SEND_AGAIN_S:
            self._sent_to = frozenset()
        if queues - self._sent_to:
            self._delivery.send(self.record, queues - self._sent_to)
            self._sent_to |= queues
            self._sent_s = now_s

    def _watch_running(self, context: RunContext, stop: threading.Event) -> None:
        heartbeat = self._store.heartbeat(self.record.id)
        count = 0
        if heartbeat is not None and heartbeat.attempt == self.record.attempt:
            count = heartbeat.count
            self._pass_on(heartbeat, context)
        sign = (self.record.attempt, count)
        is_silent = self._watch.is_dead(self.record.id, sign)
        if is_silent or self._delivery.is_dead(self.record.owner):
            self._take_back(context, stop)

    def _pass_on(self, heartbeat: Heartbeat, context: RunContext) -> None:
        context.on_progress(heartbeat.progress or Progress(PREPARE, 0, 1))
        for notice in heartbeat.notices:
            if notice not in self._passed_on:
                self._passed_on.append(notice)
                context.on_notice(notice)
        attempt = self._attempt()
        self._files.fetch_live(self._session, attempt, self.record)
        attempt.show_live_picture(self._session)

    def _take_back(self, context: RunContext, stop: threading.Event) -> None:
        """Take the job from its dead worker; where that had written its manifest, the job is done."""
        attempt, number = self._attempt(), self.record.attempt
        if self._files.fetch(self._session, attempt, self.record, stop):
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
                if record.deaths or self._died:
                    self._session.update(warnings=(*state.warnings, STARTED_AGAIN))
            elif self._session.state.status is not SessionStatus.DONE:
                record = record.model_copy(
                    update={"phase": Phase.FAILED, "error": Message("worker.result_missing")}
                )
        else:
            attempt = self._attempt()
            with suppress(StoreUnavailable):
                self._files.fetch_cache(self._session, attempt, record)
            attempt.keep_cache(self._session)
        if record.phase is Phase.FAILED:
            self._session.update(status=SessionStatus.FAILED, error=record.error)
        elif record.phase is Phase.CANCELLED:
            self._session.update(status=SessionStatus.CANCELLED, error=None)
        for one in (*record.part_records(), record):
            self._files.discard(self._session, one)
            discard_attempts(self._delivery.workspace_dir, one.id)
        shutil.rmtree(parts_dir(self._session.folder), ignore_errors=True)
        self.drop()
        if record.error is not None:
            raise DispatchedJobFailed(record.error)
        if record.phase is Phase.CANCELLED:
            raise Cancelled

    def _attempt(self) -> Attempt:
        return Attempt(self._delivery.workspace_dir, self.record)
