"""Local colour: a bilateral grid of foreground and background mass over place and Lab colour."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.types import FloatImage, FloatMap, Mask

_CELL_PIXELS = 22
"""Side of a grid cell, in pixels."""
_BINS = 16
"""Bins of each Lab channel."""
_LARGEST_LOG_ODDS = 3.0
_HALF_TRUST_MASS = 0.3
"""Mass of known pixels in a cell at which its log odds count by half."""
_SCALE = (0.0, 6.25), (48.0, 6.0), (48.0, 6.0)
"""What is added to each Lab channel, and the width of a bin then; the compiled loops repeat it."""


def local_colour(
    known: FloatImage,
    probability: FloatMap,
    weight: FloatMap,
    picture: FloatImage,
    asked: Mask | None = None,
) -> FloatMap:
    """Return the log odds in [-3, 3] that each pixel is foreground by the colours seen near it.

    Args:
        known: Lab colours of known pixels, at their places in this picture, float32 (h, w, 3).
        probability: that a known pixel is foreground, float32 (h, w).
        weight: trust in each known pixel, float32 (h, w) in [0, 1].
        picture: Lab colours asked about, float32 (h, w, 3).
        asked: pixels whose log odds are wanted, bool (h, w), 0 elsewhere; None for all.
    """
    height, width = weight.shape
    first, bins = _used_bins(known)
    shape = height // _CELL_PIXELS + 3, width // _CELL_PIXELS + 3, *bins, 2
    grid = np.zeros(shape, dtype=np.float32)
    used = np.zeros(shape[:4], dtype=np.uint8)
    _splat(known, probability, weight, _CELL_PIXELS, first, grid, used)
    blur_grid(grid, used)
    out = np.zeros((height, width), dtype=np.float32)
    asked = np.ones((height, width), dtype=bool) if asked is None else asked
    _slice(picture, asked, _CELL_PIXELS, first, grid, out)
    return out


def _used_bins(known: FloatImage) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the first bin and the number of bins of each Lab channel that the colours of `known` need.

    With one bin on each side for the blur, and empty ones beyond for colours that are not known.
    """
    first, count = [], []
    for channel, (offset, size) in enumerate(_SCALE):
        lowest, highest = (
            int(min(max((value + offset) / size, 0.0), _BINS - 1.01) + 0.5)
            for value in cv2.minMaxLoc(known[..., channel])[:2]
        )
        first.append(lowest - 2)
        count.append(highest - lowest + 6)
    return (first[0], first[1], first[2]), (count[0], count[1], count[2])


def blur_grid(grid: npt.NDArray[np.float32], used: npt.NDArray[np.uint8]) -> None:
    """Blur (h, w, L, A, B, 2) by (1, 2, 1) / 4 along its first five axes in place, nothing beyond their ends.

    Most of it is empty: only a few of all colours lie near a place.

    Args:
        used: 1 where a row (B, 2) is not all 0, uint8 (h, w, L, A); changed along with the grid.
    """
    row = grid.shape[4] * grid.shape[5]
    # First along the rows, while few are used.
    _blur_rows(grid.reshape(-1, row), used.reshape(-1), grid.shape[5])
    for axis in range(4):
        outer, inner = (
            np.prod(used.shape[:axis], dtype=int),
            np.prod(used.shape[axis + 1 :], dtype=int),
        )
        shape = int(outer), used.shape[axis], int(inner)
        _blur(grid.reshape(*shape, row), used.reshape(shape))


@compiled
def _blur(grid: npt.NDArray[np.float32], used: npt.NDArray[np.uint8]) -> None:
    """Blur (X, N, Y, row) along its second axis in place; rows that are and stay 0 are passed over."""
    outer, length, inner, count = grid.shape
    last = np.zeros((inner, count), dtype=np.float32)
    last_used = np.empty(inner, dtype=np.uint8)
    half, quarter = np.float32(0.5), np.float32(0.25)
    for block in range(outer):
        last_used[:] = 0
        for index in range(length):
            following = min(index + 1, length - 1)
            for row in range(inner):
                here_used, before = used[block, index, row], last_used[row]
                after = used[block, following, row] if following > index else np.uint8(0)
                last_used[row] = here_used
                if here_used + before + after == 0:
                    continue
                used[block, index, row] = 1
                # Factors instead of branches, so that the loop runs on several values at once.
                from_before, from_after = np.float32(before), np.float32(after)
                for place in range(count):
                    here = grid[block, index, row, place]
                    sides = from_before * last[row, place]
                    sides += from_after * grid[block, following, row, place]
                    grid[block, index, row, place] = half * here + quarter * sides
                    last[row, place] = here


