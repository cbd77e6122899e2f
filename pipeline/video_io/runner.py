"""Child processes that touch untrusted bytes: limits, their own group, a bounded log, and an end in every case."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.errors import Cancelled

LOG_LINES = 40
LINE_BYTES = 2000
PIPE_BYTES = 1024 * 1024
"""Asked for each pipe: fewer switches between us and the child."""
_READ_BYTES = 64 * 1024
"""Most that is taken from a pipe at a time."""
POLL_S = 0.25
KILL_WAIT_S = 5.0
LAST_LOG_S = 1.0
_CONTROL = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: CPU seconds over all threads, address space, and seconds without progress."""

    cpu_s: int
    address_bytes: int = 6 * 1024**3
    stall_s: float = 30.0
    open_files: int = 64


class ChildStuckError(Exception):
    """The child made no progress in the time allowed."""


class Child:
    """One running child: argv only, no shell, no stdin, a minimal environment, its own session.

    Args:
        argv: program and arguments.
        limits: enforced by the kernel (CPU, memory, files) and by the calls that wait for its pipes (progress).
        stop: set it to have waiting calls raise `Cancelled`.
        on_line: gets every line of the child's stderr, in a thread of its own.
        side_pipes: how many more pipes the child may write to; `SIDE_PIPES` stand for them in argv.
    """

    def __init__(
        self,
        argv: Sequence[str],
        limits: Limits,
        *,
        stop: threading.Event | None = None,
        on_line: Callable[[str], None] | None = None,
        side_pipes: int = 0,
    ) -> None:
        self._limits = limits
        self._stop = stop
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._on_line = on_line
        self._process, self.sides = _start(argv, side_pipes)
        self._apply_limits()
        pipe = self._process.stdout
        if pipe is None:
            raise RuntimeError("the child has no stdout")
        self.stdout = pipe.fileno()
        for reading in (self.stdout, *self.sides):
            with contextlib.suppress(OSError, AttributeError):
                fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._drainer = threading.Thread(target=self._drain, name="ffmpeg-log", daemon=True)
        self._drainer.start()

    @property
    def pid(self) -> int:
        """The child's process id, which is also its group's."""
        return self._process.pid

    @property
    def log(self) -> str:
        """The last lines of stderr so far, control characters removed."""
        return "\n".join(self._log)

    def last_log(self) -> str:
        """Return the last lines of stderr once it has ended, which may be after the end of a pipe."""
        self._drainer.join(LAST_LOG_S)
        return self.log

    def _apply_limits(self) -> None:
        """Set the limits right after the start: a hook between fork and exec is not thread-safe."""
        if not hasattr(resource, "prlimit"):
            return
        limits = {
            resource.RLIMIT_CPU: self._limits.cpu_s,
            resource.RLIMIT_AS: self._limits.address_bytes,
            resource.RLIMIT_NOFILE: self._limits.open_files,
            resource.RLIMIT_CORE: 0,
        }
        for kind, value in limits.items():
            with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
                resource.prlimit(self._process.pid, kind, (value, value))

    def _drain(self) -> None:
        pipe = self._process.stderr
        if pipe is None:
            return
        buffered = b""
        while chunk := pipe.read(65536):
            *lines, buffered = (buffered + chunk).split(b"\n")
            for line in lines:
                self._take_line(line[:LINE_BYTES])
            buffered = buffered[:LINE_BYTES]
        if buffered:
            self._take_line(buffered)

    def _take_line(self, raw: bytes) -> None:
        line = _CONTROL.sub("", raw.decode("ascii", "replace"))
        if self._on_line is not None:
            self._on_line(line)
        self._log.append(line)

    def wait_readable(self, descriptor: int) -> None:
        """Wait until the descriptor has bytes or is at its end.

        Raises:
            ChildStuckError: nothing came in the time allowed.
            Cancelled: the stop event was set meanwhile.
        """
        self._readable([descriptor])

    def _readable(self, descriptors: Sequence[int]) -> list[int]:
        """Wait until any of the descriptors has bytes or is at its end; return those."""
        deadline_s = time.monotonic() + self._limits.stall_s
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while not (ready := poll.poll(POLL_S * 1000)):
            if self._stop is not None and self._stop.is_set():
                raise Cancelled
            if time.monotonic() > deadline_s:
                raise ChildStuckError(self.log)
        return [descriptor for descriptor, _ in ready]

    def read_into(self, buffer: memoryview) -> int:
        """Fill the buffer from stdout; return the bytes read, fewer only at the end.

        Raises:
            ChildStuckError, Cancelled: see `wait_readable`.
        """
        filled = 0
        while filled < len(buffer):
            self.wait_readable(self.stdout)
            got = os.readv(self.stdout, [buffer[filled:]])
            if got == 0:
                break
            filled += got
        return filled

    def read_all(self, wanted: Mapping[int, Sequence[memoryview]]) -> bool:
        """Fill each pipe's buffers one after the other, in whatever order the child writes; False at the end.

        Raises:
            ChildStuckError, Cancelled: see `wait_readable`.
        """
        left = {descriptor: list(buffers) for descriptor, buffers in wanted.items()}
        while left:
            for descriptor in self._readable(list(left)):
                got = os.readv(descriptor, left[descriptor])
                if got == 0:
                    return False
                left[descriptor] = _after(left[descriptor], got)
                if not left[descriptor]:
                    del left[descriptor]
        return True

    def read_some(self, descriptor: int) -> bytes:
        """Return the next bytes of a pipe, b"" at its end; raises as `wait_readable`."""
        self.wait_readable(descriptor)
        return os.read(descriptor, _READ_BYTES)

    def wait(self, timeout_s: float) -> int:
        """Wait for the child's own end and return its exit code.

        Raises:
            ChildStuckError: it did not end in time.
        """
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ChildStuckError(self.log) from error
        self._drainer.join(KILL_WAIT_S)
        return code

    def close(self) -> None:
        """End the child and everything it started; harmless when it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_WAIT_S)
        self._drainer.join(KILL_WAIT_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        while self.sides:
            os.close(self.sides.pop())

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


SIDE_PIPES = ("{side0}", "{side1}", "{side2}")
"""Stand in an argument list for further pipes the child writes to."""


def _after(buffers: list[memoryview], filled: int) -> list[memoryview]:
    """Return what is left of buffers, one after the other, of which so many bytes were filled."""
    for place, buffer in enumerate(buffers):
        if filled < len(buffer):
            return [buffer[filled:], *buffers[place + 1 :]]
        filled -= len(buffer)
    return []


FILE_PREFIX = "file:"
"""Stands before each path in an argument list that FFmpeg, or the header worker, opens."""


def _start(argv: Sequence[str], side_pipes: int) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start the child; return it with the descriptors that its further pipes are read from."""
    sides: list[int] = []
    write_ends: list[int] = []
    arguments = list(argv)
    for name in SIDE_PIPES[:side_pipes]:
        read_end, write_end = os.pipe()
        sides.append(read_end)
        write_ends.append(write_end)
        arguments = [item.replace(name, f"pipe:{write_end}") for item in arguments]
    folder, arguments = _by_relative_names(arguments)
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            start_new_session=True,
            pass_fds=tuple(write_ends),
        )
    except BaseException:
        for side in sides:
            os.close(side)
        raise
    finally:
        for write_end in write_ends:
            os.close(write_end)
    return process, sides


def _by_relative_names(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return a working folder and the arguments with their files named relative to it.

    Every account of a machine can read the arguments of every process, and a session's folder is
    named by its key.
    """
    paths = [item[len(FILE_PREFIX) :] for item in arguments if item.startswith(FILE_PREFIX + "/")]
    if not paths:
        return None, list(arguments)
    folder = os.path.commonpath([Path(path).parent for path in paths])
    if not Path(folder).is_dir():
        return None, list(arguments)
    relative = [
        FILE_PREFIX + os.path.relpath(item[len(FILE_PREFIX) :], folder)
        if item.startswith(FILE_PREFIX + "/")
        else item
        for item in arguments
    ]
    if os.sep in relative[0]:
        relative[0] = str(Path(relative[0]).absolute())
    return folder, relative


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
