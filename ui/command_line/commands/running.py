"""What the commands that run a job share: its request, its run, and the files that it makes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.postprocess.appearance import PICTURE
from pipeline.session.request import RenderRequest, Request, build_request
from pipeline.session.session import sessions_dir
from ui.command_line.arguments import request_values
from ui.command_line.console import ConsoleProgress
from utils.errors import BadRequest, SessionError, SplazmatteError
from utils.messages import render as render_text
from utils.types import Message

if TYPE_CHECKING:
    from engines.base import RunContext
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.state import SessionState


def read_request(
    options: argparse.Namespace, request_type: type[Request], base: RenderRequest | None
) -> Request:
    """Return the request of the options; what isn't given stays as in `base`.

    A background picture that is given without a place for it lies behind the preview.
    """
    request = build_request(request_type, request_values(options, request_type), base)
    if options.background_picture is None or request.backgrounds.use_picture:
        return request
    return build_request(request_type, {"preview_background": PICTURE}, request)


def run_job(
    options: argparse.Namespace,
    orchestrator: Orchestrator,
    work: Callable[[RunContext], SessionState],
) -> SessionState:
    """Run the job that `work` runs, with its progress on stderr, so that a signal stops it."""
    from engines.base import RunContext

    progress = ConsoleProgress()
    context = RunContext(on_progress=progress, is_watched=False)
    try:
        with options.stopper.job(context.cancel, orchestrator.interrupt):
            return work(context)
    finally:
        progress.end()


def export_result(
    orchestrator: Orchestrator, state: SessionState, folder: Path, began_s: float
) -> dict[str, object]:
    """Put the result's files into the folder and print its notes; return what `matte --json` tells of it."""
    try:
        paths = orchestrator.export(state.id, folder)
    except SplazmatteError:
        kept = Message("job.result_kept", {"session": state.id, "number": state.result_number})
        print(f"note: {render_text(kept)}", file=sys.stderr)
        raise
    for warning in state.warnings:
        print(f"note: {render_text(warning)}", file=sys.stderr)
    return _summary(state, paths, time.perf_counter() - began_s)


def export_version(
    orchestrator: Orchestrator, state: SessionState, folder: Path, began_s: float
) -> dict[str, object]:
    """As `export_result`, and which of the session's results it is: a new session has only one."""
    summary = export_result(orchestrator, state, folder, began_s)
    return {**summary, "version": state.result_number}


def print_result(options: argparse.Namespace, summary: dict[str, object]) -> None:
    """Print what `export_result` returned, or where the files are."""
    if options.json:
        print(json.dumps(summary))
        return
    outputs = summary["outputs"]
    for kind, path in outputs.items() if isinstance(outputs, dict) else ():
        print(f"{kind}: {path}")


def _summary(state: SessionState, paths: dict[str, Path], total_s: float) -> dict[str, object]:
    clip = state.clip
    if clip is None:
        raise SessionError("job.session_damaged")
    seconds = {**state.seconds.model_dump(), "total": total_s}
    return {
        "session": state.id,
        "engine": state.result_engine,
        "frames": state.frames_done,
        "width": clip.size_wh[0],
        "height": clip.size_wh[1],
        "fps": float(clip.fps),
        "seconds": {step: round(value, 3) for step, value in seconds.items()},
        "outputs": {kind: str(path) for kind, path in paths.items()},
        "warnings": [render_text(warning) for warning in state.warnings],
    }


def engine_options(pairs: Sequence[str]) -> dict[str, str | int | float | bool]:
    """Return the values of `--option`.

    Raises:
        BadRequest: one is not NAME=VALUE.
    """
    values: dict[str, str | int | float | bool] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadRequest("job.value", name="--option", value=pair[:60], allowed="NAME=VALUE")
        values[name.strip()] = value.strip()
    return values


def check_folder(folder: Path, workspace_dir: Path) -> None:
    """Refuse a folder that could not be made or written, before any work; it is made at the end.

    Nor may it be one of a session's, where files would take the place of its own.

    Something is made there to find out: who may write is not all that decides, as in /proc or on a
    disk that is mounted to be read.
    """
    if folder.resolve().is_relative_to(sessions_dir(workspace_dir).resolve()):
        raise BadRequest("job.folder_of_sessions")
    absolute = folder.absolute()
    nearest = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
    try:
        tempfile.TemporaryDirectory(prefix=".splazmatte-", dir=nearest).cleanup()
    except OSError as error:
        problem = BadRequest("job.folder_unusable", folder=str(folder), detail=str(error))
        raise problem from error
