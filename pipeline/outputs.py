"""Records of a session's output files, and how they are to look."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from pipeline.session import Session
from pipeline.state import MatteRequest, OutputRecord
from pipeline.video_io import RenderLook


def look_of(request: MatteRequest, session: Session) -> RenderLook:
    """Return how the request's files are to look."""
    picture = session.folder / "background.png"
    return RenderLook(
        background=request.background if request.background != "picture" else str(picture),
        preview_background=request.preview_background,
        edge=request.edges,
    )


def output_records(
    session: Session, outputs: Mapping[str, Path], sizes: Mapping[str, int]
) -> list[OutputRecord]:
    """Return state records of finished files."""
    return [
        OutputRecord(kind=kind, file=str(path.relative_to(session.folder)), size_bytes=sizes[kind])
        for kind, path in outputs.items()
    ]


def remove_output(path: Path) -> None:
    """Delete an output, a file or a folder of frames; harmless when it is gone."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
