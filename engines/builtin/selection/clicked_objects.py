"""Which foreground is of other objects than the clicked one, by how it lies around the clicks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from utils.mask_utils import components, dilate
from utils.types import FloatMap, Mask

_JOINED = 0.2
"""Distance up to which a click may be on the object that foreground is a part of, as a share of the square root of its
area."""
_TOGETHER = 3
"""Pixels between parts of foreground that are of one object, such as those beside a strap."""


def other_objects(found: Mask, places: Sequence[tuple[int, int]]) -> Mask:
    """Return the foreground, bool (h, w), of other objects than the one with a click at `places` (x, y).

    All of it, where no click is on it or so near it that both may be one object: a rider on a clicked horse.
    """
    names, _ = components(found)
    clicked = np.isin(names, [names[y, x] for x, y in places if names[y, x]])
    if clicked.any():
        return np.asarray(found & ~dilate(clicked, _TOGETHER))
    is_joined = not places or _is_near(found, places)
    return np.zeros_like(found) if is_joined else found


def apart_from_clicks(answer: FloatMap, places: Sequence[tuple[int, int]]) -> FloatMap:
    """Return an answer, float32 (h, w), in the components that are too far from clicks at `places` to be of their object.

    0 elsewhere, and everywhere where a click is on foreground: `other_objects` knows more then.
    """
    names, areas = components(answer > 0.5)
    if any(names[y, x] for x, y in places):
        return np.zeros_like(answer)
    far = [name for name in range(1, len(areas)) if not _is_near(names == name, places)]
    return np.where(np.isin(names, far), answer, np.float32(0.0))


def _is_near(found: Mask, places: Sequence[tuple[int, int]]) -> bool:
    """Tell whether foreground, bool (h, w), is so near a click at `places` (x, y) that both may be one object."""
    reach = max(1, round(_JOINED * float(np.sqrt(np.count_nonzero(found)))))
    there = dilate(found, reach)
    return any(bool(there[y, x]) for x, y in places)
