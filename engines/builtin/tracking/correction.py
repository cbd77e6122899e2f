"""How far a user's mask counts as confirmed on a frame that was tracked to: a click corrects a part of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utils.mask_utils import dilate, erode, intersection_over_union, signed_distance
from utils.types import FloatMap, Mask

_LEAST_OVERLAP = 0.8
"""Overlap with the tracked mask below which all of a mask is the user's own."""
_LEAST_KEPT = 0.5
"""Share of the tracked contour that a correction leaves as it is; where more changed, all of it is the user's own."""
_LEAST_SAME = 0.85
"""Share of the contour left that stays within a pixel of the tracked one; where more moved, the mask is the user's own.

A result's mask, taken from its alpha, has 0.88 to 0.94; true masks of other clips' frames have 0.71 to 0.91.
"""
_ROUNDING = 2
"""Pixels beside the parts wider than two pixels that belong to them; what is thinner is the contour at full size."""
_BESIDE = 4
"""Pixels beside a changed part in which the contour is not taken as left."""
_REACH = 0.15
"""Distance from a changed part in which the weight falls, as a share of the square root of the mask's area."""
_LEAST_REACH = 4.0
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True)
class Correction:
    """What a user's mask says of a frame that was tracked to.

    `mask`, bool (h, w): the tracked one with the parts that the user's changes. `weight`, float32 (h, w) in (0, 1]:
    how far each pixel counts as confirmed. `change`, float32 (h, w): 1 where the mask adds to the tracked one, -1
    where it takes away, with a small margin, and 0 elsewhere.
    """

    mask: Mask
    weight: FloatMap
    change: FloatMap


def correction(mask: Mask, tracked: FloatMap, shown: FloatMap | None = None) -> Correction | None:
    """Return what a mask corrects; None where all of it counts as confirmed.

    What is thinner than the changed parts is as it was: lines were drawn into the mask at full size. The weight
    is 1 in and beside the changed parts and falls with the distance from them: the rest is the tracker's own
    estimate, with the errors that the correction left. All counts where the target was lost, the outline is
    another, be it by little everywhere, or nothing wide differs.

    Args:
        mask: the user's, bool (h, w).
        tracked: probability that the tracker had there, float32 (h, w).
        shown: what it had without the answers that networks give because the frame is confirmed, float32 (h, w): what
            the user saw and put right. An answer may put the same right, and the mask changed it all the same. None
            where nobody is asked.
    """
    before = tracked > 0.5
    differs = mask ^ before
    changed = _wide_parts(differs)
    corrected = np.asarray(before ^ changed)
    if not changed.any() or intersection_over_union(corrected, before) < _LEAST_OVERLAP:
        return None
    if _is_of_another_outline(before, differs, changed):
        return None
    if shown is not None:
        changed |= _wide_parts(mask ^ (shown > 0.5))
        corrected = np.asarray(np.where(changed, mask, before))
    reach = max(_LEAST_REACH, _REACH * float(np.sqrt(np.count_nonzero(corrected))))
    beyond = np.maximum(-signed_distance(changed) - 0.5 * reach, 0.0) / reach
    weight = np.asarray(np.maximum(np.exp(-np.square(beyond)), _LEAST_WEIGHT), dtype=np.float32)
    added, taken = (dilate(changed & side, _ROUNDING) for side in (mask, ~mask))
    return Correction(corrected, weight, added.astype(np.float32) - taken.astype(np.float32))


def _wide_parts(differs: Mask) -> Mask:
    """Return the parts of a difference, bool (h, w), that are more than the contour's at full size."""
    return np.asarray(differs & dilate(erode(differs, 1), _ROUNDING))


def _is_of_another_outline(before: Mask, differs: Mask, changed: Mask) -> bool:
    """Tell whether a mask leaves too little of the tracked one's contour, or moves what it leaves; all bool (h, w)."""
    around = dilate(before, 1)
    contour = around & ~before
    beside = dilate(changed, _BESIDE)
    left = np.asarray(contour & ~beside)
    if np.count_nonzero(left) < _LEAST_KEPT * np.count_nonzero(contour):
        return True
    moved = differs & ~beside & ~(around & ~erode(before, 1))
    same = np.count_nonzero(left & ~dilate(moved, _ROUNDING))
    return bool(same < _LEAST_SAME * np.count_nonzero(left))
