"""Follows one object from a confirmed frame through neighbouring frames at working size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.appearance import LATTICE, AppearanceModel
from engines.builtin.arrays import FloatImage, FloatMap
from engines.builtin.colour_grid import local_colour
from engines.builtin.flow import FlowPair, forward_coverage, sample_at
from engines.builtin.forest import FloatRows
from engines.builtin.motion import motion_evidence, relative_motion
from engines.builtin.regularise import regularised
from engines.builtin.shape import ObjectFrame, ShapeMemory, contour_evidence, object_frame
from engines.builtin.working import WorkingFrame
from utils.mask_utils import bounding_box, components, grow_box, keep_components
from utils.types import Mask

EVIDENCE = (
    "contour",
    "contour_trusted",
    "disocclusion",
    "shape_memory",
    "local_colour",
    "key_forest",
    "running_forest",
    "motion",
    "motion_memory",
)
"""Names of the evidence maps, in the order of `WEIGHTS`."""

WEIGHTS = (0.1, 0.3, -0.4, 0.2, 0.6, 0.2, 0.4, 0.27, 0.1)
BIAS = -0.1

_MOTION_DECAY = 0.85
_SMALLEST_OVERLAP = 0.25


@dataclass(frozen=True, slots=True)
class Belief:
    """What the tracker believes of one frame: probability float32 (h, w), confidence in [0, 1]."""

    probability: FloatMap
    confidence: float


def confirmed(mask: Mask) -> Belief:
    """Return the belief that a user's own mask, bool (h, w), stands for."""
    return Belief(mask.astype(np.float32), 1.0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Maps of one frame's evidence, float32 (9, h, w), of a window (x0, y0, x1, y1) of the frame."""

    maps: FloatImage
    window: tuple[int, int, int, int]


class ObjectTracker:
    """The state of one object in one direction; made anew for each pass."""

    def __init__(self, frame: WorkingFrame, mask: Mask) -> None:
        self._appearance = AppearanceModel()
        self.correct(frame, mask)

    def correct(self, frame: WorkingFrame, mask: Mask) -> Belief:
        """Take a user's mask of this frame instead of the tracker's own; return it as the belief."""
        self._belief = confirmed(mask)
        self._frame = frame
        self._motion_memory = np.zeros((*mask.shape, 2), dtype=np.float32)
        place = object_frame(self._belief.probability)
        if place is not None:
            self._shape = ShapeMemory(self._belief.probability)
            self._appearance.confirm(frame.features, mask, place)
        return self._belief

    def vanish(self) -> Belief:
        """Take the user's word that the object is not in this frame."""
        self._belief = Belief(np.zeros_like(self._belief.probability), 1.0)
        return self._belief

    def step(self, frame: WorkingFrame, flow: FlowPair) -> Belief:
        """Return the belief for the next frame, whose `flow` leads back to the last one."""
        warped = sample_at(self._belief.probability, flow.to_previous)
        place = object_frame(warped)
        box = bounding_box(warped > 0.5)
        if box is None or place is None:
            self._belief = Belief(np.zeros_like(warped), 0.0)
            return self._belief
        height, width = warped.shape
        window = grow_box(box, (width, height), 0.3, 12)
        if self._appearance.awaits_motion:
            self._appearance.add_motion(
                relative_motion(-flow.from_previous, self._belief.probability)[0]
            )
        motion, unusual = relative_motion(flow.to_previous, warped)
        self._motion_memory = (
            _MOTION_DECAY * sample_at(self._motion_memory, flow.to_previous)
            + (1.0 - _MOTION_DECAY) * motion
        )
        evidence = self._evidence(frame, flow, warped, place, window, motion, unusual)
        log_odds = self.combine(evidence)
        x0, y0, x1, y1 = window
        region = regularised(log_odds, frame.lab[y0:y1, x0:x1])
        keep = _connected(region > 0.5, warped[y0:y1, x0:x1] > 0.5)
        probability = np.zeros_like(warped)
        probability[y0:y1, x0:x1] = np.where(keep, region, np.minimum(region, 0.0))
        self._belief = Belief(probability, float(flow.reliability[warped > 0.5].mean()))
        self._learn(frame, motion, log_odds, keep, window)
        self._frame = frame
        return self._belief

    def combine(self, evidence: Evidence) -> FloatMap:
        """Return the log odds of the window, float32 (h, w)."""
        weights = np.asarray(WEIGHTS, dtype=np.float32)
        return np.tensordot(weights, evidence.maps, axes=1) + np.float32(BIAS)  # type: ignore[no-any-return]

    def _learn(
        self,
        frame: WorkingFrame,
        motion: FloatImage,
        log_odds: FloatMap,
        keep: Mask,
        window: tuple[int, int, int, int],
    ) -> None:
        place = object_frame(self._belief.probability)
        if place is None:
            return
        self._shape.update(self._belief.probability)
        sure = np.where(keep == (log_odds > 0), log_odds, 0.0)
        self._appearance.learn(frame.features, motion, sure, window, place)

    def _evidence(
        self,
        frame: WorkingFrame,
        flow: FlowPair,
        warped: FloatMap,
        place: ObjectFrame,
        window: tuple[int, int, int, int],
        motion: FloatImage,
        unusual: FloatMap,
    ) -> Evidence:
        x0, y0, x1, y1 = window
        view = np.s_[y0:y1, x0:x1]
        shape = y1 - y0, x1 - x0
        contour = contour_evidence(warped)[view]
        uncovered = np.clip(1.0 - forward_coverage(flow.from_previous)[view], 0.0, 1.0)
        known = sample_at(self._frame.lab, flow.to_previous)[view]
        self._appearance.refit()
        rows = self._appearance.rows(frame.features, motion, window, place)
        maps = np.stack(
            [
                contour,
                contour * flow.reliability[view],
                uncovered,
                self._shape.expected(warped.shape, place)[view],
                local_colour(
                    np.ascontiguousarray(known),
                    np.ascontiguousarray(warped[view]),
                    np.ascontiguousarray(flow.reliability[view]),
                    np.ascontiguousarray(frame.lab[view]),
                ),
                _spread(self._appearance.key_log_odds(rows), shape),
                _spread(self._appearance.running_log_odds(rows), shape),
                motion_evidence(motion[view], warped[view], flow.reliability[view]),
                motion_evidence(self._motion_memory[view], warped[view], flow.reliability[view]),
            ]
        )
        return Evidence(maps.astype(np.float32), window)


def _spread(values: FloatRows, shape: tuple[int, int]) -> FloatMap:
    """Return lattice values as a map of `shape`, bilinear between the lattice's points."""
    height, width = shape
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32) / LATTICE, np.arange(height, dtype=np.float32) / LATTICE
    )
    lattice = values.reshape(-(-height // LATTICE), -(-width // LATTICE))
    return cv2.remap(lattice, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[no-any-return]


def _connected(found: Mask, expected: Mask) -> Mask:
    """Return the parts of `found` of which at least a quarter was expected."""
    labels, areas = components(found)
    overlap = np.bincount(labels.ravel(), weights=expected.ravel(), minlength=areas.size)
    return keep_components(found, overlap > _SMALLEST_OVERLAP * areas, labels)
