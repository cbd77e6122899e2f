"""A mask of a reduced picture at full size, by the guided filter."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.vision.arrays import resize_map
from utils.compiled import compiled
from utils.guided_filter import guided_model
from utils.mask_utils import bounding_box, grow_box
from utils.types import FloatImage, Frame, Mask


def refine_edges(image: Frame, mask: Mask, reduced: Frame | None = None) -> Mask:
    """Return a smaller mask at the picture's size, bool (H, W), its contour on the picture's edges.

    Args:
        image: uint8 RGB (H, W, 3).
        mask: bool (h, w), of the same picture reduced.
        reduced: the picture at the mask's size, uint8 RGB (h, w, 3), where the caller has it.
    """
    size_wh = image.shape[1], image.shape[0]
    height, width = mask.shape
    box = bounding_box(mask)
    full = np.zeros((size_wh[1], size_wh[0]), dtype=bool)
    if box is None:
        return full
    if reduced is None:
        reduced = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = grow_box(box, (width, height), 0.02, 3)
    model = _model_in(reduced, mask, (x0, y0, x1, y1))
    across, down = size_wh[0] / width, size_wh[1] / height
    left, top = round(x0 * across), round(y0 * down)
    right, bottom = round(x1 * across), round(y1 * down)
    enlarged = resize_map(model, (right - left, bottom - top))
    _threshold(enlarged, image[top:bottom, left:right], full[top:bottom, left:right])
    return full


def _model_in(picture: Frame, mask: Mask, box: tuple[int, int, int, int]) -> FloatImage:
    """Return the guided model of a mask in a box (x0, y0, x1, y1), as the whole picture has it there."""
    height, width = mask.shape
    radius = 2
    left, top, right, bottom = grow_box(box, (width, height), 0.0, 2 * radius + 1)
    guide = picture[top:bottom, left:right].astype(np.float32) * np.float32(1.0 / 255.0)
    values = mask[top:bottom, left:right].astype(np.float32)
    model = guided_model(guide, values, radius, 1e-3)
    x0, y0, x1, y1 = box
    return np.ascontiguousarray(model[y0 - top : y1 - top, x0 - left : x1 - left])


@compiled
def _threshold(model: FloatImage, image: Frame, out: Mask) -> None:
    """Fill `out` (H, W): where the model's value at the colour is above one half."""
    height, width = out.shape
    scale = np.float32(1.0 / 255.0)
    for row in range(height):
        for column in range(width):
            alpha = model[row, column, 3]
            for channel in range(3):
                alpha += model[row, column, channel] * (image[row, column, channel] * scale)
            out[row, column] = alpha > np.float32(0.5)
