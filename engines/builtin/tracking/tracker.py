"""Follows one object from a confirmed frame through neighbouring frames at working size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.appearance import AppearanceModel
from engines.builtin.tracking.background_motion import (
    ground_around,
    ground_outside,
    object_motion,
    standing_out,
)
from engines.builtin.tracking.confidence import ExpectedArea, confidence, read_signs
from engines.builtin.tracking.difference_histogram import DifferenceModel
from engines.builtin.tracking.evidence import VOICES, Carried, combined, gather
from engines.builtin.tracking.occlusion import parts_come_back, where_hidden
from engines.builtin.tracking.redetection import refind
from engines.builtin.tracking.shape import ShapeMemory, object_frame
from engines.builtin.vision.arrays import FloatImage, FloatMap
from engines.builtin.vision.flow import FlowPair, sample_at
from engines.builtin.vision.processing_size import WorkingFrame
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import (
    bounding_box,
    component_sums,
    components,
    grow_box,
    keep_components,
)
from utils.types import Mask

_MOTION_DECAY = 0.85
_CLEARLY = 0.05
"""How much farther an object must stand out from the ground outside its box, for that to be used."""
_SMALLEST_OVERLAP = 0.25
_PINHOLE = 0.002
"""Share of the object's area up to which a hole is taken for an error, where `_HELD` of it was inside."""
_HELD = 0.75
_LOST_SHARE = 0.04
"""Share of its usual area below which the object counts as lost, and is looked for everywhere."""
_LOST_CONFIDENCE = 0.1
_HIDDEN_SHARE = 0.1
"""Missing area, as a share of what is seen, from which hidden parts are looked for."""
_BACK = 0.75
"""Probability of parts that came back, until the next frame has weighed them."""
_WINDOW_SHARE = 0.3
_WINDOW_PIXELS = 12
_KEY_VOICE = VOICES.index("key_forest")


@dataclass(frozen=True, slots=True)
class Belief:
    """What the tracker believes of one frame: probability float32 (h, w), confidence in [0, 1].

    `steady`, in [0, 1], is how well it covers what was carried here from the frame before: 0 where the
    object was found anew.
    """

    probability: FloatMap
    confidence: float
    steady: float = 1.0


@dataclass(frozen=True, slots=True)
class Following:
    """The frame after one that is tracked: its lab float32 (h, w, 3), the flow to it float32 (h, w, 2)."""

    lab: FloatImage
    flow: FloatImage


def confirmed(mask: Mask) -> Belief:
    """Return the belief that a user's own mask, bool (h, w), stands for."""
    return Belief(mask.astype(np.float32), 1.0)


