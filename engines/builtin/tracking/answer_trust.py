"""How far a foreground network's answer is trusted: by its overlap with a mask of the target."""

from __future__ import annotations

import numpy as np

from engines.builtin.tracking.foreground_evidence import Foreground
from utils.mask_utils import component_sums, components, dilate, keep_components
from utils.types import FloatMap, Mask

_LEAST_OVERLAP = 0.85
"""Overlap of an answer with the confirmed mask from which it is trusted; `_FULL_OVERLAP`, fully."""
_FULL_OVERLAP = 0.95
_NEAR = 8
"""Pixels around the confirmed mask in which an answer is compared with it."""


def overlap_near(answer: FloatMap, mask: Mask, missing: float = 0.0) -> float:
    """Return the overlap of a mask, bool (h, w), with the foreground near it, float32 (h, w) in [0, 1].

    Of a mask that lacks `missing` pixels of its target, foreground that is connected with it counts as
    the target's up to that area: an answer is not wrong where the mask has lost a part.
    """
    found = answer > 0.5
    beside = found & ~mask
    near = int(np.count_nonzero(beside & dilate(mask, _NEAR)))
    lost = 0.0
    if missing > 0.0:
        names, areas = components(found)
        joined = keep_components(beside, component_sums(mask, names, areas) > 0, names)
        lost = min(float(np.count_nonzero(joined)), missing)
    common = int(np.count_nonzero(found & mask)) + lost
    return common / max(int(np.count_nonzero(mask)) + max(near, lost), 1.0)


def trust_in(answer: Foreground | None, mask: Mask, missing: float = 0.0) -> float:
    """Return how far an answer is trusted, in [0, 1], by its overlap with a mask, bool (h, w)."""
    if answer is None:
        return 0.0
    overlap = overlap_near(answer.probability, mask, missing)
    return float(np.clip((overlap - _LEAST_OVERLAP) / (_FULL_OVERLAP - _LEAST_OVERLAP), 0.0, 1.0))
