"""Where the motion does not explain a frame: what is carried to it counts less there; pure array work on reduced frames.

Fast limbs move unlike the body whose motion is taken for theirs, and the mean along it smears them. Two pieces of
evidence have to agree before a frame's own alpha is taken instead of the mean: the pictures carried to it show
something else, and the frame's colours explain its own alpha better. Either alone also fires where the mean is right: on
cloth that moves within itself, and on edges that are clear although the network is wrong.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.guided_filter import box_mean, guided_model
from utils.types import FloatMap, Frame

_SHIFT_PX = 2
"""How far a picture may be carried past its place without counting, in reduced pixels."""
_WINDOW = 13
"""Side, in reduced pixels, of the window in which the target's colours are compared."""
_LEVELS = 3.0
"""Mean difference beyond that shift, in levels of 255, at which little of the weight is left."""
_OPAQUE_POWER, _LEAST_WEIGHT = 8, 0.002
"""What is compared is the target's opaque part: behind hair and at edges the background changes rightly."""
_RADIUS, _EPSILON = 5, 1e-4
"""Radius, in reduced pixels, and flatness of the colours' local linear model of an alpha."""
_LEAST_RESIDUAL = 1e-3
"""Added to both mean squares that the model leaves unexplained, in alpha squared."""


class PictureMatch:
    """Gathers how far the pictures carried to one frame show what it shows.

    Args:
        picture: the frame, or a view of it, uint8 RGB (h, w, 3).
        alpha: its alpha, float32 (h, w).
    """

    def __init__(self, picture: Frame, alpha: FloatMap) -> None:
        window = np.ones((2 * _SHIFT_PX + 1, 2 * _SHIFT_PX + 1), np.uint8)
        self._most, self._least = cv2.dilate(picture, window), cv2.erode(picture, window)
        self._alpha = alpha
        self._matched = np.zeros_like(alpha)
        self._weight = np.full_like(alpha, 1e-3)

    def add(self, picture: npt.NDArray[np.uint8], alpha: FloatMap, trust: FloatMap) -> None:
        """Add a frame's picture, alpha and trust, all carried to this one."""
        beyond = cv2.subtract(picture, self._most) + cv2.subtract(self._least, picture)
        levels = beyond.astype(np.float32).mean(axis=-1)
        opaque = np.maximum(self._alpha, alpha) ** _OPAQUE_POWER + np.float32(_LEAST_WEIGHT)
        side = (_WINDOW, _WINDOW)
        levels = cv2.blur(levels * opaque, side) / cv2.blur(opaque, side)
        self._matched += trust * np.exp(-np.square(levels / np.float32(_LEVELS)))
        self._weight += trust

    @property
    def missing(self) -> FloatMap:
        """The share of the trusted frames whose pictures don't match, float32 (h, w) in [0, 1]."""
        return np.asarray(1.0 - self._matched / self._weight, np.float32)


def with_own(mean: FloatMap, own: FloatMap, picture: Frame, missing: FloatMap) -> FloatMap:
    """Return the mean with the frame's own alpha where no match supports it and colours explain the own one better.

    Args:
        mean: of the alphas carried to the frame, float32 (h, w) in [0, 1].
        own: the frame's, of the same form.
        picture: the frame, uint8 RGB (h, w, 3).
        missing: by `PictureMatch.missing`.
    """
    guide = picture.astype(np.float32) * np.float32(1.0 / 255.0)
    of_mean, of_own = (np.square(_unexplained(guide, alpha)) for alpha in (mean, own))
    share = np.square(missing) * of_mean / (of_mean + of_own)
    return np.asarray(mean + share * (own - mean), np.float32)


def _unexplained(guide: FloatMap, alpha: FloatMap) -> FloatMap:
    """Return the mean square of the alpha that a local linear model of the colours leaves, float32 (h, w)."""
    model = guided_model(guide, alpha, _RADIUS, _EPSILON)
    fitted = (model[..., :3] * guide).sum(axis=-1) + model[..., 3]
    return np.asarray(box_mean(np.square(fitted - alpha), _RADIUS) + _LEAST_RESIDUAL, np.float32)
