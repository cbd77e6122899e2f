"""Ends a command at a signal: a running job at its next frame, anything else at once; knows no pipeline."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from utils.errors import Cancelled

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


class Stopper:
    """Handles signals inside its `with` block: Ctrl+C cancels, SIGTERM and SIGHUP interrupt.

    A running job stops at its next frame. Where that takes longer than the grace, at a second signal,
    and where no job runs, `Cancelled` is raised wherever the main thread is.

    Args:
        grace_s: seconds a job has to reach its next frame.
    """

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._interrupt: Callable[[], None] = lambda: None
        self._cancel: threading.Event | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @contextmanager
    def job(self, cancel: threading.Event, interrupt: Callable[[], None]) -> Iterator[None]:
        """Let signals stop the job that runs inside the block.

        Args:
            cancel: set to have the job stop.
            interrupt: called first where the process is being stopped, not just the job.
        """
        self._cancel, self._interrupt = cancel, interrupt
        try:
            yield
        finally:
            self._cancel = None
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_signal(self, number: int, frame: object) -> None:
        if number in (signal.SIGTERM, signal.SIGHUP):
            self._interrupt()
        if self._cancel is None or self._cancel.is_set():
            raise Cancelled
        self._cancel.set()
        signal.setitimer(signal.ITIMER_REAL, self._grace_s)
