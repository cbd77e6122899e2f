"""Runs an iterator in a thread of its own, a few items ahead of whoever reads it.

The end always arrives, and so does the exception that ended the work.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
WAIT_S = 0.1
"""Seconds between two checks of the stop flag, or calls of `check`, while waiting."""


@contextlib.contextmanager
def ended(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """Yield the iterator, and end a generator that was not read to its end, with what it holds."""
    try:
        yield items
    finally:
        if isinstance(items, Generator):
            items.close()


class _End:
    """Comes last through the queue, with the exception that ended the work, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Prefetch(Generic[Item]):
    """Yields what `make()` yields, made in another thread at most `depth` items ahead.

    An exception of the maker is raised at `next`. `close` stops and joins the thread.

    Args:
        make: called in the thread; the iterator it returns is closed there.
        check: called while the reader waits; what it raises ends the waiting.
    """

    def __init__(
        self,
        make: Callable[[], Iterator[Item]],
        depth: int,
        name: str,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._make = make
        self._check = check
        self._queue: queue.Queue[Item | _End] = queue.Queue(depth)
        self._stop = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        error: BaseException | None = None
        source: Iterator[Item] | None = None
        try:
            source = self._make()
            for item in source:
                if not self._put(item):
                    break
                # Held no longer than its reader needs it.
                del item
        except BaseException as caught:
            error = caught
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
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


def ahead(make: Callable[[], Iterator[Item]], depth: int = 2) -> Iterator[Item]:
    """As `Prefetch`, as a generator: the thread starts at the first `next`, and closing stops it."""
    with contextlib.closing(Prefetch(make, depth, "prefetch")) as items:
        yield from items
