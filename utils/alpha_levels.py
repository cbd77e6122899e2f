"""Alpha as whole levels of 12 bits, the precision that a job keeps, and its way to bytes and floats.

Twelve bits hold every 8-bit matte exactly and more than ProRes' ten; in a lossless file they cost two
thirds of sixteen.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from utils.types import Alpha

AlphaLevels: TypeAlias = npt.NDArray[np.uint16]
"""Alpha, uint16 (H, W), 0 … `OPAQUE`."""
AlphaBytes: TypeAlias = npt.NDArray[np.uint8]
"""Alpha, uint8 (H, W), 255 = foreground."""

OPAQUE = 4095
BITS = 12
_BYTE_LEVELS = np.rint(np.arange(256) * (OPAQUE / 255)).astype(np.uint16)


def to_levels(alpha: Alpha | AlphaBytes | AlphaLevels) -> AlphaLevels:
    """Return alpha as levels: float32 in [0, 1] rounded and clipped, bytes exactly, levels as they are."""
    if alpha.dtype == np.uint16:
        return np.asarray(alpha, np.uint16)
    if alpha.dtype == np.uint8:
        import cv2

        # A tenth of the time that indexing takes.
        return np.asarray(cv2.LUT(alpha, _BYTE_LEVELS), np.uint16).reshape(alpha.shape)
    levels: AlphaLevels = np.clip(np.rint(alpha * np.float32(OPAQUE)), 0, OPAQUE).astype(np.uint16)
    return levels


def to_bytes(levels: AlphaLevels) -> AlphaBytes:
    """Return levels rounded to the nearest of 255; bytes that became levels come back as they were."""
    import cv2

    return np.asarray(cv2.convertScaleAbs(levels, alpha=255 / OPAQUE), np.uint8)


def float_to_bytes(alpha: Alpha) -> AlphaBytes:
    """Return alpha, float32 in [0, 1], rounded to the nearest of 255 and clipped."""
    rounded: AlphaBytes = np.clip(np.rint(alpha * np.float32(255.0)), 0, 255).astype(np.uint8)
    return rounded


def to_float(levels: AlphaLevels) -> Alpha:
    """Return levels as float32 in [0, 1]."""
    return levels.astype(np.float32) * np.float32(1 / OPAQUE)


def to_depth(levels: AlphaLevels, bits: int) -> npt.NDArray[np.uint16]:
    """Return levels rounded to so many bits, uint16, 0 … 2^bits - 1."""
    table = np.rint(np.arange(OPAQUE + 1) * (((1 << bits) - 1) / OPAQUE)).astype(np.uint16)
    deep: npt.NDArray[np.uint16] = table[levels]
    return deep
