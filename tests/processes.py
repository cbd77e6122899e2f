"""The helper processes of the product that run below this one; browsers and servers don't count."""

from __future__ import annotations

import contextlib

import psutil

HELPERS = ("ffmpeg", "header_worker")


def helpers() -> list[psutil.Process]:
    """Return FFmpeg and header readers below this process that are still running."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            is_alive = process.status() != psutil.STATUS_ZOMBIE
            if is_alive and any(name in " ".join(process.cmdline()) for name in HELPERS):
                found.append(process)
    return found
