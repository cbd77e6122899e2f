"""Where the records of jobs and workers are kept: the interface, and its home in files of the workspace."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel

from pipeline.storage.files import exclusive, write_atomically
from pipeline.workers.records import Heartbeat, JobRecord, Order, Step, WorkerRecord
from utils.errors import StoreUnavailable
from utils.partial_names import own_partial_path

logger = logging.getLogger(__name__)

PARTIAL_KEPT_S = 3600.0
"""Age at which a file goes that a killed process left half-written, in seconds; each is written in a moment."""
_PARTIAL_NAME = re.compile(r".+\.partial-[0-9a-f]{12}(\.json)?")
RETRY_S = 0.5
"""Seconds between two tries to reach a store."""

Opened = TypeVar("Opened")
Stored = TypeVar("Stored", bound=BaseModel)


class JobStore(Protocol):
    """Records of jobs, their heartbeats, and the workers; any thread and any process may use it.

    Every method raises `StoreUnavailable` where the store can't be read: nothing is known then, and nobody
    may conclude that a worker is dead.
    """

    def begin(self, version: str) -> None:
        """Note the version that workers must have; called by the page's process at its start."""

    def version(self) -> str:
        """Return the page's version; "" before a page was started."""

    def put(self, record: JobRecord) -> None:
        """Add a job, or replace what is known of it."""

    def read(self, job_id: str) -> JobRecord | None:
        """Return a job's newest record, None where it is unknown."""

    def change(self, job_id: str, step: Step) -> JobRecord | None:
        """Take a step in one indivisible change; return the new record, None where it can't be taken."""

    def records(self) -> list[JobRecord]:
        """Return all jobs, oldest first."""

    def forget(self, job_id: str) -> None:
        """Remove a job and its heartbeats."""

    def put_heartbeat(self, job_id: str, heartbeat: Heartbeat) -> None:
        """Replace a job's newest heartbeat."""

    def heartbeat(self, job_id: str) -> Heartbeat | None:
        """Return a job's newest heartbeat."""

    def announce(self, worker: WorkerRecord) -> None:
        """Replace what is known of a worker."""

    def dismiss(self, name: str) -> None:
        """Forget a worker that ends."""

    def workers(self) -> list[WorkerRecord]:
        """Return the workers that announced themselves; some of them may be dead."""

    def put_order(self, name: str, order: Order) -> None:
        """Note what an administrator wants of a worker."""

    def order(self, name: str) -> Order:
        """Return what is wanted of a worker."""


