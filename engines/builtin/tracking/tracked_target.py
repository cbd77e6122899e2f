"""A target as a pass tracks it: with another object of its kind beside it, where the confirmed frame shows one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.builtin.tracking.crossing import Crossing
from engines.builtin.tracking.estimate import Estimate, NextFrame
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.similar_object import similar_object
from engines.builtin.tracking.tracker import ObjectTracker
from engines.builtin.vision.flow import FlowPair
from utils.types import FloatMap, Mask


class TargetTracker:
    """An `ObjectTracker` of the target, and one of the object that is like it; a new one for each pass.

    The second one is dropped at a cut, where the target is absent, and where both were taken for each other.
    """

    def __init__(self, inputs: FrameInputs, mask: Mask, weight: FloatMap | None = None) -> None:
        """Begin at a confirmed frame; see `ObjectTracker.correct` for the arguments."""
        self._target = ObjectTracker(inputs, mask, weight)
        self._other: tuple[ObjectTracker, Crossing] | None = None
        self._look_for_other(inputs, mask)

    def correct(self, inputs: FrameInputs, mask: Mask) -> Estimate:
        """See `ObjectTracker.correct`; the other object is looked for again.

        Where it is not found, as both touch, the known one stays, unless the mask takes it in.
        """
        estimate = self._target.correct(inputs, mask)
        known = self._other
        self._look_for_other(inputs, mask)
        if self._other is None and known is not None and not known[1].is_other(mask):
            known[1].amend(mask)
            self._other = known
        return estimate

    def amend(self, inputs: FrameInputs, mask: Mask, weight: FloatMap) -> None:
        """See `ObjectTracker.amend`."""
        self._target.amend(inputs, mask, weight)
        if self._other is not None:
            self._other[1].amend(mask)

    def adopt_appearance(self, other: TargetTracker, trust: float = 1.0) -> None:
        """See `ObjectTracker.adopt_appearance`."""
        self._target.adopt_appearance(other._target, trust)

    def mark_absent(self) -> Estimate:
        """See `ObjectTracker.mark_absent`."""
        self._other = None
        return self._target.mark_absent()

    def step(
        self,
        inputs: FrameInputs,
        flow: FlowPair,
        next_frame: NextFrame | None = None,
        is_cut: bool = False,
    ) -> Estimate:
        """See `ObjectTracker.step`; what is the other object's is not in the estimate."""
        if is_cut:
            self._other = None
        if self._other is None:
            return self._target.step(inputs, flow, next_frame, is_cut)
        other, crossing = self._other
        of_target, of_other = crossing.advance(inputs.frame.lab, flow)
        estimate = self._target.step(inputs, flow, next_frame, contact=of_target)
        second = other.step(inputs.without_crops(), flow, next_frame, contact=of_other)
        mask, other_mask = crossing.settle(estimate.probability > 0.5, second.probability > 0.5)
        other.keep(_within(second, other_mask))
        estimate = _within(estimate, mask)
        self._target.keep(estimate)
        if crossing.has_swapped():
            self._other = None
        return estimate

    def _look_for_other(self, inputs: FrameInputs, mask: Mask) -> None:
        """Begin to follow an object like the target, if the frame shows one beside its mask, bool (h, w)."""
        shown = None if inputs.foreground is None else inputs.foreground.whole.probability
        found = similar_object(inputs.descriptors, mask, inputs.frame, shown)
        self._other = None
        if found is not None:
            tracker = ObjectTracker(inputs.without_crops(), found)
            self._other = tracker, Crossing(mask, found, inputs.frame.lab)


def _within(estimate: Estimate, mask: Mask) -> Estimate:
    """Return an estimate whose mask is the given one, bool (h, w)."""
    inside = np.where(mask, np.maximum(estimate.probability, np.float32(0.501)), np.float32(0.0))
    return replace(estimate, probability=inside.astype(np.float32))
