"""From a tracked probability to a soft alpha at full size: trimap, sampled colours, guided filter."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np

from engines.builtin.matting.colour_samples import FOREGROUND, UNKNOWN, Trimap
from engines.builtin.matting.linear_model import EXACT, ContourError, linear_model
from engines.builtin.tracking.background_motion import background_around
from engines.builtin.tracking.camera_motion import background_homography
from engines.builtin.vision.area_mean import reduce_picture
from engines.builtin.vision.arrays import resize_map
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import processing_size
from utils.background_plate import BackgroundPlate, Plate
from utils.compiled import compiled
from utils.mask_utils import bounding_box, grow_box
from utils.types import Alpha, FloatImage, FloatMap, Frame, IntBox, Mask

_AREA = 360 * 360
"""Pixels of the object's crop that matting works on; larger crops are matted smaller, then enlarged
through a linear model of the full picture's colours, which brings back single hairs."""
_PLATE_AREA = 640 * 360
"""Largest number of pixels of a clean plate."""
_FOOT = np.float32(0.03)
"""Alpha that is taken for none, and as much of the other end for all."""
_LEVEL = np.float32(1.0 / 255.0)
_Values = TypeVar("_Values", FloatMap, Plate)


class AlphaEstimator:
    """Estimates the alphas of consecutive frames from their probabilities; one object serves one pass."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        """Estimate alphas of `size_wh` pixels."""
        self._size_wh = size_wh
        self._plate = BackgroundPlate(size_wh, processing_size(size_wh, _PLATE_AREA))

    def alpha(
        self,
        frame: Frame,
        probability: FloatMap,
        flow: FlowPair | None,
        error: ContourError = EXACT,
    ) -> Alpha:
        """Return the alpha, float32 (H, W) in [0, 1].

        Args:
            frame: uint8 RGB (H, W, 3).
            probability: of the object, float32 (h, w), at any size of the same shape.
            flow: from the previous frame of the pass, at processing size; None after a cut or at the start.
            error: of the probability's contour, in its pixels.
        """
        width, height = self._size_wh
        result = np.zeros((height, width), dtype=np.float32)
        box = bounding_box(probability > 0.2)
        if box is None:
            self._plate.forget()
        else:
            view = self._window(box, probability.shape)
            x0, y0, x1, y1 = view
            crop_wh = x1 - x0, y1 - y0
            scale = self._size_wh[0] / probability.shape[1]
            reduced_wh = processing_size(crop_wh, _AREA)
            # A finer map is averaged on the way, so that thin parts stay.
            is_finer = reduced_wh[0] * scale < crop_wh[0]
            rough = _crop_map(probability, view, self._size_wh, crop_wh if is_finer else reduced_wh)
            plate = self._moved_plate(flow, probability, view)
            behind = None if plate is None else _crop_map(plate, view, self._size_wh, reduced_wh)
            alpha, unknown = matte(frame[y0:y1, x0:x1], rough, error.scaled(scale), behind)
            result[y0:y1, x0:x1] = alpha
            is_visible = np.ones((height, width), dtype=bool)
            is_visible[y0:y1, x0:x1] = ~unknown & (alpha == 0.0)
            self._plate.remember(frame, is_visible)
        return result

    def _moved_plate(
        self, flow: FlowPair | None, probability: FloatMap, window: IntBox
    ) -> Plate | None:
        """Return the clean plate as this frame's camera sees it in a window; None at the start of a pass."""
        if flow is None:
            self._plate.forget()
            return None
        small_wh = flow.reliability.shape[1], flow.reliability.shape[0]
        background = background_around(resize_map(probability, small_wh))
        camera = background_homography(flow.to_previous, background)
        return self._plate.move(camera, small_wh, window)

    def _window(
        self, box: tuple[int, int, int, int], shape: tuple[int, ...]
    ) -> tuple[int, int, int, int]:
        across, down = self._size_wh[0] / shape[1], self._size_wh[1] / shape[0]
        x0, y0, x1, y1 = box
        full = int(x0 * across), int(y0 * down), int(np.ceil(x1 * across)), int(np.ceil(y1 * down))
        return grow_box(full, self._size_wh, 0.08, 16)


