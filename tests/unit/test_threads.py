"""What is handed from thread to thread is held by nobody who is done with it."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator

from pipeline.video_io.threads import Worker
from utils.prefetch import Prefetch


class Large:
    """Stands for a frame."""


def is_let_go(item: Callable[[], object]) -> bool:
    deadline_s = time.monotonic() + 5
    while item() is not None and time.monotonic() < deadline_s:
        time.sleep(0.001)
    return item() is None


def test_what_was_read_is_not_held_while_the_next_is_made() -> None:
    may_go_on = threading.Event()

    def make() -> Iterator[Large]:
        yield Large()
        may_go_on.wait(10)

    items = Prefetch(make, 2, "test")
    taken = weakref.ref(next(items))
    is_free = is_let_go(taken)
    may_go_on.set()
    items.close()
    assert is_free


def test_what_was_written_is_not_held_while_waiting_for_more() -> None:
    written = threading.Event()
    worker: Worker[Large] = Worker(lambda item: written.set(), 2, "test")
    item = Large()
    given = weakref.ref(item)
    worker.put(item)
    del item
    assert written.wait(5)
    is_free = is_let_go(given)
    worker.close()
    assert is_free
