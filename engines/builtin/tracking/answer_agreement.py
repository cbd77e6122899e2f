"""How far two of a network's answers agree, the earlier one carried along the flow: whether flow alone would do."""

from __future__ import annotations

from utils.mask_utils import component_sums, components
from utils.types import FloatMap

_LEAST_AREA = 64
"""Pixels from which a part of the foreground counts: smaller ones come and go."""


def agreement(before: FloatMap, after: FloatMap) -> float:
    """Return the overlap of the foreground of two answers, float32 (h, w) in [0, 1], where it is least.

    Of each part of what either shows, the share that both show: where a small target changes beside a large object,
    the overlap of the whole pictures would not tell. 1 where neither shows anything.
    """
    shown, found = before > 0.5, after > 0.5
    names, areas = components(shown | found)
    common = component_sums(shown & found, names, areas)
    shares = (common / areas.clip(1))[1:]
    return float(shares[areas[1:] >= _LEAST_AREA].min(initial=1.0))
