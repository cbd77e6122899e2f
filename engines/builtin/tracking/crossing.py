"""Two objects of one kind that may pass each other: which is in front, and which pixels are whose.

Flow does not show what goes behind something or comes out from behind it, and objects of one kind have the same
colours. What remains is how both move: each is kept as a layer, occluded parts too, and the one whose motion explains
the pixels that both claim is in front.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.object_layer import ObjectLayer, shifted
from engines.builtin.vision.flow import FlowPair
from utils.mask_utils import dilate
from utils.types import FloatImage, FloatMap, Mask

_MAYBE, _AROUND = 0.3, 8
"""Probability from which a pixel is no background, and pixels grown beyond it."""
_LARGEST_GAP = np.float32(25.0)
"""Difference of colours, summed over Lab's channels, from which on two pixels are not the same."""
_FORGET_APART, _FORGET = 0.8, 0.95
"""Share of the evidence for the order that stays at each frame, where both are apart and where they overlap."""
_PIXELS = 4.0
"""Pixels of evidence that are worth one unit of log odds of the order."""
_CERTAIN = 2.0
"""Evidence, in pixels, from which on the object in front is held to its shape."""
_CERTAIN_ORDER = 0.9
"""Probability of the order from which on the object in front may grow by no more than `_GROWTH`."""
_NEAR = 12
"""Pixels by which both may be apart where they are taken to touch."""
_LEAD = 0.05
"""Difference of the expected probabilities from which on a pixel is one object's."""
_GROWTH = 2
"""Pixels by which the object in front may grow in a frame beside the other: what comes to light there is the other's."""
_SHRUNK, _GROWN = 0.8, 1.1
"""Shares of the usual area: below the first one the object in front, beyond the second one the one behind, is the other."""
_UNSEEN = 0.8
"""Share of an expected object that stays where it is in neither mask: its own evidence may have missed it."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What a tracker has to know of the other object, float32 (h, w) in [0, 1].

    `expected`: its own object's part that should be in sight now. `whole`: with what is occluded. `other`: the other
    one's part in sight; `other_whole` with what is occluded. `is_near`: both touch, or nearly do.
    """

    expected: FloatMap
    whole: FloatMap
    other: FloatMap
    other_whole: FloatMap
    is_near: bool


class Crossing:
    """Follows a target and another object of its kind, from masks of a frame that show both apart."""

    def __init__(self, target: Mask, other: Mask, lab: FloatImage) -> None:
        """Begin at a frame, Lab float32 (h, w, 3), and the masks there, bool (h, w)."""
        self._target = ObjectLayer(target)
        self._other = ObjectLayer(other)
        self._lab = lab
        self._evidence = 0.0
        self._is_near = False
        self._behind = 0.5
        """Probability that the target is behind the other object."""

    def is_other(self, mask: Mask) -> bool:
        """Tell whether a mask of the last frame, bool (h, w), has more than half of what is seen of the other object."""
        seen = self._other.seen
        return bool(2 * np.count_nonzero(seen & mask) > np.count_nonzero(seen))

    def amend(self, target: Mask) -> None:
        """Go on from a corrected mask of the target in the last frame, bool (h, w)."""
        other = self._other.seen & ~target
        self._target.amend(target, other)
        self._other.amend(other, target)

    def advance(self, lab: FloatImage, flow: FlowPair) -> tuple[Contact, Contact]:
        """Go on to the next frame, Lab float32 (h, w, 3); return what is known there of the target, and of the other."""
        target, other = self._target, self._other
        background = ~dilate((target.whole > _MAYBE) | (other.whole > _MAYBE), _AROUND)
        camera = np.zeros(2)
        if background.any():
            camera = np.median(flow.from_previous[background], axis=0).astype(np.float64)
        for layer in (target, other):
            layer.advance(flow, camera, not self._is_near, (self._lab, lab))
        self._compare(lab)
        if self._evidence > _CERTAIN:
            other.keep_shape(target.shifted)
        elif self._evidence < -_CERTAIN:
            target.keep_shape(other.shifted)
        claims = [np.maximum(one.shifted, one.followed) > 0.5 for one in (target, other)]
        target.expect(claims[1])
        other.expect(claims[0])
        touching = dilate(target.expected > 0.5, _NEAR) & (other.expected > 0.5)
        self._is_near = bool(touching.any())
        behind = np.float32(self._behind)
        mine = target.expected * (1.0 - behind * other.expected)
        theirs = other.expected * (1.0 - (1.0 - behind) * target.expected)
        self._expected = mine, theirs
        return (
            Contact(mine, target.expected, theirs, other.expected, self._is_near),
            Contact(theirs, other.expected, mine, target.expected, self._is_near),
        )

    def _compare(self, lab: FloatImage) -> None:
        """Learn from the pixels that both claim, whose motion explains them: that object is in front."""
        both = (self._target.shifted > 0.5) & (self._other.shifted > 0.5)
        if both.any():
            gaps = [
                np.minimum(
                    np.abs(shifted(self._lab, one.motion)[both] - lab[both]).sum(axis=1),
                    _LARGEST_GAP,
                )
                for one in (self._target, self._other)
            ]
            lead = float((gaps[0] - gaps[1]).sum() / _LARGEST_GAP)
            self._evidence = _FORGET * self._evidence + lead
        else:
            self._evidence *= _FORGET_APART
        self._behind = float(1.0 / (1.0 + np.exp(-np.clip(self._evidence / _PIXELS, -20.0, 20.0))))
        self._lab = lab

    def has_swapped(self) -> bool:
        """Tell whether both were taken for each other in the last frame: the one in front shrinks, and the other grows."""
        if not (self._is_near and abs(self._behind - 0.5) > _CERTAIN_ORDER - 0.5):
            return False
        front, back = (
            (self._other, self._target) if self._behind > 0.5 else (self._target, self._other)
        )
        return front.area_share < _SHRUNK and back.area_share > _GROWN

    def settle(self, target: Mask, other: Mask) -> tuple[Mask, Mask]:
        """Return both objects' masks of the frame, bool (h, w), without what is the other's.

        Args:
            target: the target's by its own evidence, bool (h, w).
            other: the same of the other object.
        """
        mine, theirs = self._expected
        if self._is_near:
            target, other = self._divided(target | other, target)
        else:
            both = target & other
            target, other = target & ~(both & (theirs >= mine)), other & ~(both & (mine > theirs))
        unseen = np.float32(_UNSEEN if self._is_near else 0.0)
        behind = np.float32(self._behind)
        for layer, seen, occluder, share in (
            (self._target, target, other, behind),
            (self._other, other, target, np.float32(1.0) - behind),
        ):
            layer.settle(seen, layer.expected * np.where(occluder, share, unseen))
        return target, other

    def _divided(self, union: Mask, target: Mask) -> tuple[Mask, Mask]:
        """Divide the pixels of both, bool (h, w), by what is expected; the rest by the target's own evidence."""
        mine, theirs = self._expected
        is_target = (mine > theirs + _LEAD) | (target & ~(theirs > mine + _LEAD))
        masks = [union & is_target, union & ~is_target]
        if abs(self._behind - 0.5) > _CERTAIN_ORDER - 0.5:
            front, back = (1, 0) if self._behind > 0.5 else (0, 1)
            behind = (self._target, self._other)[back]
            beside = dilate(np.maximum(behind.shifted, behind.expected) > _MAYBE, _NEAR)
            grown = masks[front] & ~dilate(self._expected[front] > 0.5, _GROWTH) & beside
            masks[front] = masks[front] & ~grown
            masks[back] = masks[back] | grown
        return masks[0], masks[1]
