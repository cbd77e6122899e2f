"""Which connected parts of an alpha belong to a tracked target; pure array work on reduced frames."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.mask_utils import component_sums, components, dilate, inner_distance
from utils.types import FloatMap, Mask

_PRESENT = 0.1
"""Alpha from which a pixel counts as matted."""
_OWN_SHARE = 0.3
"""Share of a part's alpha that lies on the mask, from which the part belongs to the target."""
_HELD_SHARE = 0.3
"""Share of the mask that a part holds, from which it hangs together with the target, however large the others in it are."""

_MOVED = 4
"""Distance, in reduced pixels, that somebody moves in a frame at most."""
_APART_FRAMES = 5
"""Frames for which somebody is apart from the target before he counts as another; a flung arm is for one or two."""
_APART_SHARE = 0.3
"""Share of a part that lies where others were, from which it is theirs."""
_SEAM = 2
"""Reduced pixels around others that are not the target's, as wide as what is kept of it is grown."""

_MATTED = 0.5
"""Alpha from which somebody is there."""
_REACH = 5
"""Reduced pixels around the mask in which alpha is the target's edge."""
_TAKEN_SHARE = 0.5
"""Share of a detached part of the mask that lies where others were one frame before, from which it is theirs."""


class OwnParts:
    """Tells a target's parts from others who were matted apart from it and touch it later; call it in frame order."""

    def __init__(self) -> None:
        self._frames_apart: FloatMap | None = None

    def __call__(self, alpha: FloatMap, inside: Mask, beyond: Mask) -> Mask:
        """Return the parts of an alpha that belong to the target, bool (h, w).

        Args:
            alpha: float32 (h, w).
            inside: the tracked mask, bool (h, w).
            beyond: what is out of the mask's reach, bool (h, w): only there a part can be another's.
        """
        own = _own_parts(alpha, inside)
        others: Mask = (alpha > _PRESENT) & ~own & beyond
        before = np.zeros_like(alpha)
        if self._frames_apart is not None and self._frames_apart.any():
            side = 2 * _MOVED + 1
            before = np.asarray(
                cv2.dilate(self._frames_apart, np.ones((side, side), np.uint8)), np.float32
            )
            labels, areas = components(own & beyond)
            were_there = component_sums(before >= _APART_FRAMES, labels, areas)
            are_others = were_there > _APART_SHARE * areas
            are_others[0] = False
            joined = are_others[labels]
            own = own & ~dilate(joined, _SEAM)
            others |= joined
        self._frames_apart = np.where(others, before + np.float32(1.0), np.float32(0.0))
        return own


def _own_parts(alpha: FloatMap, inside: Mask) -> Mask:
    """Return the connected parts of an alpha that lie on the mask for a good share, both (h, w)."""
    labels, areas = components(alpha > _PRESENT)
    parts: Mask = _are_own(alpha, inside, labels, areas)[labels]
    return parts


def touching_parts(alpha: FloatMap, inside: Mask) -> Mask:
    """Return the connected parts of an alpha that the target is in, with whoever it touches; both (h, w)."""
    labels, areas = components(alpha > _PRESENT)
    held = component_sums(inside, labels, areas) / max(float(inside.sum()), 1.0)
    held[0] = 0.0
    parts: Mask = (_are_own(alpha, inside, labels, areas) | (held > _HELD_SHARE))[labels]
    return parts


def _are_own(
    alpha: FloatMap, inside: Mask, labels: npt.NDArray[np.int32], areas: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Tell of each part that `components` named whether a good share of its alpha lies on the mask, bool (N + 1,)."""
    total = component_sums(alpha, labels, areas)
    own = component_sums(alpha * inside, labels, areas) / np.maximum(total, 1e-6)
    own[0] = 0.0
    return np.asarray(own > _OWN_SHARE)


class OthersInMask:
    """Takes parts of others from tracked masks, beside somebody who touches the target; call it in frame order.

    A part that lies apart from the target where others were one frame before was taken from them. A part that somebody in
    front cut off was the target's before, and what comes into sight behind him begins as a narrow strip.
    """

    def __init__(self) -> None:
        self._others: Mask | None = None
        self._target: Mask | None = None

    def __call__(self, alpha: FloatMap, inside: Mask) -> Mask:
        """Return the tracked mask without such parts, bool (h, w), of the network's alpha, float32, and the mask."""
        own = inside
        if self._others is not None and self._target is not None:
            labels, areas = components(inside)
            were_others = component_sums(dilate(self._others, _MOVED), labels, areas)
            was_target = component_sums(self._target, labels, areas)
            taken = (were_others > _TAKEN_SHARE * areas) & (was_target < _OWN_SHARE * areas)
            taken[0] = False
            if taken.any():
                taken &= component_sums(inner_distance(inside) > _MOVED, labels, areas) > 0
                taken[int(np.argmax(np.where(np.arange(len(areas)) > 0, was_target, -1)))] = False
                own = inside & ~taken[labels]
        self._others = ((alpha > _MATTED) | inside) & ~dilate(own, _REACH)
        self._target = own
        return own
