"""Matting jobs that worker processes do: given to them, followed, and taken over from pages that ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from config import Settings
from engines.base import RunContext
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.division import divide
from pipeline.jobs.guides import start_frames
from pipeline.jobs.memory_needs import MemoryNeeds
from pipeline.jobs.queue import JobRunner
from pipeline.session.clips import Clips
from pipeline.session.page_mark import PageMark
from pipeline.session.parts import MattePart
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionState, SessionStatus, frame_range
from pipeline.video_io import VideoIO
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.dispatched_job import DispatchedJob
from pipeline.workers.needs import NO_NEEDS, JobNeeds
from pipeline.workers.records import JobRecord
from utils.errors import SessionError, StoreUnavailable

logger = logging.getLogger(__name__)


class WorkerJobs:
    """The page's side of jobs in workers; any thread may use it.

    Args:
        page: tells other pages which waiting jobs are ours.
    """

    def __init__(
        self,
        settings: Settings,
        clips: Clips,
        video: VideoIO,
        choice: EngineChoice,
        runner: JobRunner,
        page: PageMark,
        workers: Dispatcher,
    ) -> None:
        self._settings = settings
        self._clips = clips
        self._video = video
        self._choice = choice
        self._runner = runner
        self._page = page
        self._workers = workers
        self._memory = MemoryNeeds(settings)

    def takes(self, engine_name: str) -> bool:
        """Return whether workers do an engine's jobs: all but those of a hosted service that none of them has.

        Workers without the page's folder have none, as what was paid for is noted there.
        """
        engine = self._choice.registry.get(engine_name)
        return not engine.is_remote or engine_name in self._workers.engines()

    def check(self, session: Session, request: MatteRequest, engine_name: str) -> None:
        """Check that a worker suits a job; see `Dispatcher.check`."""
        self._workers.check(self._needs(session, request, engine_name))

    def new_job(self, session: Session, request: MatteRequest, engine_name: str) -> DispatchedJob:
        """Return a job for the workers, which it is not given to yet.

        Raises:
            WorkersUnavailable: no worker suits it; see `Dispatcher.check`.
        """
        return self._workers.new_job(session, request, self._needs(session, request, engine_name))

    def drop_former(self, session: Session, job_id: str | None) -> None:
        """Forget the workers' record of a session's former job, which nobody follows: its page has ended."""
        if not job_id:
            return
        try:
            record = self._workers.store.read(job_id)
        except StoreUnavailable as error:
            logger.warning("job %s may be done twice: %s", job_id, error)
            return
        if record is not None:
            self._workers.job_of(session, record).drop()

    def follow_left(self) -> frozenset[str]:
        """Follow the jobs on that workers have of an earlier process of ours; return their sessions.

        What a page without these workers has begun again meanwhile is its job: the older one is forgotten.

        Raises:
            StoreUnavailable: the workers' store can't be reached.
        """
        found = set()
        records = self._workers.begin()
        known = {record.id for record in records}
        for record in records:
            if record.part is not None:
                # The divided job that it belongs to follows it.
                if record.job_id not in known:
                    self._workers.store.forget(record.id)
                continue
            try:
                session, _ = self._clips.open(record.session_id)
            except SessionError:
                self._workers.store.forget(record.id)
                continue
            if session.state.job not in (None, record.id):
                self._workers.job_of(session, record).drop()
                continue
            with suppress(SessionError):  # another page follows it
                self._follow(self._workers.job_of(session, record), session)
            found.add(session.id)
        return frozenset(found)

    def follow_ended(self) -> int:
        """Follow the jobs on that workers have of a page that has ended since our start; return how many.

        Raises:
            StoreUnavailable: the workers' store can't be reached.
        """
        count, ours = 0, self._runner.active_sessions()
        for record in self._workers.store.records():
            if record.part is not None or record.session_id in ours:
                continue
            with suppress(SessionError):  # it was deleted, or another page was quicker
                session, _ = self._clips.open(record.session_id)
                state = session.state
                # A record that a page is just making is not the session's yet.
                if state.job == record.id and not self._page.is_living(state.page):
                    self._follow(self._workers.job_of(session, record), session)
                    count += 1
        return count

    def _follow(self, remote: DispatchedJob, session: Session) -> None:
        """Put a job that workers have into our queue.

        Raises:
            SessionError: a living page has it, or our queue takes no more.
        """
        record = remote.record

        def claimed(state: SessionState) -> SessionState:
            if self._page.is_other(state.page):
                raise SessionError("job.already_running")
            return state.model_copy(update={"page": self._page.name})

        def mark_ours() -> None:
            with suppress(OSError):  # on a full disk the job is followed all the same
                session.transform(claimed)

        first, last = frame_range(record.request, session.clip)
        self._runner.submit(
            session.id,
            "matte",
            self.following(remote),
            {"matte": last - first + 1},
            rate_key=record.needs,
            client=record.client,
            needs=NO_NEEDS if record.is_handed_out else record.requirements,
            on_dropped=dropping(self._runner, session, remote),
            on_queued=mark_ours,
        )

    def following(self, remote: DispatchedJob) -> Callable[[RunContext], None]:
        """Return what follows a job that workers have to its end."""

        def run(context: RunContext) -> None:
            def plan(workers: int) -> tuple[MattePart, ...]:
                return self.divide(remote.record, workers, context.cancel)

            remote.run(context, lambda: self._runner.is_stopping, plan)

        return run

    def divide(
        self, record: JobRecord, workers: int, cancel: threading.Event
    ) -> tuple[MattePart, ...]:
        """Return the parts of a job for so many workers; see `division.divide`."""
        if not self._settings.divide_jobs:
            return ()
        session, _ = self._clips.open(record.session_id)
        request = record.request
        return divide(self._choice, self._video, session, request, record.needs, workers, cancel)

    def _needs(self, session: Session, request: MatteRequest, engine_name: str) -> JobNeeds:
        first, last = frame_range(request, session.clip)
        starts = start_frames(request, session.state, first, last)
        needs = self._memory.of_job(engine_name, request, session.clip.size_wh, starts.values())
        return replace(needs, outputs=request.outputs)


def dropping(
    runner: JobRunner, session: Session, remote: DispatchedJob | None = None
) -> Callable[[], None]:
    """Return what settles a job that is taken out of the queue; where we stop it waits for the next start.

    Args:
        remote: the job, where workers do it.
    """

    def drop() -> None:
        if runner.is_stopping:
            return
        session.update(status=SessionStatus.CANCELLED)
        if remote is not None:
            remote.drop()

    return drop
