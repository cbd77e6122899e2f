"""Compiled inner loops of compositing; import it inside functions only, since numba is slow to load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from utils.compiled import compile_now

Plane = npt.NDArray[np.uint8]


@compile_now
def repeat_edges(width: int, height: int, out: Plane) -> None:
    """Fill what is beyond this size with the picture's last column and row."""
    for y in range(height):
        for x in range(width, out.shape[1]):
            out[y, x] = out[y, width - 1]
    for y in range(height, out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = out[height - 1, x]


@compile_now
def blend(front: Plane, back: Plane, alpha: Plane, out: Plane) -> None:
    """Write round((front * alpha + back * (255 - alpha)) / 255) for the front's size.

    Exactly `front` where alpha is 255 and `back` where it is 0. `out` may be larger: its last
    columns and rows repeat the picture's edge.
    """
    height, width = front.shape
    for y in range(height):
        for x in range(width):
            weight = np.int32(alpha[y, x])
            value = np.int32(front[y, x]) * weight + np.int32(back[y, x]) * (255 - weight) + 128
            out[y, x] = np.uint8((value + (value >> 8)) >> 8)
    repeat_edges(width, height, out)


@compile_now
def halve(alpha: Plane, out: Plane) -> None:
    """Write the mean of each 2x2 block, as 4:2:0 chroma sees alpha; edges of odd sizes count alone."""
    height, width = alpha.shape
    for y in range(height // 2):
        for x in range(width // 2):
            total = np.int32(alpha[2 * y, 2 * x]) + np.int32(alpha[2 * y, 2 * x + 1])
            total += np.int32(alpha[2 * y + 1, 2 * x]) + np.int32(alpha[2 * y + 1, 2 * x + 1])
            out[y, x] = np.uint8((total + 2) >> 2)
        if width % 2:
            total = np.int32(alpha[2 * y, width - 1]) + np.int32(alpha[2 * y + 1, width - 1])
            out[y, width // 2] = np.uint8((total + 1) >> 1)
    if height % 2:
        for x in range(width // 2):
            total = np.int32(alpha[height - 1, 2 * x]) + np.int32(alpha[height - 1, 2 * x + 1])
            out[height // 2, x] = np.uint8((total + 1) >> 1)
        if width % 2:
            out[height // 2, width // 2] = alpha[height - 1, width - 1]


@compile_now
def luma_of_alpha(alpha: Plane, transparent: int, opaque: int, out: Plane) -> None:
    """Write alpha as luma, 0..255 as 16..235 rounded; but 0 becomes `transparent` and 255 `opaque`.

    `out` may be larger, as in `blend`.
    """
    height, width = alpha.shape
    lowest, highest = np.uint8(transparent), np.uint8(opaque)
    for y in range(height):
        for x in range(width):
            level = alpha[y, x]
            luma = np.uint8(np.float32(level) * np.float32(219 / 255) + np.float32(16.5))
            luma = lowest if level == 0 else luma
            out[y, x] = highest if level == 255 else luma
    repeat_edges(width, height, out)
