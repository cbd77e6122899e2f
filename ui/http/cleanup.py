"""Removes what uploads leave behind, and sessions past their age; runs as a thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from utils.heap import return_free_memory

logger = logging.getLogger(__name__)

PERIOD_S = 600.0
"""Seconds between two clean-ups."""
MEMORY_PERIOD_S = 60.0
"""Seconds after which free memory is given back."""
KEPT_S = 3600.0
"""Age at which an upload goes, in seconds; what a session needs was copied long before."""


def remove_old_uploads(folder: Path, older_than_s: float, now_s: float) -> int:
    """Remove files not changed for that long, and the folders they leave empty.

    Args:
        now_s: the time to compare with, in seconds since the epoch.

    Returns:
        How many files went. A file that vanishes meanwhile is no error.
    """
    removed = 0
    for path in sorted(folder.rglob("*"), reverse=True):
        try:
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()) and now_s - path.stat().st_mtime > older_than_s:
                    path.rmdir()
            elif now_s - path.lstat().st_mtime > older_than_s:
                path.unlink()
                removed += 1
        except OSError:
            continue
    return removed


def clean_up_periodically(
    folder: Path, clean_sessions: Callable[[], object], stop: threading.Event
) -> None:
    """Clean up now and every ten minutes until the event is set; give memory back every minute."""
    next_s = time.monotonic()
    while True:
        if time.monotonic() >= next_s:
            next_s += PERIOD_S
            try:
                remove_old_uploads(folder, KEPT_S, time.time())
                clean_sessions()
            except Exception:
                # Without this thread the disk would fill: whatever fails once is tried again.
                logger.warning("the clean-up failed; it is tried again later", exc_info=True)
        return_free_memory()
        if stop.wait(MEMORY_PERIOD_S):
            return
