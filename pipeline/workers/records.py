"""What is known of a job that a worker process runs, and the steps it may take; no I/O.

A step is a function from a record to the next one, or to None where it may not be taken. A store applies
it to the newest record in one indivisible change, so that of two workers only one gets a job, and only
the attempt that is on record can end it.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from pipeline.session.parts import MattePart
from pipeline.session.request import MatteRequest
from pipeline.session.state import STATE_VERSION
from pipeline.workers.needs import JobNeeds
from utils.types import Message, Progress

PROTOCOL = 3
"""Version of these records and of what page and workers do with them."""
WORKER_VERSION = f"{PROTOCOL}.{STATE_VERSION}"
"""What page and workers must have in common: these records and the sessions' state files."""
MOST_DEATHS = 3
"""Workers that may die of a job; after that it fails instead of killing another."""


class Phase(enum.Enum):
    """Where a job stands in the store: in the page's queue, waiting for a worker, and so on."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class JobRecord(_Record):
    """One job; `needs` is the engine that a worker must have, `memory_bytes` as in `JobNeeds`.

    `attempt` counts the attempts begun and names the folder of the newest one; `owner` is the worker that
    makes it. `deaths` counts the workers that died of it, `cancel` is the user's wish. A divided job has `parts`,
    and a record for each, whose `part` is its number; the job itself is offered when all of them are done.
    """

    id: str
    session_id: str
    request: MatteRequest
    needs: str
    memory_bytes: Mapping[str, int] = Field(default_factory=dict)
    client: str = ""
    submitted_at_s: float = Field(default_factory=time.time)
    phase: Phase = Phase.QUEUED
    attempt: int = 0
    owner: str = ""
    deaths: int = 0
    cancel: bool = False
    error: Message | None = None
    parts: tuple[MattePart, ...] = ()
    part: int | None = None

    @property
    def job_id(self) -> str:
        """The id of the job that a part belongs to, else its own."""
        return self.id.partition(".")[0]

    @property
    def requirements(self) -> JobNeeds:
        """What a worker must have for it; of a part only alphas are made."""
        outputs = self.request.outputs if self.part is None else ()
        return JobNeeds(self.needs, self.memory_bytes, outputs=outputs)

    @property
    def is_handed_out(self) -> bool:
        """True where workers have it, or a part of it."""
        return self.phase is not Phase.QUEUED or bool(self.parts)

    def part_records(self) -> tuple[JobRecord, ...]:
        """Return the records of a divided job's parts, as they begin."""
        return tuple(
            self.model_copy(
                update={
                    "id": f"{self.id}.{number}",
                    "part": number,
                    "phase": Phase.QUEUED,
                    "attempt": 0,
                    "owner": "",
                    "deaths": 0,
                    "cancel": False,
                }
            )
            for number in range(len(self.parts))
        )


class Heartbeat(_Record):
    """A heartbeat of one attempt, with what it has to report; `count` grows with each."""

    attempt: int
    count: int
    progress: Progress | None = None
    notices: tuple[Message, ...] = ()


class Order(enum.Enum):
    """What an administrator wants of a worker: to take jobs, to take none for now, or to end after its job."""

    WORK = "work"
    PAUSE = "pause"
    DRAIN = "drain"


class WorkerRecord(_Record):
    """A worker and the engines that are ready there; `count` grows with each heartbeat.

    `card` names its GPU for people, `order` is what it follows now. `memory_bytes` is what engines may use of its
    device, "cpu" or "cuda"; None where that could not be found out. `unwritable` are the kinds of files that its FFmpeg
    can't write.
    """

    name: str
    engines: tuple[str, ...]
    device: str = "cpu"
    card: str = ""
    memory_bytes: int | None = None
    job: str = ""
    count: int = 0
    order: Order = Order.WORK
    unwritable: tuple[str, ...] = ()

    def suits(self, needs: JobNeeds) -> bool:
        """Return whether it has the engine for a job, can write its files and, as far as that is known, has the memory."""
        has_memory = self.memory_bytes is None or needs.on(self.device) <= self.memory_bytes
        return needs.engine in self.engines and has_memory and self.can_write(needs)

    def can_write(self, needs: JobNeeds) -> bool:
        """Return whether it can write a job's files."""
        return not set(self.unwritable).intersection(needs.outputs)

    def queue(self, engine: str) -> str:
        """Return the name of the queue of an engine's jobs that workers with the same memory and encoders read."""
        known = self.memory_bytes is not None
        name = f"{engine}.{self.device}.{self.memory_bytes}" if known else engine
        return ".no-".join((name, *self.unwritable))


