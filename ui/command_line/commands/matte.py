"""`matte` and `render`: make files of a clip, or new ones of a session that is done."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.postprocess.appearance import PICTURE
from pipeline.session.request import MatteRequest, RenderRequest, Request, build_request
from ui.command_line.arguments import request_values
from ui.command_line.commands.segment import print_text_used, read_prompt
from ui.command_line.console import ConsoleProgress
from utils.errors import BadRequest, SessionError, SplazmatteError, UnusablePrompt
from utils.messages import render as render_text

if TYPE_CHECKING:
    from engines.base import RunContext
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.state import SessionState


def check_matte(options: argparse.Namespace) -> None:
    """Check what can be checked before anything is built.

    Raises:
        UnusablePrompt: the target is given in no way, or in two.
        BadRequest: a value is out of range, or the folder can't be written.
    """
    _check_target(options)
    _matte_request(options)
    _check_folder(options.out)


def matte(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `matte`."""
    from pipeline.session.state import SessionStatus

    began_s = time.perf_counter()
    request = _matte_request(options)
    orchestrator.check_request(request)
    state = _session_with_target(options, orchestrator)

    def work(context: RunContext) -> SessionState:
        return orchestrator.run_now(state.id, request, context)

    try:
        done = _run(options, orchestrator, work)
    except SplazmatteError:
        if orchestrator.state(state.id).status is SessionStatus.READY:
            orchestrator.discard(state.id)  # refused before it began: nothing to run again
        raise
    _export(options, orchestrator, done, began_s)


def check_render(options: argparse.Namespace) -> None:
    """As `check_matte`."""
    _read_request(options, RenderRequest, None)
    _check_folder(options.out)


def render(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `render`; what isn't given stays as the session's last files have it."""
    began_s = time.perf_counter()
    base = orchestrator.state(options.session).result_request
    request = _read_request(options, RenderRequest, base)
    if options.background_picture is not None:
        orchestrator.set_background_picture(options.session, options.background_picture)

    def work(context: RunContext) -> SessionState:
        return orchestrator.rerender_now(options.session, request, context)

    _export(options, orchestrator, _run(options, orchestrator, work), began_s)


def _matte_request(options: argparse.Namespace) -> MatteRequest:
    request = _read_request(options, MatteRequest, None)
    return request.model_copy(
        update={"start": options.frame, "options": _engine_options(options.option)}
    )


def _read_request(
    options: argparse.Namespace, request_type: type[Request], base: RenderRequest | None
) -> Request:
    request = build_request(request_type, request_values(options, request_type), base)
    if options.background_picture is None or request.backgrounds.use_picture:
        return request
    return build_request(request_type, {"preview_background": PICTURE}, request)


def _run(
    options: argparse.Namespace,
    orchestrator: Orchestrator,
    work: Callable[[RunContext], SessionState],
) -> SessionState:
    from engines.base import RunContext

    context = RunContext(on_progress=ConsoleProgress())
    with options.stopper.job(context.cancel, orchestrator.interrupt):
        return work(context)


def _export(
    options: argparse.Namespace, orchestrator: Orchestrator, state: SessionState, began_s: float
) -> None:
    paths = orchestrator.export(state.id, options.out)
    for warning in state.warnings:
        print(f"note: {render_text(warning)}", file=sys.stderr)
    summary = _summary(state, paths, time.perf_counter() - began_s)
    if options.json:
        print(json.dumps(summary))
    else:
        for kind, path in paths.items():
            print(f"{kind}: {path}")


def _check_target(options: argparse.Namespace) -> None:
    """Check that the target is given in one way."""
    has_prompt = bool(options.text or options.point or options.box)
    if options.everyone and (has_prompt or options.mask is not None):
        raise UnusablePrompt("prompt.everyone_alone")
    if options.mask is not None and has_prompt:
        raise UnusablePrompt("prompt.mask_alone")
    if options.mask is None and not has_prompt and not options.everyone:
        raise UnusablePrompt("prompt.none_given")


def _session_with_target(options: argparse.Namespace, orchestrator: Orchestrator) -> SessionState:
    """Make a session of the clip and find its target; a session without one is of no use and goes."""
    state = orchestrator.create_session(options.clip, options.clip.name)
    try:
        if options.background_picture is not None:
            orchestrator.set_background_picture(state.id, options.background_picture)
        if options.mask is not None:
            orchestrator.read_mask_upload(state.id, options.frame, options.mask)
        elif not options.everyone:
            print_text_used(orchestrator.segment(state.id, options.frame, read_prompt(options)))
    except BaseException:
        orchestrator.discard(state.id)
        raise
    return state


def _summary(state: SessionState, paths: dict[str, Path], total_s: float) -> dict[str, object]:
    clip = state.clip
    if clip is None:
        raise SessionError("job.session_damaged")
    seconds = {**state.seconds.model_dump(), "total": total_s}
    return {
        "session": state.id,
        "engine": state.engine_used,
        "frames": state.frames_done,
        "width": clip.size_wh[0],
        "height": clip.size_wh[1],
        "fps": float(clip.fps),
        "seconds": {step: round(value, 3) for step, value in seconds.items()},
        "outputs": {kind: str(path) for kind, path in paths.items()},
        "warnings": [render_text(warning) for warning in state.warnings],
    }


def _engine_options(pairs: Sequence[str]) -> dict[str, str | int | float | bool]:
    values: dict[str, str | int | float | bool] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadRequest("job.value", name="--option", value=pair[:60], allowed="NAME=VALUE")
        values[name.strip()] = value.strip()
    return values


def _check_folder(folder: Path) -> None:
    """Refuse a folder that could not be made or written, before any work; it is made at the end."""
    absolute = folder.absolute()
    nearest = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise BadRequest("job.folder_unusable", folder=str(folder))
