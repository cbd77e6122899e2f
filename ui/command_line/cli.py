"""The command line: read arguments, one pipeline call, format the answer."""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ui.command_line.arguments import EXIT_USER, parse_arguments
from ui.command_line.stopping import Stopper
from utils.errors import BadRequest, Cancelled, SessionError, SplazmatteError, UnusablePrompt
from utils.messages import CATALOGUE, render
from utils.types import Message, Progress, Prompt

if TYPE_CHECKING:
    from config import Settings
    from pipeline.orchestrator import EngineInfo, Orchestrator
    from pipeline.session.state import Keyframe, SessionState

logger = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAULT = 1
EXIT_CANCELLED = 130

BuildSettings = Callable[[], "Settings"]
BuildOrchestrator = Callable[["Settings"], "Orchestrator"]
Serve = Callable[["Settings"], None]


def main(
    arguments: Sequence[str],
    build_settings: BuildSettings,
    build_orchestrator: BuildOrchestrator,
    serve: Serve,
) -> int:
    """Run one command; return the exit code: 0, 2 for what the user can mend, 1 for our fault."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may hold any bytes
    options = parse_arguments(arguments)
    try:
        settings = build_settings()
    except ValueError as error:
        print(f"settings: {_one_line(_settings_problem(error))}", file=sys.stderr)
        return EXIT_USER
    try:
        if options.command == "serve":
            serve(settings.model_copy(update=_given(options, "host", "port")))
            return EXIT_OK
        with Stopper(settings.stop_grace_s) as stopper:
            options.stopper = stopper
            return _COMMANDS[options.command](options, settings, build_orchestrator)
    except Cancelled as error:
        print(error.user_message, file=sys.stderr)
        return EXIT_CANCELLED
    except SplazmatteError as error:
        logger.debug("detail: %s", error.detail)
        print(f"error: {_one_line(error.user_message)}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        logger.exception("unexpected")
        print(f"fault: {type(error).__name__}: {_one_line(str(error))}", file=sys.stderr)
        return EXIT_FAULT


def _segment(
    options: argparse.Namespace, settings: Settings, build_orchestrator: BuildOrchestrator
) -> int:
    if options.output.suffix.lower() != ".png":
        raise BadRequest("job.value", name="-o", value=str(options.output), allowed="*.png")
    if not options.output.parent.is_dir():
        raise BadRequest("job.folder_missing", folder=str(options.output.parent))
    orchestrator = build_orchestrator(settings)
    prompt = _prompt(options)
    state = orchestrator.create_session(options.clip, options.clip.name)
    try:
        keyframe = orchestrator.segment(state.id, options.frame, prompt)
        _print_text_used(keyframe)
        orchestrator.export_mask(state.id, options.frame, options.output)
    finally:
        orchestrator.discard(state.id)  # nobody learns its id
    best = keyframe.instances[0]
    print(
        f"{options.output}: {best.area_px} pixels, score {best.score:.2f}, found by {keyframe.engine}"
    )
    return EXIT_OK


def _matte(
    options: argparse.Namespace, settings: Settings, build_orchestrator: BuildOrchestrator
) -> int:
    from engines.base import RunContext
    from pipeline.postprocess.edges import EdgeControls
    from pipeline.session.state import MatteRequest, SessionStatus

    began_s = time.perf_counter()
    _check_target(options)
    request = MatteRequest(
        engine=options.engine,
        outputs=tuple(name.strip() for name in options.outputs.split(",") if name.strip()),
        background=options.background,
        preview_background=options.preview_background,
        start=options.frame,
        first=options.first,
        last=options.last,
        options=_engine_options(options.option),
        edges=EdgeControls(grow_px=options.grow, feather_px=options.feather),
        separate_targets=options.separate_targets,
        everyone=options.everyone,
    )
    orchestrator = build_orchestrator(settings)
    _check_folder(options.out)
    orchestrator.check_request(request)
    state = _session_with_target(options, orchestrator)
    context = RunContext(on_progress=_ConsoleProgress())
    try:
        with options.stopper.job(context.cancel, orchestrator.interrupt):
            state = orchestrator.run_now(state.id, request, context)
    except SplazmatteError:
        if orchestrator.state(state.id).status is SessionStatus.READY:
            orchestrator.discard(state.id)  # refused before it began: nothing to run again
        raise
    paths = orchestrator.export(state.id, options.out)
    for warning in state.warnings:
        print(f"note: {render(warning)}", file=sys.stderr)
    summary = _summary(state, paths, time.perf_counter() - began_s)
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        for kind, path in paths.items():
            print(f"{kind}: {path}")
    return EXIT_OK


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
    """Take the clip in and find its target; a session without one is of no use and goes."""
    state = orchestrator.create_session(options.clip, options.clip.name)
    try:
        if options.everyone:
            return state
        if options.mask is not None:
            orchestrator.read_mask_upload(state.id, options.frame, options.mask)
        else:
            _print_text_used(orchestrator.segment(state.id, options.frame, _prompt(options)))
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
        "warnings": [render(warning) for warning in state.warnings],
    }


def _engines(
    options: argparse.Namespace, settings: Settings, build_orchestrator: BuildOrchestrator
) -> int:
    orchestrator = build_orchestrator(settings)
    rows = orchestrator.all_engines()
    if options.json:
        print(json.dumps([_engine_row(row) for row in rows], ensure_ascii=False))
        return EXIT_OK
    for row in rows:
        state = "ready" if row.is_available else "missing parts"
        print(
            f"{row.name:<10} {render(row.label)}: {state}{' (default)' if row.is_default else ''}"
        )
        print(f"{'':<10} {render(row.description)}")
        for label, command in row.missing:
            print(f"{'':<10} needs {render(label)}{f'; get it with: {command}' if command else ''}")
        if row.peak_bytes:
            where = "on the GPU" if row.peak_device == "cuda" else "of main memory"
            print(f"{'':<10} measured peak {row.peak_bytes / 1024**2:.0f} MB {where}")
    return EXIT_OK


def _engine_row(row: EngineInfo) -> dict[str, object]:
    return {
        "name": row.name,
        "label": render(row.label),
        "description": render(row.description),
        "available": row.is_available,
        "default": row.is_default,
        "capabilities": sorted(capability.value for capability in row.capabilities),
        "missing": [{"what": render(label), "command": command} for label, command in row.missing],
        "options": {
            spec.name: {"kind": spec.kind, "default": spec.default} for spec in row.option_specs
        },
        "peak_bytes": row.peak_bytes,
    }


def _sessions(
    options: argparse.Namespace, settings: Settings, build_orchestrator: BuildOrchestrator
) -> int:
    orchestrator = build_orchestrator(settings)
    if options.clean:
        rows = orchestrator.clean_sessions(dry_run=options.dry_run)
        verb = "would delete" if options.dry_run else "deleted"
    else:
        rows, verb = orchestrator.list_sessions(), ""
    for row in rows:
        print(
            f"{verb + ' ' if verb else ''}{row.id}  {row.status.value:<11} {row.age_hours:7.1f} h "
            f"{row.size_bytes / 1024**2:8.1f} MB  {row.shown_name}"
        )
    total = sum(row.size_bytes for row in rows) / 1024**2
    print(f"{len(rows)} sessions, {total:.1f} MB")
    return EXIT_OK


def _prompt(options: argparse.Namespace) -> Prompt:
    prompt = Prompt(text=options.text, points=tuple(options.point), box=options.box)
    if prompt.is_empty:
        raise UnusablePrompt("prompt.none_given")
    return prompt


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


def _print_text_used(keyframe: Keyframe) -> None:
    if keyframe.text_used and keyframe.text_used != keyframe.prompt.text:
        print(f"note: searching for “{keyframe.text_used}”", file=sys.stderr)


class _ConsoleProgress:
    """Progress on stderr: one line rewritten on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self._interval_s = 0.2 if sys.stderr.isatty() else 5.0
        self._next_s = 0.0

    def __call__(self, progress: Progress) -> None:
        now_s = time.monotonic()
        is_last = progress.done >= progress.total
        if now_s < self._next_s and not is_last:
            return
        self._next_s = now_s + self._interval_s
        line = f"{_stage_name(progress.stage)}: {progress.done}/{progress.total}"
        if sys.stderr.isatty():
            print(f"\r{line}   ", end="\n" if is_last else "", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)


def _stage_name(stage: str) -> str:
    code = f"job.stage.{stage}"
    return render(Message(code)) if code in CATALOGUE else stage


def _given(options: argparse.Namespace, *names: str) -> dict[str, object]:
    return {
        name: getattr(options, name) for name in names if getattr(options, name, None) is not None
    }


def _settings_problem(error: ValueError) -> str:
    """Return what is wrong with each setting, by the variable's name."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"SPLAZMATTE_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}".rstrip(": ")
        for item in error.errors()
    )


def _one_line(text: str) -> str:
    """Return the text in one line, without characters that would steer a terminal."""
    return "".join(
        character if character.isprintable() else "?" for character in " ".join(text.split())
    )


_COMMANDS = {"segment": _segment, "matte": _matte, "engines": _engines, "sessions": _sessions}
