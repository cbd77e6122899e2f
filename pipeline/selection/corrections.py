"""The mask that clicks on a frame correct: the user's own there, or the last result."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.session.masks import read_mask, write_mask
from pipeline.session.results import Results
from pipeline.session.session import Session
from utils.errors import SplazmatteError
from utils.types import Mask, Point, Prompt

_LOST = 0.6
"""Confidence below which a frame's result is taken to have lost the target."""


def base_mask(session: Session, frame: int, prompt: Prompt, results: Results) -> Mask | None:
    """Return the mask, bool (H, W), that clicks on a frame correct; None where they begin a new selection.

    A frame with a mask of the user's own, or one already corrected, goes on from there; a frame
    without a selection from the result, where that has anything there and hasn't lost the target. It
    is kept beside the instances, so that clicks may be taken back one by one.
    """
    if not prompt.points or prompt.box is not None or prompt.exemplars or prompt.text.strip():
        return None
    keyframe = session.state.keyframes.get(frame)
    kept = session.base_mask_path(frame)
    if keyframe is None:
        base = _of_result(session, frame, prompt.points, results)
    elif not keyframe.prompt.has_mask:
        return None
    elif kept.is_file():
        return read_mask(kept)
    else:
        base = read_mask(session.instance_path(frame, 0))
    if base is None or not base.any() or base.all():
        return None
    write_mask(kept, base)
    return base


def has_lost(mask: Mask, confidence: float | None, points: Sequence[Point]) -> bool:
    """Return True where clicks show a target that the result has lost: a new selection is better then.

    The confidence is low, and none of the positive clicks lies in the mask, bool (H, W).
    """
    shown = [point for point in points if point.positive]
    if confidence is None or confidence >= _LOST or not shown:
        return False
    return not any(mask[int(point.y), int(point.x)] for point in shown)


def _of_result(
    session: Session, frame: int, points: Sequence[Point], results: Results
) -> Mask | None:
    try:
        mask = results.mask(session, frame)
    except SplazmatteError:
        return None
    confidence = results.confidence(session)[frame]
    return None if has_lost(mask, confidence, points) else mask
