"""Keyframes of a session: what was found on a frame, as records in the state and masks on disk."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from engines.base import Instance
from pipeline.session.former_keyframes import has_marks, set_aside, take_back
from pipeline.session.masks import read_mask, write_mask
from pipeline.session.session import Session
from pipeline.session.state import (
    FIRST_TARGET,
    InstanceRecord,
    Keyframe,
    PromptRecord,
    SessionState,
)
from utils.types import Message, Prompt

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What an engine found for a prompt, best first; `text_used` is the English text that it read.

    `own_mask`: the prompt's mask is one that the user brought. `target`: the number of what it is a mask of.
    """

    instances: list[Instance]
    engine: str
    prompt: Prompt
    text_used: str = ""
    seconds: float = 0.0
    notices: tuple[Message, ...] = ()
    own_mask: bool = False
    target: int = FIRST_TARGET


def store_keyframe(session: Session, frame_index: int, found: Found) -> Keyframe:
    """Write the instances' masks and put the keyframe into the session's state; best one kept.

    Where the user had chosen one of several answers, the one most like it is kept.
    """
    keyframe = _keyframe(frame_index, found, _most_like_choice(session, frame_index, found))
    with session.masks_lock():
        _set_current_aside(session, frame_index, found.target)
        for number, instance in enumerate(found.instances):
            path = session.instance_path(frame_index, number, found.target)
            write_mask(path, instance.mask)
        session.transform(lambda state: state.with_keyframe(keyframe))
        _remove_surplus(session, frame_index, found.target, len(found.instances))
    logger.info(
        "session %s: %s found %d on frame %d in %.1f s",
        session.id[:6],
        found.engine,
        len(found.instances),
        frame_index,
        found.seconds,
    )
    return keyframe


def _keyframe(frame_index: int, found: Found, choice: int | None) -> Keyframe:
    """Return the record of what was found; `choice` is the instance that the user had chosen before."""
    records = tuple(
        InstanceRecord(
            id=number,
            score=float(instance.score),
            label=instance.label,
            area_px=int(instance.mask.sum()),
        )
        for number, instance in enumerate(found.instances)
    )
    return Keyframe(
        frame=frame_index,
        target=found.target,
        engine=found.engine,
        prompt=PromptRecord(
            text=found.prompt.text,
            points=found.prompt.points,
            box=found.prompt.box,
            exemplars=found.prompt.exemplars,
            negative_exemplars=found.prompt.negative_exemplars,
            strokes=found.prompt.strokes,
            has_mask=found.prompt.mask is not None,
            own_mask=found.own_mask,
        ),
        text_used=found.text_used,
        instances=records,
        kept=(0 if choice is None else choice,),
        is_chosen=choice is not None,
        seconds=found.seconds,
        notices=found.notices,
    )


def _most_like_choice(session: Session, frame_index: int, found: Found) -> int | None:
    """Return the instance most like the one the user chose before, by overlap; None without a choice."""
    instances, prompt = found.instances, found.prompt
    before = session.state.keyframes_of(found.target).get(frame_index)
    if before is None or not before.is_chosen or len(before.kept) != 1:
        return None
    if not before.has_alternatives or prompt.text.strip() or prompt.exemplars:
        return None
    chosen = read_mask(session.instance_path(frame_index, before.kept[0], found.target))
    overlaps = [(one.mask & chosen).sum() / max((one.mask | chosen).sum(), 1) for one in instances]
    return int(np.argmax(overlaps))


def remove_keyframe(session: Session, frame_index: int, target: int = FIRST_TARGET) -> SessionState:
    """Forget what was selected of a target on a frame; harmless when nothing was.

    A mask that the user brought stays on the disk, so that undo and redo find it; see `restore_keyframe` for the rest.
    """

    def without(state: SessionState) -> SessionState:
        known = state.keyframes_of(target)
        return state.with_keyframes(
            target, {key: value for key, value in known.items() if key != frame_index}
        )

    with session.masks_lock():
        _set_current_aside(session, frame_index, target)
        state = session.transform(without)
        _remove_surplus(session, frame_index, target, 0)
        session.base_mask_path(frame_index, target).unlink(missing_ok=True)
    return state


def restore_keyframe(
    session: Session, frame_index: int, prompt: Prompt, target: int = FIRST_TARGET
) -> Keyframe | None:
    """Give a frame the selection back that these marks made on it before others replaced or removed it.

    Where the marks are those of now, that stays; None where nothing is kept of them.
    """
    with session.masks_lock():
        now = session.state.keyframes_of(target).get(frame_index)
        if now is not None and has_marks(now, prompt):
            return now
        former = take_back(session, frame_index, prompt, target, now)
        if former is None:
            return None
        session.transform(lambda state: state.with_keyframe(former))
        _remove_surplus(session, frame_index, target, len(former.instances))
    return former


def _set_current_aside(session: Session, frame_index: int, target: int) -> None:
    now = session.state.keyframes_of(target).get(frame_index)
    if now is not None:
        set_aside(session, now)


def _remove_surplus(session: Session, frame_index: int, target: int, count: int) -> None:
    """Remove masks numbered from `count` on: only now does the state no longer name them."""
    folder = session.instance_path(frame_index, 0, target).parent
    for path in folder.glob("*.png"):
        if path.stem.isdecimal() and int(path.stem) >= count:
            path.unlink(missing_ok=True)
