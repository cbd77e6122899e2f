"""The connected parts of a mask that are tracked apart; pure array work."""

from __future__ import annotations

import numpy as np

from utils.mask_utils import components
from utils.types import Mask

_PART_SHARE = 0.1
"""Area of the largest part from which another counts as an object."""
_MOST_PARTS = 8
"""Parts of a mask at most: each costs a pass of the decoder and a memory."""


def connected_parts(mask: Mask) -> list[Mask]:
    """Return the parts of a mask, bool (H, W), that are tracked as objects of their own.

    A mask of several people, followed as one object, collapses to one of them. Specks stay with the
    largest part, and a mask in very many parts is one object, as an empty one is.
    """
    labels, areas = components(mask)
    large = [part for part in range(1, areas.size) if areas[part] >= _PART_SHARE * areas[1:].max()]
    if not 1 < len(large) <= _MOST_PARTS:
        return [mask]
    first = max(large, key=lambda part: int(areas[part]))
    others = [labels == part for part in large if part != first]
    return [mask & ~np.logical_or.reduce(others), *others]
