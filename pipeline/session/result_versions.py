"""Earlier results of a session, each with its files in a folder of its own, kept until it is deleted.

A version's files are hard links while the session's own folder still has the same ones: what a job
writes takes its place by a rename, so the link keeps the former file.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipeline.session.frame_values import frame_values_paths
from pipeline.session.output_records import (
    TARGETS_DIR,
    record_paths,
    remove_output,
    target_numbers,
)
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import ResultPlan, ResultRecord, SessionState
from pipeline.storage import disk
from pipeline.storage.files import folder_bytes, link_or_copy, partial_path, write_atomically
from utils.errors import BadRequest

_RECORD_NAME = "version.json"


class SavedResult(Session):
    """A version as a session that is only read: its folder has the files, its state tells how they were made."""

    def __init__(self, session: Session, number: int) -> None:
        super().__init__(session.versions_dir / str(number))
        self._session = session

    @property
    def id(self) -> str:
        """The session's key."""
        return self._session.id

    @property
    def record(self) -> ResultRecord:
        """What is known of the result.

        Raises:
            BadRequest: there is no such version.
        """
        try:
            return ResultRecord.model_validate_json((self.folder / _RECORD_NAME).read_bytes())
        except (OSError, ValidationError) as error:
            raise BadRequest("job.version_unknown", number=self.folder.name) from error

    @property
    def state(self) -> SessionState:
        """The session's state, with this result in the place of the current one."""
        return self.record.put_into(self._session.state)

    @property
    def source(self) -> Path:
        """The session's clip."""
        return self._session.source

    @property
    def background_picture(self) -> Path:
        """The session's own background."""
        return self._session.background_picture


def saved_results(session: Session) -> list[SavedResult]:
    """Return the versions, the newest first."""
    folder = session.versions_dir
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [
        SavedResult(session, number)
        for number in sorted((int(name) for name in names if name.isdecimal()), reverse=True)
        if (folder / str(number) / _RECORD_NAME).is_file()
    ]


def saved_result(session: Session, number: int) -> SavedResult:
    """Return the version of that number; `BadRequest` where there is none."""
    found = SavedResult(session, number)
    _ = found.record
    return found


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One result for the list of them; sizes in bytes."""

    record: ResultRecord
    size_bytes: int
    is_current: bool


def versions_of(session: Session) -> list[VersionInfo]:
    """Return the current result and the versions, the newest number first; empty without a result."""
    state = session.state
    current = ResultRecord.of(state)
    found = [
        VersionInfo(one.record, folder_bytes(one.folder), False) for one in saved_results(session)
    ]
    if current is not None:
        paths = _result_paths(session, current)
        size_bytes = sum(folder_bytes(p) if p.is_dir() else p.stat().st_size for p in paths)
        found.append(VersionInfo(current, size_bytes, True))
    return sorted(found, key=lambda info: -info.record.number)


class FormerResult:
    """The result that a job finds, held until it is known whether the job makes another one.

    What is held goes with the other partial files of a job that fails.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._state = session.state
        self._number = self._state.result_number
        self._held = _hold_result(session, self._state)

    def give_way(self, request: MatteRequest, plan: ResultPlan) -> int:
        """Keep the former result as a version where the new one is another; return the new one's number.

        Args:
            request, plan: what the new result was made from.
        """
        if self._held is None or request.every_frame or not _is_same(self._state, request, plan):
            return self.keep()
        shutil.rmtree(self._held, ignore_errors=True)
        return self._number

    def keep(self) -> int:
        """Keep the former result, where there is one, as a version; return the new one's number."""
        if self._held is not None:
            self._number = next_number(self._session, self._state)
            _publish(self._session, self._held)
            self._held = None
        return self._number


