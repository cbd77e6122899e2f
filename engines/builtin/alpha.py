"""From a tracked probability to a soft alpha at full size: trimap, colour projection, guided filter."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.arrays import FloatImage, FloatMap, resize_map
from engines.builtin.guided import box_mean, guided_filter
from utils.mask_utils import bounding_box, dilate, erode, grow_box
from utils.types import Alpha, Frame

_SAME_COLOUR = 0.06
"""Distance of foreground and background colours, in [0, 1] RGB, below which colour says nothing."""


class AlphaMaker:
    """Turns probabilities of consecutive frames into alphas; one object serves one pass."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._size_wh = size_wh

    def alpha(self, frame: Frame, probability: FloatMap) -> Alpha:
        """Return float32 (H, W) in [0, 1] for a frame, uint8 RGB (H, W, 3), and its probability (h, w)."""
        width, height = self._size_wh
        alpha = np.zeros((height, width), dtype=np.float32)
        full = resize_map(probability, self._size_wh)
        box = bounding_box(full > 0.05)
        if box is None:
            return alpha
        x0, y0, x1, y1 = grow_box(box, self._size_wh, 0.05, 16)
        crop = frame[y0:y1, x0:x1].astype(np.float32) * (1.0 / 255.0)
        alpha[y0:y1, x0:x1] = matte_crop(crop, full[y0:y1, x0:x1])
        return alpha


def matte_crop(rgb: FloatImage, probability: FloatMap) -> Alpha:
    """Return the alpha, float32 (H, W) in [0, 1], of a picture in [0, 1] with a rough probability."""
    mask = probability > 0.5
    radius = max(2, round(0.02 * float(np.sqrt(np.count_nonzero(mask) + 1))))
    sure_foreground = erode(mask, radius)
    sure_background = ~dilate(mask, radius)
    unknown = ~(sure_foreground | sure_background)
    foreground = _spread(rgb, sure_foreground, radius)
    background = _spread(rgb, sure_background, radius)
    axis = foreground - background
    length = np.square(axis).sum(axis=2)
    projected = ((rgb - background) * axis).sum(axis=2) / np.maximum(length, 1e-6)
    trust = length / (length + _SAME_COLOUR**2 * 3.0)
    prior = np.clip(probability, 0.0, 1.0)
    estimate = trust * np.clip(projected, 0.0, 1.0) + (1.0 - trust) * prior
    estimate = np.where(unknown, estimate, mask.astype(np.float32)).astype(np.float32)
    smooth = guided_filter(rgb, estimate, max(2, radius // 2), 1e-4)
    alpha = np.where(unknown, smooth, mask.astype(np.float32))
    return np.clip(alpha, 0.0, 1.0).astype(np.float32)


def _spread(rgb: FloatImage, where: np.ndarray, radius: int) -> FloatImage:
    """Return the colours of the region `where`, carried outwards by normalised blurs of growing size."""
    weight = where.astype(np.float32)
    result = np.zeros_like(rgb)
    settled = np.zeros_like(weight)
    for scale in (radius, 3 * radius, 9 * radius):
        mass = box_mean(weight, scale)
        colour = box_mean(rgb * weight[..., None], scale) / np.maximum(mass, 1e-6)[..., None]
        share = (1.0 - settled) * np.clip(mass * 50.0, 0.0, 1.0)
        result += share[..., None] * colour
        settled += share
    if where.any():
        result += (1.0 - settled)[..., None] * rgb[where].mean(axis=0)
    return cv2.max(result, 0.0)  # type: ignore[no-any-return]
