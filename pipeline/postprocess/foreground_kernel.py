"""Compiled inner loop of the foreground estimate; import it inside functions only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from utils.compiled import compile_now

TILE = 32
RADIUS = 6
"""Pixels of the fine pass's box on each side."""
_REACH = TILE + 2 * RADIUS

Plane = npt.NDArray[np.uint8]
Deep = npt.NDArray[np.uint16]
Coarse = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]


@compile_now
def coarse_mass(
    image: Plane,
    alpha: Plane,
    small_image: Plane,
    small_alpha: Plane,
    alpha_weights: Coarse,
    factor: int,
    front: Coarse,
    back: Coarse,
) -> None:
    """Write each cell's mean of image times weight, for the foreground's and the background's weights.

    Args:
        small_image, small_alpha: cell means, uint8; where the mean alpha is 0 or 255 the cell counts as
            all background or all foreground, and its pixels need not be visited.
        alpha_weights: weight by alpha, float32 (256,); the background's weight is that of 255 - alpha.
    """
    for row in range(small_alpha.shape[0]):
        for column in range(small_alpha.shape[1]):
            level = small_alpha[row, column]
            if level in (0, 255):
                front[row, column] = small_image[row, column] if level else 0
                back[row, column] = 0 if level else small_image[row, column]
                continue
            front_mass, back_mass, count = np.float32(0), np.float32(0), 0
            for y in range(row * factor, min((row + 1) * factor, alpha.shape[0])):
                for x in range(column * factor, min((column + 1) * factor, alpha.shape[1])):
                    front_mass += alpha_weights[alpha[y, x]] * image[y, x]
                    back_mass += alpha_weights[255 - alpha[y, x]] * image[y, x]
                    count += 1
            front[row, column] = front_mass / count
            back[row, column] = back_mass / count


