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
    """What a user's mask says of a frame that was tracked to, float32 (h, w).

    `weight`, in (0, 1]: how far each pixel counts as confirmed. `change`: 1 where the mask adds to the
    tracked one, -1 where it takes away, with a small margin, and 0 elsewhere.
    """

    weight: FloatMap
    change: FloatMap


def correction(mask: Mask, tracked: FloatMap) -> Correction | None:
    """Return what a mask corrects; None where all of it counts as confirmed.

    The weight is 1 in and beside the parts that differ from the tracked mask and falls with the distance
    from them: the rest is the tracker's own estimate, with the errors that the correction left. All
    counts where the target was lost, the outline is another, or nothing wide differs.

    Args:
        mask: the user's, bool (h, w).
        tracked: probability that the tracker had there, float32 (h, w).
    """
    before = tracked > 0.5
    if intersection_over_union(mask, before) < _LEAST_OVERLAP:
        return None
    differs = mask ^ before
    changed = differs & dilate(erode(differs, 1), _ROUNDING)
    if not changed.any():
        return None
    contour = dilate(before, 1) & ~before
    left = np.count_nonzero(contour & ~dilate(changed, _BESIDE))
    if left < _LEAST_KEPT * np.count_nonzero(contour):
        return None
    reach = max(_LEAST_REACH, _REACH * float(np.sqrt(np.count_nonzero(mask))))
    beyond = np.maximum(-signed_distance(changed) - 0.5 * reach, 0.0) / reach
    weight = np.asarray(np.maximum(np.exp(-np.square(beyond)), _LEAST_WEIGHT), dtype=np.float32)
    added, taken = (dilate(changed & side, _ROUNDING) for side in (mask, ~mask))
    return Correction(weight, added.astype(np.float32) - taken.astype(np.float32))
