"""Objects kept on a worker's disk under their hashes, so that the clip of several jobs or parts is fetched once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from pathlib import Path

from pipeline.storage import disk
from pipeline.storage.files import link_or_copy
from pipeline.storage.object_store import ObjectStore
from utils.errors import NotEnoughDisk, ObjectMissing

LEFT_OVER_S = 24 * 3600.0
"""Age at which what a killed worker had half fetched goes, in seconds."""
_PIECE_BYTES = 1 << 20


class ObjectCache:
    """A folder of files named by their SHA-256; workers of one machine may share it.

    Args:
        limit_bytes: what it holds at most between jobs; the files used longest ago go first. What jobs have linked
            from here stays theirs.
        reserve_bytes: what is left free on the disk.
    """

    def __init__(self, folder: Path, limit_bytes: int, reserve_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._reserve_bytes = reserve_bytes
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(
        self,
        store: ObjectStore,
        name: str,
        digest: str,
        size_bytes: int,
        target: Path,
        cancel: threading.Event,
    ) -> None:
        """Put the object with this hash at the target, fetched where it is not here.

        Raises:
            ObjectMissing: the store has no such object, or another content under its name.
            NotEnoughDisk: the disk has no space for it.
            StoreUnavailable: the store can't be reached; the next try goes on from what is there.
            Cancelled: the event was set.
        """
        path = self._folder / digest
        if not self._has(path):
            disk.check_before(self._folder, size_bytes, self._reserve_bytes)
            fetch_checked(store, name, digest, size_bytes, path, cancel)
        link_or_copy(path, target)

    def trim(self) -> None:
        """Remove the files used longest ago, until the rest is within the limit."""
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                is_left_over = time.time() - stat.st_mtime > LEFT_OVER_S
                if ".partial" not in path.name:
                    found.append((stat.st_mtime, stat.st_size, path))
                elif is_left_over:
                    path.unlink()
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held <= self._limit_bytes:
                return
            path.unlink(missing_ok=True)
            held -= size

    @staticmethod
    def _has(path: Path) -> bool:
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True


def fetch_checked(
    store: ObjectStore,
    name: str,
    digest: str,
    size_bytes: int,
    path: Path,
    cancel: threading.Event,
) -> None:
    """Fetch an object to a file and compare its hash; errors as `ObjectCache.put`."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with disk.translate_disk_errors(path.parent):
            store.fetch(name, temporary, size_bytes, cancel)
        if sha256_of(temporary) != digest:
            raise ObjectMissing("objects.missing", store=store.shown, detail=f"{name} has changed")
    except (ObjectMissing, NotEnoughDisk):
        temporary.unlink(missing_ok=True)
        raise
    os.replace(temporary, path)


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()
