"""Which page has a job that waits, told from its file in the workspace: it is locked for as long as that page lives."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.storage.files import is_locked, try_lock

_PREFIX, _SUFFIX = ".page-", ".lock"


class PageMark:
    """The mark of this process, made with the first use of `name`, and a look at those of others."""

    def __init__(self, workspace_dir: Path) -> None:
        self._folder = workspace_dir
        self._name = ""
        self._lock: int | None = None

    @property
    def name(self) -> str:
        """The name of this page; with the first use of it, by one thread, the page is there for others.

        Raises:
            OSError: the workspace can't be written.
        """
        while self._lock is None:
            name = secrets.token_hex(12)
            lock = try_lock(self._path(name))
            # Between making the file and locking it somebody may have taken it for left over.
            if lock is not None and os.fstat(lock).st_nlink:
                self._name, self._lock = name, lock
            elif lock is not None:
                os.close(lock)
        return self._name

    def is_other(self, name: str | None) -> bool:
        """Return whether another page of that name lives."""
        return name != self._name and self.is_living(name)

    def are_others(self) -> bool:
        """Return whether another page lives; from now on this one is there for others.

        Raises:
            OSError: the workspace can't be written.
        """
        own = self._path(self.name)
        return any(path != own and is_locked(path) for path in self._marks())

    def is_living(self, name: str | None) -> bool:
        """Return whether the page of that name lives, this one or another."""
        path = self._path(name or "")
        return bool(name) and path.is_file() and is_locked(path)

    def sweep(self) -> None:
        """Remove the files of pages that were killed."""
        for path in self._marks():
            lock = try_lock(path)
            if lock is not None:
                path.unlink(missing_ok=True)
                os.close(lock)

    def end(self) -> None:
        """Leave what waits to others."""
        if self._lock is None:
            return
        with suppress(OSError):
            self._path(self._name).unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def _marks(self) -> Iterator[Path]:
        return self._folder.glob(f"{_PREFIX}*{_SUFFIX}")

    def _path(self, name: str) -> Path:
        return self._folder / f"{_PREFIX}{name}{_SUFFIX}"
