"""Whose colours a pixel has, the target's or its surroundings'; pure array work on reduced frames.

Histograms of one frame, as in GrabCut's forerunners (Y. Boykov and M.-P. Jolly, "Interactive Graph Cuts", ICCV 2001). They
decide where the network is in doubt and the tracked mask is not: a hand in motion blur has the face's colours. Fine
bins that hold as many pixels each tell apart what even bins don't in a dark picture, at less confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_SHARED, _OWN = 0.55, 0.8
"""Probability of the target's colours by even bins up to which they are nobody's, and from which they are the target's."""
_DOUBTED, _CERTAIN = 0.8, 0.97
"""Probability by fine bins up to which a pixel gains nothing by it, and from which it is the target's."""
_OTHERS, _UNCLEAR = 0.1, 0.4
"""Probability up to which colours are clearly the surroundings', and from which they may be the target's."""
_FAINT, _FAINT_RAMP = 0.05, 0.15
"""Alpha up to which the network does not doubt that a pixel is background, and over how much more it comes to."""
_DEPTH, _RAMP = 2.0, 3.0
"""Distance inside the mask, in reduced pixels, from which colours count, and over how many more they come to count in full."""
_INTERIOR, _INTERIOR_RAMP = 8.0, 3.0
"""Distance inside the mask, in reduced pixels, from which a target's interior is filled, and over how many more in full."""
_SHALLOW, _SHALLOW_RAMP = 12.0, 3.0
"""Distance inside the mask, in reduced pixels, at which it loses nothing to others, and over how many less and less."""


@dataclass(frozen=True, slots=True)
class Colours:
    """How probable it is that a pixel has the target's colours, float32 (h, w) in [0, 1] each.

    Attributes:
        even: by bins of one size.
        fine: by bins that hold as many pixels each.
    """

    even: FloatMap
    fine: FloatMap


def colour_probability(
    picture: Frame, alpha: FloatMap, inside: Mask, distance: FloatMap, others_matted: bool
) -> Colours:
    """Return whose colours the pixels have.

    Args:
        picture: the reduced frame, uint8 RGB (h, w, 3).
        alpha: the network's alpha, float32 (h, w).
        inside: the tracked mask, bool (h, w).
        distance: distance from the mask in reduced pixels, float32 (h, w), 0 inside.
        others_matted: somebody who touches the target is matted as well, so that alpha doesn't say what surrounds it.
    """
    lab = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.uint8)
    around = (distance > _GAP) & (distance < _REACH)
    if not others_matted:
        around &= alpha < _CLEAR
    own = inside & (alpha > _OPAQUE)
    even = np.repeat(np.arange(256)[:, None] * _BINS // 256, 3, axis=1)
    fine = _equally_filled(lab, distance < _REACH)
    return Colours(_probability(lab, even, own, around), _probability(lab, fine, own, around))


def alpha_by_colour(alpha: FloatMap, probability: Colours, depth: FloatMap) -> FloatMap:
    """Return the least alpha where the network is in doubt and mask and colours agree, float32 (h, w) in [0, 1].

    What the network does not matte at all stays out: there the mask may be wrong and the colours alike.

    Args:
        alpha: the network's, float32 (h, w).
        probability: see `colour_probability`.
        depth: distance of the mask's pixels from its contour in reduced pixels, float32 (h, w), 0 outside.
    """
    doubted = np.clip((alpha - _FAINT) / _FAINT_RAMP, 0.0, 1.0)
    certain = _without_specks((probability.fine - _DOUBTED) / (_CERTAIN - _DOUBTED))
    least = certain * doubted * np.clip((depth - _DEPTH) / _RAMP, 0.0, 1.0)
    return np.asarray(cv2.blur(least, (3, 3)), np.float32)


def alpha_of_interior(probability: Colours, depth: FloatMap) -> FloatMap:
    """Return the least alpha far inside the mask, where colours are not clearly the surroundings', float32 (h, w) in [0, 1].

    For networks that know no target: they leave out dark paws or a coat for long, while gaps between legs, which a tracked mask
    covers, show the surroundings' colours.

    Args:
        probability: see `colour_probability`.
        depth: distance of the mask's pixels from its contour in reduced pixels, float32 (h, w), 0 outside.
    """
    deep = np.clip((depth - _INTERIOR) / _INTERIOR_RAMP, 0.0, 1.0)
    least = deep * (1.0 - _colours_of_others(probability.even))
    return np.asarray(cv2.blur(least, (3, 3)), np.float32)


def own_colours(probability: Colours) -> FloatMap:
    """Return 1 where colours are the target's, 0 where they aren't, and a ramp between, float32 (h, w)."""
    own = _without_specks((probability.even - _SHARED) / (_OWN - _SHARED))
    return own * (1.0 - _colours_of_others(probability.fine))


def taken_from_mask(probability: Colours, depth: FloatMap) -> FloatMap:
    """Return what near the mask's contour is not the target beside somebody who is matted as well, float32 (h, w) in [0, 1].

    Args:
        probability: see `colour_probability`.
        depth: distance of the mask's pixels from its contour in reduced pixels, float32 (h, w), 0 outside.
    """
    shallow = np.clip((_SHALLOW - depth) / _SHALLOW_RAMP, 0.0, 1.0)
    return np.asarray(_colours_of_others(probability.fine) * shallow, np.float32)


def _colours_of_others(probability: FloatMap) -> FloatMap:
    """Return 1 where colours are clearly the surroundings', 0 where they aren't, and a ramp between, float32 (h, w)."""
    return _without_specks((_UNCLEAR - probability) / (_UNCLEAR - _OTHERS))


def _without_specks(values: FloatMap) -> FloatMap:
    """Return the values cut to [0, 1], without places narrower than three pixels, float32 (h, w)."""
    cut = np.clip(values, 0.0, 1.0, dtype=np.float32)
    return np.asarray(cv2.morphologyEx(cut, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.float32)


def _equally_filled(lab: Frame, chosen: Mask) -> npt.NDArray[np.int64]:
    """Return the bin of each level by channel, int64 (256, 3), with limits between which lie as many of the chosen pixels."""
    bins = np.empty((256, 3), np.int64)
    for channel in range(3):
        counts = cv2.calcHist([lab], [channel], chosen.view(np.uint8), [256], [0, 256])[:, 0]
        below = np.cumsum(counts, dtype=np.float64) - counts / 2
        bins[:, channel] = np.minimum(below * (_BINS / max(below[-1], 1.0)), _BINS - 1)
    return bins


def _probability(lab: Frame, bins: npt.NDArray[np.int64], own: Mask, around: Mask) -> FloatMap:
    """Return the probability of the target's colours, float32 (h, w).

    Args:
        lab: the reduced frame, uint8 (h, w, 3).
        bins: the bin of each level by channel, (256, 3).
        own: where the target's colours are learned, bool (h, w).
        around: where the surroundings' are, bool (h, w).
    """
    places = (bins * (_BINS**2, _BINS, 1)).astype(np.uint16)
    parts = cv2.LUT(lab, places[None])
    numbers = parts[..., 0] + parts[..., 1] + parts[..., 2]
    target, other = _histogram(numbers[own]), _histogram(numbers[around])
    probability = (target + _LEAST_DENSITY) / (target + other + 2 * _LEAST_DENSITY)
    return np.asarray(cv2.blur(probability.astype(np.float32)[numbers], (3, 3)), np.float32)


def _histogram(bins: npt.NDArray[np.uint16]) -> FloatMap:
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
