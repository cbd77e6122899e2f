"""How large a target is expected to be on a frame: from its confirmed masks and the last result's on other frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.session.masks import read_mask
from pipeline.session.results import Results
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET
from utils.errors import SplazmatteError
from utils.mask_utils import bounding_box
from utils.types import ExpectedSize, Mask

_PER_FRAME = 0.1
"""Standard deviation of the log area from one frame to the next; the variance grows with the distance.

On the ten DAVIS clips of docs/quality.md the log area's change has a root mean square of 0.25 over 10 frames, 0.41 over
20 and 0.61 over 40.
"""
_TRACKING = 0.5
"""Standard deviation of the log area of a tracked mask without any confidence."""
_SELECTION = 0.3
"""Standard deviation of the log area that a selection adds of its own."""
_LEAST_CONFIDENCE = 0.2
"""Confidence below which a tracked mask says nothing of the target's size: it is lost, or being lost."""


@dataclass(frozen=True, slots=True)
class KnownMask:
    """A target's mask, bool (H, W), on a frame at least one away; `confidence` in [0, 1], 1 where it was confirmed."""

    mask: Mask
    distance: int
    confidence: float = 1.0

    @property
    def variance(self) -> float:
        """Variance of the log area that it predicts."""
        return _variance(self.distance, self.confidence)


def expected_size(known: Iterable[KnownMask]) -> ExpectedSize | None:
    """Return the size that masks of other frames predict; None where all are empty.

    Geometric means, each mask weighted by the inverse of its variance.
    """
    logs: list[tuple[float, float, float]] = []
    weights: list[float] = []
    for one in known:
        box = bounding_box(one.mask)
        if box is not None:
            area = np.count_nonzero(one.mask)
            logs.append((math.log(box[2] - box[0]), math.log(box[3] - box[1]), math.log(area)))
            weights.append(1.0 / one.variance)
    if not logs:
        return None
    width, height, area = np.exp(np.average(logs, axis=0, weights=weights)).tolist()
    deviation = math.hypot(_SELECTION, sum(weights) ** -0.5)
    return ExpectedSize(width, height, area, deviation)


def informative_frames(frame: int, confidence: Sequence[float | None]) -> list[int]:
    """Return the frame before and the one after that predict a frame's size best, as far as there are any."""
    found = []
    for side in (range(frame), range(frame + 1, len(confidence))):
        usable = {
            index: _variance(abs(index - frame), value)
            for index in side
            if (value := confidence[index]) is not None and value >= _LEAST_CONFIDENCE
        }
        if usable:
            found.append(min(usable, key=usable.__getitem__))
    return found


def size_in_session(
    session: Session,
    frame: int,
    confirmed: Mapping[int, Mask],
    results: Results,
    target: int = FIRST_TARGET,
) -> ExpectedSize | None:
    """Return the size that a session's target is expected to have on a frame; None before any mask of it.

    Of the `confirmed_masks` around it, bool (H, W), and of two tracked ones: see `informative_frames`. Where the target
    left the picture a confident result has nothing, which tells no size.
    """
    known = [KnownMask(mask, abs(index - frame)) for index, mask in confirmed.items()]
    confidence = [
        None if is_shown is False else value
        for value, is_shown in zip(
            results.confidence(session), results.shows_target(session), strict=True
        )
    ]
    keyframes = session.state.keyframes_of(target)
    for index in informative_frames(frame, confidence):
        if index not in keyframes or not keyframes[index].kept:
            try:
                mask = results.mask(session, index, target)
            except SplazmatteError:
                continue
            known.append(KnownMask(mask, abs(index - frame), confidence[index] or 0.0))
    return expected_size(known)


def confirmed_masks(session: Session, frame: int, target: int = FIRST_TARGET) -> dict[int, Mask]:
    """Return a target's masks, bool (H, W), on the confirmed frame before a frame and on the one after."""
    found = {}
    with session.masks_lock():
        keyframes = {
            index: one for index, one in session.state.keyframes_of(target).items() if one.kept
        }
        confident = [
            1.0 if index in keyframes else None for index in range(session.clip.frame_count)
        ]
        for index in informative_frames(frame, confident):
            kept = keyframes[index].kept
            masks = [read_mask(session.instance_path(index, one, target)) for one in kept]
            found[index] = np.asarray(np.logical_or.reduce(masks))
    return found


def _variance(distance: int, confidence: float) -> float:
    return _PER_FRAME**2 * distance + (_TRACKING * (1.0 - confidence)) ** 2