class ObjectTracker:
    """The state of one object in one direction; made anew for each pass."""

    def __init__(self, frame: WorkingFrame, mask: Mask) -> None:
        self._appearance = AppearanceModel()
        self._usual_area = 0.0
        self._ground_of = ground_around
        self.correct(frame, mask)

    def correct(self, frame: WorkingFrame, mask: Mask) -> Belief:
        """Take a user's mask of this frame instead of the tracker's own; return it as the belief."""
        self._belief = confirmed(mask)
        self._last_lab = frame.lab
        self._motion_memory = np.zeros((*mask.shape, 2), dtype=np.float32)
        place = object_frame(self._belief.probability)
        if place is not None:
            self._usual_area = float(np.count_nonzero(mask))
            self._expected_area = ExpectedArea(mask)
            x0, y0, x1, y1 = bounding_box(mask) or (0, 0, 0, 0)
            self._confirmed_size = x1 - x0, y1 - y0
            self._shape = ShapeMemory(self._belief.probability)
            self._differences = DifferenceModel()
            self._appearance.confirm(frame.features, mask, place)
        return self._belief

    def learn_from(self, other: ObjectTracker, trust: float = 1.0) -> None:
        """Learn the looks that another pass of the same object knows from its confirmed frames.

        `trust`, in [0, 1], is how much they count beside its own.
        """
        self._appearance.borrow([part.scaled(trust) for part in other._appearance.lend()])

    def vanish(self) -> Belief:
        """Take the user's word that the object is not in this frame."""
        self._belief = Belief(np.zeros_like(self._belief.probability), 1.0)
        return self._belief

    def step(
        self, frame: WorkingFrame, flow: FlowPair, following: Following | None = None
    ) -> Belief:
        """Return the belief for the next frame, whose `flow` leads back to the last one."""
        carried = self._carry(frame, flow, following)
        self._belief = (
            self._look_everywhere(frame) if carried is None else self._follow(frame, flow, carried)
        )
        self._last_lab = frame.lab
        return self._belief

    def _carry(
        self, frame: WorkingFrame, flow: FlowPair, following: Following | None
    ) -> Carried | None:
        """Bring the last frame's answer to this one; None where nothing worth the name is left."""
        expected = sample_at(self._belief.probability, flow.to_previous)
        place = object_frame(expected)
        box = bounding_box(expected > 0.5)
        area = np.count_nonzero(expected > 0.5)
        if box is None or place is None or area < _LOST_SHARE * self._usual_area:
            return None
        self._expected_area.follow(self._belief.probability > 0.5, flow.from_previous)
        if self._appearance.awaits_motion:
            self._appearance.add_motion(self._motion_of_confirmed(frame, flow))
        ground = self._ground_of(expected)
        motion = object_motion(frame.lab, self._last_lab, flow.to_previous, ground)
        if following is not None:
            motion = motion.with_other_side(
                object_motion(frame.lab, following.lab, following.flow, ground)
            )
        before = sample_at(self._motion_memory, flow.to_previous)
        self._motion_memory = _MOTION_DECAY * before + (1.0 - _MOTION_DECAY) * motion.vector
        return Carried(
            expected,
            sample_at(self._last_lab, flow.to_previous),
            motion,
            motion.features(),
            self._motion_memory,
            _window(box, expected.shape),
            place,
        )

    def _motion_of_confirmed(self, frame: WorkingFrame, flow: FlowPair) -> FloatImage:
        """Return the motion features of the last, confirmed frame, told by the frame after it.

        Settles which ground motion is measured against: the one that the object stands out from; and how
        much it differs from it.
        """
        mask = self._belief.probability > 0.5
        found = []
        for ground_of in (ground_around, ground_outside):
            ground = ground_of(self._belief.probability)
            motion = object_motion(self._last_lab, frame.lab, flow.from_previous, ground)
            found.append((standing_out(motion, mask), ground_of, motion))
        near, far = found
        _, self._ground_of, motion = far if far[0] > near[0] + _CLEARLY else near
        x0, y0, x1, y1 = _window(bounding_box(mask) or (0, 0, 0, 0), mask.shape)
        self._differences.learn(motion.difference[y0:y1, x0:x1], mask[y0:y1, x0:x1])
        return motion.features(sign=-1.0)

    def _follow(self, frame: WorkingFrame, flow: FlowPair, carried: Carried) -> Belief:
        """Weigh the evidence in the carried window and learn from what is sure."""
        x0, y0, x1, y1 = carried.window
        view = np.s_[y0:y1, x0:x1]
        self._appearance.refit()
        maps = gather(frame, flow, carried, self._appearance, self._shape, self._differences)
        log_odds = combined(maps)
        region = regularised(log_odds, frame.lab[view])
        expected = carried.expected[view] > 0.5
        keep = without_pinholes(_connected(region > 0.5, expected), expected)
        probability = np.zeros_like(carried.expected)
        probability[view] = np.where(keep, np.maximum(region, 0.5 + 1e-3), 0.0)
        probability[self._seen_again(frame, flow, carried, probability)] = _BACK
        whole = self._expected_area.share(float(np.count_nonzero(probability > 0.5)))
        signs = read_signs(
            keep, expected, log_odds, maps[_KEY_VOICE], flow.reliability[view], whole
        )
        sure = confidence(signs, self._belief.confidence)
        self._differences.learn(carried.motion.difference[view], probability[view] > 0.5)
        self._learn(frame, carried, np.where(keep == (log_odds > 0), log_odds, 0.0), probability)
        return Belief(probability, sure, signs.steady)

    def _seen_again(
        self, frame: WorkingFrame, flow: FlowPair, carried: Carried, seen: FloatMap
    ) -> Mask:
        """Return what is seen again of an object that is partly hidden, bool (h, w)."""
        mask = seen > 0.5
        area = float(np.count_nonzero(mask))
        missing = self._expected_area.missing(area)
        is_hidden = missing >= _HIDDEN_SHARE * area
        window = where_hidden(mask, self._confirmed_size) if is_hidden else None
        if window is None:
            return np.zeros(seen.shape, dtype=bool)
        looks = self._appearance.looks(frame.features, window)
        return parts_come_back(frame, flow, carried, seen, looks, window, missing)

    def _learn(
        self, frame: WorkingFrame, carried: Carried, sure: FloatMap, probability: FloatMap
    ) -> None:
        place = object_frame(probability)
        if place is None:
            return
        self._usual_area = 0.95 * self._usual_area + 0.05 * np.count_nonzero(probability > 0.5)
        self._shape.update(probability)
        self._appearance.learn(frame.features, carried.motion_features, sure, carried.window, place)

    def _look_everywhere(self, frame: WorkingFrame) -> Belief:
        """Take up the object again where something looks like it; else say that it is gone."""
        height, width = frame.luma.shape
        looks = self._appearance.looks(frame.features, (0, 0, width, height))
        found = refind(looks, frame.lab, self._usual_area)
        return Belief(found, _LOST_CONFIDENCE, 0.0)


def _window(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return where an object is looked for that was seen in `box` of a frame (h, w)."""
    return grow_box(box, (shape[1], shape[0]), _WINDOW_SHARE, _WINDOW_PIXELS)


def _connected(found: Mask, expected: Mask) -> Mask:
    """Return the parts of `found` of which at least a quarter was expected."""
    labels, areas = components(found)
    overlap = component_sums(expected, labels, areas)
    return keep_components(found, overlap > _SMALLEST_OVERLAP * areas, labels)


def without_pinholes(found: Mask, expected: Mask) -> Mask:
    """Return `found`, bool (h, w), with the tiny holes closed of which most was expected to be inside.

    A hole at the border of the window isn't one.
    """
    names, areas = components(~found)
    inside = component_sums(expected, names, areas)
    is_hole = (areas < _PINHOLE * np.count_nonzero(found)) & (inside > _HELD * areas)
    border = np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]])
    is_hole[border] = False
    is_hole[0] = False
    return np.asarray(found | is_hole[names])
