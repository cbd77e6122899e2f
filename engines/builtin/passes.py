"""The order in which a clip is walked: backwards from the start frame first, then forwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from engines.base import FrameSource, RunContext
from engines.builtin.ahead import ahead
from engines.builtin.arrays import resize_mask
from engines.builtin.flow import FlowEstimator, FlowPair
from engines.builtin.tracker import Belief, ObjectTracker, confirmed
from engines.builtin.working import WorkingFrame, shrink, working_size
from utils.mask_utils import check_keyframe_mask
from utils.types import Frame, Mask

Keyframes = Mapping[int, Mapping[int, Mask]]
"""Confirmed masks, bool (H, W), by frame index and object id."""


@dataclass(frozen=True, slots=True)
class Step:
    """One frame on the way: the full frame, its working copy, and the flow to the frame before.

    `flow` is None on the first frame of a pass.
    """

    index: int
    frame: Frame
    working: WorkingFrame
    flow: FlowPair | None


def walk(frames: FrameSource, first: int, stop: int, step: int) -> Iterator[Step]:
    """Yield frames first, first + step, … without `stop`, each with the flow to its predecessor."""
    size_wh = working_size(frames.size_wh)
    estimator = FlowEstimator()
    previous: WorkingFrame | None = None
    reader = frames.read(first, stop, 1 if step > 0 else -1)
    try:
        for offset, frame in enumerate(reader):
            working = shrink(frame, size_wh)
            flow = None if previous is None else estimator.between(previous, working)
            yield Step(first + offset * step, frame, working, flow)
            previous = working
    finally:
        close = getattr(reader, "close", None)
        if close is not None:
            close()


def both_ways(frames: FrameSource, start: int, context: RunContext) -> Iterator[tuple[Step, bool]]:
    """Yield steps start … 0, then start … the last, and whether the step's frame is to be answered.

    The start frame begins each pass (its step has no flow) and is answered in the second one.
    """
    for stop, direction in ((-1, -1), (len(frames), 1)):
        if direction < 0 and start == 0:
            continue
        steps = ahead(lambda stop=stop, step=direction: walk(frames, start, stop, step))  # type: ignore[misc]
        with closing(steps):  # type: ignore[type-var]
            for step in steps:
                context.check_cancelled()
                yield step, direction > 0 or step.index != start


def track(
    frames: FrameSource, keyframes: Keyframes, start: int, context: RunContext
) -> Iterator[tuple[Step, dict[int, Belief]]]:
    """Yield each frame once with what is believed of each object known there.

    Raises:
        UnusablePrompt: a mask is empty, full, or of another size.
    """
    trackers: dict[int, ObjectTracker] = {}
    for step, answered in both_ways(frames, start, context):
        if step.flow is None:
            trackers = {}
        given = keyframes.get(step.index, {})
        size_wh = step.working.luma.shape[1], step.working.luma.shape[0]
        beliefs: dict[int, Belief] = {}
        for name in sorted({*trackers, *given}):
            if name in given:
                beliefs[name] = _confirm(trackers, name, given[name], step, frames.size_wh, size_wh)
            elif step.flow is not None:
                beliefs[name] = trackers[name].step(step.working, step.flow)
        if answered:
            yield step, beliefs


def _confirm(
    trackers: dict[int, ObjectTracker],
    name: int,
    mask: Mask,
    step: Step,
    full_wh: tuple[int, int],
    size_wh: tuple[int, int],
) -> Belief:
    if name in trackers and not mask.any():
        # The user says that the object is not there: believe it, and keep looking.
        return trackers[name].vanish()
    small = resize_mask(check_keyframe_mask(mask, full_wh, step.index), size_wh)
    if name in trackers:
        return trackers[name].correct(step.working, small)
    trackers[name] = ObjectTracker(step.working, small)
    return confirmed(small)
