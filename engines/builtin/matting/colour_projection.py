"""Alpha of the unknown band by colour: where a pixel lies between foreground and background near it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.arrays import FloatImage, FloatMap
from engines.builtin.vision.guided_filter import box_mean
from utils.compiled import compiled
from utils.types import Mask

REACH = 1.6
"""Outer extent of the unknown band, in half widths, where colours separate hair from the background."""
_SAME_COLOUR = 0.12
"""Distance of foreground and background colours, in [0, 1] RGB, at which colour weighs half."""
_COARSE = 3
"""Factor by which the extrapolated colours, which are smooth, are smaller than the picture."""


class Colours(NamedTuple):
    """Extrapolated colours of the foreground and of the background, float32 (h, w, 3) in [0, 1]."""

    foreground: FloatImage
    background: FloatImage


def extrapolated_colours(rgb: FloatImage, where: Mask, radius: int) -> FloatImage:
    """Return the colours of the region `where`, extrapolated by normalised blurs of growing size.

    The result is smooth, so it is made, and returned, at a third of the size.
    """
    height, width = where.shape
    size_wh = max(2, width // _COARSE), max(2, height // _COARSE)
    weight = cv2.resize(where.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
    kept = cv2.copyTo(rgb, where.view(np.uint8))
    coloured = cv2.resize(kept, size_wh, interpolation=cv2.INTER_AREA)
    result = np.zeros_like(coloured)
    settled = np.zeros_like(weight)
    for scale in (2 * radius, 5 * radius, 15 * radius):
        reach = max(1, round(scale / _COARSE))
        mass = box_mean(weight, reach)
        colour = box_mean(coloured, reach) / np.maximum(mass, 1e-6)[..., None]
        share = (1.0 - settled) * np.clip(mass * 20.0, 0.0, 1.0)
        result += share[..., None] * colour
        settled += share
    if where.any():
        mean = coloured.sum(axis=(0, 1)) / np.maximum(weight.sum(), 1e-6)
        result += (1.0 - settled)[..., None] * mean
    return np.asarray(np.maximum(result, 0.0))


@compiled
def project(
    rgb: FloatImage,
    band: npt.NDArray[np.uint8],
    distance: FloatMap,
    colours: Colours,
    radius: np.float32,
    out: FloatMap,
) -> None:
    """Fill the unknown pixels of `out`, (H, W), with their alpha before it is filtered.

    By the colours, (H, W, 3), projected onto the line between the foreground's and the background's
    near them, enlarged bilinearly, and by the distance to the contour, (H, W), where those are alike.
    """
    foreground, background = colours
    height, width = band.shape
    small_height, small_width = foreground.shape[:2]
    down, across = np.float32(small_height / height), np.float32(small_width / width)
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    alike = np.float32(3.0 * _SAME_COLOUR * _SAME_COLOUR)
    for row in range(height):
        y = min(max((row + half) * down - half, zero), np.float32(small_height - 1))
        top = int(y)
        bottom = min(top + 1, small_height - 1)
        low = np.float32(y - top)
        for column in range(width):
            if band[row, column] != 1:
                continue
            x = min(max((column + half) * across - half, zero), np.float32(small_width - 1))
            left = int(x)
            right = min(left + 1, small_width - 1)
            far = np.float32(x - left)
            length, along, apart = zero, zero, zero
            for channel in range(3):
                above = foreground[top, left, channel] * (one - far)
                above += foreground[top, right, channel] * far
                below = foreground[bottom, left, channel] * (one - far)
                below += foreground[bottom, right, channel] * far
                front = above * (one - low) + below * low
                above = background[top, left, channel] * (one - far)
                above += background[top, right, channel] * far
                below = background[bottom, left, channel] * (one - far)
                below += background[bottom, right, channel] * far
                back = above * (one - low) + below * low
                offset = rgb[row, column, channel] - back
                length += (front - back) * (front - back)
                along += offset * (front - back)
                apart += offset * offset
            projected = min(max(along / max(length, np.float32(1e-6)), zero), one)
            miss = max(apart - projected * (along + along - projected * length), zero)
            clear = length / (length + alike)
            clear *= np.exp(-miss / (np.float32(0.25) * length + np.float32(1e-3)))
            here = distance[row, column]
            prior = min(max(half + here / (radius + radius), zero), one)
            estimate = clear * projected + (one - clear) * prior
            if here < -radius:
                fade = (here + np.float32(REACH) * radius) / (np.float32(REACH - 1.0) * radius)
                estimate *= min(max(fade, zero), one) * clear
            out[row, column] = estimate
