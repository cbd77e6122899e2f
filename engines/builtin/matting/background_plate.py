"""What a clean plate says of some pixels' background, and how far it may be trusted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from utils.background_plate import KNOWN, Plate
from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.types import FloatImage, FloatMap, Mask

_LEAST_SEEN = 0.02
"""Share of the surroundings in which a plate must have been compared with the frame to be trusted."""
_LEVEL = np.float32(1.0 / 255.0)


class Behind(NamedTuple):
    """The background of some pixels by a plate: colours float32 (N, 3) in [0, 1], and their variance (N,).

    The variance is of each channel, and infinite where the plate knows nothing.
    """

    colour: FloatImage
    variance: FloatMap


def behind(
    rgb: FloatImage,
    plate: Plate | None,
    background: Mask,
    places: npt.NDArray[np.int64],
    reach: int,
) -> Behind:
    """Return what a plate says of some pixels' background, and how far that may be trusted.

    Its variance is its mean squared difference to the picture where both show background nearby.

    Args:
        rgb: the picture, float32 (H, W, 3) in [0, 1].
        plate: of the same size, or None.
        background: known background, bool (H, W).
        places: flat indices of the pixels, int64 (N,).
        reach: half width of the window that "nearby" is, in pixels.
    """
    if plate is None:
        nothing = np.zeros((places.size, 3), dtype=np.float32)
        return Behind(nothing, np.full(places.size, np.inf, dtype=np.float32))
    errors = np.empty((*background.shape, 2), dtype=np.float32)
    _fill_errors(rgb, plate, background, errors)
    error, seen = box_mean(errors, reach).reshape(-1, 2)[places].T
    there = plate.reshape(-1, 4)[places]
    is_trusted = (there[:, 3] >= KNOWN) & (seen > _LEAST_SEEN)
    variance = np.where(is_trusted, error / np.maximum(seen, 1e-6), np.inf)
    return Behind(there[:, :3] * _LEVEL, variance.astype(np.float32))


@compiled
def _fill_errors(rgb: FloatImage, plate: Plate, background: Mask, out: FloatImage) -> None:
    """Fill `out` (H, W, 2) with the mean squared difference and 1 where both show background, else 0."""
    height, width = background.shape
    for row in range(height):
        for column in range(width):
            total, seen = np.float32(0.0), np.float32(0.0)
            if background[row, column] and plate[row, column, 3] >= KNOWN:
                seen = np.float32(1.0)
                for channel in range(3):
                    gap = rgb[row, column, channel] - plate[row, column, channel] * _LEVEL
                    total += gap * gap
            out[row, column, 0] = total / np.float32(3.0)
            out[row, column, 1] = seen
