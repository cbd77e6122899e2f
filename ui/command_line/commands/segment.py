"""`segment`: find the target on one frame and write its mask."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pipeline.session.state import FIRST_TARGET
from ui.command_line.sources import Source
from ui.command_line.target_arguments import ALONE_OR_MARKS, MARKS
from utils.errors import BadRequest, UnusablePrompt
from utils.types import Prompt

if TYPE_CHECKING:
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.state import Keyframe


def check_segment(options: argparse.Namespace) -> None:
    """Check what can be checked before anything is built.

    Raises:
        BadRequest: the output is no PNG in a folder that is there.
        UnusablePrompt: no target is given.
    """
    if options.output.suffix.lower() != ".png":
        raise BadRequest("job.value", name="-o", value=str(options.output), allowed="*.png")
    if options.output.is_dir():
        raise BadRequest("job.output_is_folder", path=str(options.output))
    if not options.output.parent.is_dir():
        raise BadRequest("job.folder_missing", folder=str(options.output.parent))
    if not selects_alone(options):
        read_prompt(options)


def segment(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run the command."""
    state = Source(options.clip).make_session(options, orchestrator)
    try:
        keyframe = find_target(options, orchestrator, state.id)
        orchestrator.export_mask(state.id, options.frame, options.output)
    finally:
        orchestrator.discard(state.id)  # nobody learns its id
    best = keyframe.instances[0]
    print(
        f"{options.output}: {best.area_px} pixels, score {best.score:.2f}, found by {keyframe.engine}"
    )


_ALONE = ("main_object", "source_alpha")
_OTHERS = (*(name for name in MARKS if name not in _ALONE), "everyone")


def selects_alone(options: argparse.Namespace) -> bool:
    """Return whether an option selects the target by itself, without a mark or a mask.

    Raises:
        UnusablePrompt: something else names the target beside it.
    """
    values = vars(options)
    given = [name for name in _ALONE if values[name]]
    others = [name for name in (*_ALONE, *_OTHERS) if name not in given[:1]]
    if given and any(values.get(name) for name in others):
        shown = ", ".join(_flag(name) for name in others)
        raise UnusablePrompt("prompt.selects_alone", option=_flag(given[0]), others=shown)
    return bool(given)


def check_marks(group: argparse.Namespace) -> bool:
    """Return whether the marks of a key frame name the target.

    Raises:
        UnusablePrompt: they do in two ways.
    """
    has_prompt = selects_alone(group) or bool(
        group.text or group.point or group.box or group.example
    )
    if group.mask is not None and has_prompt:
        raise UnusablePrompt("prompt.mask_alone")
    return has_prompt or group.mask is not None or bool(group.stroke)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def find_target(
    options: argparse.Namespace,
    orchestrator: Orchestrator,
    session_id: str,
    target: int = FIRST_TARGET,
) -> Keyframe:
    """Find the target that the options name, on their frame."""
    if options.main_object:
        return orchestrator.select_main_object(session_id, options.frame, target)
    if options.source_alpha:
        return orchestrator.select_source_alpha(session_id, options.frame, target)
    prompt = read_prompt(options)
    keyframe = orchestrator.segment(session_id, options.frame, prompt, target=target)
    print_text_used(keyframe)
    return keyframe


def read_prompt(options: argparse.Namespace) -> Prompt:
    """Return the prompt that the options give.

    Raises:
        UnusablePrompt: there is none.
    """
    prompt = Prompt(
        text=options.text,
        points=tuple(options.point),
        box=options.box,
        strokes=tuple(options.stroke),
        exemplars=tuple(box for box, is_wanted in options.example if is_wanted),
        negative_exemplars=tuple(box for box, is_wanted in options.example if not is_wanted),
    )
    if prompt.is_empty:
        raise UnusablePrompt("prompt.none_given", options=ALONE_OR_MARKS)
    return prompt


def print_text_used(keyframe: Keyframe) -> None:
    """Tell which words were searched for, where they aren't the user's own."""
    if keyframe.text_used and keyframe.text_used != keyframe.prompt.text:
        print(f"note: searching for “{keyframe.text_used}”", file=sys.stderr)
