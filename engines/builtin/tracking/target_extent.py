"""How large the target should be from the confirmed frame on, and in how many pieces."""

from __future__ import annotations

import numpy as np

from engines.builtin.tracking.confidence import ExpectedArea
from engines.builtin.tracking.parts import ConnectedParts, is_in_one_piece
from utils.mask_utils import bounding_box
from utils.types import FloatImage, Mask

_LOST_SHARE = 0.04
"""Share of its usual area below which the target counts as lost and is redetected in the whole frame."""
_OCCLUDED_SHARE = 0.1
"""Missing area, as a share of the visible one, from which occluded parts are searched for."""


class TargetExtent:
    """Areas are in pixels at processing size, masks bool (h, w).

    Attributes:
        usual_area: a running mean of the area that was found.
        expected_area: what the whole target should have.
        confirmed_size: width and height of the confirmed mask's box.
    """

    def __init__(self) -> None:
        self.usual_area = 0.0
        self.confirmed_size = 0, 0

    def confirm(self, mask: Mask) -> None:
        """Begin at a confirmed mask that is not empty."""
        self.usual_area = float(np.count_nonzero(mask))
        self.expected_area = ExpectedArea(mask)
        x0, y0, x1, y1 = bounding_box(mask) or (0, 0, 0, 0)
        self.confirmed_size = x1 - x0, y1 - y0
        self._is_in_one_piece = is_in_one_piece(mask)

    def amend(self, tracked: Mask, corrected: Mask) -> None:
        """Go on from a corrected mask; see `ExpectedArea.amend`."""
        self.expected_area.amend(tracked, corrected)
        self._is_in_one_piece = is_in_one_piece(corrected)

    def follow(self, last: Mask, flow: FloatImage) -> None:
        """Advance one frame; see `ExpectedArea.follow`."""
        self.expected_area.follow(last, flow)

    def learn(self, found: Mask) -> None:
        """Take a tracked mask into the usual area."""
        self.usual_area = 0.95 * self.usual_area + 0.05 * np.count_nonzero(found)

    def restart(self, found: Mask) -> None:
        """Begin again at a mask that was found in another scene."""
        self.usual_area = float(np.count_nonzero(found))
        self.expected_area = ExpectedArea(found)

    def is_found(self, area: float) -> bool:
        """Tell whether an area is enough to track the target: else it is lost."""
        return area > _LOST_SHARE * self.usual_area

    def is_partly_occluded(self, area: float) -> bool:
        """Tell whether so much is missing of the expected area that occluded parts are searched for."""
        return self.expected_area.missing(area) >= _OCCLUDED_SHARE * area

    def without_far_parts(self, found: Mask) -> Mask:
        """Return a mask without far parts, where the target was confirmed without any.

        They stay where the largest part is less than the target's expected area: an occluder may part it.
        """
        parts = ConnectedParts(found)
        if not self._is_in_one_piece or self.is_partly_occluded(parts.largest_area):
            return found
        return np.asarray(found & ~parts.far())
