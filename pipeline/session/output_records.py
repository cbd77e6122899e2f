"""Records of a session's output files: where they lie, and how they look."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pipeline.postprocess.appearance import Appearance
from pipeline.session.request import RenderRequest
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, OutputRecord, ResultPlan
from pipeline.storage.files import folder_bytes
from pipeline.video_io.outputs.registry import formats

TARGETS_DIR = "targets"
"""Folder of the files of separate targets, one folder each, numbered from 1."""


def target_numbers(plan: ResultPlan) -> tuple[int, ...]:
    """Return the numbers of the targets that a result is made of; results of before have them from 1."""
    return plan.numbers or tuple(range(FIRST_TARGET, FIRST_TARGET + len(plan.guides)))


def target_master(session: Session, plan: ResultPlan, number: int) -> Path:
    """Return where a target's own alpha lies: that of the session where it is the only one."""
    if len(plan.guides) == 1:
        return session.master
    return session.folder / TARGETS_DIR / str(number) / session.master.name


def record_paths(folder: Path, record: OutputRecord) -> tuple[Path, ...]:
    """Return every file or folder of an output in the session's folder, the output's own first."""
    found = formats().get(record.kind)
    path = folder / record.file
    return found.paths(path) if found is not None else (path,)


def is_there(folder: Path, record: OutputRecord) -> bool:
    """Return whether nobody has removed the output from the session's folder."""
    return all(path.exists() for path in record_paths(folder, record))


def zip_path(folder: Path, record: OutputRecord) -> Path:
    """Return where a sequence lies as one file once it was asked for."""
    return (folder / record.file).with_name(f"{record.kind}.zip")


def appearance_of(request: RenderRequest, session: Session) -> Appearance:
    """Return how the request's files look."""
    return Appearance(request.edges, request.backgrounds, session.background_picture, request.files)


def output_records(
    session: Session, outputs: Mapping[str, Path], sizes: Mapping[str, int]
) -> list[OutputRecord]:
    """Return state records of finished files."""
    return [
        OutputRecord(
            kind=kind,
            file=str(path.relative_to(session.folder)),
            # A folder's size is its own, so that the start-up scan can compare it.
            size_bytes=folder_bytes(path) if path.is_dir() else sizes[kind],
        )
        for kind, path in outputs.items()
    ]


def target_number(record: OutputRecord) -> int:
    """Return the number, from 1, of the separate target that a file holds; 0 where it holds all of them."""
    folder, *rest = PurePosixPath(record.file).parts
    return int(rest[0]) if folder == TARGETS_DIR else 0


def remove_output(folder: Path, record: OutputRecord) -> None:
    """Delete an output of the session's folder, a file or folders of frames; harmless when it is gone."""
    for path in (*record_paths(folder, record), zip_path(folder, record)):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
