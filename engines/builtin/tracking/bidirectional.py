"""Bidirectional tracking between two confirmed frames: fuses the forward pass with a reverse one."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.tracker import Estimate
from utils.mask_utils import intersection_over_union
from utils.types import FloatMap

_LEVELS = 255
_GOOD_OVERLAP = 0.6
"""Overlap with the confirmed frame behind, below which a reverse pass is taken to have lost the object."""
_TRUST_POWER = 4
"""Power of the overlap that then reduces its weight."""
_LEAST_TRUST = 1e-3
_NEARNESS_POWER = 0.6
"""Power of the way to the frame ahead: below 1 its pass counts for more than half of the way.

It was confirmed because the pass towards it went wrong, as it does on the frames before it.
"""
_REDETECTED = 0.1
"""`Estimate.temporal_overlap` below which a pass has redetected the object."""
_TRUST_BEFORE_REDETECTION = 0.05
"""Weight of what a reverse pass tracked beyond a redetection: it may be another object."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A compressed estimate: the probability in 255 levels, deflated."""

    shape: tuple[int, int]
    data: bytes
    confidence: float


class ReversePass:
    """Estimates of a pass from the keyframe ahead back to the one behind.

    Kept packed: about 5 kB a frame and object.
    """

    def __init__(self, behind: int, ahead: int) -> None:
        """Prepare for the frames between keyframes `behind` and `ahead` (either may be larger)."""
        self._behind = behind
        self._ahead = ahead
        self._packed: dict[tuple[int, int], _Packed] = {}
        self._trust: dict[int, float] = {}
        self._redetected_at: dict[int, int] = {}

    def keep(self, index: int, name: int, estimate: Estimate) -> None:
        """Store the estimate of a frame and an object."""
        levels = np.rint(np.clip(estimate.probability, 0.0, 1.0) * _LEVELS).astype(np.uint8)
        data = zlib.compress(levels.tobytes(), 1)
        height, width = levels.shape
        self._packed[index, name] = _Packed((height, width), data, estimate.confidence)
        if estimate.temporal_overlap < _REDETECTED:
            self._redetected_at[name] = index

    def compare_with_confirmed(self, name: int, estimate: Estimate, confirmed: Estimate) -> None:
        """Set the trust in the pass by its estimate of an object on the confirmed frame behind.

        A pass that lost the object on its way overlaps little. Where the object isn't in the confirmed
        frame, the trust stays 1.
        """
        true = confirmed.probability > 0.5
        if true.any():
            overlap = intersection_over_union(estimate.probability > 0.5, true)
            self._trust[name] = max(min(1.0, overlap / _GOOD_OVERLAP) ** _TRUST_POWER, _LEAST_TRUST)

    def trust(self, name: int, index: int) -> float:
        """Return the trust in an object's reverse pass at a frame, in [0, 1].

        Its overlap with the confirmed frame behind is no measure of what it tracked before a
        redetection.
        """
        redetected = self._redetected_at.get(name, self._ahead)
        is_before = abs(index - self._behind) > abs(redetected - self._behind)
        return self._trust.get(name, 1.0) * (_TRUST_BEFORE_REDETECTION if is_before else 1.0)

    def fused(self, index: int, name: int, estimate: Estimate) -> Estimate:
        """Return the forward pass's estimate fused with the reverse one, which is then dropped.

        Weights: the confidence, times the square of the nearness to the pass's own keyframe (see
        `_NEARNESS_POWER`), times the trust in the reverse pass.
        """
        packed = self._packed.pop((index, name), None)
        if packed is None:
            return estimate
        way = ((index - self._behind) / (self._ahead - self._behind)) ** _NEARNESS_POWER
        own = (1.0 - way) ** 2 * estimate.confidence
        other = way**2 * packed.confidence * self.trust(name, index)
        total = max(own + other, 1e-6)
        returned: FloatMap = np.frombuffer(zlib.decompress(packed.data), dtype=np.uint8).reshape(
            packed.shape
        ).astype(np.float32) / np.float32(_LEVELS)
        mixed = (own * estimate.probability + other * returned) / total
        confidence = (own * estimate.confidence + other * packed.confidence) / total
        return Estimate(mixed.astype(np.float32), float(confidence))
