"""The features of a crop's pixels as the forests of a segmentation read them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.builtin.selection.motion_cue import MotionCue
from utils.types import FloatImage, Mask

_POSITION_LIMIT = 2.5
"""Largest distance from the object's centre that a forest is told, in standard deviations."""
_LOCAL_FEATURES = (0, 1, 2, 3, 4, 5, 12, 14, 15, 16)
"""Features without wide support: the first round classifies inside against outside the box, and a wide
blur alone would separate the two."""


class FeatureRows:
    """The features of a crop's pixels as forests read them: one row of float32 a pixel."""

    def __init__(self, features: FloatImage, motion_cue: MotionCue | None) -> None:
        """Prepare the rows of features, float32 (h, w, F), and of motion, where it is known."""
        height, width, count = features.shape
        motion = []
        if motion_cue is not None:
            motion = [np.log1p(motion_cue.difference).reshape(-1, 1)]
        flat = features.reshape(-1, count)
        self._local = np.concatenate([flat[:, _LOCAL_FEATURES], *motion], axis=1)
        places = np.empty((height * width, 2), dtype=np.float32)
        self._all = np.concatenate([flat, places, *motion], axis=1)
        self._places = self._all.reshape(height, width, -1)[..., count : count + 2]

    def of(self, inside: Mask | None) -> FloatImage:
        """Return the rows of all pixels, float32 (h w, F), valid until the next call.

        With the object so far, bool (h, w), all features and the place relative to it; without one, the
        features without wide support.
        """
        if inside is None:
            return self._local
        height, width = inside.shape
        ys, xs = np.nonzero(inside)
        self._places[..., 0] = _relative(np.arange(width), xs)
        self._places[..., 1] = _relative(np.arange(height), ys)[:, None]
        return self._all


def _relative(
    places: npt.NDArray[np.int64], inside: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return places along an axis as multiples of the object's standard deviation from its mean."""
    scaled = (places - inside.mean()) / max(float(inside.std()), 3.0)
    return np.asarray(np.clip(scaled, -_POSITION_LIMIT, _POSITION_LIMIT))
