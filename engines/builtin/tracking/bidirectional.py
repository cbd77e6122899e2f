"""Bidirectional tracking between two confirmed frames: fuses the forward pass with a reverse one."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.estimate import Estimate
from utils.mask_utils import intersection_over_union
from utils.types import FloatMap

_LEVELS = 254
"""Levels that a kept map is rounded to: an even number, so that one half is kept exactly."""
_GOOD_OVERLAP = 0.6
"""Overlap with the confirmed frame behind, below which a reverse pass is taken to have lost the object."""
_TRUST_POWER = 4
"""Power of the overlap that then reduces its weight."""
_LEAST_TRUST = 1e-3
_NEARNESS_POWER = 0.6
"""Power of the way to the frame ahead where the passes differ: below 1 its pass counts for more than half of the way.

It was confirmed because the pass towards it went wrong, as it does on the frames before it.
"""
_ALIKE = 0.8
"""Overlap of two passes' masks from which both have the target, and the nearer one has it better."""
_REDETECTED = 0.1
"""`Estimate.temporal_overlap` below which a pass has redetected the object."""
_TRUST_BEFORE_REDETECTION = 0.05
"""Weight of what a reverse pass tracked beyond a redetection: it may be another object."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A compressed estimate: the probability, and what a correction changed, in 254 levels, deflated."""

    shape: tuple[int, int]
    data: bytes
    confidence: float
    change: bytes | None


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

    def keep(
        self, index: int, name: int, estimate: Estimate, change: FloatMap | None = None
    ) -> None:
        """Store the estimate of a frame and an object.

        `change` is that of the `Correction` ahead, carried here, float32 (h, w) in [-1, 1]; None where all of
        the mask ahead counts.
        """
        height, width = estimate.probability.shape
        packed_change = None if change is None else _packed(0.5 + 0.5 * change)
        self._packed[index, name] = _Packed(
            (height, width), _packed(estimate.probability), estimate.confidence, packed_change
        )
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
        `_NEARNESS_POWER`), times the trust in the reverse pass. A pass from a correction of a part only
        adds where that added, and takes away where that took away.
        """
        packed = self._packed.pop((index, name), None)
        if packed is None:
            return estimate
        returning = _unpacked(packed.data, packed.shape)
        way = (index - self._behind) / (self._ahead - self._behind)
        overlap = intersection_over_union(returning > 0.5, estimate.probability > 0.5)
        if packed.change is not None or overlap < _ALIKE:
            way **= _NEARNESS_POWER
        own = (1.0 - way) ** 2 * estimate.confidence
        other = way**2 * packed.confidence * self.trust(name, index)
        difference = returning - estimate.probability
        weight = np.ones(packed.shape, dtype=np.float32)
        if packed.change is not None:
            change = 2.0 * _unpacked(packed.change, packed.shape) - 1.0
            weight = np.where(change * difference > 0.0, np.abs(change), np.float32(0.0))
        share = other * weight / np.maximum(own + other * weight, 1e-6)
        mixed = estimate.probability + share * difference
        region = mixed > 0.5
        returned = float(share[region].mean()) if region.any() else float(share.mean())
        confidence = estimate.confidence + returned * (packed.confidence - estimate.confidence)
        return Estimate(mixed.astype(np.float32), confidence)


def _packed(values: FloatMap) -> bytes:
    levels = np.rint(np.clip(values, 0.0, 1.0) * _LEVELS).astype(np.uint8)
    return zlib.compress(levels.tobytes(), 1)


def _unpacked(data: bytes, shape: tuple[int, int]) -> FloatMap:
    levels = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(shape)
    return np.asarray(levels * np.float32(1.0 / _LEVELS), dtype=np.float32)
