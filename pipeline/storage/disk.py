"""Whether the disk has space, before and during a job; it deletes nothing."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.errors import NotEnoughDisk

MEGABYTE = 1024 * 1024

CHECK_INTERVAL_S = 1.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def check_before(
    folder: Path, needed_bytes: int, reserve_bytes: int, code: str = "job.disk_before"
) -> None:
    """Refuse a job, or with another code something else, that would leave less than the reserve.

    Raises:
        NotEnoughDisk: with the numbers.
    """
    free_bytes = shutil.disk_usage(existing_parent(folder)).free
    if free_bytes - needed_bytes < reserve_bytes:
        raise NotEnoughDisk(
            code,
            needed_mb=-(-needed_bytes // MEGABYTE),
            free_mb=free_bytes // MEGABYTE,
            reserve_mb=reserve_bytes // MEGABYTE,
        )


def is_full(error: BaseException) -> bool:
    """Return whether the system refused to write because the disk, the quota or the file-size limit is reached."""
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def translate_disk_full(folder: Path, code: str = "job.disk_full") -> Iterator[None]:
    """Turn the system's "no space left" into the error for users.

    Raises:
        NotEnoughDisk: the disk, the quota or the file-size limit is reached.
    """
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        free_mb = shutil.disk_usage(existing_parent(folder)).free // MEGABYTE
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
        free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes < self._floor_bytes:
            raise NotEnoughDisk("job.disk_during", free_mb=free_bytes // MEGABYTE)
