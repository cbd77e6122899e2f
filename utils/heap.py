"""Sets how much freed memory the GNU C library keeps for itself; elsewhere nothing happens."""

from __future__ import annotations

import contextlib
import ctypes

ARENAS = 4
"""Heaps that the C library may make; without a limit it makes up to eight for each core."""
_M_ARENA_MAX = -8
_M_MMAP_THRESHOLD = -3
_LARGEST_ON_HEAP = 32 << 20
"""Bytes up to which a block comes from a heap: the maps of a frame at 1080p, float32, are 8 to 25 MB."""
_M_TRIM_THRESHOLD = -1
_KEPT = 32 << 20
"""Free bytes at the end of a heap from which on they go back to the system."""


def limit_heaps() -> None:
    """Limit the number of heaps: each keeps free memory."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, ARENAS)


def keep_freed_blocks() -> None:
    """Keep freed blocks of a frame's size for the next frame.

    Given back, they would be mapped again page by page, a tenth of an engine's processor time.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_ON_HEAP)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def return_free_memory() -> None:
    """Give free pages back; takes a few milliseconds."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
