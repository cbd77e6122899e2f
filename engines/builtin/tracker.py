"""Follows one object from a confirmed frame through neighbouring frames at working size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.flow import FlowPair, sample_at
from engines.builtin.working import FloatMap, WorkingFrame
from utils.mask_utils import bounding_box, components, grow_box, keep_components, signed_distance
from utils.types import Mask


@dataclass(frozen=True, slots=True)
class Belief:
    """What the tracker believes of one frame: probability float32 (h, w), confidence in [0, 1]."""

    probability: FloatMap
    confidence: float


def confirmed(mask: Mask) -> Belief:
    """Return the belief that a user's own mask, bool (h, w), stands for."""
    return Belief(mask.astype(np.float32), 1.0)


class ObjectTracker:
    """The state of one object in one direction; made anew for each pass."""

    def __init__(self, frame: WorkingFrame, mask: Mask) -> None:
        self._belief = confirmed(mask)

    def correct(self, frame: WorkingFrame, mask: Mask) -> Belief:
        """Take a user's mask of this frame instead of the tracker's own; return it as the belief."""
        self._belief = confirmed(mask)
        return self._belief

    def step(self, frame: WorkingFrame, flow: FlowPair) -> Belief:
        """Return the belief for the next frame, whose `flow` leads back to the last one."""
        warped = sample_at(self._belief.probability, flow.to_previous)
        box = bounding_box(warped > 0.5)
        if box is None:
            self._belief = Belief(np.zeros_like(warped), 0.0)
            return self._belief
        height, width = warped.shape
        x0, y0, x1, y1 = grow_box(box, (width, height), 0.3, 8)
        probability = np.zeros_like(warped)
        probability[y0:y1, x0:x1] = _cut(frame.rgb[y0:y1, x0:x1], warped[y0:y1, x0:x1])
        self._belief = Belief(probability, float(flow.reliability[warped > 0.5].mean()))
        return self._belief


def _cut(rgb: np.ndarray, warped: FloatMap) -> FloatMap:
    distance = signed_distance(warped > 0.5)
    labels = np.where(distance > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[distance > 5] = cv2.GC_FGD
    labels[distance < -10] = cv2.GC_BGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    if (labels == cv2.GC_BGD).any() and (labels == cv2.GC_PR_FGD).any():
        cv2.grabCut(rgb, labels, None, *models, 1, cv2.GC_INIT_WITH_MASK)
    found: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    names, areas = components(found)
    overlap = np.bincount(names.ravel(), weights=(warped > 0.5).ravel(), minlength=areas.size)
    found = keep_components(found, overlap > 0.25 * areas, names)
    return cv2.GaussianBlur(found.astype(np.float32), (0, 0), 0.8)  # type: ignore[no-any-return]
