"""Runs a generator in a thread of its own, a few items ahead of whoever reads it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class _End(Generic[T]):
    """What the queue ends with: the error that stopped the maker, if any."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(make: Callable[[], Iterator[T]], depth: int = 2) -> Iterator[T]:
    """Yield what `make()` yields, made in another thread at most `depth` items ahead.

    An exception of the maker is raised here. Closing this generator stops and joins the thread.
    """
    items: queue.Queue[T | _End[T]] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: T | _End[T]) -> None:
        while not stop.is_set():
            try:
                items.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        error: BaseException | None = None
        source = make()
        try:
            for item in source:
                put(item)
                if stop.is_set():
                    break
        except BaseException as problem:
            error = problem
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            put(_End(error))

    thread = threading.Thread(target=work, name="builtin-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = items.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        thread.join()
