"""Lets background work give way to the clicks that people wait for."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator

LONGEST_WAIT_S = 2.0
"""Seconds that background work waits for clicks at a time: where they never end, it still goes on."""
CHECK_S = 0.1
"""Seconds between two looks at the cancel event meanwhile."""
NICENESS = 10
"""Added to the niceness of background work: a click that is being answered gets nine times the share."""


def give_way() -> None:
    """Lower the calling thread's priority for good, and that of threads and processes it starts.

    On Linux niceness belongs to a thread and is inherited; elsewhere it would take the whole process
    along, so nothing happens there.
    """
    if sys.platform != "linux":
        return
    own = threading.get_native_id()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + NICENESS)


class ClickPriority:
    """Knows whether a click is being answered; any thread may use it.

    A lower priority alone does not keep a job out of the way: its threads take turns with those of a
    click at holding the interpreter.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._clicks = 0

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Mark the time of the `with` block as that of a click."""
        with self._changed:
            self._clicks += 1
        try:
            yield
        finally:
            with self._changed:
                self._clicks -= 1
                self._changed.notify_all()

    def make_way(self, cancel: threading.Event) -> None:
        """Wait until no click is being answered or the event is set, at most `LONGEST_WAIT_S`."""
        if not self._clicks:
            return
        end_s = time.monotonic() + LONGEST_WAIT_S
        with self._changed:
            while self._clicks and not cancel.is_set() and time.monotonic() < end_s:
                self._changed.wait(CHECK_S)
