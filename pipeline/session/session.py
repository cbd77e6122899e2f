"""One session as a folder: its state file, written atomically, its locks and where its files lie."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.session.state import FIRST_TARGET, SessionState, SessionStatus
from pipeline.session.versions import parse_state
from pipeline.storage.files import exclusive, is_locked, try_lock, write_atomically
from pipeline.video_io import ClipInfo
from utils.errors import SessionError

LOCK_WAIT_S = 2.0
"""Seconds a worker waits for a job lock that a probe or a clean-up holds for a moment."""
_PROBE_S = 0.2
"""Seconds that outlast a probe of a job lock; who holds it longer runs a job."""
_RESERVE_NAME = "reserve.partial"
LIVE_NAME = "live.jpg"
_BESIDE_JOBS = frozenset(
    {
        *("session", "instances", "frames", "cuts", "playback", "quick_preview"),
        *("background", "clean_plate"),
    }
)
"""Entries of the folder, without their endings, that are written also while a job runs."""
SPARE_BYTES = 64 * 1024
"""Bytes reserved during a job beside those of the state file."""


def sessions_dir(workspace_dir: Path) -> Path:
    """Return where a workspace has its sessions, a folder each."""
    return workspace_dir / "sessions"


class Session:
    """One session's folder; its state is read from disk at each use, so no copy goes stale."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        """The unguessable key."""
        return self.folder.name

    @property
    def state(self) -> SessionState:
        """The state on disk.

        Raises:
            SessionError: the state file is missing or damaged, or a newer SplazMatte wrote it.
        """
        path = self.folder / "session.json"
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise SessionError("job.session_unknown") from error
        except OSError as error:
            raise SessionError("job.session_damaged", detail=str(error)) from error
        return parse_state(content)

    @property
    def source(self) -> Path:
        """The uploaded clip."""
        return self.folder / self.state.source

    @property
    def clip(self) -> ClipInfo:
        """What is known of the clip.

        Raises:
            SessionError: the session is damaged.
        """
        clip = self.state.clip
        if clip is None:
            raise SessionError("job.session_damaged")
        return clip

    @property
    def master(self) -> Path:
        """The exact alpha of the last job, before edge controls."""
        return self.folder / "alpha_master.nut"

    @property
    def background_picture(self) -> Path:
        """Where the session's own background lies, if it has one."""
        return self.folder / "background.png"

    @property
    def clean_plate(self) -> Path:
        """Where the user's picture of the scene without the target lies, if there is one."""
        return self.folder / "clean_plate.png"

    @property
    def live_picture(self) -> Path | None:
        """The newest matted frame of the last job; None before there is one."""
        path = self.folder / LIVE_NAME
        return path if path.is_file() else None

    def forget_live_picture(self) -> None:
        """Remove the former job's newest frame, which the next one would be shown with until its own first."""
        (self.folder / LIVE_NAME).unlink(missing_ok=True)

    @property
    def playback_clip(self) -> Path:
        """A small clip of the source for the page to play."""
        return self.folder / "playback.mp4"

    @property
    def quick_preview_clip(self) -> Path:
        """A small clip of the source, matted without a mark, for the page to play."""
        return self.folder / "quick_preview.mp4"

    @property
    def quick_preview_picture(self) -> Path:
        """The newest frame of that clip while it is made."""
        return self.folder / "quick_preview.jpg"

    @property
    def cuts_path(self) -> Path:
        """Where the frames that begin a new scene are kept, as a JSON list."""
        return self.folder / "cuts.json"

    @property
    def cache_dir(self) -> Path:
        """Where an engine that can resume keeps its work."""
        return self.folder / "cache"

    @property
    def kept_cache_dir(self) -> Path:
        """The part of it that outlives a job, for corrections and reruns."""
        return self.cache_dir / "kept"

    @property
    def versions_dir(self) -> Path:
        """Where earlier results lie, a folder each."""
        return self.folder / "versions"

    @property
    def masks_dir(self) -> Path:
        """Tracked masks, one PNG a frame."""
        return self.folder / "masks"

    def write(self, state: SessionState) -> None:
        """Replace the state file."""
        write_atomically(
            self.folder / "session.json", state.model_dump_json(indent=1).encode("utf-8")
        )

    def update(self, **changes: Any) -> SessionState:
        """Change fields of the state, read and written under one lock; return the new state."""
        return self.transform(lambda state: state.model_copy(update=changes))

    def transform(self, change: Callable[[SessionState], SessionState]) -> SessionState:
        """Replace the state by `change(state)` under the session's lock; return the new state.

        Raises:
            SessionError: the session was removed, or its state can't be read.
            OSError: the disk is full; the state is as it was.
        """
        try:
            with exclusive(self.folder / ".state.lock"):
                state = change(self.state).model_copy(update={"updated_at_s": time.time()})
                self.write(state)
        except FileNotFoundError as error:
            raise SessionError("job.session_unknown") from error
        return state

    @contextmanager
    def masks_lock(self) -> Iterator[None]:
        """Hold the masks of the keyframes still, against another click or a job that reads them."""
        if not self.folder.is_dir():
            raise SessionError("job.session_unknown")
        with exclusive(self.folder / ".masks.lock"):
            yield

    def try_job_lock(self, wait_s: float = _PROBE_S) -> int | None:
        """Take the lock a worker holds for a job's life; None when a job is running.

        Raises:
            SessionError: the session was removed.
        """
        try:
            return try_lock(self.folder / ".job.lock", wait_s)
        except FileNotFoundError as error:
            raise SessionError("job.session_unknown") from error

    def take_idle_lock(self) -> int:
        """Take the job lock, so that no job begins; return its descriptor, to be closed.

        Raises:
            SessionError: a job waits or runs, or the session was removed.
        """
        lock = self.try_job_lock()
        if lock is None:
            raise SessionError("job.already_running")
        if self.is_queued:
            os.close(lock)
            raise SessionError("job.already_running")
        return lock

    @property
    def is_running(self) -> bool:
        """True while some process holds the job lock."""
        try:
            return is_locked(self.folder / ".job.lock")
        except FileNotFoundError:
            return False

    @property
    def is_queued(self) -> bool:
        """True while the state is that of a waiting job."""
        try:
            return self.state.status is SessionStatus.QUEUED
        except SessionError:
            return False

    @property
    def instances_dir(self) -> Path:
        """Where what was found of all targets lies."""
        return self.folder / "instances"

    def target_dir(self, target: int) -> Path:
        """Where what was found of a target lies, a folder a frame."""
        folder = self.instances_dir
        return folder if target == FIRST_TARGET else folder / f"target_{target}"

    def instance_path(self, frame: int, instance: int, target: int = FIRST_TARGET) -> Path:
        """Where the mask of an instance found on a frame lies."""
        return self.target_dir(target) / f"{frame:06d}" / f"{instance}.png"

    def base_mask_path(self, frame: int, target: int = FIRST_TARGET) -> Path:
        """Where the mask that clicks on a frame correct lies, if there is one."""
        return self.instance_path(frame, 0, target).with_name("base.png")

    def own_mask_path(self, frame: int, target: int = FIRST_TARGET) -> Path:
        """Where the mask that the user brought for a frame lies, if there is one."""
        return self.instance_path(frame, 0, target).with_name("own.png")

    def reserve_state_space(self) -> None:
        """Reserve the disk space that the state needs at a job's end; sweeping the partial files frees it.

        Raises:
            OSError: the disk is full.
        """
        state_bytes = (self.folder / "session.json").stat().st_size
        (self.folder / _RESERVE_NAME).write_bytes(bytes(2 * state_bytes + SPARE_BYTES))

    def release_state_space(self) -> None:
        """Free what `reserve_state_space` took."""
        (self.folder / _RESERVE_NAME).unlink(missing_ok=True)

    def sweep_partials(self, *, is_start: bool = False) -> int:
        """Remove files that a stopped job left behind; return how many.

        Args:
            is_start: also those of what may be written beside a job. The state is held still meanwhile.
        """
        if not is_start:
            return self._sweep(lambda path: not self._is_beside_jobs(path))
        with exclusive(self.folder / ".state.lock"):
            return self._sweep(lambda path: True)

    def _is_beside_jobs(self, path: Path) -> bool:
        """Return whether others than a job write a partial file or folder: marks, names, previews, downloads."""
        first = path.relative_to(self.folder).parts[0].partition(".partial")[0]
        return first in _BESIDE_JOBS or path.suffix == ".zip"

    def _sweep(self, is_swept: Callable[[Path], bool]) -> int:
        count = 0
        for path in self.folder.rglob("*.partial*"):
            if not is_swept(path):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            count += 1
        return count
