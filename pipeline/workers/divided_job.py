"""The parts of one job followed together, and the loop that follows any job to its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from engines.base import RunContext
from pipeline.workers.records import JobRecord, Phase
from utils.errors import Cancelled, StoreUnavailable
from utils.types import PREPARE, Message, Progress

logger = logging.getLogger(__name__)

POLL_S = 0.25
"""Seconds between two looks at a job."""
TOLD_AGAIN_S = 60.0
"""Seconds of looks that work after which a store that is away again is told again."""


class FollowedPart(Protocol):
    """A part with a record of its own; see `DispatchedJob`."""

    record: JobRecord

    def look(self, context: RunContext, *, is_cancelled: bool) -> bool:
        """Do what is due; return whether it has ended."""

    def take_part(self) -> None:
        """Put what it made into the session."""


class DividedJob:
    """The parts of one job, followed together: those that track first, then all others at the same time."""

    def __init__(self, parts: Sequence[FollowedPart]) -> None:
        self._parts = parts
        self._open = list(parts)
        self._progress: dict[str, Progress] = {}
        self._is_cancelled = False
        self.error: Message | None = None
        """Why the first part that failed did."""

    @property
    def is_done(self) -> bool:
        """Whether every part is in the session."""
        return not self._open and not self._is_cancelled and self.error is None

    @property
    def has_deaths(self) -> bool:
        """Whether a worker died of a part."""
        return any(part.record.deaths for part in self._parts)

    def look(self, context: RunContext, *, is_cancelled: bool) -> bool:
        """Do what is due for each part; return whether all have ended. Where one fails, the others are cancelled."""
        self._is_cancelled = self._is_cancelled or is_cancelled
        is_ending = self._is_cancelled or self.error is not None
        for part in self._due(is_ending=is_ending):
            own = replace(context, on_progress=partial(self._progress.__setitem__, part.record.id))
            if not part.look(own, is_cancelled=is_ending):
                continue
            if part.record.phase is Phase.DONE:
                part.take_part()
            self.error = self.error or part.record.error
            self._open.remove(part)
        self._report(context)
        return not self._open

    def _due(self, *, is_ending: bool) -> list[FollowedPart]:
        tracking = [part for part in self._open if _tracks(part)]
        return list(self._open) if is_ending or not tracking else tracking

    def _report(self, context: RunContext) -> None:
        """Report what the parts have done together, of the latest stage that one of them has reached."""
        known = self._progress.values()
        for stage in ("matte", "track", PREPARE, "worker"):
            of_stage = [progress for progress in known if progress.stage == stage]
            if of_stage:
                total = sum(
                    part.record.parts[number].frames
                    for number, part in enumerate(self._parts)
                    if _tracks(part) == (stage == "track")
                )
                done = sum(progress.done for progress in of_stage)
                context.on_progress(Progress(stage, min(done, total), max(total, 1)))
                return


def _tracks(part: FollowedPart) -> bool:
    record = part.record
    return record.part is not None and record.parts[record.part].tracks


def follow(look: Callable[..., bool], context: RunContext, is_stopping: Callable[[], bool]) -> None:
    """Look until the job has ended; what is unknown meanwhile changes nothing.

    What is away is told once: every second look may work, where jobs are known but files are not to be had.

    Raises:
        Cancelled: this process is stopping.
    """
    told: Message | None = None
    failed_s = time.monotonic()
    while True:
        is_cancelled = context.cancel.is_set() and not is_stopping()
        try:
            if look(is_cancelled=is_cancelled):
                return
            if time.monotonic() - failed_s > TOLD_AGAIN_S:
                told = None
        except StoreUnavailable as error:
            failed_s = time.monotonic()
            if error.message != told:
                logger.warning("%s", error)
                context.on_notice(error.message)
            told = error.message
        if context.cancel.is_set() and is_stopping():
            raise Cancelled
        if context.cancel.wait(POLL_S):
            time.sleep(POLL_S)
