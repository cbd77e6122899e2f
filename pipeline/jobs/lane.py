"""The waiting jobs of one worker, and whose turn is next; it runs nothing."""

from __future__ import annotations

import enum
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engines.base import RunContext
from pipeline.jobs.progress import ProgressMeter
from pipeline.workers.needs import NO_NEEDS, JobNeeds
from utils.types import Message

KEPT_CLIENTS = 1000
"""Clients of which the table remembers when a job of theirs last started."""
FIRST_GUESS_S = 0.3
"""Seconds a frame is expected to take before any job of the lane has been measured."""


MayStart: TypeAlias = Callable[[JobNeeds, Sequence[JobNeeds]], bool]
"""Whether a job may start, by what it needs and by what the running jobs of its lane need."""


def one_at_a_time(needs: JobNeeds, running: Sequence[JobNeeds]) -> bool:
    """Let a job start where no other of its lane runs."""
    return not running


class JobState(enum.Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


ACTIVE = frozenset({JobState.QUEUED, JobState.RUNNING})


@dataclass(slots=True)
class Job:
    """One piece of work for a session; `run` gets the context and raises `Cancelled` to stop.

    `needs` counts where more than one job of a lane may run.
    """

    session_id: str
    kind: str
    run: Callable[[RunContext], object]
    meter: ProgressMeter
    on_dropped: Callable[[], None]
    client: str = ""
    needs: JobNeeds = NO_NEEDS
    cancel: threading.Event = field(default_factory=threading.Event)
    state: JobState = JobState.QUEUED
    error: Message | None = None
    notices: list[Message] = field(default_factory=list)

    def forget_work(self) -> None:
        """Drop what the work holds, frames and masks among it; the table remembers ended jobs."""
        self.run = _nothing
        self.on_dropped = lambda: None


class Lane:
    """The jobs that run, and those that wait, in the order they will run.

    The client whose last job started longest ago is next, so that clients take turns however many
    jobs each has; a client's own jobs run in the order they came.
    """

    def __init__(self) -> None:
        self.running: list[Job] = []
        self._waiting: list[Job] = []
        self._last_started: dict[str, int] = {}
        self._starts = 0
        self._seconds_per_unit: float | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def waiting_of(self, client: str) -> int:
        """Return how many jobs of a client wait."""
        return sum(job.client == client for job in self._waiting)

    def add(self, job: Job) -> None:
        """Queue a job."""
        self._waiting.append(job)

    def remove(self, job: Job) -> None:
        """Take a job out of the queue."""
        self._waiting.remove(job)

    def clear(self) -> list[Job]:
        """Take every job out of the queue; return them."""
        jobs, self._waiting = self._waiting, []
        return jobs

    def next(self, may_start: MayStart) -> Job | None:
        """Return the first waiting job that may start, None where there is none."""
        running = [job.needs for job in self.running]
        return next((job for job in self.order() if may_start(job.needs, running)), None)

    def start(self, job: Job) -> None:
        """Take a job out of the queue: it runs now."""
        self._waiting.remove(job)
        self._starts += 1
        self._last_started.pop(job.client, None)
        self._last_started[job.client] = self._starts
        while len(self._last_started) > KEPT_CLIENTS:
            del self._last_started[next(iter(self._last_started))]
        self.running.append(job)

    def end(self, job: Job) -> None:
        """Note that a job has ended, and how long a unit of it took."""
        self._seconds_per_unit = job.meter.seconds_per_unit() or self._seconds_per_unit
        self.running.remove(job)

    def order(self) -> Iterable[Job]:
        """Yield the waiting jobs in the order they will run, if no other comes."""
        by_client: dict[str, deque[Job]] = {}
        for job in self._waiting:
            by_client.setdefault(job.client, deque()).append(job)
        turns = {client: self._last_started.get(client, 0) for client in by_client}
        turn = self._starts
        while by_client:
            client = min(by_client, key=turns.__getitem__)
            yield by_client[client].popleft()
            turn += 1
            turns[client] = turn
            if not by_client[client]:
                del by_client[client]

    def place(self, job: Job) -> tuple[int, float]:
        """Return how many jobs run before a waiting one, and the seconds until they are expected to have ended."""
        ahead = [*self.running]
        for other in self.order():
            if other is job:
                break
            ahead.append(other)
        at_once = max(len(self.running), 1)
        return len(ahead), sum(self._remaining_s(other) for other in ahead) / at_once

    def _remaining_s(self, job: Job) -> float:
        known_s = job.meter.snapshot().remaining_s
        if known_s is not None:
            return known_s
        rates = (running.meter.seconds_per_unit() for running in self.running)
        running_s = next((rate for rate in rates if rate), None)
        seconds_per_unit = running_s or self._seconds_per_unit or FIRST_GUESS_S
        return job.meter.remaining_units() * seconds_per_unit


def _nothing(context: RunContext) -> None:
    """Stand in for the work of a job that has ended."""
