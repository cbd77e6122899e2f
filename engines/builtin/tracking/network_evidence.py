"""What networks say of one target: a foreground network's answers and the labels of descriptors, each where there is one."""

from __future__ import annotations

from engines.builtin.tracking.confidence import ContourZones, NetworkAgreement
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.label_propagation import (
    LabelPropagation,
    supporting_what_moves_alike,
)
from engines.builtin.tracking.target_foreground import TargetForeground
from engines.builtin.vision.flow import FlowPair
from utils.types import FloatMap, IntBox, Mask


class NetworkEvidence:
    """A target's state of both, over one pass; a frame without a network's answer leaves that network's state as it is."""

    def __init__(self) -> None:
        self._foreground = TargetForeground()
        self._labels = LabelPropagation()

    @property
    def has_labels(self) -> bool:
        """True once a confirmed frame had descriptors."""
        return self._labels.is_active

    def confirm(self, inputs: FrameInputs, mask: Mask, weight: FloatMap | None = None) -> None:
        """Start from a confirmed frame's mask, bool (h, w); see `LabelPropagation.confirm` for `weight`."""
        if inputs.foreground is not None:
            self._foreground.confirm(inputs.foreground, mask)
        self._labels.confirm(inputs.descriptors, mask, weight)

    def amend(self, inputs: FrameInputs, mask: Mask, weight: FloatMap) -> None:
        """Learn the last frame again, from a corrected mask; see `ForegroundModel.amend`."""
        if inputs.foreground is not None:
            self._foreground.amend(inputs.foreground, mask, weight)
        self._labels.confirm(inputs.descriptors, mask, weight)

    def restart(self, inputs: FrameInputs, mask: Mask, is_new_scene: bool) -> None:
        """Begin again where the target was redetected; see `ForegroundModel.restart`."""
        self._labels.restart(mask, is_new_scene)
        if inputs.foreground is not None:
            self._foreground.restart(inputs.foreground, mask, is_new_scene)

    def advance_labels(self, inputs: FrameInputs, flow: FlowPair, window: IntBox) -> None:
        """Propagate the labels to the next frame; see `LabelPropagation.advance`."""
        self._labels.advance(inputs.descriptors, flow, window)

    def forget_labels(self) -> None:
        """Drop the labels of the last frame, from which no flow leads to the next."""
        self._labels.forget_answer()

    def add_to(
        self,
        log_odds: FloatMap,
        inputs: FrameInputs,
        flow: FlowPair,
        expected: Mask,
        window: IntBox,
        motion: FloatMap,
        missing: float,
    ) -> None:
        """Go on to the next frame in the foreground network's answers, and add all evidence to log odds in place.

        Args:
            log_odds: of the target in the search window, float32 (h', w').
            inputs: the frame.
            flow: between the frame and the last one.
            expected: the last mask warped along `flow`, bool (h, w).
            window: the search window.
            motion: log odds by the motion there, float32 (h', w').
            missing: area of the target that is not in `expected`, in pixels.
        """
        foreground, to_previous = inputs.foreground, flow.to_previous
        described = self._labels.evidence(expected, to_previous, window)
        if foreground is None:
            log_odds += supporting_what_moves_alike(described, motion)
            return
        log_odds += described
        self._foreground.advance(foreground, expected, flow, missing)
        log_odds += self._foreground.evidence(foreground, expected, to_previous, window)
        log_odds += self._foreground.evidence_of_others(expected, motion, window)

    def background_evidence(
        self, inputs: FrameInputs, flow: FlowPair, expected: Mask, window: IntBox
    ) -> FloatMap | float:
        """See `TargetForeground.background_evidence`; 0 without a foreground network."""
        if inputs.foreground is None:
            return 0.0
        return self._foreground.background_evidence(
            inputs.foreground, expected, flow.to_previous, window
        )

    def follow(self, inputs: FrameInputs, flow: FlowPair, mask: Mask) -> NetworkAgreement | None:
        """Learn from a frame's estimated mask, bool (h, w).

        Returns:
            How far the foreground network agreed with it beforehand; None without one.
        """
        agreement = None
        if inputs.foreground is not None:
            agreement = self._foreground.agreement(inputs.foreground, mask)
            self._foreground.follow(inputs.foreground, mask, flow.to_previous)
        self._labels.follow(mask, flow.to_previous)
        return agreement

    def label_overlap(self, zones: ContourZones) -> float | None:
        """See `LabelPropagation.overlap`."""
        return self._labels.overlap(zones)

    def labels_overall(self) -> FloatMap | float:
        """See `LabelPropagation.overall_evidence`."""
        return self._labels.overall_evidence()

    def foreground_overall(self, inputs: FrameInputs) -> FloatMap | float:
        """See `TargetForeground.overall`; 0 without a foreground network."""
        return 0.0 if inputs.foreground is None else self._foreground.overall(inputs.foreground)
