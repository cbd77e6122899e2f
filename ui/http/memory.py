"""Gives freed memory back to the system; the C library keeps it otherwise, some for each thread."""

from __future__ import annotations

import contextlib
import ctypes

ARENAS = 4
"""Heaps that the C library may make; without a limit it makes up to eight for each core."""
_M_ARENA_MAX = -8


def limit_heaps() -> None:
    """Limit the heaps of the GNU C library; elsewhere nothing happens."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, ARENAS)


def return_free_memory() -> None:
    """Give free pages back; takes a few milliseconds."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
