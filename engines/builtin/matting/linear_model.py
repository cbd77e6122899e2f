"""A picture's alpha as a linear model of its colours, from its mask: trimaps, sampled colours, guided filter."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from engines.builtin.matting.background_plate import behind
from engines.builtin.matting.colour_samples import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    Trimap,
    sampled_alpha,
)
from utils.background_plate import Plate
from utils.guided_filter import guided_model
from utils.mask_utils import dilate, erode, signed_distance
from utils.types import FloatImage, FloatMap, Mask

_BAND = 0.013
"""Half width within which alpha follows the contour where colours tell nothing, as a share of the square
root of the object's area."""
_REACH = 1.6
"""Extent of the unknown band on both sides, in half widths: farther than one of them by colour alone."""
_RAY = 8.0
"""Length of the rays along which known colours are sampled, in half widths."""
_NEARBY = 5.0
"""Reach of the surroundings in which a clean plate is compared with the picture, in half widths."""
_THIN = 3
"""Half width, in the crop's pixels, up to which a part counts as thin: it is not eroded, nor filtered away."""
_THIN_BAND = np.float32(1.0)
"""Half width of a thin part's own band, in the crop's pixels."""
_PRIOR_DEVIATION = 0.1
"""Standard deviation of alpha from what the distance to an exact contour gives: contours are soft."""
_FLAT = 5e-3
"""Squared colour difference below which a window of the guided filter counts as flat."""
_FILTER = 0.3
"""Radius of that window, in half widths."""


class ContourError(NamedTuple):
    """How far a mask's contour lies outside the object on average, and its standard deviation, in pixels."""

    bias: float = 0.0
    deviation: float = 0.0

    def scaled(self, scale: float) -> ContourError:
        """Return it in pixels of a picture `scale` times as large."""
        return ContourError(self.bias * scale, self.deviation * scale)


EXACT = ContourError()
"""The error of a contour that a user confirmed."""


def linear_model(
    rgb: FloatImage, mask: Mask, error: ContourError, plate: Plate | None = None
) -> tuple[FloatImage, Trimap]:
    """Return the alpha of a picture as a linear model of its colours, and the trimap of its unknown band.

    Args:
        rgb: float32 (h, w, 3) in [0, 1].
        mask: the object, bool (h, w).
        error: of the mask's contour, in pixels.
        plate: of the background, uint8 (h, w, 4); None where nothing is known of it.

    Returns:
        float32 (h, w, 4): three slopes and an offset; and uint8 (h, w).
    """
    radius = max(2.0, _BAND * float(np.sqrt(np.count_nonzero(mask) + 1)))
    solid = dilate(erode(mask, _THIN), _THIN + 1)
    thin = mask & ~solid
    distance = signed_distance(mask) - np.where(solid, np.float32(error.bias), np.float32(0.0))
    known, band = _trimaps(mask, thin, distance, radius)
    places = np.flatnonzero(band == UNKNOWN)
    here = distance.ravel()[places]
    is_thin = (dilate(thin, 1) & ~solid).ravel()[places]
    width = np.where(is_thin, _THIN_BAND, np.float32(radius))
    prior = np.clip(0.5 + here / (2.0 * width), 0.0, 1.0).astype(np.float32)
    deviation = float(np.hypot(_PRIOR_DEVIATION, error.deviation / (2.0 * radius)))
    seen = behind(rgb, plate, known == BACKGROUND, places, round(_NEARBY * radius))
    reach = round(_RAY * radius)
    alpha = sampled_alpha(rgb, known, places, prior, deviation, reach, seen)
    # Beyond the half width it fades to what the contour says.
    nearest = here > 0.0
    share = np.clip((_REACH - np.abs(here) / radius) / (_REACH - 1.0), 0.0, 1.0)
    estimate = (band == FOREGROUND).astype(np.float32)
    estimate.ravel()[places] = nearest + share * (alpha - nearest)
    model = guided_model(rgb, estimate, max(1, round(_FILTER * radius)), _FLAT)
    _keep_thin(model, rgb, estimate, thin)
    return model, band


def _trimaps(mask: Mask, thin: Mask, distance: FloatMap, radius: float) -> tuple[Trimap, Trimap]:
    """Return where colours are known, and where alpha is: both reach as far outside, not inside.

    The middle of a thin part has a known colour too, whatever its distance to the contour.
    """
    ridge = thin & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)))
    foreground = (distance > radius) | ridge
    if not foreground.any():
        foreground = erode(mask, 1)
    inside = distance > _REACH * radius
    if not inside.any():
        inside = foreground & ~ridge
    outside = distance < -_REACH * radius
    if not outside.any():
        outside = distance < -radius
    known, band = (np.full(mask.shape, UNKNOWN, dtype=np.uint8) for _ in range(2))
    known[outside] = band[outside] = BACKGROUND
    known[foreground] = band[inside] = FOREGROUND
    return known, band


def _keep_thin(model: FloatImage, rgb: FloatImage, estimate: FloatMap, thin: Mask) -> None:
    """Let the model, (h, w, 4), give thin parts at least their estimate: its windows are wider than they are."""
    where = np.nonzero(thin)
    slopes = model[where]
    filtered = (slopes[:, :3] * rgb[where]).sum(axis=1) + slopes[:, 3]
    slopes[:, :3] = 0.0
    slopes[:, 3] = np.maximum(filtered, estimate[where])
    model[where] = slopes
