"""Work on sessions one at a time, in the background: a thread that starts with the first of them."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from pipeline.session.session import Session
from utils.priority import give_way

logger = logging.getLogger(__name__)

STOP_WAIT_S = 3.0
"""Seconds that the worker has to end when the process stops."""
KEPT_FAILURES = 1000
"""Sessions whose failure is remembered; the oldest are forgotten first, and may be tried again."""


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
            try:
                self._make(session)
            except Exception:
                # The thread is for all sessions: one that fails must not end it.
                logger.exception("%s failed for session %s", self._name, session.id[:6])


class FailedSessions:
    """Sessions for which something could not be made, so that it is not tried again at each question."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def __contains__(self, session: Session) -> bool:
        return session.id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, session: Session) -> None:
        """Remember a session."""
        self._ids[session.id] = None
        while len(self._ids) > KEPT_FAILURES:
            del self._ids[next(iter(self._ids))]
