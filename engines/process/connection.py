"""The client's side of a worker process: starts it, exchanges messages with time limits, ends it.

It knows no engine and no job. Where the worker dies, says nothing in time or sends anything but a message,
its last log lines come with the error.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engines.process.worker import (
    HEAD,
    Fields,
    ProtocolError,
    fields_of,
    lengths_of,
    message_head,
)

WORKER_FILE = Path(__file__).with_name("worker.py")
_LOG_LINES = 40
_LINE_BYTES = 500
_POLL_S = 0.2
_STOP_WAIT_S = 2.0
_KILL_WAIT_S = 5.0
_LAST_LOG_S = 1.0
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_PASSED_ON = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|LD_LIBRARY_PATH|XDG_\w+|CUDA_\w+|NVIDIA_\w+|(?:PY)?TORCH\w*|TRITON\w*"
    r"|OMP_\w+|MKL_\w+"
)
"""Variables that a worker inherits; settings, secrets and import paths of ours are none of its business."""


class WorkerFailure(Exception):
    """The worker can't be used any more: it died, was silent for too long, or sent garbage."""

    def __init__(self, reason: Literal["died", "silent", "garbage"], problem: str) -> None:
        self.reason = reason
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """What runs a worker: the environment's Python, the engine's own script and its arguments."""

    python: Path
    script: Path
    arguments: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The whole command."""
        return [str(self.python), "-u", str(WORKER_FILE), str(self.script), *self.arguments]


class Connection:
    """A running worker process, in a process group of its own; messages go one at a time.

    Raises:
        WorkerFailure: it could not be started.
    """

    def __init__(self, command: WorkerCommand) -> None:
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        try:
            self._process = subprocess.Popen(
                command.words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerFailure("died", str(error)) from error
        streams = self._process.stdin, self._process.stdout, self._process.stderr
        # Popen has made all three.
        self._writing, self._reading, self._errors = (
            stream.fileno() for stream in streams if stream
        )
        for descriptor in (self._writing, self._reading):
            os.set_blocking(descriptor, False)
        self._drainer = threading.Thread(target=self._drain, name="worker-log", daemon=True)
        self._drainer.start()

    @property
    def pid(self) -> int:
        """The worker's process id, which is also its group's."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """The last lines of what the worker printed, control characters removed."""
        return "\n".join(self._log)

    def send(
        self,
        fields: Fields,
        payload: bytes | memoryview = b"",
        *,
        timeout_s: float,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Send a message.

        Args:
            fields: its JSON object, with `kind`.
            payload: the bytes after it.
            timeout_s: longest time in which the worker may take nothing.
            check: called while waiting; what it raises ends the waiting, and with it the connection's use.

        Raises:
            WorkerFailure: see the class.
        """
        whole = memoryview(payload).cast("B")
        for part in (memoryview(message_head(fields, len(whole))), whole):
            left = part
            while left:
                self._wait(self._writing, select.POLLOUT, timeout_s, check)
                try:
                    left = left[os.write(self._writing, left) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise self._died() from error

    def receive(
        self,
        *,
        timeout_s: float,
        most_bytes: int = 0,
        check: Callable[[], None] = lambda: None,
    ) -> tuple[Fields, bytes]:
        """Wait for a message.

        Args:
            timeout_s: longest time in which the worker may send nothing.
            most_bytes: longest payload that the caller can use.
            check: called while nothing has come yet; what it raises ends the waiting.

        Raises:
            WorkerFailure: see the class.
        """
        self._wait(self._reading, select.POLLIN, timeout_s, check)
        try:
            field_bytes, payload_bytes = lengths_of(self._read(HEAD.size, timeout_s))
            if payload_bytes > most_bytes:
                raise ProtocolError(f"{payload_bytes} bytes where at most {most_bytes} can come")
            fields = fields_of(self._read(field_bytes, timeout_s))
        except ProtocolError as error:
            raise WorkerFailure("garbage", str(error)) from error
        return fields, self._read(payload_bytes, timeout_s)

    def stop(self) -> None:
        """Ask the worker to end, and end it where it doesn't; harmless when it has ended."""
        with contextlib.suppress(WorkerFailure, subprocess.TimeoutExpired):
            self.send({"kind": "stop"}, timeout_s=_STOP_WAIT_S)
            self._process.wait(_STOP_WAIT_S)
        self.kill()

    def kill(self) -> None:
        """End the worker and everything that it started; harmless when it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_WAIT_S)
        self._drainer.join(_LAST_LOG_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _read(self, size: int, timeout_s: float) -> bytes:
        buffer = bytearray(size)
        left = memoryview(buffer)
        while left:
            self._wait(self._reading, select.POLLIN, timeout_s, lambda: None)
            with contextlib.suppress(BlockingIOError):
                got = os.readv(self._reading, [left])
                if not got:
                    raise self._died()
                left = left[got:]
        return bytes(buffer)

    def _wait(
        self, descriptor: int, event: int, timeout_s: float, check: Callable[[], None]
    ) -> None:
        """Wait until the pipe is ready for the event, or closed at the other end."""
        poll = select.poll()
        poll.register(descriptor, event)
        deadline_s = time.monotonic() + timeout_s
        while not poll.poll(_POLL_S * 1000):
            check()
            if time.monotonic() > deadline_s:
                raise WorkerFailure("silent", f"nothing for {timeout_s:g} s")

    def _died(self) -> WorkerFailure:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_LOG_S)
        self._drainer.join(_LAST_LOG_S)
        return WorkerFailure("died", f"exit code {self._process.poll()}")

    def _drain(self) -> None:
        """Keep the last lines of stderr; a worker must never wait for its log to be read."""
        line = b""
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._errors, 1 << 16):
                *whole, line = (line + chunk).replace(b"\r", b"\n").split(b"\n")
                line = line[:_LINE_BYTES]
                self._keep(whole)
        self._keep([line])

    def _keep(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            text = _UNPRINTABLE.sub("", line[:_LINE_BYTES].decode("ascii", "replace")).strip()
            if text:
                self._log.append(text)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    # A worker gets its weights from us; nothing may be fetched in a job.
    return {**kept, "HF_HUB_OFFLINE": "1"}
