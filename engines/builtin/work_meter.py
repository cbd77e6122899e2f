"""Progress of a job whose frames are not all of its work: passes between key frames count as well."""

from __future__ import annotations

import threading

from engines.base import RunContext


class WorkMeter:
    """Reports how much of the work is done as a number of the clip's frames; any thread may count a step.

    Args:
        context: is told.
        stage: of the reports.
        frames: of the clip, at least 1; the reports' total.
        further_steps: expected beside a step a frame.
    """

    def __init__(self, context: RunContext, stage: str, frames: int, further_steps: int) -> None:
        self._context = context
        self._stage = stage
        self._frames = frames
        self._steps = frames + further_steps
        self._lock = threading.Lock()
        self._done = 0

    def step(self) -> None:
        """Count one step.

        Raises:
            Cancelled: the job was cancelled.
        """
        # Within the lock, so that no thread's report overtakes a later one.
        with self._lock:
            self._done = min(self._done + 1, self._steps)
            self._report(self._done * self._frames // self._steps)

    def end(self) -> None:
        """Report that all is done, also where fewer further steps came than were expected."""
        with self._lock:
            self._report(self._frames)

    def _report(self, done: int) -> None:
        self._context.report(self._stage, done, self._frames)
