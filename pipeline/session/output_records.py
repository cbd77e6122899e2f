"""Records of a session's output files, and how they are to look."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pipeline.session.state import MatteRequest, OutputRecord
from pipeline.session.store import Session
from pipeline.storage.files import folder_bytes
from pipeline.video_io import RenderLook

TARGETS_DIR = "targets"
"""Folder of the files of separate targets, one folder each, numbered from 1."""
ZIP_NAME = "png.zip"
"""The PNG sequence as one file, packed when it is asked for."""


def frame_folders(foreground: Path) -> tuple[Path, Path]:
    """Return the two folders of a PNG sequence: colour with alpha, and the alpha alone."""
    return foreground, foreground.with_name("alpha")


def look_of(request: MatteRequest, session: Session) -> RenderLook:
    """Return how the request's files are to look."""
    picture = str(session.folder / "background.png")
    return RenderLook(
        background=picture if request.background == "picture" else request.background,
        preview_background=(
            picture if request.preview_background == "picture" else request.preview_background
        ),
        edge=request.edges,
    )


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


def remove_output(path: Path) -> None:
    """Delete an output, a file or folders of frames; harmless when it is gone."""
    if path.is_dir():
        for folder in frame_folders(path):
            shutil.rmtree(folder, ignore_errors=True)
        (path.parent / ZIP_NAME).unlink(missing_ok=True)
    else:
        path.unlink(missing_ok=True)
