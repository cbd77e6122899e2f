"""Bounded hand-over between threads: the end always arrives, and so does the exception."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
WAIT_S = 0.1


class _End:
    """Comes last through a queue, with the exception that ended the work, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Ahead(Generic[Item]):
    """Runs an iterator in a thread of its own, at most `depth` items ahead of the reader.

    Args:
        check: called while the reader waits; what it raises ends the waiting.
    """

    def __init__(
        self, source: Iterator[Item], depth: int, name: str, check: Callable[[], None]
    ) -> None:
        self._source = source
        self._check = check
        self._queue: queue.Queue[Item | _End] = queue.Queue(depth)
        self._stop = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._source:
                if not self._put(item):
                    break
        except BaseException as caught:
            error = caught
        finally:
            if isinstance(self._source, Generator):
                self._source.close()
            self._put(_End(error))

    def _put(self, item: Item | _End) -> bool:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=WAIT_S)
                return True
        return False

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        if self._ended:
            raise StopIteration
        item = self._get()
        if isinstance(item, _End):
            self._ended = True
            if item.error is not None:
                raise item.error
            raise StopIteration
        return item

    def _get(self) -> Item | _End:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=WAIT_S)
            self._check()

    def close(self) -> None:
        """Stop the thread and wait for it."""
        self._stop.set()
        self._thread.join()


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
