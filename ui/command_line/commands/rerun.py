"""`rerun`: matte a session again, corrected by further marks, by another engine, or with other options."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pipeline.selection.target_list import TargetChange
from pipeline.session.request import MatteRequest
from pipeline.session.state import FIRST_TARGET
from ui.command_line.commands.running import (
    check_folder,
    engine_options,
    export_version,
    print_result,
    read_request,
    run_job,
)
from ui.command_line.commands.segment import (
    check_marks,
    find_target,
    print_text_used,
    read_prompt,
    selects_alone,
)
from ui.command_line.sources import followed
from ui.command_line.target_arguments import ALONE_OR_MARKS, key_frames
from utils.errors import BadRequest, UnusablePrompt
from utils.messages import render as render_text
from utils.types import Message, Prompt

if TYPE_CHECKING:
    from engines.base import RunContext
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.state import Keyframe, SessionState

Mark = TypeVar("Mark")


def check_rerun(options: argparse.Namespace) -> None:
    """Check what can be checked before anything is built.

    Raises:
        UnusablePrompt: a target is given in no way, or in two.
        BadRequest: a value is out of range, or the folder can't be written.
    """
    for group in _groups(options):
        for marks in key_frames(group):
            if not check_marks(marks) and not _is_unmarked(marks):
                raise UnusablePrompt(
                    "prompt.none_given", options=f"--mask, {ALONE_OR_MARKS}, --unmark"
                )
    if getattr(options, "everyone", False) and _groups(options):
        raise UnusablePrompt("prompt.everyone_alone")
    _request(options, MatteRequest())
    check_folder(options.out, options.workspace_dir)


def rerun(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `rerun`; what isn't given stays as the session's last job had it.

    Marks of which one is refused, or with which the job can't begin, are taken back.
    """
    began_s = time.perf_counter()
    before = orchestrator.state(options.session)
    request = _request(options, before.request or before.draft or MatteRequest())
    orchestrator.check_request(request)
    with orchestrator.marking(before.id):
        for group in _groups(options):
            _mark_target(orchestrator, before.id, group)
        if options.background_picture is not None:
            orchestrator.set_background_picture(before.id, options.background_picture)
        if options.clean_plate is not None:
            orchestrator.set_clean_plate(before.id, options.clean_plate)
        orchestrator.check_job(before.id, request)
    notice = orchestrator.before_start(before.id, request)
    if notice is not None:
        print(f"note: {render_text(notice)}", file=sys.stderr, flush=True)

    def work(context: RunContext) -> SessionState:
        return orchestrator.run_now(before.id, request, context)

    done = run_job(options, orchestrator, work)
    if before.result_request is not None and done.result_number != before.result_number:
        kept = Message("job.version_kept", {"session": done.id, "number": before.result_number})
        print(f"note: {render_text(kept)}", file=sys.stderr)
    print_result(options, export_version(orchestrator, done, options.out, began_s))


def _request(options: argparse.Namespace, base: MatteRequest) -> MatteRequest:
    """Return the request: another engine has options of its own, and marks end a job for everyone."""
    changes: dict[str, object] = {"kept": {}, "start": None, "every_frame": False}
    if _groups(options):
        changes["everyone"] = False
    given = engine_options(options.option)
    request = read_request(options, MatteRequest, base.model_copy(update=changes))
    known = base.options if request.engine == base.engine else {}
    return request.model_copy(update={"options": {**known, **given}})


def _groups(options: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the marks of each target that has any; those before the first `--target` are the first one's."""
    frames = key_frames(options)
    is_given = options.has_frame or any(check_marks(one) or _is_unmarked(one) for one in frames)
    return [*([options] if is_given else []), *options.target]


def _is_unmarked(marks: argparse.Namespace) -> bool:
    return bool(getattr(marks, "unmark", False))


def _mark_target(orchestrator: Orchestrator, session: str, group: argparse.Namespace) -> None:
    target = _target(orchestrator, session, getattr(group, "name", None))
    for marks in key_frames(group):
        if _is_unmarked(marks):
            _unmark(orchestrator, session, marks.frame, target)
        if check_marks(marks):
            _mark(orchestrator, session, marks, target)


def _target(orchestrator: Orchestrator, session: str, name: str | None) -> int:
    """Return the number of the target of that name or number, of a further one where there is none."""
    if name is None:
        return FIRST_TARGET
    targets = orchestrator.state(session).targets
    found = [one.id for one in targets if one.name == name]
    found += [one.id for one in targets if name == str(one.id)]
    return found[0] if found else orchestrator.add_target(session, TargetChange(name=name)).id


def _unmark(orchestrator: Orchestrator, session: str, frame: int, target: int) -> None:
    known = orchestrator.state(session).keyframes_of(target)
    if frame not in known:
        frames = ", ".join(map(str, sorted(known))) or "-"
        raise BadRequest("job.not_marked", frame=frame, target=target, frames=frames)
    orchestrator.remove_keyframe(session, frame, target)


def _mark(orchestrator: Orchestrator, session: str, marks: argparse.Namespace, target: int) -> None:
    """Mark the target on a frame, in addition to the marks that are there."""
    if marks.mask is not None:
        mask, strokes = followed(marks.mask), tuple(marks.stroke)
        orchestrator.read_mask_upload(session, marks.frame, mask, strokes, target)
    elif selects_alone(marks):
        find_target(marks, orchestrator, session, target)
    else:
        known = orchestrator.state(session).keyframes_of(target).get(marks.frame)
        prompt = _with_known(read_prompt(marks), known)
        print_text_used(orchestrator.segment(session, marks.frame, prompt, target=target))


def _with_known(prompt: Prompt, keyframe: Keyframe | None) -> Prompt:
    """Return the marks of a frame with further ones; one that is there already does not count twice."""
    if keyframe is None:
        return prompt
    known = keyframe.prompt
    return replace(
        prompt,
        text=prompt.text or known.text,
        box=prompt.box or known.box,
        points=_joined(known.points, prompt.points),
        strokes=_joined(known.strokes, prompt.strokes),
        exemplars=_joined(known.exemplars, prompt.exemplars),
        negative_exemplars=_joined(known.negative_exemplars, prompt.negative_exemplars),
    )


def _joined(known: tuple[Mark, ...], further: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return (*known, *(mark for mark in further if mark not in known))
