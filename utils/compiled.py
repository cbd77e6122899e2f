"""Numeric loops compiled with numba: lazily at the first call, or at once for modules that are imported lazily."""

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
                    ready.append(compile_now(function, error_model="numpy"))
        return ready[0](*args, **kwargs)

    return call


def compile_now(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    """Return the function compiled without the GIL, its machine code cached on disk where possible.

    Importing a module that uses this as a decorator loads numba: import such a module inside
    functions only. Functions compiled this way may call each other.

    Args:
        options: further options of `numba.njit`.
    """
    import numba

    options = {"nogil": True, "fastmath": True, **options}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # No folder to cache in is writable: compile for this process alone.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
