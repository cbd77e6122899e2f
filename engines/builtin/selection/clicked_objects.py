"""Which foreground is of other objects than the clicked one, by how it lies around the clicks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from utils.mask_utils import components, dilate
from utils.types import FloatMap, IntBox, Mask

_JOINED = 0.2
"""Distance up to which a click may be on the object that foreground is a part of, as a share of the square root of its
area."""
_TOGETHER = 3
"""Pixels between parts of foreground that are of one object, such as those beside a strap."""

_MOST_SHOWN = 0.65
"""Share of a wider answer's component from which on a crop that shows less of it may show another, smaller object."""
_MOST_CUT, _LESS_CUT = 1.0, 0.6
"""How far the crop's border may cut such an object, as a share of the square root of its area, and as a share of what it cuts
of the component."""


def separated(component: Mask, answer: FloatMap, window: IntBox, places: Sequence[tuple[int, int]]) -> Mask | None:
    """Return the object with the clicks at `places` (x, y) that a crop shows apart from a wider answer's component, bool (h, w).

    A person before a larger one is one component with that one in the answer on the whole picture. In a crop around clicks the
    larger one fills what is behind, and becomes background. None where the crop shows most of the component, not every click,
    or what its border cuts about as much as the component: a part of one large object.

    Args:
        component: with the clicks, bool (h, w), in the wider answer.
        answer: that on the crop, float32 (h, w) in [0, 1], 0 outside.
        window: the crop.
    """
    x0, y0, x1, y1 = window
    names, _ = components(answer > 0.5)
    named = {int(names[y, x]) for x, y in places}
    if 0 in named:
        return None
    found = np.isin(names, list(named))
    there = component[y0:y1, x0:x1]
    both = np.count_nonzero(found[y0:y1, x0:x1] & there)
    if both > _MOST_SHOWN * np.count_nonzero(there):
        return None
    cut = _cut(found, window)
    return found if cut < min(_MOST_CUT, _LESS_CUT * _cut(component, window)) else None


def _cut(mask: Mask, window: IntBox) -> float:
    """Return how many pixels of a mask lie on a window's border, except on the picture's, by the square root of its area in it."""
    height, width = mask.shape
    x0, y0, x1, y1 = window
    lines = []
    if x0 > 0:
        lines.append(mask[y0:y1, x0])
    if x1 < width:
        lines.append(mask[y0:y1, x1 - 1])
    if y0 > 0:
        lines.append(mask[y0, x0:x1])
    if y1 < height:
        lines.append(mask[y1 - 1, x0:x1])
    area = max(1, np.count_nonzero(mask[y0:y1, x0:x1]))
    return float(sum(np.count_nonzero(line) for line in lines) / np.sqrt(area))


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
