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
_SCALES = 2, 5, 15
"""Half sides of the windows that colours are extrapolated from, in half widths of the band."""
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
    height, width = inside.shape
    known = np.zeros((2, max(2, height // _COARSE), max(2, width // _COARSE), 5), dtype=np.float32)
    _gather_known(rgb, inside, outside, known)
    foreground, spread = _extrapolated(known[0], radius)
    background, spread_behind = _extrapolated(known[1], radius)
    apart = np.square(foreground - background).sum(axis=2)
    alike = 3.0 * _SAME_COLOUR * _SAME_COLOUR + _TEXTURE * (spread + spread_behind)
    return Colours(foreground, background, np.asarray(apart / (apart + alike), dtype=np.float32))


@compiled
def _gather_known(
    rgb: FloatImage, inside: Mask, outside: Mask, out: npt.NDArray[np.float32]
) -> None:
    """Add up the known pixels of each region in the cells of `out` (2, h, w, 5), the foreground first.

    The sums of the colours, of their squares, and the number of pixels, over the cell's usual area.
    """
    height, width = inside.shape
    small_height, small_width = out.shape[1:3]
    area = np.float32(small_height * small_width / (height * width))
    for row in range(height):
        to_row = row * small_height // height
        for column in range(width):
            is_inside = inside[row, column]
            if not is_inside and not outside[row, column]:
                continue
            cell = out[0 if is_inside else 1, to_row, column * small_width // width]
            squares = np.float32(0.0)
            for channel in range(3):
                value = rgb[row, column, channel]
                cell[channel] += value * area
                squares += value * value
            cell[3] += squares * area
            cell[4] += area


def _extrapolated(cells: FloatImage, radius: int) -> tuple[FloatImage, FloatMap]:
    """Return a region's mean colours near each cell, (h, w, 3), and the variance around them, (h, w).

    Extrapolated by normalised blurs of growing size; the variance is the sum of the channels'.

    Args:
        cells: of `_gather_known`, float32 (h, w, 5).
        radius: half width of the unknown band, in pixels of the picture.
    """
    reaches = (max(1, round(scale * radius / _COARSE)) for scale in _SCALES)
    near, middle, far = (box_mean(cells, reach) for reach in reaches)
    colours = np.empty((*cells.shape[:2], 3), dtype=np.float32)
    variance = np.empty(cells.shape[:2], dtype=np.float32)
    total = np.array(cv2.sumElems(cells[..., :4]) + cv2.sumElems(cells[..., 4])[:1], np.float32)
    _fill_extrapolated((near, middle, far), total, colours, variance)
    return colours, variance


@compiled
def _fill_extrapolated(
    means: tuple[FloatImage, FloatImage, FloatImage],
    total: npt.NDArray[np.float32],
    colours: FloatImage,
    variance: FloatMap,
) -> None:
    """Fill `colours` (h, w, 3) and `variance` (h, w) from blurred cells (h, w, 5) and their sum (5,)."""
    height, width = variance.shape
    zero, one, many = np.float32(0.0), np.float32(1.0), np.float32(20.0)
    least = np.float32(1e-6)
    for row in range(height):
        for column in range(width):
            left, squares = one, zero
            red, green, blue = zero, zero, zero
            for scale in range(4):
                cell = total if scale == 3 else means[scale][row, column]
                mass = cell[4]
                share = left if scale == 3 else left * min(mass * many, one)
                left -= share
                share /= max(mass, least)
                red += share * cell[0]
                green += share * cell[1]
                blue += share * cell[2]
                squares += share * cell[3]
            colours[row, column, 0] = red
            colours[row, column, 1] = green
            colours[row, column, 2] = blue
            squares -= red * red + green * green + blue * blue
            variance[row, column] = max(squares, zero)


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
