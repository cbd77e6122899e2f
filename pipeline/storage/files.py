"""Writing files so that a crash leaves the old or the new one, never half; and file locks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.partial_names import own_partial_path

_LOCK_POLL_S = 0.02


def partial_path(path: Path) -> Path:
    """Return the name a file has while it is being written: `name.partial.ext`, same folder.

    For what has one writer at a time, as a job; `own_partial_path` is for the rest.
    """
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def fsync_folder(folder: Path) -> None:
    """Make renames in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file by the content; a reader sees the old bytes or the new ones, and several may write at once.

    Raises:
        OSError: the disk is full or not writable; the old file is untouched.
    """
    temporary = own_partial_path(path)
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Put the file at the target: a hard link on the same disk, else a copy; replaces a file."""
    temporary = own_partial_path(target)
    try:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)
        os.replace(temporary, target)
        # A rename over another name of the same file does nothing (POSIX, rename).
        temporary.unlink(missing_ok=True)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file, waiting for it; the kernel frees it at death."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_lock(path: Path, wait_s: float = 0.0) -> int | None:
    """Take the lock, waiting that long at most; return its descriptor to close, or None when it is held."""
    deadline_s = time.monotonic() + wait_s
    while True:
        descriptor = _flock(path, fcntl.LOCK_EX)
        if descriptor is not None or time.monotonic() >= deadline_s:
            return descriptor
        time.sleep(_LOCK_POLL_S)


def is_locked(path: Path) -> bool:
    """Return whether somebody holds the lock; several may ask at once without seeing each other."""
    descriptor = _flock(path, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _flock(path: Path, kind: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files below the folder; files that vanish meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file() and not path.is_symlink():
                total += path.stat().st_size
        except OSError:
            continue
    return total


def remove_all_but(folder: Path, kept: str) -> None:
    """Delete what is in a folder except the entry of that name, and the folder where nothing is left."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name == kept:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
