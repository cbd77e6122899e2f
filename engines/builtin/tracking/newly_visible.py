"""What has lately come into view: in from outside the picture, or from behind something."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.vision.flow import FlowPair, forward_coverage, sample_at
from utils.types import FloatMap, Mask

_KEEP = 0.98
"""Share of newness that stays at each new frame."""
_COVERED = 0.8
"""Coverage by the previous frame from which a pixel was visible there."""

_ANOTHER = 2.5
"""Log odds that what has just come out from behind the target is another object, where others are certainly near."""
_OCCLUDED = 4.0
"""The same besides, where another object has just gone behind the target as a whole."""
_UNFOLLOWED = 0.4
"""Newly visible share of the target from which that says nothing: flow does not follow so fast a motion."""


class NewlyVisible:
    """Newness of each pixel, 1 where it has just come into view, carried along the flow and fading.

    `entered` float32 (h, w) in [0, 1] counts what came in over the picture's border alone, `uncovered`
    what came out from behind something as well.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Start at a confirmed frame (h, w): nothing is new there."""
        self.entered: FloatMap = np.zeros(shape, dtype=np.float32)
        self.uncovered: FloatMap = np.zeros(shape, dtype=np.float32)

    def follow(self, flow: FlowPair) -> None:
        """Go on to the next frame along the flow from the last one."""
        before = sample_at(np.dstack([self.entered, self.uncovered]), flow.to_previous, 1.0)
        covered = np.minimum(forward_coverage(flow.from_previous), np.float32(1.0))
        occluded = 1.0 - np.minimum(cv2.blur(covered, (3, 3)) * np.float32(1.0 / _COVERED), 1.0)
        self.entered = np.float32(_KEEP) * before[..., 0]
        self.uncovered = np.float32(_KEEP) * (1.0 - (1.0 - before[..., 1]) * (1.0 - occluded))

    def weighted(
        self, log_odds: FloatMap, doubt: float, window: tuple[int, int, int, int]
    ) -> FloatMap:
        """Return a network's log odds, float32 (h', w'), as far as they hold for what is new.

        A network that sees a target cut off by the border may call what comes in there background; how
        far it is right there is known after it was visible for some time. What comes out from behind
        something counts, unless other objects are about.

        Args:
            log_odds: of the window.
            doubt: of new foreground, in [0, 1].
            window: x0, y0, x1, y1.
        """
        x0, y0, x1, y1 = window
        view = np.s_[y0:y1, x0:x1]
        in_favour = np.square(1.0 - np.float32(doubt) * self.uncovered[view])
        known = np.where(log_odds > 0, in_favour, np.float32(1.0)) * (1.0 - self.entered[view])
        return np.asarray(log_odds * known, dtype=np.float32)

    def against(
        self,
        expected: Mask,
        doubt: float,
        motion: FloatMap,
        window: tuple[int, int, int, int],
        occluded: float = 0.0,
    ) -> FloatMap:
        """Return the log odds, at most 0, float32 (h', w'), of what came out from behind the target beside others.

        It is another object's rather than the target's own, such as a leg from behind the other one, unless
        it moves like the target.

        Args:
            expected: the target's last mask warped to the frame, bool (h, w).
            doubt: how certain it is that other objects are near, in [0, 1].
            motion: log odds by the motion against the background, of the window.
            window: x0, y0, x1, y1.
            occluded: how much of the others has lately gone behind the target, in [0, 1].
        """
        x0, y0, x1, y1 = window
        if not expected.any():
            return np.zeros(motion.shape, dtype=np.float32)
        uncovered = np.maximum(self.uncovered - self.entered, np.float32(0.0))
        followed = max(0.0, 1.0 - float(uncovered[expected].mean()) / _UNFOLLOWED)
        moves_otherwise = np.clip(np.float32(1.0) - motion, np.float32(0.0), np.float32(1.0))
        weight = np.float32(-(_ANOTHER + _OCCLUDED * occluded) * doubt * followed)
        return np.asarray(weight * moves_otherwise * uncovered[y0:y1, x0:x1])
