"""A clean plate: the background behind the target as earlier frames of the pass showed it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.processing_size import processing_size
from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.types import FloatImage, FloatMap, Frame, IntBox, Mask

_AREA = 640 * 360
"""Largest number of pixels of a plate."""
_KNOWN = 250
"""Level of a plate's fourth channel from which a pixel counts as known after interpolation."""
_OTHER_SCENE = 32.0
"""Mean difference to a frame's background, in levels, from which the frame is of another scene."""
_EVERY = 4
"""Step of the pixels that this is measured on."""
_LEAST_SEEN = 0.02
"""Share of the surroundings in which a plate must have been compared with the frame to be trusted."""
_LEVEL = np.float32(1.0 / 255.0)

Plate = npt.NDArray[np.uint8]
"""RGB and 255 where it is known, uint8 (H, W, 4)."""


class Behind(NamedTuple):
    """The background of some pixels by a plate: colours float32 (N, 3) in [0, 1], and their variance (N,).

    The variance is of each channel, and infinite where the plate knows nothing.
    """

    colour: FloatImage
    variance: FloatMap


class BackgroundPlate:
    """What the frames of one pass have shown of the background, moved along with the camera."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        """Keep a plate of pictures of `size_wh` pixels, at a smaller size where that has more than `_AREA`."""
        self._full_wh = size_wh
        self._size_wh = processing_size(size_wh, _AREA)
        self._plate: Plate | None = None
        self._moved: tuple[slice, slice] | None = None

    def move(
        self, camera: npt.NDArray[np.float64], small_wh: tuple[int, int], window: IntBox
    ) -> Plate | None:
        """Move the plate to the next frame and return it, of the whole picture; None before the first frame.

        Args:
            camera: homography from the next frame to the last one, at the size `small_wh`.
            small_wh: that size.
            window: x0, y0, x1, y1 of the full picture; outside it the next frame itself shows the background.
        """
        if self._plate is None:
            return None
        width, height = self._size_wh
        across, down = width / small_wh[0], height / small_wh[1]
        enlarge = np.array(
            [[across, 0, 0.5 * (across - 1)], [0, down, 0.5 * (down - 1)], [0, 0, 1]]
        )
        shares = width / self._full_wh[0], height / self._full_wh[1]
        x0, y0 = int(window[0] * shares[0]), int(window[1] * shares[1])
        x1, y1 = int(np.ceil(window[2] * shares[0])), int(np.ceil(window[3] * shares[1]))
        shift = np.array([[1, 0, x0], [0, 1, y0], [0, 0, 1]])
        there = enlarge @ camera @ np.linalg.inv(enlarge) @ shift
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpPerspective(self._plate, there, (x1 - x0, y1 - y0), flags=flags)
        self._moved = slice(y0, y1), slice(x0, x1)
        self._plate[self._moved] = moved
        return self._plate

    def remember(self, frame: Frame, visible: Mask) -> None:
        """Take what is visible of the background in a frame, uint8 RGB and bool (H, W), into the plate."""
        area = cv2.INTER_AREA
        small = frame
        if frame.shape[1::-1] != self._size_wh:
            small = cv2.resize(frame, self._size_wh, interpolation=area)
            levels = visible.view(np.uint8) * np.uint8(255)
            visible = cv2.resize(levels, self._size_wh, interpolation=area) == 255
        fresh = cv2.cvtColor(small, cv2.COLOR_RGB2RGBA)
        if self._plate is None or self._is_other_scene(fresh, visible):
            self._plate = np.zeros_like(fresh)
        cv2.copyTo(fresh, visible.view(np.uint8), self._plate)

    def _is_other_scene(self, fresh: Plate, visible: Mask) -> bool:
        """Return whether the moved plate shows something else than the frame: what it hides is gone then."""
        if self._plate is None or self._moved is None:
            return False
        plate, there = self._plate[self._moved], fresh[self._moved]
        plate, there = plate[::_EVERY, ::_EVERY], there[::_EVERY, ::_EVERY]
        known = (plate[..., 3] >= _KNOWN) & visible[self._moved][::_EVERY, ::_EVERY]
        gaps = cv2.absdiff(plate, there)[known, :3]
        return gaps.size > 0 and float(gaps.mean()) > _OTHER_SCENE

    def forget(self) -> None:
        """Drop the plate where no frame follows the last one."""
        self._plate = self._moved = None


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
    is_trusted = (there[:, 3] >= _KNOWN) & (seen > _LEAST_SEEN)
    variance = np.where(is_trusted, error / np.maximum(seen, 1e-6), np.inf)
    return Behind(there[:, :3] * _LEVEL, variance.astype(np.float32))


@compiled
def _fill_errors(rgb: FloatImage, plate: Plate, background: Mask, out: FloatImage) -> None:
    """Fill `out` (H, W, 2) with the mean squared difference and 1 where both show background, else 0."""
    height, width = background.shape
    for row in range(height):
        for column in range(width):
            total, seen = np.float32(0.0), np.float32(0.0)
            if background[row, column] and plate[row, column, 3] >= _KNOWN:
                seen = np.float32(1.0)
                for channel in range(3):
                    gap = rgb[row, column, channel] - plate[row, column, channel] * _LEVEL
                    total += gap * gap
            out[row, column, 0] = total / np.float32(3.0)
            out[row, column, 1] = seen