class FileJobStore:
    """The store of one machine, as files of the workspace; it survives a restart of everything."""

    def __init__(self, workspace_dir: Path) -> None:
        self._folder = workspace_dir / "jobs"
        for name in ("records", "beats", "workers", "orders"):
            (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def begin(self, version: str) -> None:
        """Note the version; workers that are there announce themselves again."""
        for path in (self._folder / "workers").iterdir():
            path.unlink(missing_ok=True)
        write_atomically(self._folder / "version", version.encode())

    def version(self) -> str:
        """Return the page's version."""
        try:
            return (self._folder / "version").read_text()
        except FileNotFoundError:
            return ""

    def put(self, record: JobRecord) -> None:
        """Add a job, or replace what is known of it."""
        with exclusive(self._folder / ".lock"):
            self._write(record)

    def read(self, job_id: str) -> JobRecord | None:
        """Return a job's newest record."""
        return _read(self._record_path(job_id), JobRecord)

    def change(self, job_id: str, step: Step) -> JobRecord | None:
        """Take a step under the store's lock."""
        with exclusive(self._folder / ".lock"):
            known = self.read(job_id)
            changed = None if known is None else step(known)
            if changed is not None:
                self._write(changed)
            return changed

    def records(self) -> list[JobRecord]:
        """Return all jobs, oldest first."""
        return sorted(_read_all(self._folder / "records", JobRecord), key=_age)

    def forget(self, job_id: str) -> None:
        """Remove a job and its heartbeats."""
        with exclusive(self._folder / ".lock"):
            self._record_path(job_id).unlink(missing_ok=True)
            for path in (self._folder / "beats").glob(f"{job_id}.*"):
                path.unlink(missing_ok=True)

    def put_heartbeat(self, job_id: str, heartbeat: Heartbeat) -> None:
        """Replace a job's newest heartbeat; what a power cut loses of it does not matter."""
        # A worker that was only silent may still speak of an earlier attempt, at the same time.
        _replace(self._heartbeat_path(job_id), heartbeat)

    def heartbeat(self, job_id: str) -> Heartbeat | None:
        """Return a job's newest heartbeat."""
        return _read(self._heartbeat_path(job_id), Heartbeat)

    def announce(self, worker: WorkerRecord) -> None:
        """Replace what is known of a worker."""
        _replace(self._folder / "workers" / f"{worker.name}.json", worker)

    def dismiss(self, name: str) -> None:
        """Forget a worker that ends."""
        (self._folder / "workers" / f"{name}.json").unlink(missing_ok=True)
        self._order_path(name).unlink(missing_ok=True)

    def workers(self) -> list[WorkerRecord]:
        """Return the workers that announced themselves."""
        return _read_all(self._folder / "workers", WorkerRecord)

    def put_order(self, name: str, order: Order) -> None:
        """Note what an administrator wants of a worker."""
        write_atomically(self._order_path(name), order.value.encode())

    def order(self, name: str) -> Order:
        """Return what is wanted of a worker."""
        try:
            return Order(self._order_path(name).read_text())
        except FileNotFoundError:
            return Order.WORK

    def _write(self, record: JobRecord) -> None:
        write_atomically(self._record_path(record.id), record.model_dump_json().encode("utf-8"))

    def _record_path(self, job_id: str) -> Path:
        return self._folder / "records" / f"{job_id}.json"

    def _order_path(self, name: str) -> Path:
        return self._folder / "orders" / name

    def _heartbeat_path(self, job_id: str) -> Path:
        return self._folder / "beats" / f"{job_id}.json"


def _age(record: JobRecord) -> float:
    return record.submitted_at_s


def _read(path: Path, kind: type[Stored]) -> Stored | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None


def _read_all(folder: Path, kind: type[Stored]) -> list[Stored]:
    found = (_read(path, kind) for path in sorted(folder.glob("*.json")) if _is_whole(path))
    return [item for item in found if item is not None]


def _is_whole(path: Path) -> bool:
    return ".partial" not in path.name


def _replace(path: Path, value: BaseModel) -> None:
    temporary = own_partial_path(path)
    temporary.write_bytes(value.model_dump_json().encode("utf-8"))
    os.replace(temporary, path)


def sweep_partials(workspace_dir: Path, now_s: float) -> int:
    """Remove what killed processes left half-written in a workspace's store of files; return how many files went.

    Args:
        now_s: the time to compare with, in seconds since the epoch.
    """
    removed = 0
    for path in (workspace_dir / "jobs").rglob("*.partial-*"):
        try:
            is_old = now_s - path.lstat().st_mtime > PARTIAL_KEPT_S
            if is_old and _PARTIAL_NAME.fullmatch(path.name):
                path.unlink()
                removed += 1
        except OSError:
            continue
    return removed


def reached(open_store: Callable[[], Opened], within_s: float) -> Opened:
    """Open what may be restarting just now, as often as it takes.

    Raises:
        StoreUnavailable: it can't be reached within these seconds.
    """
    deadline_s = time.monotonic() + within_s
    is_first = True
    while True:
        try:
            return open_store()
        except StoreUnavailable as error:
            if time.monotonic() > deadline_s:
                raise
            if is_first:
                logger.warning("%s; trying again for %g s", error, within_s)
            is_first = False
        time.sleep(RETRY_S)
