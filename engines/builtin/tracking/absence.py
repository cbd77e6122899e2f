"""Whether a target that is not seen is outside the picture, and how confident an empty mask of it is."""

from __future__ import annotations

from engines.builtin.tracking.redetection import leaving_share, touches_border
from utils.types import FloatImage, Mask

LOST_CONFIDENCE = 0.1
"""Confidence of a mask where the object was lost and looked for anywhere."""
_ABSENT_CONFIDENCE = 0.9
"""Confidence of an empty mask where the whole object was about to leave the picture, or the user stated that it is not there."""
_LEAVES = 0.5
"""Share of the object that is about to leave the picture from which it is taken to be outside where it is lost next."""


class Absence:
    """Follows whether the target leaves the picture.

    Attributes:
        is_outside: whether it is taken to be outside where it is lost next.
    """

    def __init__(self) -> None:
        self.is_outside = False
        self._share = 0.0
        """Share of the target, in [0, 1], that is expected to be outside."""

    def state(self) -> None:
        """Record the user's statement that the target is not there."""
        self._share = 1.0

    def begin_scene(self) -> None:
        """Go on to another scene: where the target left the last one says nothing of it."""
        self.is_outside = False
        self._share = 0.0

    def follow(self, seen: Mask, to_previous: FloatImage) -> None:
        """Learn from a tracked mask, bool (h, w), and its flow to the last frame, float32 (h, w, 2), in pixels."""
        leaving = leaving_share(seen, to_previous)
        self.is_outside = touches_border(seen) or leaving > _LEAVES
        self._share = leaving if self.is_outside else 0.0

    def confidence(self) -> float:
        """Return the confidence of an empty mask, in [0, 1]."""
        return max(LOST_CONFIDENCE, _ABSENT_CONFIDENCE * self._share)
