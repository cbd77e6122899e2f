"""Bounded hand-over to a thread that writes: everything arrives, and so does the exception."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
WAIT_S = 0.1


class _End:
    """Comes last through a queue."""


class Worker(Generic[Item]):
    """Feeds items to a function in a thread of its own, at most `depth` waiting."""

    def __init__(self, work: Callable[[Item], None], depth: int, name: str) -> None:
        self._work = work
        self._queue: queue.Queue[Item | _End] = queue.Queue(depth)
        self._failed = threading.Event()
        self._stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    item = self._queue.get(timeout=WAIT_S)
                except queue.Empty:
                    continue
                if isinstance(item, _End):
                    return
                self._work(item)
                # Not held while waiting for the next.
                del item
        except BaseException as caught:
            self.error = caught
        finally:
            self._failed.set()

    def put(self, item: Item) -> None:
        """Hand an item over, waiting while the queue is full.

        Raises:
            the worker's own exception, when it failed.
        """
        self._put(item)

    def _put(self, item: Item | _End) -> None:
        while True:
            if self._failed.is_set():
                self.raise_failure()
                raise RuntimeError("the worker has ended")
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=WAIT_S)
                return

    def raise_failure(self) -> None:
        """Raise what the worker failed with, if it did."""
        if self.error is not None:
            raise self.error

    def finish(self) -> None:
        """Wait until everything handed over is done; raises the worker's own exception."""
        self._put(_End())
        self._thread.join()
        self.raise_failure()

    def close(self) -> None:
        """Stop without doing what still waits."""
        self._stop.set()
        self._thread.join()
