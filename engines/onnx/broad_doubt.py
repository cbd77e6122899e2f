"""Find broad, smooth uncertain alpha beyond a target's mask that is not the target; pure array work on reduced frames.

Blurred edges are narrow, and strands of hair show in the full-size alpha. Broad, smooth uncertain alpha in others' colours
belongs to something behind the target, such as a passer-by's leg. Faint smooth alpha at the end of the mask's reach is haze
unless its colours are the target's. "Doubt" in this file is alpha between `_FAINT` and `_NEARLY_OPAQUE`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engines.onnx.target_colour import Colours
from utils.guided_filter import box_mean
from utils.types import FloatMap, Mask

_FAINT, _NEARLY_OPAQUE = 0.05, 0.95
"""Alphas between which it is uncertain: the network is in doubt."""
_WIDTH = 11
"""Reduced pixels from which doubt is broad; edges of the target, blurred by motion or carried by hair, are narrower."""
_SMOOTH, _STRANDS = 0.01, 0.02
"""Mean difference of the full-size alpha from the reduced one up to which it has no strands, and from which it has."""
_STRANDS_RADIUS = 2
"""Half the side of the window of that mean, and how far around strands doubt is still theirs, in reduced pixels."""
_OTHERS, _UNCLEAR = 0.3, 0.7
"""Probability by fine bins up to which a pixel's colours are others', and from which they may be the target's."""
_LEAST_SHARE, _MOST_SHARE = 0.35, 0.65
"""Share of others' colours in doubt around a pixel from which it loses alpha, and from which it loses all."""
_SHARE_RADIUS = 4
"""Half the side of the window of that share, in reduced pixels: somebody has colours that are the target's too."""
_HAZE, _NO_HAZE = 0.4, 0.6
"""Alpha up to which what lies far from the mask is haze, and from which it is none: a limb that the tracker lost."""
_NEAR_PX, _FAR_PX = 12.0, 20.0
"""Distance from the mask, in pixels of the frame, from which faint alpha loses some, and at which all: the reach of the mask."""
_DOUBTED, _CERTAIN = 0.8, 0.97
"""Probability by fine bins up to which faint alpha there is not the target, and from which it is."""
_VISIBLE = 0.01
"""Alpha from which it is worth the work."""


def not_the_target(
    alpha: FloatMap,
    inside: Mask,
    distance_px: FloatMap,
    colours: Colours,
    detail: Callable[[], FloatMap],
) -> FloatMap:
    """Return what is not the target of what is smooth beyond the mask, float32 (h, w) in [0, 1].

    Args:
        alpha: the network's, float32 (h, w).
        inside: the tracked mask, bool (h, w).
        distance_px: distance from the mask in pixels of the frame, float32 (h, w), 0 inside.
        colours: of the target and its surroundings.
        detail: gives what the full-size alpha has beyond the reduced one, its absolute value, float32 (h, w); asked only
            where there is something to take.
    """
    doubt, haze = _broad_doubt(alpha, inside), _haze(alpha, distance_px, colours)
    if not doubt.any() and not haze.any():
        return doubt
    smooth = smoothness(detail(), _SMOOTH, _STRANDS)
    taken = _taken_from_doubt(doubt * smooth, colours)
    return np.asarray(np.maximum(taken, haze * smooth), np.float32)


def _haze(alpha: FloatMap, distance_px: FloatMap, colours: Colours) -> FloatMap:
    """Return what is faint, away from the mask and not certainly in the target's colours, float32 (h, w) in [0, 1]."""
    faint = np.clip((_NO_HAZE - alpha) / (_NO_HAZE - _HAZE), 0.0, 1.0) * (alpha > _VISIBLE)
    faint *= np.clip((_CERTAIN - colours.fine) / (_CERTAIN - _DOUBTED), 0.0, 1.0)
    away = np.clip((distance_px - _NEAR_PX) / (_FAR_PX - _NEAR_PX), 0.0, 1.0)
    return np.asarray(faint * away, np.float32)


def _broad_doubt(alpha: FloatMap, inside: Mask) -> FloatMap:
    """Return 1 where a network is in doubt over a broad area beyond the mask, else 0, float32 (h, w).

    Args:
        alpha: the network's, float32 (h, w).
        inside: the tracked mask, bool (h, w): there the doubt may be about a dark sleeve.
    """
    doubted = ((alpha > _FAINT) & (alpha < _NEARLY_OPAQUE)).astype(np.uint8)
    broad = cv2.morphologyEx(doubted, cv2.MORPH_OPEN, np.ones((_WIDTH, _WIDTH), np.uint8))
    return np.asarray(broad * ~inside, np.float32)


def smoothness(detail: FloatMap, smooth: float, strands: float) -> FloatMap:
    """Return 1 where the full-size alpha has no strands, 0 where it has, and a ramp between, float32 (h, w).

    Args:
        detail: what the full-size alpha has beyond the reduced one, its absolute value, float32 (h, w).
        smooth: its mean up to which there are none.
        strands: its mean from which there are.
    """
    side = 2 * _STRANDS_RADIUS + 1
    found = cv2.dilate(box_mean(detail, _STRANDS_RADIUS), np.ones((side, side), np.uint8))
    return np.asarray(np.clip((strands - found) / (strands - smooth), 0.0, 1.0), np.float32)


def _taken_from_doubt(smooth: FloatMap, colours: Colours) -> FloatMap:
    """Return what is somebody else of what is doubted broadly and smoothly, float32 (h, w) in [0, 1]."""
    others = np.clip((_UNCLEAR - colours.fine) / (_UNCLEAR - _OTHERS), 0.0, 1.0)
    share = box_mean(others * smooth, _SHARE_RADIUS) / np.maximum(
        box_mean(smooth, _SHARE_RADIUS), np.float32(1e-3)
    )
    taken = smooth * np.clip((share - _LEAST_SHARE) / (_MOST_SHARE - _LEAST_SHARE), 0.0, 1.0)
    return np.asarray(cv2.blur(taken, (3, 3)), np.float32)