def matte(
    crop: Frame, rough: FloatMap, error: ContourError = EXACT, plate: Plate | None = None
) -> tuple[Alpha, Mask]:
    """Return the alpha of a crop and its unknown band.

    Args:
        crop: uint8 RGB (H, W, 3).
        rough: probability of the object, float32 (h, w), at any size of the same shape.
        error: of its contour, in the crop's pixels.
        plate: of the background behind it, uint8 (h, w, 4), at the size that matting works at; None where nothing
            is known.

    Returns:
        float32 (H, W) in [0, 1], exactly 0 and 1 outside the band; and the band, bool (H, W).
    """
    height, width = crop.shape[:2]
    crop = np.ascontiguousarray(crop)
    size_wh = processing_size((width, height), _AREA)
    rgb = reduce_picture(crop, size_wh).astype(np.float32) * _LEVEL
    mask = resize_map(rough, size_wh) > 0.5
    model, band = linear_model(rgb, mask, error.scaled(size_wh[0] / width), plate)
    alpha = np.empty((height, width), dtype=np.float32)
    unknown = np.empty((height, width), dtype=bool)
    _apply(model, band, crop, alpha, unknown)
    return alpha, unknown


@compiled
def _apply(
    model: FloatImage,
    band: Trimap,
    crop: Frame,
    alpha: FloatMap,
    unknown: Mask,
) -> None:
    """Fill `alpha` and `unknown` (H, W) from what `linear_model` returns, (h, w), and the picture (H, W, 3).

    The model is enlarged bilinearly, the band to its nearest pixel.
    """
    height, width = alpha.shape
    small_height, small_width = band.shape
    down, across = small_height / height, small_width / width
    for row in range(height):
        y = min(max((row + 0.5) * down - 0.5, 0.0), small_height - 1.0)
        top = int(y)
        bottom = min(top + 1, small_height - 1)
        low = np.float32(y - top)
        nearest = min(int(row * down), small_height - 1)
        for column in range(width):
            side = band[nearest, min(int(column * across), small_width - 1)]
            unknown[row, column] = side == UNKNOWN
            if side != UNKNOWN:
                alpha[row, column] = 1.0 if side == FOREGROUND else 0.0
                continue
            x = min(max((column + 0.5) * across - 0.5, 0.0), small_width - 1.0)
            left = int(x)
            right = min(left + 1, small_width - 1)
            far = np.float32(x - left)
            value = np.float32(0.0)
            for term in range(4):
                above = model[top, left, term] * (1 - far) + model[top, right, term] * far
                below = model[bottom, left, term] * (1 - far) + model[bottom, right, term] * far
                factor = above * (1 - low) + below * low
                value += factor * (crop[row, column, term] * _LEVEL if term < 3 else 1)
            value = (min(max(value, np.float32(0.0)), np.float32(1.0)) - _FOOT) / (1 - 2 * _FOOT)
            alpha[row, column] = min(max(value, np.float32(0.0)), np.float32(1.0))


def _crop_map(
    values: _Values,
    view: tuple[int, int, int, int],
    full_wh: tuple[int, int],
    size_wh: tuple[int, int],
) -> _Values:
    """Return the part of a small map that a window (x0, y0, x1, y1) of the full picture covers, at `size_wh`."""
    x0, y0, x1, y1 = view
    height, width = values.shape[:2]
    across, down = width / full_wh[0], height / full_wh[1]
    step_x, step_y = across * (x1 - x0) / size_wh[0], down * (y1 - y0) / size_wh[1]
    matrix = np.array(
        [
            [step_x, 0.0, x0 * across + 0.5 * step_x - 0.5],
            [0.0, step_y, y0 * down + 0.5 * step_y - 0.5],
        ]
    )
    return cv2.warpAffine(  # type: ignore[no-any-return]
        values,
        matrix,
        size_wh,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
