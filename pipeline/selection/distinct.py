"""Answers to one click that look different; it finds none."""

from __future__ import annotations

from collections.abc import Sequence

from engines.base import Instance
from utils.mask_utils import inner_distance, intersection_over_union
from utils.types import Mask

_EDGE_SHARE, _LEAST_EDGE_PX = 0.005, 3.0
"""Depth up to which a difference is one of edges alone, as a share of the longer side, and in pixels at least."""
_LEAST_OVERLAP = 0.6
"""Intersection over union below which small or thin masks differ all the same: of those, edges are all there is."""


def distinct(instances: Sequence[Instance]) -> list[Instance]:
    """Return the answers, best first, without those that differ from a better one along edges alone.

    To be asked to choose from three pictures of the same mask costs a look at each.
    """
    kept: list[Instance] = []
    for instance in instances:
        if not any(_look_alike(instance.mask, better.mask) for better in kept):
            kept.append(instance)
    return kept


def _look_alike(first: Mask, second: Mask) -> bool:
    if intersection_over_union(first, second) < _LEAST_OVERLAP:
        return False
    edge_px = max(_LEAST_EDGE_PX, _EDGE_SHARE * max(first.shape))
    return bool(inner_distance(first ^ second).max() <= edge_px)
