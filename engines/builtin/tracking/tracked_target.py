"""A target as a pass tracks it: with another object of its kind beside it, where the confirmed frame shows one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.builtin.tracking.crossing import Crossing
from engines.builtin.tracking.estimate import Estimate, NextFrame
from engines.builtin.tracking.similar_object import similar_object
from engines.builtin.tracking.target_foreground import ForegroundView
from engines.builtin.tracking.tracker import ObjectTracker
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import ProcessingFrame
from utils.types import FloatImage, FloatMap, Mask


class TargetTracker:
    """An `ObjectTracker` of the target, and one of the object that is like it; a new one for each pass.

    The second one is dropped at a cut, and where the target is absent.
    """

    def __init__(
        self,
        frame: ProcessingFrame,
        mask: Mask,
        foreground: ForegroundView | None = None,
        weight: FloatMap | None = None,
        descriptors: FloatImage | None = None,
    ) -> None:
        """Begin at a confirmed frame; see `ObjectTracker.correct` for the arguments."""
        self._target = ObjectTracker(frame, mask, foreground, weight, descriptors)
        self._other: tuple[ObjectTracker, Crossing] | None = None
        self._look_for_other(frame, mask, foreground, descriptors)

    def correct(
        self,
        frame: ProcessingFrame,
        mask: Mask,
        foreground: ForegroundView | None = None,
        descriptors: FloatImage | None = None,
    ) -> Estimate:
        """See `ObjectTracker.correct`; the other object is looked for again.

        Where it is not found, as both touch, the known one stays, unless the mask takes it in.
        """
        estimate = self._target.correct(frame, mask, foreground, descriptors=descriptors)
        known = self._other
        self._look_for_other(frame, mask, foreground, descriptors)
        if self._other is None and known is not None and not known[1].is_other(mask):
            known[1].amend(mask)
            self._other = known
        return estimate

    def amend(
        self,
        frame: ProcessingFrame,
        mask: Mask,
        weight: FloatMap,
        foreground: ForegroundView | None = None,
        descriptors: FloatImage | None = None,
    ) -> None:
        """See `ObjectTracker.amend`."""
        self._target.amend(frame, mask, weight, foreground, descriptors)
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
        frame: ProcessingFrame,
        flow: FlowPair,
        next_frame: NextFrame | None = None,
        foreground: ForegroundView | None = None,
        descriptors: FloatImage | None = None,
        is_cut: bool = False,
    ) -> Estimate:
        """See `ObjectTracker.step`; what is the other object's is not in the estimate."""
        if is_cut:
            self._other = None
        if self._other is None:
            return self._target.step(frame, flow, next_frame, foreground, descriptors, is_cut)
        other, crossing = self._other
        of_target, of_other = crossing.advance(frame.lab, flow)
        estimate = self._target.step(
            frame, flow, next_frame, foreground, descriptors, contact=of_target
        )
        second = other.step(
            frame, flow, next_frame, _whole_alone(foreground), descriptors, contact=of_other
        )
        mask, other_mask = crossing.settle(estimate.probability > 0.5, second.probability > 0.5)
        other.keep(_within(second, other_mask))
        estimate = _within(estimate, mask)
        self._target.keep(estimate)
        return estimate

    def _look_for_other(
        self,
        frame: ProcessingFrame,
        mask: Mask,
        foreground: ForegroundView | None,
        descriptors: FloatImage | None,
    ) -> None:
        shown = None if foreground is None else foreground.whole.probability
        found = similar_object(descriptors, mask, frame, shown)
        self._other = None
        if found is not None:
            tracker = ObjectTracker(frame, found, _whole_alone(foreground), descriptors=descriptors)
            self._other = tracker, Crossing(mask, found, frame.lab)


def _whole_alone(view: ForegroundView | None) -> ForegroundView | None:
    """Return a view without crops: those are asked about for the target."""
    return None if view is None else ForegroundView(view.whole)


def _within(estimate: Estimate, mask: Mask) -> Estimate:
    """Return an estimate whose mask is the given one, bool (h, w)."""
    inside = np.where(mask, np.maximum(estimate.probability, np.float32(0.501)), np.float32(0.0))
    return replace(estimate, probability=inside.astype(np.float32))
