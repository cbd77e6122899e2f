"""Which part of the foreground around a drawn box is the target: a network is shown the box's content alone as well."""

from __future__ import annotations

import numpy as np

from utils.mask_utils import components, dilate
from utils.types import FloatMap, IntBox, Mask

_REACH = 4
"""Pixels beyond a box in which foreground beside a part of it tells whether that part goes on outside."""
_FOREGROUND = 0.5


def trust_in_content(shown: FloatMap, content: FloatMap, box: IntBox) -> FloatMap:
    """Return how far an answer on a box's content alone counts at each pixel, float32 (h, w) in [0, 1].

    What is behind a target, such as a larger animal, fills the box, so that a network asked about its content alone takes
    it for background; but a part of the target that fills a corner of the box as well. So it counts against what only the
    wider answer shows as far as that goes on outside the box: by the square of the share of foreground in what lies beside
    it there. It counts for a part that both show by the share of what is none: a part that goes on may still be another's.
    It says nothing of what the wider answer denies.

    Args:
        shown: the answer on the box and its surroundings, float32 (h, w) in [0, 1].
        content: that on the box's content alone, 0 outside.
        box: the box.
    """
    wider = shown > _FOREGROUND
    inside = np.zeros(shown.shape, dtype=bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    both = wider & (content > _FOREGROUND) & inside
    trust = np.zeros(shown.shape, dtype=np.float32)
    for is_shown, parts in ((True, both), (False, wider & ~both & inside)):
        names, areas = components(parts)
        for name in range(1, len(areas)):
            part = names == name
            share = share_outside(part, wider, inside)
            trust[part] = 1.0 - share if is_shown else share**2
    return trust


def share_outside(part: Mask, shown: Mask, inside: Mask) -> float:
    """Return the share of foreground in what lies beside a part of a box, outside of it and of the picture; 0 for nothing.

    A target that the picture's border cuts off goes on there, and not behind another.
    """
    grown, shown, inside = (np.pad(mask, _REACH) for mask in (part, shown, inside))
    beside = dilate(grown, _REACH) & ~inside
    return float(shown[beside].mean()) if beside.any() else 0.0
