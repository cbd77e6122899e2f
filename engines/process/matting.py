"""`ProcessMattingEngine`: a matting engine whose model runs in a process of its own environment.

It loads no model library itself. One job runs at a time; a worker that died or hangs is killed, the job ends
with an error that shows its last log lines, and the next job starts another one.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import (
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    MattedFrame,
    Requirement,
    RunContext,
    check_requirements,
)
from engines.device.placement import error_kind
from engines.process.connection import Connection, WorkerCommand, WorkerFailure
from engines.process.job import WorkerJob, WorkerRefusal, count_of
from engines.process.worker import PROTOCOL, Fields
from utils.errors import (
    EngineError,
    OutOfGpuMemory,
    SplazmatteError,
    UnusablePrompt,
)
from utils.mask_utils import check_keyframe_mask
from utils.options import OptionValue, resolve_options
from utils.types import Mask, Message

if TYPE_CHECKING:
    from config import Settings

HELLO_S = 60.0
"""Seconds to start Python and read the script, which loads nothing heavy."""
LOAD_S = 900.0
HEALTH_S = 10.0
_LOG_LINES_SHOWN = 3


class ProcessMattingEngine(Engine):
    """Base of engines that matte from one mask in another process; a subclass says what runs.

    Args:
        settings: `engine_stall_s`, how long a worker may be silent in a job.
    """

    capabilities = frozenset({Capability.MATTE})
    guide_kind = "first_mask"
    offered_when_missing = False
    declared_weight_bytes: int
    """Bytes of the weights and of what the process itself takes on the device, before they are loaded."""

    def __init__(self, settings: Settings) -> None:
        self._stall_s = settings.engine_stall_s
        self._device: DeviceName | None = None
        self._connection: Connection | None = None
        self._weight_bytes = 0
        self._held_bytes = 0
        self._busy = threading.Lock()

    @abstractmethod
    def worker_command(self) -> WorkerCommand:
        """Return what runs the worker; its requirements are there."""

    @property
    def weight_bytes(self) -> int:
        """As the loaded worker says, else as declared."""
        return max(self._weight_bytes, self.declared_weight_bytes)

    @property
    def outside_bytes(self) -> int:
        """See `Engine.outside_bytes`: what the worker said that it holds, when it last said so."""
        return self._held_bytes if self._connection is not None else 0

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id; None while none runs."""
        return None if self._connection is None else self._connection.pid

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`; starts the worker and waits until its weights are loaded."""
        self.unload()
        check_requirements(self.label, self.requirements())
        self._start(device)
        self._device = device

    def unload(self) -> None:
        """See `Engine.unload`; ends the worker."""
        self._device = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.stop()

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`; an empty mask on another frame than `start` says "absent".

        Raises:
            EngineError: the worker failed, or another job of this engine is running.
        """
        if self._device is None:
            raise RuntimeError("load_model comes before process")
        chosen = resolve_options(self.option_specs(), options)
        masks = _checked_masks(guide, start, frames.size_wh)
        return self._run(frames, masks, start, chosen, context)

    def _run(
        self,
        frames: FrameSource,
        masks: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        context.check_cancelled()
        if not self._busy.acquire(blocking=False):
            raise EngineError("process.busy", name=self.label)
        try:
            connection = self._healthy_connection(context.check_cancelled)
            job = WorkerJob(connection, frames, masks, start, options, context, self._stall_s)
            try:
                for item in job.run():
                    self._held_bytes = job.held_bytes
                    yield item
            except WorkerFailure as failure:
                raise self._failed(failure) from failure
            except WorkerRefusal as refusal:
                raise self._refused(refusal) from refusal
            finally:
                if not job.is_settled:
                    self._drop()
        finally:
            self._busy.release()

    def _healthy_connection(self, check: Callable[[], None]) -> Connection:
        """Return a worker that answers, started again where the last one doesn't.

        Args:
            check: called while one starts; what it raises ends that.
        """
        if self._device is None:
            raise RuntimeError("the engine was unloaded while a job ran")
        if self._connection is not None:
            try:
                self._ask(self._connection, {"kind": "health"}, "health", HEALTH_S)
                return self._connection
            except WorkerFailure:
                self._drop()
        self._start(self._device, check)
        assert self._connection is not None
        return self._connection

    def _start(self, device: DeviceName, check: Callable[[], None] = lambda: None) -> None:
        """Start a worker and load its weights; on failure none is left.

        Raises:
            EngineError: it failed, speaks another version of the protocol, or is another engine's.
            OutOfGpuMemory: its weights don't fit.
        """
        try:
            self._connection = connection = Connection(self.worker_command())
            hello, _ = connection.receive(timeout_s=HELLO_S, check=check)
            found = hello.get("protocol"), hello.get("engine")
            if hello["kind"] != "hello" or found != (PROTOCOL, self.name):
                raise WorkerFailure("garbage", f"{hello} instead of hello from {self.name}")
            load = {"kind": "load", "device": device}
            ready = self._ask(connection, load, "ready", LOAD_S, check)
            self._weight_bytes = count_of(ready, "weight_bytes")
        except WorkerFailure as failure:
            raise self._failed(failure) from failure
        except WorkerRefusal as refusal:
            error = self._refused(refusal)
            self._drop()
            raise error from refusal
        except BaseException:
            self._drop()
            raise

    def _ask(
        self,
        connection: Connection,
        question: Fields,
        kind: str,
        timeout_s: float,
        check: Callable[[], None] = lambda: None,
    ) -> Fields:
        """Send a message and return the answer of the kind wanted; note what the worker holds."""
        connection.send(question, timeout_s=timeout_s)
        answer, _ = connection.receive(timeout_s=timeout_s, check=check)
        if answer["kind"] == "failed":
            raise WorkerRefusal(str(answer.get("text")))
        if answer["kind"] != kind:
            raise WorkerFailure("garbage", f"{answer} instead of {kind}")
        self._held_bytes = count_of(answer, "held_bytes")
        return answer

    def _drop(self) -> str:
        """End the worker at once; return its last log lines."""
        connection, self._connection = self._connection, None
        if connection is None:
            return ""
        connection.kill()
        return connection.log

    def _failed(self, failure: WorkerFailure) -> EngineError:
        log = self._drop()
        return EngineError(
            f"process.{failure.reason}",
            detail=f"{failure}\n{log}",
            name=self.label,
            problem=str(failure)[:200],
            log=_last_lines(log),
        )

    def _refused(self, refusal: WorkerRefusal) -> SplazmatteError:
        """Return the error for an exception of the model's code, which the worker survived."""
        text = str(refusal)
        log = self._connection.log if self._connection is not None else ""
        kind = error_kind(RuntimeError(text))
        if kind == "memory":
            return OutOfGpuMemory("engine.no_smaller", name=self.label, detail=f"{text}\n{log}")
        if kind == "dead":
            # The worker's CUDA context is its own: another worker has a fresh one.
            self._drop()
        return EngineError(
            "process.failed", detail=f"{text}\n{log}", name=self.label, problem=text[:300]
        )


def environment_requirement(name: str, python: Path | None, command: str) -> Requirement:
    """Return the requirement of a worker's Python, an executable file that the settings name."""
    return Requirement(
        Message("process.requirement_python", {"name": name}),
        present=python is not None and python.is_file(),
        command=command,
    )


def _checked_masks(
    guide: Mapping[int, Mask], start: int, size_wh: tuple[int, int]
) -> dict[int, Mask]:
    """Return the guide's masks, checked; those of a "first_mask" engine are few."""
    if start not in guide:
        raise UnusablePrompt("engine.mask_missing", frame=start)
    masks: dict[int, Mask] = {}
    for index in guide:
        mask = guide[index]
        if index == start or mask.shape != size_wh[::-1]:
            mask = check_keyframe_mask(mask, size_wh, index)
        masks[index] = mask
    return masks


def _last_lines(log: str) -> str:
    return " | ".join(log.splitlines()[-_LOG_LINES_SHOWN:]) or "-"
