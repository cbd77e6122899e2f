"""How pipeline kernels are compiled; import it inside functions only, since numba is slow to load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """Compile without the interpreter lock, kept on disk where a cache folder can be written."""
    try:
        return cast("Kernel", numba.njit(nogil=True, cache=True, fastmath=True)(function))
    except RuntimeError:
        return cast("Kernel", numba.njit(nogil=True, fastmath=True)(function))
