"""Compiled loops on colours at a matte's edge: despill, and levels of a deeper source; import it inside functions only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from utils.compiled import compile_now

Plane = npt.NDArray[np.uint8]
Deep = npt.NDArray[np.uint16]


@compile_now
def move_levels(source: Deep, shallow: Plane, moved: Plane, out: Deep) -> None:
    """Write 16-bit levels moved as far as their 8-bit roundings `shallow` were; 0 becomes exactly 0."""
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            for channel in range(source.shape[2]):
                step = int(moved[y, x, channel]) - int(shallow[y, x, channel])
                level = int(source[y, x, channel]) + 257 * step
                is_black = moved[y, x, channel] == 0 and step != 0
                out[y, x, channel] = np.uint16(0 if is_black else min(max(level, 0), 65535))


@compile_now
def spill_of(red: float, green: float, blue: float) -> tuple[float, float]:
    """Return by how much green, and blue, stand out over both other colours; one of them is 0."""
    return max(green - max(red, blue), 0.0), max(blue - max(red, green), 0.0)


@compile_now
def despill_rgb(frame: Plane, alpha: Plane, strength: float, out: Plane) -> None:
    """Take green and blue that stand out down to the other colours where alpha is soft."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            if 0 < alpha[y, x] < 255:
                red, green, blue = frame[y, x, 0], frame[y, x, 1], frame[y, x, 2]
                green_spill, blue_spill = spill_of(float(red), float(green), float(blue))
                out[y, x, 1] = np.uint8(green - strength * green_spill + 0.5)
                out[y, x, 2] = np.uint8(blue - strength * blue_spill + 0.5)


@compile_now
def despill_yuv(
    luma: Plane,
    cb: Plane,
    cr: Plane,
    half_alpha: Plane,
    strength: float,
    red_weight: float,
    blue_weight: float,
) -> None:
    """As `despill_rgb`, in place, for 8-bit limited-range 4:2:0 of the matrix with these luma weights."""
    height, width = luma.shape
    green_weight = 1 - red_weight - blue_weight
    to_cb, to_cr = 112 / 255 / (1 - blue_weight), 112 / 255 / (1 - red_weight)
    for y in range(half_alpha.shape[0]):
        for x in range(half_alpha.shape[1]):
            if not 0 < half_alpha[y, x] < 255:
                continue
            bottom, right = min(2 * y + 2, height), min(2 * x + 2, width)
            total = 0.0
            for row in range(2 * y, bottom):
                for column in range(2 * x, right):
                    total += luma[row, column]
            count = (bottom - 2 * y) * (right - 2 * x)
            level = (total / count - 16) * 255 / 219
            red = level + (cr[y, x] - 128) / to_cr
            blue = level + (cb[y, x] - 128) / to_cb
            green = (level - red_weight * red - blue_weight * blue) / green_weight
            green_spill, blue_spill = spill_of(red, green, blue)
            dark = strength * (green_weight * green_spill + blue_weight * blue_spill)
            if dark == 0:
                continue
            for row in range(2 * y, bottom):
                for column in range(2 * x, right):
                    lowered = luma[row, column] - dark * 219 / 255
                    luma[row, column] = np.uint8(max(lowered, 16.0) + 0.5)
            cb[y, x] = np.uint8(
                min(max(cb[y, x] + to_cb * (dark - strength * blue_spill), 16.0), 240.0) + 0.5
            )
            cr[y, x] = np.uint8(min(max(cr[y, x] + to_cr * dark, 16.0), 240.0) + 0.5)