@compile_now
def soft_columns(alpha: Plane, out: Plane) -> None:
    """Set for each row of tiles the columns that have a soft pixel; `out` (tile rows, W) starts as 0."""
    for y in range(alpha.shape[0]):
        row = out[y // TILE]
        line = alpha[y]
        for x in range(alpha.shape[1]):
            row[x] |= np.uint8((line[x] != 0) & (line[x] != 255))


@compile_now
def stretch(
    coarse: Coarse, first: int, count: int, cells: Index, shares: Coarse, x0: int, out: Coarse
) -> None:
    """Write `count` coarse rows from `first`, stretched to the full-size columns from `x0` on.

    `cells` and `shares` say between which coarse columns each column lies, and how far.
    """
    last_row, last_column = coarse.shape[0] - 1, coarse.shape[1] - 1
    for row in range(count):
        line = coarse[min(first + row, last_row)]
        for i in range(out.shape[1]):
            if x0 + i >= cells.shape[0]:
                break
            cell = cells[x0 + i]
            value = line[cell]
            out[row, i] = value + shares[x0 + i] * (line[min(cell + 1, last_column)] - value)


@compile_now
def gather(
    image: Plane,
    alpha: Plane,
    front: Coarse,
    back: Coarse,
    scale: float,
    cells: Index,
    shares: Coarse,
    y0: int,
    x0: int,
    height: int,
    width: int,
    mass: Coarse,
    share: Coarse,
    background: Coarse,
) -> None:
    """Fill a tile's weight, its first estimate times that, and its background, all float32.

    The weight is alpha squared: thin alphas know little of the foreground.
    """
    limit = front.shape[0] - 1.0
    first_row = int(min(max((y0 + 0.5) * scale - 0.5, 0.0), limit))
    last_row = int(min(max((y0 + height - 0.5) * scale - 0.5, 0.0), limit))
    count = last_row - first_row + 2
    fronts, backs = np.empty((count, width), np.float32), np.empty((count, width), np.float32)
    stretch(front, first_row, count, cells, shares, x0, fronts)
    stretch(back, first_row, count, cells, shares, x0, backs)
    unit = np.float32(1.0 / 255.0)
    for row in range(height):
        at = min(max((y0 + row + 0.5) * scale - 0.5, 0.0), limit)
        cell = int(at) - first_row
        far = np.float32(at - int(at))
        upper, lower = fronts[cell], fronts[cell + 1]
        upper_back, lower_back = backs[cell], backs[cell + 1]
        alphas, values = alpha[y0 + row], image[y0 + row]
        masses, weights, backgrounds = mass[row], share[row], background[row]
        for i in range(width):
            wide = upper[i] + far * (lower[i] - upper[i])
            under = upper_back[i] + far * (lower_back[i] - upper_back[i])
            a = alphas[x0 + i] * unit
            value = np.float32(values[x0 + i])
            first = wide + a * (value - a * wide - (np.float32(1) - a) * under)
            backgrounds[i] = under
            masses[i] = min(max(first, np.float32(0)), np.float32(255)) * a * a
            weights[i] = a * a


@compile_now
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


@compile_now
def solve(
    value: np.float32, a: np.float32, mass: np.float32, share: np.float32, background: np.float32
) -> np.uint8:
    """Return the corrected colour from the near mean of the foreground."""
    near = mass / share
    moved = near + a * (value - a * near - (1 - a) * background)
    return np.uint8(min(max(moved, np.float32(0)), np.float32(255)) + np.float32(0.5))


@compile_now
def refine(
    image: Plane,
    alpha: Plane,
    tiles: Index,
    front: Coarse,
    back: Coarse,
    scale: float,
    cells: Index,
    shares: Coarse,
    extend: bool,
    out: Plane,
    reached: Plane,
) -> None:
    """Write the foreground's colour of one channel into `out` wherever alpha is soft.

    With `extend`, pixels of alpha 0 in the tiles given that lie within `RADIUS` of the foreground get
    the colour that continues it, and `reached` becomes 1 there; other pixels are not written. Without it
    `reached` is not used.

    Args:
        image, alpha, out, reached: uint8 (H, W).
        tiles: rows and columns of the tiles that have soft pixels, int64 (N, 2).
        front, back: wide means of foreground and background, float32, smaller by `scale`.
        cells, shares: see `stretch`.
    """
    height, width = image.shape
    mass = np.empty((_REACH, _REACH), np.float32)
    share = np.empty((_REACH, _REACH), np.float32)
    background = np.empty((_REACH, _REACH), np.float32)
    mass_sums = np.empty(_REACH, np.float32)
    share_sums = np.empty(_REACH, np.float32)
    for number in range(tiles.shape[0]):
        top, left = tiles[number, 0] * TILE, tiles[number, 1] * TILE
        bottom, right = min(top + TILE, height), min(left + TILE, width)
        y0, x0 = max(top - RADIUS, 0), max(left - RADIUS, 0)
        rows = min(bottom + RADIUS, height) - y0
        columns = min(right + RADIUS, width) - x0
        gather(
            image,
            alpha,
            front,
            back,
            scale,
            cells,
            shares,
            y0,
            x0,
            rows,
            columns,
            mass,
            share,
            background,
        )
        for y in range(top, bottom):
            slide(mass, y - y0, y == top, rows, columns, mass_sums)
            slide(share, y - y0, y == top, rows, columns, share_sums)
            for x in range(left, right):
                if alpha[y, x] == 255 or (alpha[y, x] == 0 and not extend):
                    continue
                near_mass, near_share = np.float32(0), np.float32(0)
                for i in range(max(x - RADIUS - x0, 0), min(x + RADIUS + 1 - x0, columns)):
                    near_mass += mass_sums[i]
                    near_share += share_sums[i]
                if near_share < np.float32(1e-4):
                    continue
                a = alpha[y, x] * np.float32(1.0 / 255.0)
                value = np.float32(image[y, x])
                out[y, x] = solve(value, a, near_mass, near_share, background[y - y0, x - x0])
                if extend:
                    reached[y, x] = 1


@compile_now
def fill_unreached(alpha: Plane, reached: Plane, value: int, out: Plane) -> None:
    """Set what is neither foreground nor next to it to the value."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            if alpha[y, x] == 0 and reached[y, x] == 0:
                out[y, x] = value


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
