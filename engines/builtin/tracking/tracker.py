"""Tracks one object from a confirmed frame through neighbouring frames at processing size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.builtin.tracking.absence import LOST_CONFIDENCE, Absence
from engines.builtin.tracking.appearance import AppearanceModel
from engines.builtin.tracking.confidence import (
    ContourZones,
    QualityIndicators,
    predicted_overlap,
    quality_indicators,
)
from engines.builtin.tracking.crossing import Contact
from engines.builtin.tracking.difference_histogram import DifferenceModel
from engines.builtin.tracking.displacement import Displacement
from engines.builtin.tracking.estimate import Estimate, NextFrame, confirmed
from engines.builtin.tracking.evidence import CUES, Prediction, combined_log_odds, evidence_maps
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.network_evidence import NetworkEvidence
from engines.builtin.tracking.occlusion import OccludedParts, reappeared_parts, search_window
from engines.builtin.tracking.parts import (
    expected_parts,
    without_pinholes,
    without_surplus,
)
from engines.builtin.tracking.redetection import redetect
from engines.builtin.tracking.remnant import is_something_else
from engines.builtin.tracking.shape import ShapeMemory, contour_evidence, object_frame
from engines.builtin.tracking.target_extent import TargetExtent
from engines.builtin.tracking.target_motion import TargetMotion
from engines.builtin.vision.flow import FlowPair, sample_at
from engines.builtin.vision.processing_size import ProcessingFrame
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import bounding_box, grow_box
from utils.types import FloatImage, FloatMap, Mask

_REAPPEARED = 0.75
"""Probability of reappeared parts, until the next frame's evidence."""
_ITERATIONS = 40
"""Iterations of the total variation, which begins at the sign of the evidence."""
_KEPT_SHAPE = 0.5
"""Share of the mean shape that stays where a mask is put right."""
_OTHER = np.float32(6.0)
"""Log odds against another object of the target's kind where the target is redetected."""
_MAYBE_OTHER = 0.3
"""Probability of that object from which on nothing there reappears."""
_WINDOW_SHARE = 0.3
_WINDOW_PIXELS = 12
_KEY_FOREST = CUES.index("key_forest")
_MOTION = CUES.index("motion")
_DIFFERENCE = CUES.index("difference")


