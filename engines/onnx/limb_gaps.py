"""Find gaps between parts of a target, as between an arm and the body; pure array work on reduced frames."""

from __future__ import annotations

import cv2
import numpy as np

from engines.onnx.target_colour import Colours
from utils.mask_utils import inner_distance
from utils.types import FloatMap, Mask

_OPAQUE = 0.92
"""Alpha above which a pixel belongs to the parts that a gap lies between."""
_RADIUS = 12.0
"""Half the width of a gap at most, in reduced pixels."""
_BACKGROUND, _CORE_SIDE = 0.3, 13
"""Alpha below which a network shows background, and the side of the window around a pixel in which it must, in reduced pixels."""
_OTHERS = 0.4
"""Probability of the target's colours, by fine bins, below which a pixel is not to be filled: a thing that is held before the body
has colours of its own, which are nobody's (0.5)."""


def gaps_between_limbs(alpha: FloatMap, colours: Colours) -> Mask:
    """Return where opaque parts enclose what a network shows as background and what has the surroundings' colours, bool (h, w).

    Args:
        alpha: the network's, float32 (h, w).
        colours: of the target and its surroundings.
    """
    opaque = alpha > _OPAQUE
    # Closed by a disc: what no disc of this radius reaches from outside.
    enclosed = inner_distance(inner_distance(~opaque) <= _RADIUS) > _RADIUS
    lowest = cv2.erode(alpha, np.ones((_CORE_SIDE, _CORE_SIDE), np.uint8))
    gaps: Mask = enclosed & ~opaque & (lowest < _BACKGROUND) & (colours.fine < _OTHERS)
    return gaps