Step: TypeAlias = Callable[[JobRecord], JobRecord | None]


def offer(record: JobRecord) -> JobRecord | None:
    """Let the workers have a job whose turn has come."""
    is_queued = record.phase is Phase.QUEUED
    return record.model_copy(update={"phase": Phase.WAITING}) if is_queued else None


def divide(parts: tuple[MattePart, ...]) -> Step:
    """Note how a job that no worker has is divided."""

    def step(record: JobRecord) -> JobRecord | None:
        return None if record.is_handed_out else record.model_copy(update={"parts": parts})

    return step


def undivide(record: JobRecord) -> JobRecord | None:
    """Have one worker do a job that no worker has."""
    is_queued = record.phase is Phase.QUEUED
    return record.model_copy(update={"parts": ()}) if is_queued else None


def abandon(error: Message | None) -> Step:
    """End a divided job of which a part failed, or with None was cancelled."""
    phase = Phase.CANCELLED if error is None else Phase.FAILED
    return lambda record: record.model_copy(update={"phase": phase, "error": error})


def claim(owner: str, suits: Callable[[JobNeeds], bool] = lambda needs: True) -> Step:
    """Begin the next attempt of a waiting job that suits; a message that came twice finds it taken."""

    def step(record: JobRecord) -> JobRecord | None:
        if record.phase is not Phase.WAITING or not suits(record.requirements):
            return None
        changes = {"phase": Phase.RUNNING, "attempt": record.attempt + 1, "owner": owner}
        return record.model_copy(update=changes)

    return step


def end(attempt: int, phase: Phase, error: Message | None = None) -> Step:
    """End a job, if the attempt is still the one on record."""
    return _of_attempt(attempt, lambda record: {"phase": phase, "error": error})


def give_back(attempt: int) -> Step:
    """Let another worker run the job, whose worker stops; that is not the job's fault and does not count.

    The page keeps what the engine can go on from before it offers the job again.
    """
    return _of_attempt(attempt, lambda record: {"phase": _next_phase(record), "owner": ""})


def take_back(attempt: int) -> Step:
    """Take a job from a worker that is dead; after too many of them it fails."""

    def changes(record: JobRecord) -> dict[str, object]:
        deaths = record.deaths + 1
        if deaths >= MOST_DEATHS and not record.cancel:
            error = Message("worker.died", {"workers": deaths})
            return {"phase": Phase.FAILED, "deaths": deaths, "error": error}
        return {"phase": _next_phase(record), "deaths": deaths, "owner": ""}

    return _of_attempt(attempt, changes)


def absolve(record: JobRecord) -> JobRecord | None:
    """Take a death off the count: the worker was only silent for too long, on a busy machine or a bad line."""
    if not record.deaths or record.phase in (Phase.DONE, Phase.FAILED, Phase.CANCELLED):
        return None
    return record.model_copy(update={"deaths": record.deaths - 1})


def cancel(record: JobRecord) -> JobRecord | None:
    """Note that the user wants no more of it; what no worker has ends at once."""
    if record.cancel or record.phase not in (Phase.QUEUED, Phase.WAITING, Phase.RUNNING):
        return None
    phase = record.phase if record.phase is Phase.RUNNING else Phase.CANCELLED
    return record.model_copy(update={"cancel": True, "phase": phase})


def _next_phase(record: JobRecord) -> Phase:
    return Phase.CANCELLED if record.cancel else Phase.QUEUED


def _of_attempt(attempt: int, changes: Callable[[JobRecord], dict[str, object]]) -> Step:
    def step(record: JobRecord) -> JobRecord | None:
        if record.phase is not Phase.RUNNING or record.attempt != attempt:
            return None
        return record.model_copy(update=changes(record))

    return step
