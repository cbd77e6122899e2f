"""The folder of one attempt at a job, and how what it made gets into the session.

An attempt works on a copy of the session that shares the files' bytes with it (hard links; every writer
of ours replaces files instead of changing them), so that two attempts, one of them by a worker that was
taken for dead, never write to the same place. The manifest is written last: with it the attempt is
complete. Only the page's process changes the session itself, and can do it again after a crash.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.session.session import Session, sessions_dir
from pipeline.session.state import SessionState
from pipeline.storage.files import link_or_copy, write_atomically
from pipeline.workers.records import JobRecord

_STATE = "session.json"
HASHES_NAME = ".objects.json"
"""Where the page notes the hashes of a session's files that are in an object store."""
_NOT_NEEDED = frozenset({_STATE, "frames", HASHES_NAME})
"""Entries of a session's folder that no job reads as they are: the state is copied, pictures are the page's."""


class Manifest(BaseModel):
    """What an attempt changed: files made with their bytes, files removed, and fields of the state."""

    made: dict[str, int]
    removed: tuple[str, ...]
    changes: dict[str, Any]


class Attempt:
    """One attempt; `workspace_dir` is a workspace of its own, with this one session."""

    def __init__(self, workspace_dir: Path, record: JobRecord) -> None:
        self.workspace_dir = attempts_dir(workspace_dir) / f"{record.id}-{record.attempt}"
        self.session = Session(sessions_dir(self.workspace_dir) / record.session_id)
        self._shared: dict[str, int] = {}
        self._state_before: dict[str, Any] = {}

    def begin(self, session: Session) -> None:
        """Make the folder as a copy of the session.

        Raises:
            SessionError: the session was removed.
            OSError: the disk is full.
        """
        self.make_folder()
        with session.masks_lock():
            self._share(session.folder, self.session.folder)
        self.note_begin(session.state)

    def make_folder(self) -> None:
        """Make the folder, empty."""
        shutil.rmtree(self.workspace_dir, ignore_errors=True)
        self.session.folder.mkdir(parents=True, mode=0o700)

    def note_begin(self, state: SessionState) -> None:
        """Note what the job finds: the files that are in the folder now, and the session's state."""
        self._state_before = _fields(state)
        self.session.write(state)
        self._shared = files_of(self.session.folder)

    def commit(self) -> Manifest:
        """Write the manifest of what the job made: the attempt is complete."""
        after = files_of(self.session.folder)
        made = [name for name, inode in after.items() if self._shared.get(name) != inode]
        state = _fields(self.session.state)
        manifest = Manifest(
            made={name: (self.session.folder / name).stat().st_size for name in made},
            removed=tuple(name for name in self._shared if name not in after),
            changes={
                name: value
                for name, value in state.items()
                if self._state_before.get(name) != value
            },
        )
        self.write_manifest(manifest)
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Make the attempt complete."""
        write_atomically(self._manifest_path, manifest.model_dump_json().encode("utf-8"))

    @property
    def is_complete(self) -> bool:
        """Whether the manifest is there."""
        return self._manifest_path.is_file()

    def publish(self, session: Session) -> SessionState:
        """Put what was made into the session; return the session's new state.

        It may be done again where it was broken off; what was moved already is not there any more.
        """
        manifest = Manifest.model_validate_json(self._manifest_path.read_bytes())
        for name in manifest.made:
            made, place = self.session.folder / name, session.folder / name
            if made.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(made, place)
        for name in manifest.removed:
            _remove(session.folder / name, session.folder)
        return session.transform(
            lambda state: SessionState.model_validate({**_fields(state), **manifest.changes})
        )

    def keep_cache(self, session: Session) -> None:
        """Give the session what an engine keeps to go on from, when the attempt ends without a result."""
        cache = self.session.cache_dir
        for path in sorted(cache.rglob("*")) if cache.is_dir() else ():
            name = path.relative_to(cache)
            place = session.cache_dir / name
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and all(map(_is_shared, map(Path, name.parts))):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(path, place)

    def show_live_picture(self, session: Session) -> None:
        """Give the session the newest picture of the running attempt."""
        with contextlib.suppress(FileNotFoundError):  # it goes with the attempt
            live, shown = self.session.live_picture, session.live_picture
            if live is not None and (shown is None or not live.samefile(shown)):
                link_or_copy(live, session.folder / live.name)

    def discard(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.workspace_dir, ignore_errors=True)

    @property
    def _manifest_path(self) -> Path:
        return self.workspace_dir / "manifest.json"

    def _share(self, source: Path, target: Path) -> None:
        for entry in source.iterdir():
            if not _is_shared(entry):
                continue
            if entry.is_dir():
                (target / entry.name).mkdir(exist_ok=True)
                self._share(entry, target / entry.name)
            else:
                with contextlib.suppress(FileNotFoundError):  # a preview that was just replaced
                    link_or_copy(entry, target / entry.name)


def attempts_dir(workspace_dir: Path) -> Path:
    """Return where the folders of attempts lie, on the disk of the sessions."""
    return workspace_dir / "attempts"


def discard_attempts(workspace_dir: Path, job_id: str) -> None:
    """Remove the folders of all attempts at a job; programs of a worker that was killed wrote on for a moment."""
    for entry in attempts_dir(workspace_dir).glob(f"{job_id}-*"):
        shutil.rmtree(entry, ignore_errors=True)


def sweep(workspace_dir: Path, job_ids: frozenset[str]) -> None:
    """Remove the folders of attempts of jobs that are not known any more."""
    folder = attempts_dir(workspace_dir)
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name.rpartition("-")[0] not in job_ids:
            shutil.rmtree(entry, ignore_errors=True)


def _is_shared(entry: Path) -> bool:
    name = entry.name
    return name not in _NOT_NEEDED and ".partial" not in name and not name.endswith(".lock")


def files_of(folder: Path) -> dict[str, int]:
    """Return the inode of every file of a session's folder that jobs may know, by its path there."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and all(map(_is_shared, map(Path, name.parts))):
            found[str(name)] = path.stat().st_ino
    return found


def _fields(state: SessionState) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(state.model_dump_json())
    del fields["updated_at_s"]
    return fields


def _remove(path: Path, root: Path) -> None:
    """Remove a file, and the folders above it that it leaves empty."""
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
