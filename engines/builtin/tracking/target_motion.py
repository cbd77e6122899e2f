"""The target's motion against the background along one pass: in each frame, and over time."""

from __future__ import annotations

import numpy as np

from engines.builtin.tracking.background_motion import (
    ObjectMotion,
    background_around,
    background_outside_box,
    motion_separability,
    object_motion,
)
from engines.builtin.tracking.estimate import NextFrame
from engines.builtin.vision.flow import FlowPair, sample_window
from utils.types import FloatImage, FloatMap, IntBox

_DECAY = 0.85
"""Share of the motion over time that stays from frame to frame."""
_SEPARABILITY_MARGIN = 0.05
"""Lead in motion separability that the background outside the box needs to be preferred."""


class TargetMotion:
    """Follows one target; call `confirm` first.

    Attributes:
        over_time: `ObjectMotion.vector` accumulated along the flow, float32 (h, w, 2).
    """

    def __init__(self) -> None:
        self._background_of = background_around

    def confirm(self, lab: FloatImage) -> None:
        """Begin at a confirmed frame, Lab float32 (h, w, 3), without motion over time."""
        self._last_lab = lab
        self.over_time = np.zeros((*lab.shape[:2], 2), dtype=np.float32)

    def advance(self, lab: FloatImage) -> None:
        """Make a frame, Lab float32 (h, w, 3), the last one."""
        self._last_lab = lab

    def of_confirmed(self, probability: FloatMap, lab: FloatImage, flow: FlowPair) -> ObjectMotion:
        """Return the motion of the last, confirmed frame against the frame after it, whose Lab is given.

        From then on the background is taken that separates the target better: around it, or outside its box.
        """
        found = []
        for background_of in (background_around, background_outside_box):
            background = background_of(probability)
            motion = object_motion(self._last_lab, lab, flow.from_previous, background)
            found.append((motion_separability(motion, probability > 0.5), background_of, motion))
        near, far = found
        _, self._background_of, motion = far if far[0] > near[0] + _SEPARABILITY_MARGIN else near
        return motion

    def at(
        self,
        expected: FloatMap,
        lab: FloatImage,
        flow: FlowPair,
        next_frame: NextFrame | None,
        window: IntBox,
        searched: IntBox | None,
    ) -> ObjectMotion:
        """Return the motion of a frame against its neighbours, and add it to that over time.

        Args:
            expected: probability of the target in the frame, float32 (h, w).
            lab: of the frame, float32 (h, w, 3).
            flow: to the last frame and back.
            next_frame: the frame after it, None where there is none.
            window: where motion over time is kept.
            searched: where the motion is wanted; None for the whole frame.
        """
        background = self._background_of(expected)
        motion = object_motion(lab, self._last_lab, flow.to_previous, background, searched)
        if next_frame is not None:
            motion = motion.with_other_side(
                object_motion(lab, next_frame.lab, next_frame.flow, background, searched)
            )
        x0, y0, x1, y1 = window
        before = sample_window(self.over_time, flow.to_previous, window)
        self.over_time = np.zeros_like(motion.vector)
        self.over_time[y0:y1, x0:x1] = (
            _DECAY * before + (1.0 - _DECAY) * motion.vector[y0:y1, x0:x1]
        )
        return motion

    def last_frame(self, flow: FlowPair, window: IntBox) -> FloatImage:
        """Return the last frame's Lab, moved along the flow, in a window of this one, float32."""
        return sample_window(self._last_lab, flow.to_previous, window)
