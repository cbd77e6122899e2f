"""Whose colours a pixel has, the target's or its surroundings'; pure array work on reduced frames.

Histograms of one frame, as in GrabCut's forerunners (Y. Boykov and M.-P. Jolly, "Interactive Graph Cuts", ICCV 2001). They
decide where the network is in doubt and the tracked mask is not: a hand in motion blur has the face's colours.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import FloatMap, Frame, Mask

_BINS = 16
"""Bins of a histogram along each axis of CIELAB."""
_KERNEL = np.array([0.25, 0.5, 0.25], np.float32)
"""Smoothing of a histogram along each axis, over its bins."""
_LEAST_DENSITY = 1e-6
_OPAQUE, _CLEAR = 0.95, 0.05
"""Alpha from which a pixel of the mask shows the target's colours, and up to which one outside the surroundings'."""
_GAP, _REACH = 6.0, 60.0
"""Distance from the mask, in reduced pixels, at which the surroundings begin and end."""
_DOUBTED, _OWN = 0.55, 0.8
"""Probability of the target's colours up to which a pixel gains nothing by them, and from which it is the target's."""
_FAINT, _FAINT_RAMP = 0.05, 0.15
"""Alpha up to which the network does not doubt that a pixel is background, and over how much more it comes to."""
_DEPTH, _RAMP = 2.0, 3.0
"""Distance inside the mask, in reduced pixels, from which colours count, and over how many more they come to count in full."""


def colour_probability(
    picture: Frame, alpha: FloatMap, inside: Mask, distance: FloatMap, others_matted: bool
) -> FloatMap:
    """Return how probable it is that a pixel has the target's colours, float32 (h, w) in [0, 1].

    Args:
        picture: the reduced frame, uint8 RGB (h, w, 3).
        alpha: the network's alpha, float32 (h, w).
        inside: the tracked mask, bool (h, w).
        distance: distance from the mask in reduced pixels, float32 (h, w), 0 inside.
        others_matted: somebody who touches the target is matted as well, so that alpha doesn't say what surrounds it.
    """
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) // (256 // _BINS)
    bins = np.asarray(lab.astype(np.int32) @ np.array([_BINS**2, _BINS, 1], np.int32))
    around = (distance > _GAP) & (distance < _REACH)
    if not others_matted:
        around &= alpha < _CLEAR
    own = _histogram(bins[inside & (alpha > _OPAQUE)])[bins]
    other = _histogram(bins[around])[bins]
    probability = (own + _LEAST_DENSITY) / (own + other + 2 * _LEAST_DENSITY)
    return np.asarray(cv2.blur(probability.astype(np.float32), (3, 3)), np.float32)


def alpha_by_colour(alpha: FloatMap, probability: FloatMap, depth: FloatMap) -> FloatMap:
    """Return the least alpha where the network is in doubt and mask and colours agree, float32 (h, w) in [0, 1].

    What the network does not matte at all stays out: there the mask may be wrong and the colours alike.

    Args:
        alpha: the network's, float32 (h, w).
        probability: see `colour_probability`.
        depth: distance of the mask's pixels from its contour in reduced pixels, float32 (h, w), 0 outside.
    """
    doubted = np.clip((alpha - _FAINT) / _FAINT_RAMP, 0.0, 1.0)
    least = own_colours(probability) * doubted * np.clip((depth - _DEPTH) / _RAMP, 0.0, 1.0)
    return np.asarray(cv2.blur(least, (3, 3)), np.float32)


def own_colours(probability: FloatMap) -> FloatMap:
    """Return 1 where colours are clearly the target's, 0 where they aren't, and a ramp between, float32 (h, w).

    Places narrower than three pixels are left out.
    """
    own = np.clip((probability - _DOUBTED) / (_OWN - _DOUBTED), 0.0, 1.0, dtype=np.float32)
    return np.asarray(cv2.morphologyEx(own, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.float32)


def _histogram(bins: npt.NDArray[np.int32]) -> FloatMap:
    """Return the smoothed density of bin numbers, float32 (bins,); 0 everywhere without any."""
    counts = np.bincount(bins, minlength=_BINS**3).astype(np.float32)
    cube = counts.reshape(_BINS, _BINS, _BINS)
    for _ in range(3):
        # Each turn smooths the first axis and puts it last.
        flat = cv2.sepFilter2D(
            cube.reshape(_BINS, -1),
            -1,
            np.ones(1, np.float32),
            _KERNEL,
            None,
            (-1, -1),
            0,
            cv2.BORDER_CONSTANT,
        )
        cube = np.ascontiguousarray(np.moveaxis(flat.reshape(cube.shape), 0, -1))
    return np.asarray(cube.ravel() / max(bins.size, 1), np.float32)
