"""Whether the disk has space, before and during a job, and may be written; it deletes nothing."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.errors import DiskDenied, NotEnoughDisk

MEGABYTE = 1024 * 1024

CHECK_INTERVAL_S = 1.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})
"""No right, a read-only disk, or a file where a folder should be."""


def check_before(
    folder: Path, needed_bytes: int, reserve_bytes: int, code: str = "job.disk_before"
) -> None:
    """Refuse a job, or with another code something else, that would leave less than the reserve.

    Raises:
        NotEnoughDisk: with the numbers.
    """
    free = free_bytes(folder)
    if free - needed_bytes < reserve_bytes:
        raise NotEnoughDisk(
            code,
            needed_mb=-(-needed_bytes // MEGABYTE),
            free_mb=free // MEGABYTE,
            reserve_mb=reserve_bytes // MEGABYTE,
        )


def free_bytes(folder: Path) -> int:
    """Return what is free on the disk of a folder, which need not exist yet."""
    return shutil.disk_usage(existing_parent(folder)).free


def is_full(error: BaseException) -> bool:
    """Return whether the system refused to write because the disk, the quota or the file-size limit is reached."""
    return isinstance(error, OSError) and error.errno in _FULL


def is_denied(error: BaseException, folder: Path) -> bool:
    """Return whether the system refused to use the folder, what is in it, or one that it lies in."""
    if not isinstance(error, OSError) or error.errno not in _DENIED:
        return False
    if not isinstance(error.filename, str | Path):
        return False
    path, folder = Path(error.filename).absolute(), folder.absolute()
    return path.is_relative_to(folder) or folder.is_relative_to(path)


def denial(folder: Path) -> str:
    """Return why nothing can be written in a folder, which need not exist yet; "" where something can."""
    parent = existing_parent(folder)
    if not parent.is_dir():
        return os.strerror(errno.ENOTDIR)
    try:
        with tempfile.TemporaryFile(dir=parent):
            return ""
    except OSError as error:
        return error.strerror or str(error)


@contextmanager
def translate_disk_errors(folder: Path, code: str = "job.disk_full") -> Iterator[None]:
    """Turn the system's "no space left" and "denied" into the errors for users.

    Raises:
        NotEnoughDisk: the disk, the quota or the file-size limit is reached.
        DiskDenied: the folder can't be written.
    """
    try:
        yield
    except OSError as error:
        if is_denied(error, folder):
            reason = error.strerror or str(error)
            raise DiskDenied("job.disk_denied", reason=reason, detail=str(error)) from error
        if not is_full(error):
            raise
        free_mb = free_bytes(folder) // MEGABYTE
        raise NotEnoughDisk(code, free_mb=free_mb, detail=str(error)) from error


def existing_parent(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


class DiskWatch:
    """Stops a running job before the disk is full; checks once a second at most."""

    def __init__(self, folder: Path, floor_bytes: int) -> None:
        self._folder = folder
        self._floor_bytes = floor_bytes
        self._next_s = 0.0

    def check(self) -> None:
        """Check the free space.

        Raises:
            NotEnoughDisk: less than the floor is free.
        """
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + CHECK_INTERVAL_S
        free = free_bytes(self._folder)
        if free < self._floor_bytes:
            raise NotEnoughDisk("job.disk_during", free_mb=free // MEGABYTE)
