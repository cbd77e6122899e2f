"""Starts checked jobs: queued here, given to worker processes, or run in this thread."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable

from config import Settings
from engines.base import RunContext
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.noted_render import NotedRender
from pipeline.jobs.parts import Division
from pipeline.jobs.preparation import JobPreparation
from pipeline.jobs.queue import JobRunner, JobStatus
from pipeline.jobs.rerun import NextJob, has_other_settings, plan_rerun
from pipeline.jobs.worker_jobs import WorkerJobs, dropping
from pipeline.session.clips import Clips
from pipeline.session.masks import read_mask
from pipeline.session.page_mark import PageMark
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionState, SessionStatus
from pipeline.storage import disk
from pipeline.video_io import VideoIO
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.dispatched_job import DispatchedJob
from pipeline.workers.needs import JobNeeds
from pipeline.workers.records import JobRecord
from utils.errors import SessionError
from utils.options import OptionSpec
from utils.types import PREPARE, Message, Progress


class Jobs:
    """Starts matting and rendering for all sessions; any thread may use it.

    Args:
        page: tells other pages which waiting jobs are ours.
        workers: gives matting jobs to worker processes; None runs them in this one.
    """

    def __init__(
        self,
        settings: Settings,
        clips: Clips,
        video: VideoIO,
        choice: EngineChoice,
        runner: JobRunner,
        page: PageMark,
        workers: Dispatcher | None = None,
    ) -> None:
        self._clips = clips
        self._choice = choice
        self._runner = runner
        self._page = page
        self._interrupted = threading.Event()
        self._of_workers = (
            None
            if workers is None
            else WorkerJobs(settings, clips, video, choice, runner, page, workers)
        )
        self._preparation = JobPreparation(
            settings, clips, video, choice, self._is_stopping, self._runs_here
        )

    def check_request(self, request: MatteRequest) -> None:
        """Check what can be checked of a request without a clip; see `JobPreparation.check_request`."""
        self._preparation.check_request(request)

    def before_start(self, session_id: str, request: MatteRequest) -> Message | None:
        """Return what a user must know before the job starts; see `JobPreparation.before_start`."""
        return self._preparation.before_start(session_id, request)

    def next_job(self, session_id: str) -> NextJob:
        """Return what the job that is chosen next would do; each mask is read once for it.

        Raises:
            SessionError: the session is unknown or damaged.
        """
        session, _ = self._clips.open(session_id)
        state, registry = session.state, self._choice.registry
        read = functools.cache(read_mask)

        def specs_of(name: str) -> tuple[OptionSpec, ...]:
            return registry.get(name).option_specs()

        plan = plan_rerun(session, specs_of, read)
        if not has_other_settings(state, specs_of):
            return NextJob(plan)
        request = state.draft or state.request
        mattes_nothing = request is not None and self._preparation.mattes_nothing(
            session, request, read
        )
        return NextJob(plan, has_other_settings=True, mattes_nothing=mattes_nothing)

    def check(self, session_id: str, request: MatteRequest) -> None:
        """Check a request without starting its job; the errors of `submit` but for those of its queue."""
        session, job, _ = self._preparation.matting_job(session_id, request)
        if self._of_workers is not None and not self._runs_here(job.engine_name):
            self._of_workers.check(session, request, job.engine_name)

    def submit(self, session_id: str, request: MatteRequest) -> JobStatus:
        """Queue a matting job; it belongs to the session, not to whoever asked.

        Raises:
            BadRequest: a value of the request is unusable.
            EngineUnavailable: the engine lacks something.
            NotEnoughDisk: the disk has no space for the outputs.
            SessionError: the session has a job already, or the queue is full.
            WorkersUnavailable: no worker suits it; see `Dispatcher.check`.
        """
        session, job, stages = self._preparation.matting_job(session_id, request)
        _check_free(session)
        run: Callable[[RunContext], object] = job.run
        remote, needs = None, JobNeeds(job.engine_name, in_page=True)
        if self._of_workers is not None and not self._runs_here(job.engine_name):
            remote = self._of_workers.new_job(session, request, job.engine_name)
            needs, run = remote.record.requirements, self._of_workers.following(remote)
        with disk.translate_disk_errors(session.folder):
            self._runner.submit(
                session.id,
                "matte",
                run,
                stages,
                rate_key=job.engine_name,
                client=session.state.owner,
                needs=needs,
                on_dropped=dropping(self._runner, session, remote),
                on_queued=lambda: self._mark_queued(session, request, remote),
            )
        return self._status(session.id)

    def _mark_queued(
        self, session: Session, request: MatteRequest, remote: DispatchedJob | None
    ) -> None:
        """Record that a job waits, and give it to the workers where they do it; neither where one of them fails.

        Raises:
            SessionError: another page has one waiting.
            StoreUnavailable: the workers' store can't be reached.
        """
        session.forget_live_picture()
        former = session.state.job
        if remote is not None:
            remote.queue()
        try:
            self._claim(
                session,
                status=SessionStatus.QUEUED,
                request=request,
                draft=None,
                error=None,
                render=None,
                job="" if remote is None else remote.record.id,
            )
        except BaseException:
            if remote is not None:
                remote.drop()
            raise
        if self._of_workers is not None:
            self._of_workers.drop_former(session, former)

    def _claim(self, session: Session, **changes: object) -> None:
        """Mark what waits as this page's.

        Raises:
            SessionError: another page has it waiting: both would make it.
        """

        def claimed(state: SessionState) -> SessionState:
            if state.is_waiting and self._page.is_other(state.page):
                raise SessionError("job.already_running")
            return state.model_copy(update={**changes, "page": self._page.name})

        session.transform(claimed)

    def _runs_here(self, engine_name: str) -> bool:
        return self._of_workers is None or not self._of_workers.takes(engine_name)

    def follow_left(self) -> frozenset[str]:
        """Follow on what workers have of an earlier process; return the sessions. See `WorkerJobs.follow_left`."""
        return frozenset() if self._of_workers is None else self._of_workers.follow_left()

    def follow_ended(self) -> int:
        """Follow on what workers have of a page that has ended; return how many. See `WorkerJobs.follow_ended`."""
        return 0 if self._of_workers is None else self._of_workers.follow_ended()

    def run_now(self, session_id: str, request: MatteRequest, context: RunContext) -> SessionState:
        """Run a matting job in this thread, for the command line; same errors as `submit`."""
        _, job, _ = self._preparation.matting_job(session_id, request)
        context.on_progress(Progress(PREPARE, 0, 1))
        return job.run(context)

    def run_record(self, record: JobRecord, context: RunContext) -> None:
        """Run in this thread what a worker has taken, a part of a job or a whole one; same errors as `submit`."""
        division = Division(record.job_id, record.parts) if record.parts else None
        _, job, _ = self._preparation.matting_job(
            record.session_id,
            record.request,
            record.needs,
            division,
            makes_files=record.part is None,
        )
        if record.part is None:
            job.run(context)
        else:
            job.run_part(record.part, context)

    def rerender(self, session_id: str, request: RenderRequest) -> JobStatus:
        """Queue new files from the kept alpha; the engine does not run. The next start makes what we stop before.

        Raises:
            SessionError: there is no matte yet, or a job is running.
        """
        session, job, stages = self._preparation.render_job(session_id, request)
        _check_free(session)
        noted = NotedRender(session, job, request, self._is_stopping)

        def drop() -> None:
            if not self._runner.is_stopping:
                noted.drop()

        def mark_queued() -> None:
            session.forget_live_picture()
            self._claim(session, render=noted.waiting)

        with disk.translate_disk_errors(session.folder):
            self._runner.submit(
                session.id,
                "render",
                noted.run,
                stages,
                client=session.state.owner,
                on_dropped=drop,
                on_queued=mark_queued,
            )
        return self._status(session.id)

    def rerender_now(
        self, session_id: str, request: RenderRequest, context: RunContext
    ) -> SessionState:
        """Render again in this thread, for the command line; same errors as `rerender`."""
        _, job, _ = self._preparation.render_job(session_id, request)
        context.on_progress(Progress(PREPARE, 0, 1))
        return job.run(context)

    def interrupt(self) -> None:
        """Have jobs that are cancelled from now on end as interrupted: the process is stopping."""
        self._interrupted.set()

    def _is_stopping(self) -> bool:
        return self._runner.is_stopping or self._interrupted.is_set()

    def _status(self, session_id: str) -> JobStatus:
        status = self._runner.status(session_id)
        if status is None:
            raise SessionError("job.session_unknown")
        return status


def _check_free(session: Session) -> None:
    """Check that no job runs, be it one of a command: ours would be marked as waiting, and fail when its turn came.

    Raises:
        SessionError: one does.
    """
    lock = session.try_job_lock()
    if lock is None:
        raise SessionError("job.already_running")
    os.close(lock)
