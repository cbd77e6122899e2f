"""Compiled inner loop of the foreground estimate; import it inside functions only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.compiled import compiled

TILE = 32
RADIUS = 6
"""Pixels of the fine pass's box on each side."""
_REACH = TILE + 2 * RADIUS

Plane = npt.NDArray[np.uint8]
Coarse = npt.NDArray[np.float32]


@compiled
def is_soft(alpha: Plane, top: int, left: int, bottom: int, right: int) -> bool:
    """True when alpha is neither 0 nor 255 somewhere in the tile."""
    for y in range(top, bottom):
        soft = np.uint8(0)
        for x in range(left, right):
            soft |= np.uint8(np.uint8(alpha[y, x] + np.uint8(1)) > 1)
        if soft:
            return True
    return False


@compiled
def spread(coarse: Coarse, y: float, left: int, count: int, scale: float, out: Coarse) -> None:
    """Write row `y` of the coarse map, enlarged by 1/scale with bilinear weights, from column `left`."""
    height, width = coarse.shape
    at_y = min(max((y + 0.5) * scale - 0.5, 0.0), height - 1.0)
    upper = int(at_y)
    lower = min(upper + 1, height - 1)
    share_y = np.float32(at_y - upper)
    for column in range(count):
        at_x = min(max((left + column + 0.5) * scale - 0.5, 0.0), width - 1.0)
        x0 = int(at_x)
        x1 = min(x0 + 1, width - 1)
        share_x = np.float32(at_x - x0)
        near = coarse[upper, x0] + share_y * (coarse[lower, x0] - coarse[upper, x0])
        far = coarse[upper, x1] + share_y * (coarse[lower, x1] - coarse[upper, x1])
        out[column] = near + share_x * (far - near)


@compiled
def gather(
    image: Plane,
    alpha: Plane,
    front: Coarse,
    back: Coarse,
    scale: float,
    y0: int,
    x0: int,
    height: int,
    width: int,
    mass: Coarse,
    share: Coarse,
    ground: Coarse,
) -> None:
    """Fill a tile's weight, its first estimate times that, and its background, all float32.

    The weight is alpha squared: thin alphas know little of the foreground.
    """
    row_front = np.empty(width, np.float32)
    unit = np.float32(1.0 / 255.0)
    for row in range(height):
        spread(front, y0 + row, x0, width, scale, row_front)
        spread(back, y0 + row, x0, width, scale, ground[row])
        for i in range(width):
            a = alpha[y0 + row, x0 + i] * unit
            wide = row_front[i]
            value = np.float32(image[y0 + row, x0 + i])
            first = wide + a * (value - a * wide - (1 - a) * ground[row, i])
            mass[row, i] = min(max(first, np.float32(0)), np.float32(255)) * a * a
            share[row, i] = a * a


@compiled
def slide(values: Coarse, row: int, fresh: bool, rows: int, width: int, sums: Coarse) -> None:
    """Move column sums on to the box around `row`; the box is cut off at the tile's own edges."""
    if fresh:
        sums[:width] = 0
        for inner in range(max(row - RADIUS, 0), min(row + RADIUS + 1, rows)):
            for i in range(width):
                sums[i] += values[inner, i]
        return
    if row + RADIUS < rows:
        for i in range(width):
            sums[i] += values[row + RADIUS, i]
    if row - RADIUS - 1 >= 0:
        for i in range(width):
            sums[i] -= values[row - RADIUS - 1, i]


@compiled
def solve(
    value: np.float32, a: np.float32, mass: np.float32, share: np.float32, ground: np.float32
) -> np.uint8:
    """Return the corrected colour from the near mean of the foreground."""
    near = mass / share
    moved = near + a * (value - a * near - (1 - a) * ground)
    return np.uint8(min(max(moved, np.float32(0)), np.float32(255)) + np.float32(0.5))


@compiled
def refine(
    image: Plane,
    alpha: Plane,
    front: Coarse,
    back: Coarse,
    scale: float,
    out: Plane,
    reached: Plane,
) -> None:
    """Write the foreground's colour of one channel into `out` wherever alpha is soft.

    In the tiles that have soft pixels, pixels of alpha 0 within `RADIUS` of the foreground get the
    colour that continues it, and `reached` becomes 1 there; other pixels are not written.

    Args:
        image, alpha, out, reached: uint8 (H, W).
        front, back: wide means of foreground and background, float32, smaller by `scale`.
    """
    height, width = image.shape
    mass = np.empty((_REACH, _REACH), np.float32)
    share = np.empty((_REACH, _REACH), np.float32)
    ground = np.empty((_REACH, _REACH), np.float32)
    mass_sums = np.empty(_REACH, np.float32)
    share_sums = np.empty(_REACH, np.float32)
    for top in range(0, height, TILE):
        bottom = min(top + TILE, height)
        y0 = max(top - RADIUS, 0)
        rows = min(bottom + RADIUS, height) - y0
        for left in range(0, width, TILE):
            right = min(left + TILE, width)
            if not is_soft(alpha, top, left, bottom, right):
                continue
            x0 = max(left - RADIUS, 0)
            columns = min(right + RADIUS, width) - x0
            gather(image, alpha, front, back, scale, y0, x0, rows, columns, mass, share, ground)
            for y in range(top, bottom):
                slide(mass, y - y0, y == top, rows, columns, mass_sums)
                slide(share, y - y0, y == top, rows, columns, share_sums)
                for x in range(left, right):
                    if alpha[y, x] == 255:
                        continue
                    near_mass, near_share = np.float32(0), np.float32(0)
                    for i in range(max(x - RADIUS - x0, 0), min(x + RADIUS + 1 - x0, columns)):
                        near_mass += mass_sums[i]
                        near_share += share_sums[i]
                    if near_share < np.float32(1e-4):
                        continue
                    a = alpha[y, x] * np.float32(1.0 / 255.0)
                    value = np.float32(image[y, x])
                    out[y, x] = solve(value, a, near_mass, near_share, ground[y - y0, x - x0])
                    reached[y, x] = 1


@compiled
def hide_unreached(alpha: Plane, reached: Plane, value: int, out: Plane) -> None:
    """Set what is neither foreground nor next to it to the value."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            if alpha[y, x] == 0 and reached[y, x] == 0:
                out[y, x] = value


@compiled
def spill_of(red: float, green: float, blue: float) -> tuple[float, float]:
    """Return by how much green, and blue, stand out over both other colours; one of them is 0."""
    return max(green - max(red, blue), 0.0), max(blue - max(red, green), 0.0)


@compiled
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


@compiled
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