def _is_same(state: SessionState, request: MatteRequest, plan: ResultPlan) -> bool:
    """Tell whether a result is made from the same marks in the same way, and looks the same."""
    before, made_by = state.result_plan, state.result_request
    if before is None or made_by is None:
        return False
    noted = {"master_bytes": (), "mask_tokens": (), "reasons": ()}
    looks = ("edges", "backgrounds", "files", "refine_key_frames")
    return before.model_copy(update=noted) == plan.model_copy(update=noted) and all(
        getattr(made_by, name) == getattr(request, name) for name in looks
    )


def _hold_result(session: Session, state: SessionState) -> Path | None:
    """Link the files of the current result into a folder that `_publish` makes a version.

    Args:
        state: as it was before anything of the result changes.

    Returns:
        None where there is no result, or it is not complete.
    """
    record = ResultRecord.of(state)
    if record is None or not session.master.is_file():
        return None
    partial = partial_path(session.versions_dir / str(record.number))
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with disk.translate_disk_errors(session.folder):
        for path in _result_paths(session, record):
            _link(path, partial / path.relative_to(session.folder))
        write_atomically(partial / _RECORD_NAME, record.model_dump_json().encode("utf-8"))
    return partial


def _publish(session: Session, partial: Path) -> None:
    """Make a saved result a version; one of the same number goes."""
    place = session.versions_dir / partial.name.removesuffix(".partial")
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)


def next_number(session: Session, state: SessionState) -> int:
    """Return the number of the result to come: no version has had it."""
    return max([state.result_number, *(int(one.folder.name) for one in saved_results(session))]) + 1


def take_version(session: Session, number: int) -> SessionState:
    """Make a version the current result, and the current one a version; return the state. It may be the current one.

    Marks stay as they are.

    Raises:
        BadRequest: there is no such version.
        SessionError: a job runs or waits.
        NotEnoughDisk: the disk is full.
    """
    lock = session.take_idle_lock()
    try:
        if _is_current(session, number):
            return session.state
        version = saved_result(session, number)
        record, before = version.record, session.state
        with disk.translate_disk_errors(session.folder):
            partial = _hold_result(session, before)
            if partial is not None:
                _publish(session, partial)
            shutil.rmtree(session.folder / TARGETS_DIR, ignore_errors=True)
            for path in _result_paths(version, record):
                _link(path, session.folder / path.relative_to(version.folder))
        state = session.transform(record.put_into)
        kept = {output.file for output in record.outputs}
        for output in before.outputs:
            if output.file not in kept:
                remove_output(session.folder, output)
        shutil.rmtree(version.folder, ignore_errors=True)
    finally:
        session.sweep_partials()
        os.close(lock)
    return state


def delete_version(session: Session, number: int) -> SessionState:
    """Delete a version for good; return the session's state.

    Raises:
        BadRequest: there is no such version, or it is the current result.
        SessionError: a job runs or waits.
    """
    lock = session.take_idle_lock()
    try:
        if _is_current(session, number):
            raise BadRequest("job.version_current", number=number)
        shutil.rmtree(saved_result(session, number).folder, ignore_errors=True)
    finally:
        os.close(lock)
    return session.update()


def _is_current(session: Session, number: int) -> bool:
    state = session.state
    return number == state.result_number and ResultRecord.of(state) is not None


def _result_paths(session: Session, record: ResultRecord) -> list[Path]:
    """Return every file and folder of a result in the folder it lies in."""
    folder = session.folder
    paths = [path for output in record.outputs for path in record_paths(folder, output)]
    paths += [session.master, *frame_values_paths(folder)]
    if record.plan is not None and len(record.plan.guides) > 1:
        targets = [folder / TARGETS_DIR / str(number) for number in target_numbers(record.plan)]
        paths += [target / session.master.name for target in targets]
    return [path for path in dict.fromkeys(paths) if path.exists()]


def _link(source: Path, target: Path) -> None:
    """Put a file, or a folder of files, at the target by hard links; what was there goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not source.is_dir():
        link_or_copy(source, target)
        return
    made = partial_path(target)
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    for item in source.iterdir():
        link_or_copy(item, made / item.name)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
