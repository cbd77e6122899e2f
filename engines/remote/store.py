"""Where tickets and results of services lie: one folder of the workspace, by a fingerprint of what was sent.

Not in a session: a job may be tried again by another worker process, on another copy of its session, and must
find what the first one sent. What was not used for as long as an idle session is kept goes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from utils.errors import Cancelled

_LOCK_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Store:
    """The folder; it may be shared by processes."""

    folder: Path

    @classmethod
    def of(cls, workspace_dir: Path) -> Store:
        """Return that of a workspace."""
        return cls(workspace_dir / "remote")

    @property
    def tickets(self) -> Path:
        """What is known of unfinished jobs."""
        return self._made("tickets")

    @property
    def results(self) -> Path:
        """What came back."""
        return self._made("results")

    @contextmanager
    def packing(self) -> Iterator[Path]:
        """Lend a folder for what one run packs and unpacks."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._made("packing")) as made:
            yield Path(made)

    @contextmanager
    def submitting(self, fingerprint: str, cancel: threading.Event) -> Iterator[None]:
        """Let one of several runs of the same content look for a ticket and send, while the others wait."""
        path = self.tickets / f"{fingerprint}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(descriptor):
                if cancel.wait(_LOCK_POLL_S):
                    raise Cancelled
            yield
        finally:
            os.close(descriptor)

    def touch(self, result: Path) -> None:
        """Note that a result was used."""
        with contextlib.suppress(OSError):
            os.utime(result)

    def sweep(self, kept_s: float) -> None:
        """Remove what was not used for so many seconds."""
        before_s = time.time() - kept_s
        for entry in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                if entry.stat().st_mtime >= before_s:
                    continue
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink()

    def _made(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
