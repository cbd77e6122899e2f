"""The order in which a clip is walked: backwards from the start frame first, then forwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from engines.base import FrameSource, RunContext
from engines.builtin.tracking.bidirectional import ReturningPass
from engines.builtin.tracking.tracker import Belief, Following, ObjectTracker, confirmed
from engines.builtin.vision.arrays import resize_mask
from engines.builtin.vision.flow import FlowEstimator, FlowPair
from engines.builtin.vision.processing_size import WorkingFrame, shrink, working_size
from utils.mask_utils import check_keyframe_mask
from utils.prefetch import ahead
from utils.types import Frame, Mask

Keyframes = Mapping[int, Mapping[int, Mask]]
"""Confirmed masks, bool (H, W), by frame index and object id."""


@dataclass(frozen=True, slots=True)
class Step:
    """One frame on the way: the full frame, its working copy, and the flow to the frame before.

    `flow` is None on the first frame of a pass, `following` on the last: the next frame and the flow
    to it.
    """

    index: int
    frame: Frame
    working: WorkingFrame
    flow: FlowPair | None
    following: Following | None = None


def walk(frames: FrameSource, first: int, stop: int, step: int) -> Iterator[Step]:
    """Yield frames first, first + step, … without `stop`, each with the flow to its neighbours."""
    size_wh = working_size(frames.size_wh)
    estimator = FlowEstimator()
    waiting: Step | None = None
    reader = frames.read(first, stop, 1 if step > 0 else -1)
    try:
        for offset, frame in enumerate(reader):
            working = shrink(frame, size_wh)
            flow = None
            if waiting is not None:
                flow = estimator.between(waiting.working, working)
                yield replace(waiting, following=Following(working.lab, flow.from_previous))
            waiting = Step(first + offset * step, frame, working, flow)
        if waiting is not None:
            yield waiting
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

    Between two confirmed frames the clip is followed from both, and the nearer one weighs more.

    Raises:
        UnusablePrompt: a mask is empty, full, or of another size.
    """
    job = _Job(frames, keyframes, context)
    for step, answered in both_ways(frames, start, context):
        beliefs = job.advance(step, -1 if step.index < start or not answered else 1)
        if answered:
            yield step, beliefs


class _Job:
    """The trackers of the pass under way, and the pass that came to meet it."""

    def __init__(self, frames: FrameSource, keyframes: Keyframes, context: RunContext) -> None:
        self._frames = frames
        self._keyframes = keyframes
        self._context = context
        self._trackers: dict[int, ObjectTracker] = {}
        self._returning: ReturningPass | None = None

    def advance(self, step: Step, direction: int) -> dict[int, Belief]:
        """Return what is believed of each object on the next step of a pass."""
        if step.flow is None:
            self._trackers = {}
        given = self._keyframes.get(step.index, {})
        beliefs: dict[int, Belief] = {}
        for name in sorted({*self._trackers, *given}):
            if name in given:
                beliefs[name] = _confirm(self._trackers, name, given[name], step, self._frames)
            elif step.flow is not None:
                belief = self._trackers[name].step(step.working, step.flow, step.following)
                if self._returning is not None:
                    belief = self._returning.weighed(step.index, name, belief)
                beliefs[name] = belief
        if given:
            self._returning = self._come_back(
                step.index, direction, {name: beliefs[name] for name in given}
            )
        return beliefs

    def _come_back(
        self, behind: int, direction: int, known: Mapping[int, Belief]
    ) -> ReturningPass | None:
        """Follow the objects from the next confirmed frame back to the one `behind`.

        `known` is what is confirmed there.
        """
        beyond = [index for index in self._keyframes if (index - behind) * direction > 0]
        if not beyond:
            return None
        ahead_of_us = min(beyond, key=lambda index: abs(index - behind))
        trackers: dict[int, ObjectTracker] = {}
        kept = ReturningPass(behind, ahead_of_us)
        with closing(  # type: ignore[type-var]
            ahead(lambda: walk(self._frames, ahead_of_us, behind - direction, -direction))
        ) as steps:
            for step in steps:
                self._context.check_cancelled()
                if step.flow is None:
                    self._meet(trackers, step)
                    continue
                for name, tracker in trackers.items():
                    belief = tracker.step(step.working, step.flow, step.following)
                    if step.index != behind:
                        kept.keep(step.index, name, belief)
                    elif name in known:
                        kept.arrive(name, belief, known[name])
        for name, tracker in trackers.items():
            self._trackers[name].learn_from(tracker, kept.trust(name, ahead_of_us))
        return kept

    def _meet(self, trackers: dict[int, ObjectTracker], step: Step) -> None:
        """Begin the returning pass at a confirmed frame, with the looks known on the way there."""
        for name, mask in self._keyframes[step.index].items():
            if name in self._trackers and mask.any():
                _confirm(trackers, name, mask, step, self._frames)
                trackers[name].learn_from(self._trackers[name])


def _confirm(
    trackers: dict[int, ObjectTracker],
    name: int,
    mask: Mask,
    step: Step,
    frames: FrameSource,
) -> Belief:
    if name in trackers and not mask.any():
        # The user says that the object is not there: believe it, and keep looking.
        return trackers[name].vanish()
    size_wh = step.working.luma.shape[1], step.working.luma.shape[0]
    small = resize_mask(check_keyframe_mask(mask, frames.size_wh, step.index), size_wh)
    if name in trackers:
        return trackers[name].correct(step.working, small)
    trackers[name] = ObjectTracker(step.working, small)
    return confirmed(small)
