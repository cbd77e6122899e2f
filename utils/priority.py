"""Lets the calling thread give way to others where they want the same core."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

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
