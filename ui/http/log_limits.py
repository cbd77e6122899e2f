"""Keeps a flood of equal log lines from filling the disk."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

LINES = 30
"""Lines of one kind that are written within a window."""
WINDOW_S = 60.0
"""Seconds of a window."""
MOST_KINDS = 500
"""Kinds of lines that are told apart; more are counted as one."""


class RepeatFilter(logging.Filter):
    """Lets the first lines of a kind through in each window, and then says how many were left out.

    A kind is a logger with one message template, before values are filled in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written."""
        now_s = self._clock()
        with self._lock:
            kind = (record.name, str(record.msg)[:200])
            if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
                self._forget_old(now_s)
                if len(self._kinds) >= MOST_KINDS:
                    kind = ("", "")
            began_s, count = self._kinds.get(kind, (now_s, 0))
            left_out = count - LINES
            if now_s - began_s > WINDOW_S:
                began_s, count = now_s, 0
                if left_out > 0:
                    record.msg = f"{record.getMessage()} ({left_out} more like this were left out)"
                    record.args = ()
            self._kinds[kind] = (began_s, count + 1)
            return count < LINES

    def _forget_old(self, now_s: float) -> None:
        for kind, (began_s, _) in list(self._kinds.items()):
            if now_s - began_s > WINDOW_S:
                del self._kinds[kind]
