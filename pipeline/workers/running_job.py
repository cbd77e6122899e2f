"""The job that a worker runs: what it reports to, and what the next heartbeat says of it."""

from __future__ import annotations

import threading

from engines.base import RunContext
from pipeline.workers.records import Heartbeat, JobRecord
from utils.types import Message, Progress


class RunningJob:
    """The job that a worker runs, and what it has to report."""

    def __init__(self, record: JobRecord) -> None:
        self.record = record
        self.cancel = threading.Event()
        self.is_cancelled_by_user = False
        self._count = 0
        self._progress: Progress | None = None
        self._notices: list[Message] = []

    def context(self) -> RunContext:
        """Return what the job reports to."""
        return RunContext(
            on_progress=self._take_progress,
            on_notice=self._notices.append,
            cancel=self.cancel,
            is_stopping=lambda: not self.is_cancelled_by_user,
        )

    def next_heartbeat(self) -> Heartbeat:
        """Return the next heartbeat."""
        self._count += 1
        return Heartbeat(
            attempt=self.record.attempt,
            count=self._count,
            progress=self._progress,
            notices=tuple(self._notices),
        )

    def _take_progress(self, progress: Progress) -> None:
        self._progress = progress