class ObjectTracker:
    """The state of one object in one direction; a new one for each pass."""

    def __init__(self, inputs: FrameInputs, mask: Mask, weight: FloatMap | None = None) -> None:
        """Begin at a confirmed frame; see `correct` for the arguments."""
        self._networks = NetworkEvidence()
        self._appearance = AppearanceModel()
        self._motion = TargetMotion()
        self._displacement = Displacement()
        self._extent = TargetExtent()
        self._absence = Absence()
        self._is_new_scene = False
        self._contact: Contact | None = None
        self.correct(inputs, mask, weight)

    def correct(self, inputs: FrameInputs, mask: Mask, weight: FloatMap | None = None) -> Estimate:
        """Replace the estimate of this frame by a user's mask, bool (h, w); return it.

        Its pixels count as examples as far as `weight`, float32 (h, w), says, all alike without one.
        """
        frame = inputs.frame
        self._estimate = confirmed(mask)
        self._frames_since_confirmed = 0
        self._is_new_scene = False
        self._motion.confirm(frame.lab)
        self._displacement.confirm(frame)
        place = object_frame(self._estimate.probability)
        if place is not None:
            self._extent.confirm(mask)
            self._shape = ShapeMemory(self._estimate.probability)
            self._differences = DifferenceModel()
            self._appearance.confirm(frame.features, mask, place, weight)
            self._networks.confirm(inputs, mask, weight)
        return self._estimate

    def amend(self, inputs: FrameInputs, mask: Mask, weight: FloatMap) -> None:
        """Put the estimate of this frame, which was tracked to, right by a corrected mask, bool (h, w).

        The mask counts as far as `weight`, float32 (h, w), says, see `Correction`; what was learned on the way here
        stays.
        """
        frame = inputs.frame
        tracked = self._estimate.probability
        mixed = np.asarray(tracked + weight * (mask - tracked), dtype=np.float32)
        self._estimate = Estimate(mixed, 1.0)
        self._frames_since_confirmed = 0
        self._motion.confirm(frame.lab)
        self._extent.amend(tracked > 0.5, mask)
        place = object_frame(mixed)
        if place is not None:
            self._shape.update(mixed, _KEPT_SHAPE)
            self._appearance.confirm(frame.features, mask, place, weight)
        self._networks.amend(inputs, mask, weight)

    def adopt_appearance(self, other: ObjectTracker, trust: float = 1.0) -> None:
        """Use the samples of another pass's confirmed frames of the same object.

        `trust`, in [0, 1], scales their weights; see `AppearanceModel.adopt`.
        """
        self._appearance.adopt(other._appearance.key_samples(), trust)

    def mark_absent(self) -> Estimate:
        """Record the user's statement that the object is not in this frame."""
        self._estimate = Estimate(np.zeros_like(self._estimate.probability), 1.0)
        self._absence.state()
        return self._estimate

    def keep(self, estimate: Estimate) -> None:
        """Go on from another estimate of the last frame: without what is another object's."""
        self._estimate = estimate

    def step(
        self,
        inputs: FrameInputs,
        flow: FlowPair,
        next_frame: NextFrame | None = None,
        is_cut: bool = False,
        contact: Contact | None = None,
    ) -> Estimate:
        """Return the estimate for the next frame, whose `flow` leads back to the last one unless `is_cut`.

        `contact` is with another object of the target's kind, None without any.
        """
        frame = inputs.frame
        self._contact = contact
        self._is_new_scene = self._is_new_scene or is_cut
        if is_cut:
            self._displacement.begin_scene()
        else:
            flow = self._displacement.corrected(flow, frame, self._estimate.probability)
        prediction = None if is_cut else self._predict(frame, flow, next_frame)
        self._frames_since_confirmed += 1
        estimate = None
        if prediction is not None:
            self._networks.advance_labels(inputs, flow, prediction.window)
            estimate = self._update(inputs, flow, prediction)
        if is_cut:
            self._absence.begin_scene()
        if estimate is None:
            estimate = self._redetect(inputs, flow, is_cut)
        elif self._extent.is_found(float(np.count_nonzero(seen := estimate.probability > 0.5))):
            self._absence.follow(seen, flow.to_previous)
        if not (estimate.probability > 0.5).any():
            estimate = replace(estimate, confidence=self._absence.confidence())
        self._estimate = estimate
        self._motion.advance(frame.lab)
        self._displacement.advance(frame)
        return self._estimate

    def _predict(
        self, frame: ProcessingFrame, flow: FlowPair, next_frame: NextFrame | None
    ) -> Prediction | None:
        """Warp the previous estimate to this frame; None where too little of the object is left."""
        contact = self._contact
        if contact is not None and contact.is_near:
            # Of a part in sight neither the middle nor the size is the object's.
            expected, place = contact.expected, object_frame(contact.whole)
        else:
            expected = sample_at(self._estimate.probability, flow.to_previous)
            place = object_frame(expected)
        box = bounding_box(expected > 0.5)
        area = float(np.count_nonzero(expected > 0.5))
        if box is None or place is None or not self._extent.is_found(area):
            return None
        self._extent.follow(self._estimate.probability > 0.5, flow.from_previous)
        if self._appearance.awaits_motion:
            self._learn_motion_of_confirmed(frame, flow)
        window = _window(box, expected.shape)
        # Parts that an occluded object may show again are searched for outside the window.
        searched = None if self._extent.is_partly_occluded(area) else window
        motion = self._motion.at(expected, frame.lab, flow, next_frame, window, searched)
        last = self._motion.last_frame(flow, window)
        return Prediction(expected, last, motion, self._motion.over_time, window, place)

    def _is_of_other(self, shape: tuple[int, ...]) -> Mask:
        """Return where another object of the target's kind may be, bool of `shape` (h, w)."""
        if self._contact is None:
            return np.zeros(shape, dtype=bool)
        return np.asarray(self._contact.other_whole > _MAYBE_OTHER)

    def _learn_motion_of_confirmed(self, frame: ProcessingFrame, flow: FlowPair) -> None:
        """Learn the motion of the last, confirmed frame against the frame after it."""
        probability = self._estimate.probability
        motion = self._motion.of_confirmed(probability, frame.lab, flow)
        mask = probability > 0.5
        x0, y0, x1, y1 = _window(bounding_box(mask) or (0, 0, 0, 0), mask.shape)
        self._differences.learn(motion.difference[y0:y1, x0:x1], mask[y0:y1, x0:x1])
        self._appearance.add_motion(motion)

    def _update(
        self, inputs: FrameInputs, flow: FlowPair, prediction: Prediction
    ) -> Estimate | None:
        """Combine the evidence in the search window and learn from confident pixels; None where something else is found."""
        maps, log_odds = self._evidence(inputs, flow, prediction)
        keep, probability = self._segmented(inputs, prediction, log_odds)
        probability[self._reappeared(inputs, flow, prediction, probability)] = _REAPPEARED
        seen = probability > 0.5
        if self._is_something_else(inputs, prediction, maps, seen):
            return None
        zones = ContourZones.of(seen)
        indicators = self._quality(prediction, maps, log_odds, zones, seen)
        agreement = self._networks.follow(inputs, flow, seen)
        confident = np.where(keep == (log_odds > 0), log_odds, 0.0)
        self._learn(inputs.frame, prediction, confident, probability)
        confidence = predicted_overlap(
            indicators,
            seen,
            agreement,
            self._networks.label_overlap(zones),
            self._frames_since_confirmed,
        )
        return Estimate(probability, confidence, indicators.temporal_overlap)

    def _evidence(
        self, inputs: FrameInputs, flow: FlowPair, prediction: Prediction
    ) -> tuple[FloatImage, FloatMap]:
        """Return the evidence maps of the search window, float32 (10, h', w'), and the log odds of all evidence there.

        The log odds, float32 (h', w'), have besides what networks say, and another object's contour.
        """
        x0, y0, x1, y1 = prediction.window
        self._appearance.refit()
        maps = evidence_maps(
            inputs.frame, flow, prediction, self._appearance, self._shape, self._differences
        )
        log_odds = combined_log_odds(maps)
        expected = prediction.expected > 0.5
        missing = self._extent.expected_area.missing(float(np.count_nonzero(expected)))
        self._networks.add_to(
            log_odds, inputs, flow, expected, prediction.window, maps[_MOTION], missing
        )
        if self._contact is not None:
            others = np.maximum(contour_evidence(self._contact.other), np.float32(0.0))
            log_odds -= others[y0:y1, x0:x1]
        return maps, log_odds

    def _is_something_else(
        self, inputs: FrameInputs, prediction: Prediction, maps: FloatImage, seen: Mask
    ) -> bool:
        """Tell whether what was found, bool (h, w), is something else than the target; see `remnant`.

        `maps` are the evidence maps of the search window, float32 (10, h', w'). With descriptors that is looked into
        where they are of this very frame; without, on every one.
        """
        if self._networks.has_labels and inputs.descriptors is None:
            return False
        difference = None
        if inputs.foreground is None and not self._networks.has_labels:
            x0, y0, x1, y1 = prediction.window
            difference = np.zeros(seen.shape, dtype=np.float32)
            difference[y0:y1, x0:x1] = maps[_DIFFERENCE]
        share = self._extent.expected_area.share(float(np.count_nonzero(seen)))
        return is_something_else(
            inputs.frame, seen, share, self._appearance, self._networks, difference
        )

    def _quality(
        self,
        prediction: Prediction,
        maps: FloatImage,
        log_odds: FloatMap,
        zones: ContourZones,
        seen: Mask,
    ) -> QualityIndicators:
        """Return the quality indicators of a mask, bool (h, w), by the search window's evidence as of `_evidence`.

        `zones` are the mask's own.
        """
        x0, y0, x1, y1 = prediction.window
        expected = prediction.expected[y0:y1, x0:x1] > 0.5
        share = self._extent.expected_area.share(float(np.count_nonzero(seen)))
        return quality_indicators(
            zones.within(prediction.window), expected, log_odds, maps[_KEY_FOREST], share
        )

    def _segmented(
        self, inputs: FrameInputs, prediction: Prediction, log_odds: FloatMap
    ) -> tuple[Mask, FloatMap]:
        """Return what belongs to the object in the search window, bool (h', w'), and the frame's probability (h, w).

        Of the regularised evidence: without parts that are not the object's.
        """
        x0, y0, x1, y1 = prediction.window
        view = np.s_[y0:y1, x0:x1]
        region = regularised(log_odds, inputs.frame.lab[view], iterations=_ITERATIONS)
        expected = prediction.expected[view] > 0.5
        keep = without_pinholes(expected_parts(region > 0.5, expected), expected)
        if inputs.foreground is not None:
            keep = without_surplus(keep, self._extent.expected_area.largest())
        if self._contact is None or not self._contact.is_near:
            keep = self._extent.without_far_parts(keep)
        probability = np.zeros_like(prediction.expected)
        probability[view] = np.where(keep, np.maximum(region, 0.5 + 1e-3), 0.0)
        return keep, probability

    def _reappeared(
        self, inputs: FrameInputs, flow: FlowPair, prediction: Prediction, seen: FloatMap
    ) -> Mask:
        """Return reappeared parts of a partly occluded object, bool (h, w), by the probability `seen`, float32 (h, w).

        What a trusted network calls background is none: a shadow may look and move like the object. Nor is what may be
        another object of its kind.
        """
        mask = seen > 0.5
        area = float(np.count_nonzero(mask))
        missing = self._extent.expected_area.missing(area)
        # The motion is known of the window alone where the object was expected whole.
        is_searched = self._extent.is_partly_occluded(area) and self._extent.is_partly_occluded(
            float(np.count_nonzero(prediction.expected > 0.5))
        )
        window = search_window(mask, self._extent.confirmed_size) if is_searched else None
        if window is None:
            return np.zeros(seen.shape, dtype=bool)
        log_odds = self._appearance.appearance_log_odds(inputs.frame.features, window)
        log_odds = log_odds + self._networks.background_evidence(
            inputs, flow, prediction.expected > 0.5, window
        )
        search = OccludedParts(window, missing, log_odds)
        parts = reappeared_parts(inputs.frame, flow, prediction, seen, search)
        return parts & ~self._is_of_other(parts.shape)

    def _learn(
        self,
        frame: ProcessingFrame,
        prediction: Prediction,
        confident: FloatMap,
        probability: FloatMap,
    ) -> None:
        """Learn from the frame's probability, float32 (h, w), and the window's confident log odds, float32 (h', w')."""
        x0, y0, x1, y1 = prediction.window
        view = np.s_[y0:y1, x0:x1]
        self._differences.learn(prediction.motion.difference[view], probability[view] > 0.5)
        place = object_frame(probability)
        if place is None:
            return
        self._extent.learn(probability > 0.5)
        self._shape.update(probability)
        self._appearance.learn(
            frame.features, prediction.motion, confident, prediction.window, place
        )

    def _redetect(self, inputs: FrameInputs, flow: FlowPair, is_cut: bool) -> Estimate:
        """Redetect the object by its appearance anywhere in the frame; else return an empty estimate."""
        frame = inputs.frame
        height, width = frame.luma.shape
        everywhere = 0, 0, width, height
        if is_cut:
            self._networks.forget_labels()
        self._networks.advance_labels(inputs, flow, everywhere)
        appearance = self._appearance.appearance_log_odds(frame.features, everywhere)
        is_of_other = self._is_of_other(appearance.shape)
        appearance = np.where(is_of_other, appearance - _OTHER, appearance)
        is_occluded = not self._absence.is_outside and not self._is_new_scene
        found = redetect(
            appearance,
            self._networks.labels_overall(),
            self._networks.foreground_overall(inputs),
            frame.lab,
            self._extent.usual_area,
            self._absence.is_outside,
            is_occluded,
        )
        if (seen := found > 0.5).any():
            self._restart(seen, inputs)
        return Estimate(found, LOST_CONFIDENCE, 0.0)

    def _restart(self, seen: Mask, inputs: FrameInputs) -> None:
        """Forget places where the object was redetected, bool (h, w), and its size in the last scene."""
        if self._is_new_scene:
            self._extent.restart(seen)
        self._networks.restart(inputs, seen, self._is_new_scene)
        self._is_new_scene = False


def _window(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the search window of an object predicted in `box` of a frame (h, w)."""
    return grow_box(box, (shape[1], shape[0]), _WINDOW_SHARE, _WINDOW_PIXELS)
