"""The order in which a clip is walked: backwards from the start frame first, then forwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from engines.base import FrameSource, RunContext
from engines.builtin.arrays import resize_mask
from engines.builtin.flow import FlowEstimator, FlowPair
from engines.builtin.tracker import Belief, ObjectTracker, confirmed
from engines.builtin.working import WorkingFrame, shrink, working_size
from utils.types import Frame, Mask


@dataclass(frozen=True, slots=True)
class Step:
    """One frame on the way: the full frame, its working copy, and the flow to the frame before.

    `flow` is None on the first frame of a pass; `is_repeat` marks the start frame of the second
    pass, which the first one has given already or will not give.
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
    for offset, frame in enumerate(reader):
        working = shrink(frame, size_wh)
        flow = None if previous is None else estimator.between(previous, working)
        yield Step(first + offset * step, frame, working, flow)
        previous = working


def track(
    frames: FrameSource,
    guide: Mapping[int, Mask],
    start: int,
    context: RunContext,
) -> Iterator[tuple[Step, Belief]]:
    """Yield each frame once with the belief: start-1 … 0 first, then start … the last."""
    for first, stop, direction in ((start, -1, -1), (start, len(frames), 1)):
        if direction < 0 and start == 0:
            continue
        yield from _one_way(frames, guide, first, stop, direction, context)


def _one_way(
    frames: FrameSource,
    guide: Mapping[int, Mask],
    first: int,
    stop: int,
    direction: int,
    context: RunContext,
) -> Iterator[tuple[Step, Belief]]:
    tracker: ObjectTracker | None = None
    with closing(walk(frames, first, stop, direction)) as steps:  # type: ignore[type-var]
        for step in steps:
            context.check_cancelled()
            size_wh = (step.working.luma.shape[1], step.working.luma.shape[0])
            mask = resize_mask(guide[step.index], size_wh) if step.index in guide else None
            if tracker is None:
                if mask is None:
                    raise ValueError("a pass starts on a frame with a mask")
                tracker = ObjectTracker(step.working, mask)
                belief = confirmed(mask)
            elif mask is not None:
                belief = tracker.correct(step.working, mask)
            elif step.flow is not None:
                belief = tracker.step(step.working, step.flow)
            if direction < 0 and step.index == first:
                continue
            yield step, belief
