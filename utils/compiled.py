"""Numeric loops compiled with numba: lazily at the first call, or at once for modules that are imported lazily."""

from __future__ import annotations

import functools
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
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
        cached = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        # No folder to cache in is writable: compile for this process alone.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    _remove_unreadable_indexes(Path(cached.stats.cache_path), function)
    return cached  # type: ignore[no-any-return]


def _remove_unreadable_indexes(folder: Path, function: Callable[..., object]) -> None:
    """Remove indexes of a function's machine code that can't be unpickled.

    numba (0.68.1, `IndexDataCacheFile._load_index`) unpickles an index before it compares it with the source, and fails
    where a class in it has been renamed or moved since, as by an upgrade.
    """
    module = function.__module__.rpartition(".")[2]
    for index in folder.glob(f"{module}.{function.__qualname__}-*.nbi"):
        try:
            with index.open("rb") as file:
                pickle.load(file)  # The version of numba.
                pickle.load(file)
        except Exception:
            index.unlink(missing_ok=True)
