"""Which foreground is of other objects than the clicked one, by how it lies around the clicks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from utils.mask_utils import components, dilate
from utils.types import FloatMap, IntBox, Mask

_JOINED = 0.2
"""Distance up to which a click may be on the object that foreground is a part of, as a share of the square root of its
area."""
_TOGETHER = 3
"""Pixels between parts of foreground that are of one object, such as those beside a strap."""

_MOST_SHOWN = 0.6
"""Share of a component that a crop shows at the clicks, from which on both show the same object."""
_MOST_CUT = 0.75
"""How far a crop's border may cut the object that it shows, as a share of the square root of the object's area."""
_LESS_CUT = 0.6
"""The same as a share of how far it cuts the component."""
_WHOLE_CUT = 0.12
"""How far a crop's border may cut an object that is all but whole there."""
_MOST_OF_PICTURE = 0.6
"""Share of the picture from which on a component is one object, of which crops show parts: a face that fills the picture."""
_LEAST_SHOWN = 0.05
"""Share of a crop that an object fills at least; less of it at a click is a speck, of which the rest of the object would be left
out."""
_MOST_DENIED = 0.3
"""Share of what a crop shows inside of another one from which on it holds more than the object that the other one shows."""
_RIM = 2
"""Pixels around an object in which what is shown is still the object's."""


def separated(
    component: Mask,
    crops: Sequence[tuple[FloatMap, IntBox]],
    places: Sequence[tuple[int, int]],
) -> Mask | None:
    """Return the object at the clicks that crops show apart from a component of the whole picture's foreground, bool (h, w).

    A person before a larger one is one component with that one. In a crop around the clicks the larger one fills what is behind
    and becomes background. Of several crops the first counts that shows the object whole, else the one whose border cuts it
    least. None where all show most of the component, or none or a speck of it at a click, or what their border cuts like the
    component: parts of one large object. Where an earlier crop shows much of such an object as background, it is two, such as a
    person and the hair of the next one: it is taken without what the earlier crops deny.

    Args:
        component: with the clicks, bool (h, w).
        crops: answers on crops around the clicks, float32 (h, w) in [0, 1] and 0 outside, with the crops, smallest first.
        places: of the clicks (x, y).
    """
    if np.count_nonzero(component) > _MOST_OF_PICTURE * component.size:
        return None
    found: list[tuple[float, Mask]] = []
    earlier: list[tuple[Mask, IntBox]] = []
    for answer, window in crops:
        x0, y0, x1, y1 = window
        there = np.s_[y0:y1, x0:x1]
        shown = _joined_to(answer > 0.5, places)
        if np.count_nonzero(shown[there]) < _LEAST_SHOWN * shown[there].size:
            continue
        before = tuple(earlier)
        earlier.append((shown, window))
        both = np.count_nonzero(shown[there] & component[there])
        if both > _MOST_SHOWN * np.count_nonzero(component[there]):
            continue
        cut = _cut(shown, window)
        if cut < _MOST_CUT and cut < _LESS_CUT * _cut(component, window):
            if any(_denied(shown, *one) > _MOST_DENIED for one in before):
                shown = _not_denied(shown, before, places)
            if shown.any():
                found.append((max(cut, _WHOLE_CUT), shown))
    return min(found, key=lambda one: one[0])[1] if found else None


def rest_of(component: Mask, clicked: Mask) -> Mask:
    """Return what a component, bool (h, w), has beside the clicked object, bool (h, w)."""
    return np.asarray(component & ~dilate(clicked, _RIM))


def _denied(mask: Mask, shown: Mask, window: IntBox) -> float:
    """Return the share of a mask, bool (h, w), inside of a window that is not in what is shown there, bool (h, w)."""
    x0, y0, x1, y1 = window
    mask, shown = mask[y0:y1, x0:x1], shown[y0:y1, x0:x1]
    return int(np.count_nonzero(mask & ~shown)) / max(1, int(np.count_nonzero(mask)))


def _not_denied(
    mask: Mask, shown: Sequence[tuple[Mask, IntBox]], places: Sequence[tuple[int, int]]
) -> Mask:
    """Return what is joined to clicks at `places` (x, y) of a mask without what windows do not show of it, bool (h, w).

    None of it where a click is not on that.
    """
    left = mask.copy()
    for one, (x0, y0, x1, y1) in shown:
        left[y0:y1, x0:x1] &= one[y0:y1, x0:x1]
    return _joined_to(left, places)


def _joined_to(mask: Mask, places: Sequence[tuple[int, int]]) -> Mask:
    """Return what is joined in a mask, bool (h, w), to the places (x, y); none of it where one is not on it."""
    names, _ = components(mask)
    clicked = {int(names[y, x]) for x, y in places}
    return np.zeros_like(mask) if 0 in clicked else np.isin(names, list(clicked))


def _cut(mask: Mask, window: IntBox) -> float:
    """Return how many pixels of a mask, bool (h, w), a window's border cuts, by the square root of its area in there.

    Where the window ends with the picture, so does what is seen of the object: that is no cut.
    """
    height, width = mask.shape
    x0, y0, x1, y1 = window
    there = mask[y0:y1, x0:x1]
    sides = (
        there[:, 0] if x0 > 0 else there[:, :0],
        there[:, -1] if x1 < width else there[:, :0],
        there[0] if y0 > 0 else there[:0],
        there[-1] if y1 < height else there[:0],
    )
    pixels = sum(int(np.count_nonzero(side)) for side in sides)
    return pixels / math.sqrt(max(1, int(np.count_nonzero(there))))


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
