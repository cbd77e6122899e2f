"""What follows from sides of a drawn box that a mask doesn't reach: the object does reach each of them.

After Lempitsky, Kohli, Rother and Sharp, "Image segmentation with a bounding box prior" (ICCV 2009).
"""

from __future__ import annotations

import numpy as np

from utils.mask_utils import bounding_box, drop_specks, intersection_over_union
from utils.types import FloatMap, IntBox, Mask

_REACHED, _MISSED = 0.08, 0.18
"""Distance of a mask from a side, as a share of the box's size, up to which it counts as reached, since boxes are
drawn a little large, and from which on the mask misses a part of the object."""
_DRAWN_LARGE, _LARGEST = 0.05, 0.13
"""Distance from all four sides from which on, and up to which, a box was drawn larger than its object: a part that is known
alone, such as a rider, mostly reaches one of them."""
_SAME = 0.5
"""Overlap from which on two masks are of one object, and differ in parts of it."""
_LIFT = 1.0
"""Log odds for the object that each round may add between a mask and a side that it doesn't reach."""


def missed_sides(found: Mask, box: IntBox) -> list[int]:
    """Return the sides of a box that a mask, bool (h, w), doesn't reach: 0 left, 1 top, 2 right, 3 bottom."""
    reached = bounding_box(found)
    if reached is None:
        return []
    distances = _distances(reached, box)
    return [side for side, distance in enumerate(distances) if distance > _MISSED]


class BoxSides:
    """The sides of a box, and how far the masks of earlier rounds reach them.

    Attributes:
        trust: how far evidence against the object counts, in [0, 1]: where masks miss a side, it knows a part only,
            such as a network for people a horse's rider.
        lift: log odds for the object between masks and the sides that they miss, at most, float32 (h, w) of at
            least 0: what such evidence denies there is likely to be the object's.
    """

    def __init__(self, allowed: Mask) -> None:
        """Prepare for the box that is `allowed`, bool (h, w); no mask has missed a side yet."""
        height, width = allowed.shape
        self._box = bounding_box(allowed) or (0, 0, width, height)
        self._rounds = [0, 0, 0, 0]
        self.trust = 1.0
        self.lift: FloatMap = np.zeros(allowed.shape, dtype=np.float32)

    def compare(self, found: Mask) -> None:
        """Compare a round's mask, bool (h, w), with the sides of the box."""
        self.lift = np.zeros(found.shape, dtype=np.float32)
        reached = bounding_box(drop_specks(found))  # A speck reaches no side.
        if reached is None:
            self.trust = 0.0
            return
        x0, y0, x1, y1 = self._box
        left, top, right, bottom = reached
        betweens = (
            np.s_[y0:y1, x0 : max(x0, left)],
            np.s_[y0 : max(y0, top), x0:x1],
            np.s_[y0:y1, right:x1],
            np.s_[bottom:y1, x0:x1],
        )
        distances = _distances(reached, self._box)
        for side, (distance, between) in enumerate(zip(distances, betweens, strict=True)):
            counts = (_MISSED - distance) / (_MISSED - _REACHED)
            self.trust = min(self.trust, max(0.0, counts))
            if distance > _REACHED:
                self._rounds[side] += 1
                lift = np.float32(_LIFT * self._rounds[side])
                self.lift[between] = np.maximum(self.lift[between], lift)

    def reached_by(self, found: Mask) -> bool:
        """Tell whether a mask, bool (h, w), reaches all sides."""
        return _farthest(found, self._box) <= _REACHED

    def suit_better(self, other: Mask, found: Mask) -> bool:
        """Tell whether `other` is of another object than `found` and fits the box better, both bool (h, w).

        They have little in common, `other` misses no side, and `found` stays clearly farther away from one.
        """
        if intersection_over_union(other, found) >= _SAME:
            return False
        farthest = _farthest(other, self._box)
        nearer = _farthest(found, self._box) - farthest
        return farthest <= _MISSED and nearer > _MISSED - _REACHED


def distances_of(found: Mask, box: IntBox) -> tuple[float, float, float, float]:
    """Return how far a mask, bool (h, w), stays away from the left, top, right and bottom of a box, as shares of its size.

    Less what a box drawn large has too much on all of them.
    """
    reached = bounding_box(drop_specks(found))  # A speck reaches no side.
    return (1.0, 1.0, 1.0, 1.0) if reached is None else _distances(reached, box)


def _farthest(found: Mask, box: IntBox) -> float:
    return max(distances_of(found, box))


def _distances(reached: IntBox, box: IntBox) -> tuple[float, float, float, float]:
    """Return how far a mask's own box stays away from a box's sides, as `distances_of`."""
    left, top, right, bottom = distances = _raw_distances(reached, box)
    least = min(distances)
    spare = min(least, _LARGEST) if least >= _DRAWN_LARGE else 0.0
    return left - spare, top - spare, right - spare, bottom - spare


def _raw_distances(reached: IntBox, box: IntBox) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    left, top, right, bottom = reached
    return (
        (left - x0) / (x1 - x0),
        (top - y0) / (y1 - y0),
        (x1 - right) / (x1 - x0),
        (y1 - bottom) / (y1 - y0),
    )
