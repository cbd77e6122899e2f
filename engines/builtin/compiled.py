"""Compiles a numeric loop with numba at its first call, never at import."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled on first use, without the GIL, its machine code cached on disk.

    Such a function may call no other compiled function: each is one plain loop over arrays.
    """
    lock = threading.Lock()
    ready: list[Callable[P, R]] = []

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not ready:
            with lock:
                if not ready:
                    ready.append(_compile(function))
        return ready[0](*args, **kwargs)

    return call


def _compile(function: Callable[P, R]) -> Callable[P, R]:
    import numba

    options: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # No folder to cache in is writable: compile for this process alone.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
