"""Resizing and arithmetic of the float arrays that the built-in engine passes around."""

from __future__ import annotations

import cv2
import numpy as np

from utils.compiled import compiled
from utils.types import FloatImage, FloatMap, Mask


def resize_map(values: FloatMap, size_wh: tuple[int, int]) -> FloatMap:
    """Return the map at another size, float32: area mean going down, bilinear going up."""
    height, width = values.shape[:2]
    if (width, height) == size_wh:
        return values.astype(np.float32, copy=False)
    smaller = size_wh[0] * size_wh[1] < width * height
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size_wh, interpolation=method), dtype=np.float32)


def resize_mask(mask: Mask, size_wh: tuple[int, int]) -> Mask:
    """Return the mask, bool (H, W), at another size."""
    if (mask.shape[1], mask.shape[0]) == size_wh:
        return mask
    return np.asarray(resize_map(mask.astype(np.float32), size_wh) > 0.5)


def dot(first: FloatImage, second: FloatImage) -> FloatMap:
    """Return the sum over channels of a product, float32 (h, w)."""
    result = np.empty(first.shape[:2], dtype=np.float32)
    _fill_dot(first, second, result)
    return result


def lengths(vectors: FloatImage) -> FloatMap:
    """Return the length of each pixel's vector, float32 (h, w)."""
    return np.asarray(np.sqrt(dot(vectors, vectors)))


@compiled
def _fill_dot(first: FloatImage, second: FloatImage, out: FloatMap) -> None:
    # One loop: numpy would make an array of the whole picture for each channel.
    height, width, channels = first.shape
    for row in range(height):
        for column in range(width):
            total = np.float32(0.0)
            for channel in range(channels):
                total += first[row, column, channel] * second[row, column, channel]
            out[row, column] = total
