"""Raw frames on their way out of FFmpeg, in strips: its queue before an encoder holds eight pictures of any size.

Eight whole frames would be 50 MB at 1080p; strips of one frame share its memory. This module runs nothing.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from pipeline.video_io.colour import PixelLayout

Samples = npt.NDArray[np.uint8]
"""One decoded frame in the order of its layout, uint8, one dimension."""
MOST = 12
"""Strips of a frame at most: a divisor of the usual heights."""
_SMALL_BYTES = 1 << 20
"""A frame up to which it goes out whole: eight of them are little memory."""


def frame_bytes(size_wh: tuple[int, int], layout: PixelLayout) -> int:
    """Return the bytes of one frame in the layout."""
    return sum(rows * row_bytes for rows, row_bytes in _planes(size_wh, layout))


def strip_count(size_wh: tuple[int, int], layout: PixelLayout) -> int:
    """Return how many strips a frame goes out in, 1 = whole: all alike, and of whole pixels of chroma."""
    if frame_bytes(size_wh, layout) <= _SMALL_BYTES:
        return 1
    width, height = size_wh
    step = 2 if layout == "yuv420p" else 1
    if width % step:
        return 1
    return max(count for count in range(1, MOST + 1) if count == 1 or not height % (count * step))


def strip_filter(strips: int) -> str:
    """Return the filter that cuts each picture into so many strips, to go behind another one."""
    return f",untile=1x{strips}" if strips > 1 else ""


def in_order(
    samples: Samples, size_wh: tuple[int, int], layout: PixelLayout, strips: int
) -> list[memoryview]:
    """Return the parts of a frame in the order that its strips' bytes come in, each plane's after the other."""
    planes = []
    start = 0
    for rows, row_bytes in _planes(size_wh, layout):
        planes.append(np.split(samples[start : start + rows * row_bytes], strips))
        start += rows * row_bytes
    return [part.data for part in itertools.chain.from_iterable(zip(*planes, strict=True))]


def _planes(size_wh: tuple[int, int], layout: PixelLayout) -> list[tuple[int, int]]:
    """Return each plane's rows, and the bytes of one."""
    width, height = size_wh
    if layout == "yuv420p":
        half = ((height + 1) // 2, (width + 1) // 2)
        return [(height, width), half, half]
    if layout == "rgb48_exact":
        return [(height, 2 * width)] * 3
    return [(height, width if layout == "alpha" else 3 * width)]
