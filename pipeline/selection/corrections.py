"""The mask that clicks on a frame correct: the user's own there, or the last result."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.selection.mask_upload import MASK_ENGINE
from pipeline.session.masks import read_mask, write_mask
from pipeline.session.results import Results
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, Keyframe
from utils.errors import SplazmatteError
from utils.types import Mask, Point, Prompt

_LOST = 0.6
"""Confidence below which a frame's result is taken to have lost the target."""


def base_mask(
    session: Session,
    frame: int,
    prompt: Prompt,
    results: Results,
    with_own_mask: bool | None = None,
    target: int = FIRST_TARGET,
) -> Mask | None:
    """Return the mask, bool (H, W), that clicks and strokes on a frame correct; None where there is none.

    A frame with a mask of the user's own, or one already corrected, goes on from there; a frame
    without a selection from the result, where that has anything there and hasn't lost the target. It
    is kept beside the instances, so that marks may be undone one by one.

    Args:
        with_own_mask: whether a mask that the user brought counts; None where it does now.
        target: the number of the target that is corrected.
    """
    if prompt.box is not None or prompt.exemplars or prompt.text.strip():
        return None
    keyframe = session.state.keyframes_of(target).get(frame)
    own = own_mask(session, frame, with_own_mask, target)
    if own is not None:
        return own
    if not prompt.points and not prompt.strokes:
        return None
    kept = session.base_mask_path(frame, target)
    base = None
    if keyframe is None:
        base = _of_result(session, frame, prompt.points, results, target)
    elif keyframe.prompt.has_mask and not is_own_mask(keyframe):
        base = read_mask(kept if kept.is_file() else session.instance_path(frame, 0, target))
    if base is None or not base.any() or base.all():
        return None
    write_mask(kept, base)
    return base


def is_own_mask(keyframe: Keyframe) -> bool:
    """Return whether the keyframe is, or goes on from, a mask that the user brought."""
    return keyframe.prompt.own_mask or keyframe.engine == MASK_ENGINE


def own_mask(
    session: Session, frame: int, is_wanted: bool | None = None, target: int = FIRST_TARGET
) -> Mask | None:
    """Return the mask that the user brought for a frame, bool (H, W); None where it does not count."""
    keyframe = session.state.keyframes_of(target).get(frame)
    path = session.own_mask_path(frame, target)
    if is_wanted is None:
        is_wanted = keyframe is not None and is_own_mask(keyframe)
    if not is_wanted:
        return None
    if not path.is_file() and keyframe is not None and keyframe.engine == MASK_ENGINE:
        # Sessions from before own masks were kept apart.
        write_mask(path, read_mask(session.instance_path(frame, 0, target)))
    return read_mask(path) if path.is_file() else None


def has_lost(mask: Mask, confidence: float | None, points: Sequence[Point]) -> bool:
    """Return True where clicks show a target that the result has lost: a new selection is better then.

    None of the positive clicks lies in the mask, bool (H, W), and the confidence is low or the mask empty: the target
    was taken to have left the picture.
    """
    shown = [point for point in points if point.positive]
    if confidence is None or not shown or (confidence >= _LOST and mask.any()):
        return False
    return not any(mask[int(point.y), int(point.x)] for point in shown)


def _of_result(
    session: Session, frame: int, points: Sequence[Point], results: Results, target: int
) -> Mask | None:
    try:
        mask = results.mask(session, frame, target)
    except SplazmatteError:
        return None
    confidence = results.confidence(session)[frame]
    return None if has_lost(mask, confidence, points) else mask
