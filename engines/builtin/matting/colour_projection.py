"""Alpha of the unknown band by colour: where a pixel lies between foreground and background near it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.types import FloatImage, FloatMap, Mask

REACH = 1.6
"""Outer extent of the unknown band, in half widths, where colours separate hair from the background."""
_SAME_COLOUR = 0.06
"""Distance of flat foreground and background colours, in [0, 1] of each channel, at which colour weighs half."""
_TEXTURE = 4.0
"""Weight of the variance of both, in their squared distance, in that distance: texture hides an edge."""
_COARSE = 3
"""Factor by which the extrapolated colours, which are smooth, are smaller than the picture."""


class Colours(NamedTuple):
    """Colours of the foreground and of the background, extrapolated to all pixels, in [0, 1] RGB.

    float32 (h, w, 3) both; `separability` float32 (h, w) in [0, 1]: how far they tell the two apart. They
    are smooth, so they are made, and kept, at a third of the picture's size.
    """

    foreground: FloatImage
    background: FloatImage
    separability: FloatMap


def extrapolated_colours(rgb: FloatImage, inside: Mask, outside: Mask, radius: int) -> Colours:
    """Return the colours of a picture, float32 (H, W, 3) in [0, 1], by its known regions, bool (H, W).

    `radius` is the half width, in pixels, of the unknown band between them. Separability is Fisher's
    criterion: the squared distance of the mean colours beside the variance around them.
    """
    foreground, spread = _extrapolated(rgb, inside, radius)
    background, spread_behind = _extrapolated(rgb, outside, radius)
    apart = np.square(foreground - background).sum(axis=2)
    alike = 3.0 * _SAME_COLOUR * _SAME_COLOUR + _TEXTURE * (spread + spread_behind)
    return Colours(foreground, background, np.asarray(apart / (apart + alike), dtype=np.float32))


def _extrapolated(rgb: FloatImage, where: Mask, radius: int) -> tuple[FloatImage, FloatMap]:
    """Return a region's mean colours near each pixel, (h, w, 3), and the variance around them, (h, w).

    Extrapolated by normalised blurs of growing size; the variance is the sum of the channels'.
    """
    height, width = where.shape
    size_wh = max(2, width // _COARSE), max(2, height // _COARSE)
    weight = cv2.resize(where.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
    kept = cv2.copyTo(rgb, where.view(np.uint8))
    squares = cv2.resize(cv2.multiply(kept, kept), size_wh, interpolation=cv2.INTER_AREA)
    known = np.empty((*weight.shape, 4), dtype=np.float32)
    known[..., :3] = cv2.resize(kept, size_wh, interpolation=cv2.INTER_AREA)
    known[..., 3] = squares.sum(axis=2)
    result = np.zeros_like(known)
    settled = np.zeros_like(weight)
    for scale in (2 * radius, 5 * radius, 15 * radius):
        reach = max(1, round(scale / _COARSE))
        mass = box_mean(weight, reach)
        means = box_mean(known, reach) / np.maximum(mass, 1e-6)[..., None]
        share = (1.0 - settled) * np.clip(mass * 20.0, 0.0, 1.0)
        result += share[..., None] * means
        settled += share
    if where.any():
        mean = known.sum(axis=(0, 1)) / np.maximum(weight.sum(), 1e-6)
        result += (1.0 - settled)[..., None] * mean
    colours = np.ascontiguousarray(np.maximum(result[..., :3], 0.0))
    variance = np.maximum(result[..., 3] - np.square(colours).sum(axis=2), 0.0)
    return colours, np.asarray(variance)


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
    near them, enlarged bilinearly, and by the distance to the contour, (H, W), as far as those do not
    separate the two.
    """
    foreground, background, separability = colours
    height, width = band.shape
    small_height, small_width = foreground.shape[:2]
    down, across = np.float32(small_height / height), np.float32(small_width / width)
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
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
            above = separability[top, left] * (one - far) + separability[top, right] * far
            below = separability[bottom, left] * (one - far) + separability[bottom, right] * far
            clear = above * (one - low) + below * low
            clear *= np.exp(-miss / (np.float32(0.25) * length + np.float32(1e-3)))
            here = distance[row, column]
            prior = min(max(half + here / (radius + radius), zero), one)
            estimate = clear * projected + (one - clear) * prior
            if here < -radius:
                fade = (here + np.float32(REACH) * radius) / (np.float32(REACH - 1.0) * radius)
                estimate *= min(max(fade, zero), one) * clear
            out[row, column] = estimate