@compiled
def _blur_rows(rows: npt.NDArray[np.float32], used: npt.NDArray[np.uint8], step: int) -> None:
    """Blur (N, row) as `_blur` does along its last axis, where a value's neighbours are `step` places away."""
    outer, length = rows.shape
    padded = np.zeros(length + 2 * step, dtype=np.float32)
    half, quarter = np.float32(0.5), np.float32(0.25)
    for row in range(outer):
        if not used[row]:
            continue
        for place in range(length):
            padded[place + step] = rows[row, place]
        for place in range(length):
            sides = padded[place] + padded[place + 2 * step]
            rows[row, place] = half * padded[place + step] + quarter * sides


@compiled
def _splat(
    known: FloatImage,
    probability: FloatMap,
    weight: FloatMap,
    cell_pixels: int,
    first: tuple[int, int, int],
    grid: npt.NDArray[np.float32],
    used: npt.NDArray[np.uint8],
) -> None:
    height, width = weight.shape
    first_light, first_red, first_yellow = first
    for row in range(height):
        for column in range(width):
            light = min(max(known[row, column, 0] / 6.25, 0.0), 14.99)
            red = min(max((known[row, column, 1] + 48.0) / 6.0, 0.0), 14.99)
            yellow = min(max((known[row, column, 2] + 48.0) / 6.0, 0.0), 14.99)
            y = int(row / cell_pixels + 1.5)
            x = int(column / cell_pixels + 1.5)
            share = probability[row, column]
            trust = weight[row, column]
            l0, a0 = int(light + 0.5) - first_light, int(red + 0.5) - first_red
            used[y, x, l0, a0] = 1
            cell = grid[y, x, l0, a0, int(yellow + 0.5) - first_yellow]
            cell[0] += trust * share
            cell[1] += trust * (1.0 - share)


@compiled
def _slice(
    picture: FloatImage,
    asked: Mask,
    cell_pixels: int,
    first: tuple[int, int, int],
    grid: npt.NDArray[np.float32],
    out: FloatMap,
) -> None:
    height, width = out.shape
    zero, one, top = np.float32(0.0), np.float32(1.0), np.float32(14.99)
    lowest = np.float32(first[0]), np.float32(first[1]), np.float32(first[2])
    highest_light = np.float32(grid.shape[2] - 2)
    highest_red = np.float32(grid.shape[3] - 2)
    highest_yellow = np.float32(grid.shape[4] - 2)
    per_light, per_chroma, offset = np.float32(1 / 6.25), np.float32(1 / 6.0), np.float32(8.0)
    for row in range(height):
        y = row / cell_pixels + 1.0
        y0 = int(y)
        down = np.float32(y - y0)
        for column in range(width):
            if not asked[row, column]:
                continue
            x = column / cell_pixels + 1.0
            x0 = int(x)
            across = np.float32(x - x0)
            light = min(max(picture[row, column, 0] * per_light, zero), top)
            red = min(max(picture[row, column, 1] * per_chroma + offset, zero), top)
            yellow = min(max(picture[row, column, 2] * per_chroma + offset, zero), top)
            # Colours beyond the grid's bins are read from its empty ones at the edge.
            light = min(max(light - lowest[0], zero), highest_light)
            red = min(max(red - lowest[1], zero), highest_red)
            yellow = min(max(yellow - lowest[2], zero), highest_yellow)
            l0, a0, b0 = int(light), int(red), int(yellow)
            light, red, yellow = (
                light - np.float32(l0),
                red - np.float32(a0),
                yellow - np.float32(b0),
            )
            foreground, background = zero, zero
            for corner in range(16):
                w = down if corner & 8 else one - down
                w *= across if corner & 4 else one - across
                w *= light if corner & 2 else one - light
                w *= red if corner & 1 else one - red
                to_y, to_x, to_l, to_a = corner >> 3, corner >> 2 & 1, corner >> 1 & 1, corner & 1
                cell = grid[y0 + to_y, x0 + to_x, l0 + to_l, a0 + to_a]
                near, far = w * (one - yellow), w * yellow
                foreground += near * cell[b0, 0] + far * cell[b0 + 1, 0]
                background += near * cell[b0, 1] + far * cell[b0 + 1, 1]
            least = np.float32(0.01)
            ratio = np.log((foreground + least) / (background + least))
            ratio = min(max(ratio, -_LARGEST_LOG_ODDS), _LARGEST_LOG_ODDS)
            mass = foreground + background
            out[row, column] = ratio * mass / (mass + _HALF_TRUST_MASS)
