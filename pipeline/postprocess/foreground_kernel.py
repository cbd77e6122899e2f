"""Compiled inner loop of the foreground estimate; import it inside functions only."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from utils.compiled import compile_now

TILE = 32
RADIUS = 6
"""Pixels of the fine pass's box on each side."""
_REACH = TILE + 2 * RADIUS

Plane = npt.NDArray[np.uint8]
Coarse = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]

compile_without_checks = partial(compile_now, error_model="numpy")
"""For loops whose divisions can't fail: a check for each would keep them from being vectorised."""


@compile_now
def shrink(plane: Plane, factor: int, first: int, left: int, out: Plane) -> None:
    """Write the mean of each cell of `factor` x `factor` pixels, rounded half to even.

    `out` begins with the cell in row `first` and column `left`. Cells over the plane's edge repeat it.
    """
    height, width = plane.shape
    x0 = left * factor
    sums = np.empty(out.shape[1] * factor, np.uint16)
    inside = min(sums.shape[0], width - x0)
    share = np.float32(1.0 / (factor * factor))
    for row in range(out.shape[0]):
        sums[:] = 0
        y0 = (first + row) * factor
        for y in range(y0, y0 + factor):
            line = plane[min(y, height - 1), x0 : x0 + inside]
            for x in range(inside):
                sums[x] += line[x]
        for x in range(inside, sums.shape[0]):
            sums[x] = sums[inside - 1]
        for column in range(out.shape[1]):
            total = np.int32(0)
            for x in range(column * factor, (column + 1) * factor):
                total += sums[x]
            out[row, column] = np.uint8(np.rint(total * share))


@compile_now
def coarse_mass(
    image: Plane,
    alpha: Plane,
    small_image: Plane,
    small_alpha: Plane,
    alpha_weights: Coarse,
    factor: int,
    first: int,
    left: int,
    front: Coarse,
    back: Coarse,
) -> None:
    """Write each cell's mean of image times weight, for the foreground's and the background's weights.

    Args:
        small_image, small_alpha: cell means, uint8; where the mean alpha is 0 or 255 the cell counts as
            all background or all foreground, and its pixels need not be visited.
        alpha_weights: weight by alpha, float32 (256,); the background's weight is that of 255 - alpha.
        first, left: row and column of the first cell.
    """
    for row in range(small_alpha.shape[0]):
        for column in range(small_alpha.shape[1]):
            level = small_alpha[row, column]
            if level in (0, 255):
                front[row, column] = small_image[row, column] if level else 0
                back[row, column] = 0 if level else small_image[row, column]
                continue
            front_mass, back_mass, count = np.float32(0), np.float32(0), 0
            y0, x0 = (first + row) * factor, (left + column) * factor
            for y in range(y0, min(y0 + factor, alpha.shape[0])):
                for x in range(x0, min(x0 + factor, alpha.shape[1])):
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


@compile_without_checks
def gain(alpha: np.float32) -> np.float32:
    """Return the foreground's share of what its and the background's mean colours leave unexplained, 1 where alpha is 1.

    Least squares, if both means are off by as much, and alpha by the root of alpha * (1 - alpha) times that.
    """
    clear = np.float32(1) - alpha
    return alpha / (alpha * alpha + clear * clear + alpha * clear)


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
    unit, one = np.float32(1.0 / 255.0), np.float32(1)
    for row in range(height):
        at = min(max((y0 + row + 0.5) * scale - 0.5, 0.0), limit)
        cell = int(at) - first_row
        far = np.float32(at - int(at))
        upper, lower = fronts[cell], fronts[cell + 1]
        upper_back, lower_back = backs[cell], backs[cell + 1]
        alphas, values = alpha[y0 + row, x0 : x0 + width], image[y0 + row, x0 : x0 + width]
        masses, weights, backgrounds = mass[row], share[row], background[row]
        for i in range(width):
            wide = upper[i] + far * (lower[i] - upper[i])
            under = upper_back[i] + far * (lower_back[i] - upper_back[i])
            a = np.float32(alphas[i]) * unit
            value = np.float32(values[i])
            first = wide + gain(a) * (value - a * wide - (one - a) * under)
            backgrounds[i] = under
            masses[i] = min(max(first, np.float32(0)), np.float32(255)) * a * a
            weights[i] = a * a


@compile_now
def slide(values: Coarse, row: int, fresh: bool, rows: int, width: int, sums: Coarse) -> None:
    """Move column sums on to the box around `row`; the box is cut off at the tile's own edges."""
    if fresh:
        sums[:width] = 0
        for inner in range(max(row - RADIUS, 0), min(row + RADIUS + 1, rows)):
            line = values[inner]
            for i in range(width):
                sums[i] += line[i]
        return
    if row + RADIUS < rows:
        line = values[row + RADIUS]
        for i in range(width):
            sums[i] += line[i]
    if row - RADIUS - 1 >= 0:
        line = values[row - RADIUS - 1]
        for i in range(width):
            sums[i] -= line[i]


@compile_now
def box_sums(sums: Coarse, out: Coarse) -> None:
    """Write the sum of the columns within `RADIUS` of each one; `sums` begins `RADIUS` columns earlier."""
    for x in range(TILE):
        total = np.float32(0)
        for i in range(2 * RADIUS + 1):
            total += sums[x + i]
        out[x] = total


@compile_without_checks
def solve_row(
    values: Plane,
    alphas: Plane,
    mass: Coarse,
    share: Coarse,
    background: Coarse,
    extend: bool,
    out: Plane,
    reached: Plane,
) -> None:
    """Write the corrected colours of a row of a tile from the near sums of the foreground's."""
    unit, one, least = np.float32(1.0 / 255.0), np.float32(1), np.float32(1e-4)
    for x in range(values.shape[0]):
        a = np.float32(alphas[x]) * unit
        near = mass[x] / max(share[x], least)
        moved = near + gain(a) * (np.float32(values[x]) - a * near - (one - a) * background[x])
        level = np.uint8(min(max(moved, np.float32(0)), np.float32(255)) + np.float32(0.5))
        is_wanted = (alphas[x] != 255) & ((alphas[x] != 0) | extend) & (share[x] >= least)
        out[x] = level if is_wanted else out[x]
        if extend:
            reached[x] |= is_wanted


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
    mass_sums, share_sums = np.empty(_REACH, np.float32), np.empty(_REACH, np.float32)
    near_mass, near_share = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
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
        # Columns beyond the picture count nothing.
        mass_sums[:] = 0
        share_sums[:] = 0
        inside = RADIUS - (left - x0)
        mass_inside, share_inside = mass_sums[inside:], share_sums[inside:]
        for y in range(top, bottom):
            slide(mass, y - y0, y == top, rows, columns, mass_inside)
            slide(share, y - y0, y == top, rows, columns, share_inside)
            box_sums(mass_sums, near_mass)
            box_sums(share_sums, near_share)
            solve_row(
                image[y, left:right],
                alpha[y, left:right],
                near_mass,
                near_share,
                background[y - y0, left - x0 :],
                extend,
                out[y, left:right],
                reached[y, left:right] if extend else reached[0],
            )


@compile_now
def fill_unreached(alpha: Plane, reached: Plane, value: int, out: Plane) -> None:
    """Set what is neither foreground nor next to it to the value."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            if alpha[y, x] == 0 and reached[y, x] == 0:
                out[y, x] = value
