"""What an administrator sees and may change while the service runs: workers, queue, disk, costs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from config import Settings
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.queue import JobRunner, JobStatus
from pipeline.jobs.requests import Jobs
from pipeline.session.clips import Clips
from pipeline.session.state import SessionState, SessionStatus
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.records import Order, WorkerRecord
from utils.errors import BadRequest
from utils.types import Message

MOST_FAILED = 20
"""Sessions whose job failed that are listed, those changed last."""
MOST_SESSIONS = 1000
"""Sessions that are looked at, those changed last."""
_FAILED = (SessionStatus.FAILED, SessionStatus.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Overview:
    """Where the service stands; `workers` is None where the page's process runs the jobs itself.

    `queue` and `failed` have the newest jobs with their sessions' states. Sizes are bytes on the disk of the
    workspace. `spending` is that of each hosted service with a key, under the service's name.
    """

    workers: tuple[WorkerRecord, ...] | None
    is_paused: bool
    queue: tuple[tuple[SessionState, JobStatus], ...]
    failed: tuple[SessionState, ...]
    sessions: int
    free_bytes: int
    total_bytes: int
    spending: tuple[tuple[Message, Message], ...]


class Operations:
    """Any thread may use it."""

    def __init__(
        self,
        settings: Settings,
        clips: Clips,
        runner: JobRunner,
        jobs: Jobs,
        choice: EngineChoice,
        workers: Dispatcher | None,
    ) -> None:
        self._settings = settings
        self._clips = clips
        self._runner = runner
        self._jobs = jobs
        self._choice = choice
        self._workers = workers

    def overview(self) -> Overview:
        """Return where the service stands."""
        states = self._clips.of_owner(None, MOST_SESSIONS)
        active = self._runner.active_sessions()
        jobs = ((state, self._runner.status(state.id)) for state in states if state.id in active)
        failed = [state for state in states if state.status in _FAILED and state.id not in active]
        disk = shutil.disk_usage(self._settings.workspace_dir)
        return Overview(
            workers=None if self._workers is None else self._workers.workers,
            is_paused=self._runner.is_paused,
            queue=tuple((state, job) for state, job in jobs if job is not None),
            failed=tuple(failed[:MOST_FAILED]),
            sessions=len(states),
            free_bytes=disk.free,
            total_bytes=disk.total,
            spending=tuple(
                (info.label, info.spending)
                for info in self._choice.everything()
                if info.spending is not None and info.is_available
            ),
        )

    def pause(self, *, is_paused: bool) -> None:
        """Start no waiting job from now on, or start them again; running ones go on."""
        self._runner.pause(is_paused=is_paused)

    def order(self, worker: str, order: Order) -> None:
        """Tell a worker what is wanted of it; it follows with its next heartbeat.

        Raises:
            BadRequest: no live worker has that name.
            StoreUnavailable: the store of jobs can't be reached.
        """
        known = () if self._workers is None else self._workers.workers
        if self._workers is None or worker not in [one.name for one in known]:
            raise BadRequest("admin.worker_unknown", name=worker[:100])
        self._workers.store.put_order(worker, order)

    def retry(self, session_id: str) -> None:
        """Queue the last job of a session again, as it was asked for.

        Raises:
            BadRequest: the session never had a job.
            SplazmatteError: as `Jobs.submit`.
        """
        request = self._clips.open(session_id)[0].state.request
        if request is None:
            raise BadRequest("admin.no_job")
        self._jobs.submit(session_id, request)

    def cancel(self, session_id: str) -> None:
        """Ask a session's job to stop."""
        self._runner.cancel(session_id)
