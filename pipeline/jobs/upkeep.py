"""Upkeep of the workspace: what is there, what may go, is the machine fit, and a clean end."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from functools import cache

import numpy as np

from config import Settings
from engines.base import ForegroundConsumer, Segmenter
from engines.device.manager import ModelManager
from engines.remote.store import Store as ServiceStore
from pipeline.jobs.job_state import interrupted
from pipeline.jobs.queue import ACTIVE, JobRunner, JobState
from pipeline.jobs.waiting import Queue, queue_again
from pipeline.metrics import Metric
from pipeline.session.page_mark import PageMark
from pipeline.session.retention import (
    Elsewhere,
    RetentionRules,
    SessionSummary,
    clean,
    summarise_all,
)
from pipeline.session.session import Session
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.session.trash import DeletedSession
from pipeline.storage.disk import MEGABYTE, free_bytes
from pipeline.storage.files import try_lock
from pipeline.video_io import VideoIO
from pipeline.workers.left_jobs import left_jobs
from pipeline.workers.store import sweep_partials
from utils.errors import SessionError, SplazmatteError, StoreUnavailable, WorkersUnavailable
from utils.types import Box, Prompt

logger = logging.getLogger(__name__)

_WARM_UP = Prompt(box=Box(16, 12, 44, 36))
"""A box on a picture of 64x48 pixels: networks are asked about it, and so loaded."""
_PAGE_LOCK = ".page.lock"
"""Held in the workspace by the page that queues again what others left."""
UNLOAD_WAIT_S = 1.0
"""Seconds that a click still being answered has to end when the process stops."""


class Upkeep:
    """Works on all sessions; any thread may use it."""

    def __init__(
        self,
        settings: Settings,
        store: SessionStore,
        video: VideoIO,
        manager: ModelManager,
        jobs: JobRunner,
        page: PageMark,
    ) -> None:
        self._settings = settings
        self._store = store
        self._video = video
        self._manager = manager
        self._jobs = jobs
        self._page = page
        self._page_lock: int | None = None

    def check_tools(self) -> None:
        """Check what every job needs, before anybody waits for one.

        Raises:
            FfmpegFailed: FFmpeg is missing, does not run, or is too old.
        """
        logger.info("FFmpeg %s", self._video.check_ffmpeg())
        folder, reserve = self._settings.workspace_dir, self._settings.min_free_disk_bytes
        free = free_bytes(folder)
        if free < reserve:
            logger.warning(
                "%s has %d MB free, less than SPLAZMATTE_MIN_FREE_DISK_BYTES (%d MB): every upload and job is "
                "refused until there is more",
                folder,
                free // MEGABYTE,
                reserve // MEGABYTE,
            )

    def warm_up(self, name: str) -> None:
        """Get an engine without weights ready in the background.

        A machine's first start compiles for some seconds, and networks that the engine uses take some to load:
        the first user would wait for both.
        """

        def prepare() -> None:
            try:
                with self._manager.lease(name) as engine:
                    if isinstance(engine, ForegroundConsumer) and isinstance(engine, Segmenter):
                        engine.segment_image(np.zeros((48, 64, 3), np.uint8), _WARM_UP)
                    logger.info("%s is ready", engine.name)
            except SplazmatteError as error:
                logger.info("%s was not prepared: %s", name, error)

        threading.Thread(target=prepare, name="warm-up", daemon=True).start()

    def list_sessions(self) -> list[SessionSummary]:
        """Return all sessions, newest change first."""
        active = self._jobs.active_sessions()
        rows = summarise_all(self._store, time.time(), active, self._elsewhere())
        return sorted(rows, key=lambda row: row.age_hours)

    def _elsewhere(self) -> Elsewhere:
        """Return what tells of jobs that workers have without a page; their store is asked once, when it is needed.

        Where it can't be read, each may still run.
        """

        @cache
        def found() -> Mapping[str, SessionStatus] | None:
            try:
                return left_jobs(self._settings)
            except (StoreUnavailable, WorkersUnavailable) as error:
                logger.warning("a worker may have what is called running: %s", error)
                return None

        def status(session_id: str) -> SessionStatus | None:
            known = found()
            return SessionStatus.RUNNING if known is None else known.get(session_id)

        return status

    def _is_elsewhere(self, session_id: str) -> bool:
        """Return whether another page has a session's job waiting, or workers have it while no page follows it."""
        session = self._store.open(session_id)
        try:
            state = session.state
        except SessionError:  # damaged: no job could begin
            return False
        if state.is_waiting and self._page.is_other(state.page):
            return True
        is_marked = state.status is SessionStatus.RUNNING and not session.is_running
        return is_marked and self._elsewhere()(session_id) is not None

    def has_job(self, session_id: str) -> bool:
        """Return whether a session's job waits or runs here, at another page or in a worker.

        Raises:
            SessionError: the session is unknown.
        """
        return session_id in self._jobs.active_sessions() or self._is_elsewhere(session_id)

    def check_free(self, session_id: str) -> None:
        """Check that a session has no job.

        Raises:
            SessionError: it has one, or is unknown.
        """
        if self.has_job(session_id):
            raise SessionError("job.already_running")

    def list_deleted(self) -> list[DeletedSession]:
        """Return the sessions that can be restored, the one deleted last first."""
        return list(self._store.trash)[::-1]

    def clean_sessions(self, *, dry_run: bool = False) -> list[SessionSummary]:
        """Remove expired sessions; return those that went, or with `dry_run` would go."""
        rules = RetentionRules(
            self._settings.retention_hours,
            self._settings.keep_sessions,
            self._settings.protected_hours,
            self._settings.running_floor_bytes,
            self._settings.undelete_hours,
        )
        if not dry_run:
            services = ServiceStore.of(self._settings.workspace_dir)
            services.sweep(self._settings.retention_hours * 3600)
            sweep_partials(self._settings.workspace_dir, time.time())
        active = self._jobs.active_sessions()
        removals = clean(
            self._store, rules, dry_run=dry_run, active=active, elsewhere=self._elsewhere()
        )
        return [removal.session for removal in removals]

    def health(self) -> dict[str, bool | int]:
        """Return what a monitor wants: is the GPU usable, how many jobs wait or run."""
        return {"healthy": self._manager.healthy, "jobs": len(self._jobs.active_sessions())}

    def metrics(self) -> tuple[Metric, ...]:
        """Return what a monitor draws; counters begin with the process."""
        counts = self._jobs.counts()
        active = tuple(_by_state(counts, state) for state in JobState if state in ACTIVE)
        ended = tuple(_by_state(counts, state) for state in JobState if state not in ACTIVE)
        free = free_bytes(self._settings.workspace_dir)
        return (
            Metric("healthy", "Whether the GPU is usable, 1 or 0.", self._manager.healthy),
            Metric("jobs", "Jobs that wait or run.", samples=active),
            Metric("jobs_ended_total", "Jobs that have ended.", samples=ended, kind="counter"),
            Metric("disk_free_bytes", "Free bytes on the disk of the workspace.", free),
        )

    def recover(self, held: frozenset[str]) -> list[Session]:
        """Settle the sessions whose process died; see `SessionStore.recover`."""
        try:
            is_alone = not self._page.are_others()
        except OSError as error:
            logger.warning("this page can't be made known to others: %s", error)
            is_alone = True
        return self._store.recover(held, is_alone=is_alone)

    def queue_again(self, queue: Queue) -> int:
        """Take over the jobs of pages that ended: follow what workers have, queue again what waited; return how many.

        None where another page does so; asked again, we do once that page has ended, and then until `close`.
        """
        if self._jobs.is_stopping:
            return 0
        if self._page_lock is None:
            self._page_lock = try_lock(self._settings.workspace_dir / _PAGE_LOCK)
        if self._page_lock is None:
            return 0
        self._page.sweep()
        try:
            followed = queue.follow()
        except StoreUnavailable as error:
            logger.warning("jobs of pages that ended are looked for later: %s", error)
            return 0
        return followed + queue_again(self._store, queue, self._page)

    def close(self) -> bool:
        """Stop for good: running jobs end, waiting ones are left, models are unloaded; True when all stopped."""
        stopped = self._jobs.close(self._settings.stop_grace_s)
        self._page.end()
        if self._page_lock is not None:
            os.close(self._page_lock)
            self._page_lock = None
        for session_id in self._jobs.active_sessions():
            self._mark_interrupted(session_id)
        self._manager.close(UNLOAD_WAIT_S)
        return stopped

    def _mark_interrupted(self, session_id: str) -> None:
        """Record of a job that did not stop in time what the process's end is about to make true."""
        logger.warning("session %s did not stop in time", session_id[:6])
        try:
            self._store.open(session_id).transform(interrupted)
        except (OSError, SplazmatteError) as error:
            logger.warning("session %s keeps an old state: %s", session_id[:6], error)


def _by_state(counts: Mapping[JobState, int], state: JobState) -> tuple[str, float]:
    return f'state="{state.value}"', counts[state]
