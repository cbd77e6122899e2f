"""Connected parts of an estimated mask: which belong to the object, and which holes do."""

from __future__ import annotations

import numpy as np

from utils.mask_utils import component_sums, components, keep_components, signed_distance
from utils.types import Mask

_SMALLEST_OVERLAP = 0.25
"""Share of a part that must be expected."""
_PINHOLE = 0.002
"""Share of the object's area up to which a hole is an error, where `_PREDICTED_INSIDE` of it was inside."""
_PREDICTED_INSIDE = 0.75
_FAR = 0.4
"""Gap to the largest part from which a part is far from it, as a share of the square root of its area."""


def expected_parts(found: Mask, expected: Mask) -> Mask:
    """Return the parts of `found` of which at least a quarter was expected."""
    labels, areas = components(found)
    overlap = component_sums(expected, labels, areas)
    return keep_components(found, overlap > _SMALLEST_OVERLAP * areas, labels)


def without_surplus(found: Mask, largest_area: float) -> Mask:
    """Return `found`, bool (h, w), without detached parts beyond the largest expected area, in pixels.

    A network calls other objects foreground too; one that was disoccluded beside the target and then
    parted from it makes the target larger than it can be. The largest part always stays.
    """
    names, areas = components(found)
    keep = np.zeros(areas.size, dtype=bool)
    total = 0.0
    for name in sorted(range(1, areas.size), key=lambda name: -areas[name]):
        if total == 0.0 or total + areas[name] <= largest_area:
            keep[name] = True
            total += float(areas[name])
    return keep_components(found, keep, names)


class ConnectedParts:
    """The connected parts of a mask, found once: which is the largest, and which are far from it."""

    def __init__(self, mask: Mask) -> None:
        """Find the parts of a mask, bool (h, w)."""
        self._mask = mask
        self._names, self._areas = components(mask)

    @property
    def largest_area(self) -> float:
        """Pixels of the largest part; 0 where the mask is empty."""
        return float(self._areas[1:].max(initial=0))

    def far(self) -> Mask:
        """Return the parts, bool (h, w), that are far from the largest one.

        Of an object in one piece, a far part is another object that touched it once, unless something that
        occludes the object lies between them.
        """
        if self._areas.size <= 2:
            return np.zeros_like(self._mask)
        largest = self._names == 1 + int(np.argmax(self._areas[1:]))
        reach = max(1, round(_FAR * float(np.sqrt(self.largest_area))))
        # By the distance: to grow a mask so far takes ten times as long.
        distance = signed_distance(largest)
        near = component_sums(distance > -reach, self._names, self._areas) > 0
        return keep_components(self._mask, ~near, self._names)


def is_in_one_piece(mask: Mask) -> bool:
    """Tell whether a mask, bool (h, w), has no part far from its largest one."""
    return not ConnectedParts(mask).far().any()


def without_pinholes(found: Mask, expected: Mask) -> Mask:
    """Return `found`, bool (h, w), with the tiny holes closed of which most was expected to be inside.

    A hole at the border of the window isn't one.
    """
    names, areas = components(~found)
    inside = component_sums(expected, names, areas)
    is_hole = (areas < _PINHOLE * np.count_nonzero(found)) & (inside > _PREDICTED_INSIDE * areas)
    border = np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]])
    is_hole[border] = False
    is_hole[0] = False
    return np.asarray(found | is_hole[names])
