"""Work on sessions one at a time, in the background: a thread that starts with the first of them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from pipeline.session.session import Session
from utils.priority import give_way

STOP_WAIT_S = 3.0
"""Seconds that the worker has to end when the process stops."""


class SessionWorker:
    """Calls `make` for each session that is put in, at a lower priority.

    Args:
        name: the thread's.
        make: ends early once `stopping` is set.
        newest_first: take the session put in last before those that wait.
    """

    def __init__(
        self, name: str, make: Callable[[Session], None], *, newest_first: bool = False
    ) -> None:
        self._name = name
        self._make = make
        kind = queue.LifoQueue if newest_first else queue.Queue
        self._waiting: queue.Queue[Session | None] = kind()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stopping = threading.Event()

    def put(self, session: Session) -> None:
        """Have the session worked on."""
        with self._lock:
            self._waiting.put(session)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Ask the worker to stop, also in the middle of a session."""
        self.stopping.set()
        self._waiting.put(None)

    def close(self) -> None:
        """Stop, and wait for the worker; nothing unfinished is left."""
        self.stop()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _work(self) -> None:
        give_way()
        while not self.stopping.is_set():
            session = self._waiting.get()
            if session is None:
                return
            self._make(session)
