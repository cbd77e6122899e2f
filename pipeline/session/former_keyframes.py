"""Keyframes that other marks replaced or that were taken away, kept so that undo and redo give the very masks back.

Marking again does not: what a click means also depends on the other key frames and on the result.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from pydantic import ValidationError

from pipeline.session.session import Session
from pipeline.session.state import Keyframe, PromptRecord
from pipeline.storage.files import link_or_copy, write_atomically
from utils.types import Prompt

_FOLDER = "former"
_RECORD_NAME = "keyframe.json"
_MOST_KEPT = 8
"""Former keyframes that are kept of a frame; the oldest goes first."""


def set_aside(session: Session, keyframe: Keyframe) -> None:
    """Keep a keyframe with its masks beside what its frame gets next; the session's masks must be locked.

    One made from a text, from example boxes or from the user's own mask is not kept: no undo asks for it.
    """
    if not _is_of_marks_alone(keyframe.prompt):
        return
    former = _former_dir(session, keyframe.frame, keyframe.target)
    folder = _newest(former)
    folder.mkdir(parents=True)
    for path in _mask_paths(session, keyframe):
        if path.is_file():
            link_or_copy(path, folder / path.name)
    write_atomically(folder / _RECORD_NAME, keyframe.model_dump_json().encode("utf-8"))
    for oldest in sorted(former.iterdir())[:-_MOST_KEPT]:
        shutil.rmtree(oldest, ignore_errors=True)


def take_back(
    session: Session, frame: int, prompt: Prompt, target: int, now: Keyframe | None
) -> Keyframe | None:
    """Put the masks of the newest former keyframe with the prompt's marks in their places; return its record.

    None where there is none, or where the prompt is more than clicks, a box and strokes. The session's masks must be
    locked; the state is left to the caller.

    Args:
        now: what the frame has, to be set aside.
    """
    former = _former_dir(session, frame, target)
    if not former.is_dir():
        return None
    for folder in sorted(former.iterdir(), reverse=True):
        try:
            record = (folder / _RECORD_NAME).read_bytes()
            keyframe = Keyframe.model_validate_json(record)
        except (OSError, ValidationError):
            continue  # half written when the process died
        if not has_marks(keyframe, prompt):
            continue
        # The newest one is not among those that go for what is set aside.
        found = folder.rename(_newest(former))
        if now is not None:
            set_aside(session, now)
        for path in _mask_paths(session, keyframe):
            if (found / path.name).is_file():
                link_or_copy(found / path.name, path)
        shutil.rmtree(found, ignore_errors=True)
        return keyframe
    return None


def has_marks(keyframe: Keyframe, prompt: Prompt) -> bool:
    """Tell whether a keyframe was made from the prompt's clicks, box and strokes, and both are of nothing else."""
    made_from = keyframe.prompt
    if prompt.mask is not None or not (
        _is_of_marks_alone(prompt) and _is_of_marks_alone(made_from)
    ):
        return False
    return (made_from.points, made_from.box, made_from.strokes) == (
        prompt.points,
        prompt.box,
        prompt.strokes,
    )


def _is_of_marks_alone(prompt: Prompt | PromptRecord) -> bool:
    if isinstance(prompt, PromptRecord) and prompt.own_mask:
        return False
    has_marks = bool(prompt.points or prompt.strokes or prompt.box is not None)
    return has_marks and not prompt.text.strip() and not prompt.exemplars


def _former_dir(session: Session, frame: int, target: int) -> Path:
    return session.instance_path(frame, 0, target).with_name(_FOLDER)


def _newest(former: Path) -> Path:
    return former / f"{time.time_ns():020d}"


def _mask_paths(session: Session, keyframe: Keyframe) -> list[Path]:
    """Return where a keyframe's masks lie, that which its marks correct among them."""
    frame, target = keyframe.frame, keyframe.target
    masks = [session.instance_path(frame, one.id, target) for one in keyframe.instances]
    return [*masks, session.base_mask_path(frame, target)]
