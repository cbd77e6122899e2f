"""Between two confirmed frames: a pass comes back from the later one, and both answers are weighed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.tracker import Belief
from engines.builtin.vision.arrays import FloatMap
from utils.mask_utils import intersection_over_union

_LEVELS = 255
_ARRIVED = 0.6
"""Overlap with the confirmed frame behind below which a returning pass has lost the object on its way."""
_DISTRUST = 4
"""Power of the overlap by which it is then believed less."""
_LEAST_TRUST = 1e-3
_ANEW = 0.1
"""`Belief.steady` below which a pass has found the object anew."""
_UNVOUCHED = 0.05
"""How far is believed what a pass followed before it found the object anew: maybe something else."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A belief in some kilobytes: the probability in 255 levels, deflated."""

    shape: tuple[int, int]
    data: bytes
    confidence: float


class ReturningPass:
    """What a pass from the keyframe ahead, back to the one behind, believed of each frame.

    Kept packed: about 5 kB a frame and object.
    """

    def __init__(self, behind: int, ahead: int) -> None:
        """Prepare for the frames between keyframes `behind` and `ahead` (either may be larger)."""
        self._behind = behind
        self._ahead = ahead
        self._packed: dict[tuple[int, int], _Packed] = {}
        self._trust: dict[int, float] = {}
        self._anew: dict[int, int] = {}

    def keep(self, index: int, name: int, belief: Belief) -> None:
        """Remember the belief of a frame and an object."""
        levels = np.rint(np.clip(belief.probability, 0.0, 1.0) * _LEVELS).astype(np.uint8)
        data = zlib.compress(levels.tobytes(), 1)
        height, width = levels.shape
        self._packed[index, name] = _Packed((height, width), data, belief.confidence)
        if belief.steady < _ANEW:
            self._anew[name] = index

    def arrive(self, name: int, belief: Belief, confirmed: Belief) -> None:
        """Learn what the pass found of an object on the frame behind, against what is confirmed there.

        A pass that lost the object on its way misses it: the worse, the less it is believed. Where
        the object isn't in the confirmed frame, nothing can be told.
        """
        true = confirmed.probability > 0.5
        if true.any():
            overlap = intersection_over_union(belief.probability > 0.5, true)
            self._trust[name] = max(min(1.0, overlap / _ARRIVED) ** _DISTRUST, _LEAST_TRUST)

    def trust(self, name: int, index: int) -> float:
        """Return how far an object's pass is believed at a frame, in [0, 1].

        That it met the confirmed frame behind says nothing of what it followed before it found the
        object anew on its way.
        """
        anew = self._anew.get(name, self._ahead)
        is_before = abs(index - self._behind) > abs(anew - self._behind)
        return self._trust.get(name, 1.0) * (_UNVOUCHED if is_before else 1.0)

    def weighed(self, index: int, name: int, belief: Belief) -> Belief:
        """Return the belief of the pass on its way, weighed with the one that came back; forget it.

        Each weighs by its confidence and by the square of its nearness to its own keyframe, and what
        came back by how well it arrived.
        """
        packed = self._packed.pop((index, name), None)
        if packed is None:
            return belief
        way = (index - self._behind) / (self._ahead - self._behind)
        own = (1.0 - way) ** 2 * belief.confidence
        other = way**2 * packed.confidence * self.trust(name, index)
        total = max(own + other, 1e-6)
        returned: FloatMap = np.frombuffer(zlib.decompress(packed.data), dtype=np.uint8).reshape(
            packed.shape
        ).astype(np.float32) / np.float32(_LEVELS)
        mixed = (own * belief.probability + other * returned) / total
        sure = (own * belief.confidence + other * packed.confidence) / total
        return Belief(mixed.astype(np.float32), float(sure))
