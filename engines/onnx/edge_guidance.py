"""Alphas drawn to the picture's edges near their contour; pure array work on reduced frames.

An edge that is wrong by the same amount in every frame moves with the target, and its error flickers; no mean along the
motion takes that away. The colour guided filter moves the contour to where the colours change, frame by frame.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.guided_filter import box_mean, guided_model
from utils.mask_utils import bounding_box, grow_box
from utils.types import FloatMap, Frame

_RADIUS, _EPSILON = 5, 1e-4
"""Radius of the filter's window in reduced pixels, and the squared colour difference below which it is flat."""
_REACH = 3 * _RADIUS
"""Farthest pixel that a result depends on: two windows of the filter and one of its clearness."""
_BAND, _RAMP = 4.0, 3.0
"""Distance from the contour, in reduced pixels, at which the filter has no say, and over how many it comes to have its full share.

Farther away an alpha is a network's doubt about what is there, which has no edge to be drawn to."""
_SHARE = 0.75
"""How far the contour goes to where the filter puts it, all passes together."""
_FOOT = 0.03
"""Filtered alpha that is taken for none, and as much of the other end for all."""
_EXPLAINED = 0.5
"""Share of the alpha's variance in a window that the colours explain, up to which they have no say.

Where target and surroundings share their colours, the picture's edges are others than the alpha's."""
_LEAST_VARIANCE = 1e-4


def drawn_to_edges(alpha: FloatMap, picture: Frame, passes: int = 2) -> FloatMap:
    """Return the alpha, float32 (h, w) in [0, 1], with its contour nearer to the picture's edges.

    Args:
        alpha: float32 (h, w) in [0, 1].
        picture: the reduced frame, uint8 RGB (h, w, 3).
        passes: a further one starts from an edge that is nearer to the picture's; for a contour that is off by pixels.
    """
    inside = alpha > 0.5
    if not inside.any() or inside.all():
        return alpha
    each = np.float32(1.0 - (1.0 - _SHARE) ** (1.0 / passes))
    share = each * np.clip((_BAND - _from_contour(inside)) / _RAMP, 0.0, 1.0)
    box = bounding_box(np.asarray(share > 0.0, np.bool_))
    assert box is not None
    x0, y0, x1, y1 = grow_box(box, (alpha.shape[1], alpha.shape[0]), 0.0, _REACH)
    view = np.s_[y0:y1, x0:x1]
    drawn = alpha.copy()
    drawn[view] = _drawn(alpha[view], picture[view], share[view], passes)
    return drawn


def _drawn(alpha: FloatMap, picture: Frame, share: FloatMap, passes: int) -> FloatMap:
    """Return the alpha drawn to the picture's edges by its share, float32 (h, w), in each pass."""
    guide = picture.astype(np.float32) * np.float32(1.0 / 255.0)
    for _ in range(passes):
        model = guided_model(guide, alpha, _RADIUS, _EPSILON)
        fitted = (model[..., :3] * guide).sum(axis=-1) + model[..., 3]
        filtered = np.clip((fitted - _FOOT) / (1.0 - 2.0 * _FOOT), 0.0, 1.0)
        change = filtered - alpha
        alpha = np.asarray(alpha + share * _clearness(alpha, change) * change, np.float32)
    return alpha


def _clearness(alpha: FloatMap, change: FloatMap) -> FloatMap:
    """Return how clearly the picture's colours show the alpha's edge around each pixel, float32 (h, w) in [0, 1].

    Args:
        alpha: before the filter, float32 (h, w).
        change: of the alpha by the filter, which is what the colours don't explain of it.
    """
    variance = box_mean(np.square(alpha), _RADIUS) - np.square(box_mean(alpha, _RADIUS))
    left = box_mean(np.square(change), _RADIUS) / np.maximum(variance, np.float32(_LEAST_VARIANCE))
    clear = np.clip((1.0 - left - _EXPLAINED) / (1.0 - _EXPLAINED), 0.0, 1.0)
    return np.asarray(np.square(clear), np.float32)


def _from_contour(inside: npt.NDArray[np.bool_]) -> FloatMap:
    """Return the distance of each pixel to the nearest one inside beside one outside, float32 (h, w)."""
    levels = inside.view(np.uint8)
    contour = levels - cv2.erode(levels, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.distanceTransform(1 - contour, cv2.DIST_L2, 3), np.float32)
