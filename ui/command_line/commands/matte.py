"""`matte` and `render`: make files of a clip, or new ones of a session that is done."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.selection.target_list import TargetChange
from pipeline.session.request import MatteRequest, RenderRequest, sky_request
from pipeline.session.state import FIRST_TARGET
from pipeline.storage.disk import translate_disk_errors
from ui.command_line.commands.running import (
    check_folder,
    engine_options,
    export_result,
    export_version,
    print_result,
    read_request,
    run_job,
)
from ui.command_line.commands.segment import check_marks, find_target
from ui.command_line.console import one_line
from ui.command_line.failures import described
from ui.command_line.sources import Source, check_kept, followed, read_sources
from ui.command_line.target_arguments import (
    ALONE_OR_MARKS,
    is_marked,
    key_frames,
    target_groups,
)
from utils.errors import Cancelled, ClipsFailed, SplazmatteError, UnusablePrompt
from utils.messages import render as render_text
from utils.numbered_names import numbered_name

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
    check_folder(options.out, options.workspace_dir)


def matte(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `matte`; several clips go to a folder each, and one that fails doesn't stop the others.

    Raises:
        BadRequest: a file would take the place of a clip.
        ClipsFailed: some of several clips did; each was named on stderr.
    """
    request = _matte_request(options)
    orchestrator.check_request(request)
    sources = read_sources(options.clips)
    folders = _folders(sources, options.out) if len(sources) > 1 else [options.out]
    for folder in folders:
        check_kept(sources, folder, request.outputs)
    if len(sources) == 1:
        print_result(options, _matte_clip(options, orchestrator, sources[0], options.out))
    else:
        _matte_clips(options, orchestrator, list(zip(sources, folders, strict=True)))


def _matte_clips(
    options: argparse.Namespace, orchestrator: Orchestrator, work: Sequence[tuple[Source, Path]]
) -> None:
    results: list[dict[str, object]] = []
    exit_codes: list[int] = []
    try:
        for number, (source, folder) in enumerate(work, start=1):
            clip = source.place
            # Progress and notes follow, which name no clip.
            said = f"clip {number} of {len(work)}: {one_line(str(clip))}"
            print(said, file=sys.stderr, flush=True)
            try:
                with translate_disk_errors(options.workspace_dir):
                    result = _matte_clip(options, orchestrator, source, folder)
            except Cancelled:
                raise
            except Exception as error:
                text, exit_code = described(error)
                exit_codes.append(exit_code)
                print(f"error: {clip}: {text}", file=sys.stderr)
                results.append({"clip": str(clip), "error": text})
                continue
            results.append({"clip": str(clip), **result})
            if not options.json:
                print_result(options, result)
    finally:  # also of a batch that Ctrl+C ends: what is finished is finished
        if options.json:
            print(json.dumps({"clips": results}))
    if exit_codes:
        raise ClipsFailed(exit_codes, len(work))


def _folders(sources: Sequence[Source], out: Path) -> list[Path]:
    """Return a folder of its own for each clip: its name, numbered where several have the same."""
    names: list[str] = []
    for source in sources:
        names.append(numbered_name(source.folder_name, "", names.__contains__))
    return [out / name for name in names]


def _matte_clip(
    options: argparse.Namespace, orchestrator: Orchestrator, source: Source, folder: Path
) -> dict[str, object]:
    """Matte one clip into the folder; return what `--json` tells of it."""
    from pipeline.session.state import SessionStatus

    began_s = time.perf_counter()
    request = _matte_request(options)
    state = _session_with_target(options, orchestrator, source)

    def work(context: RunContext) -> SessionState:
        return orchestrator.run_now(state.id, request, context)

    try:
        notice = orchestrator.before_start(state.id, request)
        if notice is not None:
            print(f"note: {render_text(notice)}", file=sys.stderr, flush=True)
        done = run_job(options, orchestrator, work)
    except SplazmatteError:
        if orchestrator.state(state.id).status is SessionStatus.READY:
            orchestrator.discard(state.id)  # refused before it began: nothing to run again
        raise
    return export_result(orchestrator, done, folder, began_s)


def check_render(options: argparse.Namespace) -> None:
    """As `check_matte`."""
    read_request(options, RenderRequest, None)
    check_folder(options.out, options.workspace_dir)


def render(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `render`; what isn't given stays as the session's last files have it."""
    began_s = time.perf_counter()
    base = orchestrator.state(options.session).result_request
    request = read_request(options, RenderRequest, base)
    if options.background_picture is not None:
        orchestrator.set_background_picture(options.session, options.background_picture)

    def work(context: RunContext) -> SessionState:
        return orchestrator.rerender_now(options.session, request, context)

    done = run_job(options, orchestrator, work)
    print_result(options, export_version(orchestrator, done, options.out, began_s))


def _matte_request(options: argparse.Namespace) -> MatteRequest:
    request = read_request(options, MatteRequest, None)
    if options.replace_sky is not None:
        request = sky_request(request)
    groups = target_groups(options)
    # Several targets begin at their own first key frames.
    start = groups[0].frame if len(groups) == 1 else None
    return request.model_copy(update={"start": start, "options": engine_options(options.option)})


def _check_target(options: argparse.Namespace) -> None:
    """Check that every target is given in one way on each of its key frames."""
    for group in (one for target in target_groups(options) for one in key_frames(target)):
        is_given = check_marks(group)
        is_sky = options.replace_sky is not None
        if options.everyone and (is_given or options.target or is_sky):
            raise UnusablePrompt("prompt.everyone_alone")
        if not is_given and not options.everyone and not is_sky:
            raise UnusablePrompt(
                "prompt.none_given", options=f"--mask, {ALONE_OR_MARKS}, --everyone"
            )


def _session_with_target(
    options: argparse.Namespace, orchestrator: Orchestrator, source: Source
) -> SessionState:
    """Make a session of the clip and find its targets; a session without one is of no use and goes."""
    state = source.make_session(options, orchestrator)
    try:
        if options.clean_plate is not None:
            orchestrator.set_clean_plate(state.id, options.clean_plate)
        groups = [] if options.everyone else target_groups(options)
        picture = options.replace_sky or options.background_picture
        if options.replace_sky is not None and not any(map(is_marked, groups)):
            _find_sky(options, orchestrator, state.id)
            groups = []
        elif picture is not None:
            orchestrator.set_background_picture(state.id, picture)
        for index, group in enumerate(groups):
            _mark(orchestrator, state.id, group, is_first=index == 0)
    except BaseException:
        orchestrator.discard(state.id)
        raise
    return state


def _find_sky(options: argparse.Namespace, orchestrator: Orchestrator, session: str) -> None:
    try:
        orchestrator.replace_sky(session, options.frame, options.replace_sky)
    except UnusablePrompt as error:
        if error.code == "prompt.sky_unsupported":
            raise UnusablePrompt("prompt.sky_needs_mark") from error
        raise


def _mark(
    orchestrator: Orchestrator, session: str, group: argparse.Namespace, *, is_first: bool
) -> None:
    change = TargetChange(name=getattr(group, "name", None))
    target = FIRST_TARGET
    if not is_first:
        target = orchestrator.add_target(session, change).id
    elif change.name:
        orchestrator.change_target(session, target, change)
    for marks in key_frames(group):
        if marks.mask is None:
            find_target(marks, orchestrator, session, target)
            continue
        mask, strokes = followed(marks.mask), tuple(marks.stroke)
        orchestrator.read_mask_upload(session, marks.frame, mask, strokes, target)
