"""`WorkerHost`: one worker process of an engine, from its start to its end, with one job at a time.

A worker that died or hangs is killed, the job ends with an error that shows its last log lines, and the next job
starts another one. It loads no model library itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from engines.base import DeviceName
from engines.device.placement import error_kind
from engines.process.connection import Connection, WorkerCommand, WorkerFailure
from engines.process.job import WorkerJob, WorkerRefusal, count_of
from engines.process.worker import PROTOCOL, Fields
from utils.errors import EngineError, OutOfGpuMemory, SplazmatteError
from utils.types import Message

HELLO_S = 60.0
"""Seconds to start Python and read the script, which loads nothing heavy."""
LOAD_S = 900.0
HEALTH_S = 10.0
_LOG_LINES_SHOWN = 3
Item = TypeVar("Item")


def _nothing() -> None:
    pass


class WorkerHost:
    """Starts a worker, gives it jobs and questions, and ends it.

    Args:
        engine: the name that the worker must have.
        label: the engine's name for people.
        command: returns what runs the worker; asked at each start.
        stall_s: seconds that the worker may be silent while it works.
    """

    def __init__(
        self, engine: str, label: Message, command: Callable[[], WorkerCommand], stall_s: float
    ) -> None:
        self._engine = engine
        self._label = label
        self._command = command
        self.stall_s = stall_s
        self._device: DeviceName | None = None
        self.connection: Connection | None = None
        """To the running worker; None while none runs."""
        self.weight_bytes = 0
        """As the worker said when its weights were loaded."""
        self._held_bytes = 0
        self._busy = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Device bytes that the worker said it holds, when it last said so."""
        return self._held_bytes if self.connection is not None else 0

    @property
    def is_open(self) -> bool:
        """True from `open` to `close`."""
        return self._device is not None

    def open(self, device: DeviceName) -> None:
        """Start a worker and wait until its weights are loaded; on failure none is left.

        Raises:
            EngineError: it failed, speaks another version of the protocol, or is another engine's.
            OutOfGpuMemory: its weights don't fit.
        """
        self._start(device)
        self._device = device

    def open_later(self, device: DeviceName) -> None:
        """As `open`, with the first job."""
        self._device = device

    def close(self) -> None:
        """End the worker; harmless where none runs."""
        self._device = None
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.stop()

    def run(
        self, make_job: Callable[[Connection], WorkerJob[Item]], check: Callable[[], None]
    ) -> Iterator[Item]:
        """Yield a job's items.

        Args:
            make_job: of the connection to a healthy worker.
            check: called while a worker starts; what it raises ends that.

        Raises:
            EngineError: the worker failed, or another job is running.
        """
        check()
        with self._working(check) as connection:
            job = make_job(connection)
            try:
                for item in job.run():
                    self._held_bytes = job.held_bytes
                    yield item
            except (WorkerFailure, WorkerRefusal):
                raise
            except BaseException:
                if not job.is_settled:
                    self._drop()
                raise

    def ask(
        self,
        question: Fields,
        payload: bytes | memoryview,
        kind: str,
        most_bytes: int,
        read: Callable[[Fields, bytes], Item],
    ) -> Item:
        """Ask the worker one thing, after the question before it; return what `read` makes of the answer.

        Args:
            question: with its payload, one message.
            kind: of the answer, whose payload has at most so many bytes.
            read: may raise `WorkerFailure`; otherwise errors are those of `run`.
        """
        with self._working(_nothing, waits=True) as connection:
            fields, content = self._exchange(
                connection, question, kind, self.stall_s, payload=payload, most_bytes=most_bytes
            )
            return read(fields, content)

    @contextmanager
    def _working(self, check: Callable[[], None], *, waits: bool = False) -> Iterator[Connection]:
        """Yield a healthy worker's connection to the only one who uses it, and word what goes wrong."""
        if not self._busy.acquire(blocking=waits):
            raise EngineError("process.busy", name=self._label)
        try:
            try:
                yield self._healthy_connection(check)
            except WorkerFailure as failure:
                raise self._failed(failure) from failure
            except WorkerRefusal as refusal:
                raise self._refused(refusal) from refusal
        finally:
            self._busy.release()

    def _healthy_connection(self, check: Callable[[], None]) -> Connection:
        """Return a worker that answers, started again where the last one doesn't.

        Args:
            check: called while one starts; what it raises ends that.
        """
        if self._device is None:
            raise RuntimeError("the engine was unloaded while a job ran")
        if self.connection is not None:
            try:
                self._exchange(self.connection, {"kind": "health"}, "health", HEALTH_S)
                return self.connection
            except WorkerFailure:
                self._drop()
        self._start(self._device, check)
        assert self.connection is not None
        return self.connection

    def _start(self, device: DeviceName, check: Callable[[], None] = _nothing) -> None:
        """Start a worker and load its weights; on failure none is left.

        Raises:
            EngineError: it failed, speaks another version of the protocol, or is another engine's.
            OutOfGpuMemory: its weights don't fit.
        """
        try:
            self.connection = connection = Connection(self._command())
            hello, _ = connection.receive(timeout_s=HELLO_S, check=check)
            found = hello.get("protocol"), hello.get("engine")
            if hello["kind"] != "hello" or found != (PROTOCOL, self._engine):
                raise WorkerFailure("garbage", f"{hello} instead of hello from {self._engine}")
            load = {"kind": "load", "device": device}
            ready, _ = self._exchange(connection, load, "ready", LOAD_S, check)
            self.weight_bytes = count_of(ready, "weight_bytes")
        except WorkerFailure as failure:
            raise self._failed(failure) from failure
        except WorkerRefusal as refusal:
            error = self._refused(refusal)
            self._drop()
            raise error from refusal
        except BaseException:
            self._drop()
            raise

    def _exchange(
        self,
        connection: Connection,
        question: Fields,
        kind: str,
        timeout_s: float,
        check: Callable[[], None] = _nothing,
        payload: bytes | memoryview = b"",
        most_bytes: int = 0,
    ) -> tuple[Fields, bytes]:
        """Send a message and return the answer of the kind wanted; note what the worker holds."""
        connection.send(question, payload, timeout_s=timeout_s)
        answer, content = connection.receive(
            timeout_s=timeout_s, most_bytes=most_bytes, check=check
        )
        if answer["kind"] == "failed":
            raise WorkerRefusal(str(answer.get("text")))
        if answer["kind"] != kind:
            raise WorkerFailure("garbage", f"{answer} instead of {kind}")
        self._held_bytes = count_of(answer, "held_bytes")
        return answer, content

    def _drop(self) -> str:
        """End the worker at once; return its last log lines."""
        connection, self.connection = self.connection, None
        if connection is None:
            return ""
        connection.kill()
        return connection.log

    def _failed(self, failure: WorkerFailure) -> EngineError:
        log = self._drop()
        return EngineError(
            f"process.{failure.reason}",
            detail=f"{failure}\n{log}",
            name=self._label,
            problem=str(failure)[:200],
            log=_last_lines(log),
        )

    def _refused(self, refusal: WorkerRefusal) -> SplazmatteError:
        """Return the error for an exception of the model's code, which the worker survived."""
        text = str(refusal)
        log = self.connection.log if self.connection is not None else ""
        kind = error_kind(RuntimeError(text))
        if kind == "memory":
            return OutOfGpuMemory("engine.no_smaller", name=self._label, detail=f"{text}\n{log}")
        if kind == "dead":
            # The worker's CUDA context is its own: another worker has a fresh one.
            self._drop()
        return EngineError(
            "process.failed", detail=f"{text}\n{log}", name=self._label, problem=text[:300]
        )


def _last_lines(log: str) -> str:
    return " | ".join(log.splitlines()[-_LOG_LINES_SHOWN:]) or "-"
