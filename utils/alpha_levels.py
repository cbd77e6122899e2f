"""Alpha as whole levels of 12 bits, the precision that a job keeps, and its way to bytes and floats.

Twelve bits hold every 8-bit matte exactly and more than ProRes' ten; in a lossless file they cost two
thirds of sixteen.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.types import Alpha

AlphaLevels: TypeAlias = npt.NDArray[np.uint16]
"""Alpha, uint16 (H, W), 0 … `OPAQUE`."""
AlphaBytes: TypeAlias = npt.NDArray[np.uint8]
"""Alpha, uint8 (H, W), 255 = foreground."""

OPAQUE = 4095


def to_levels(alpha: Alpha | AlphaBytes | AlphaLevels) -> AlphaLevels:
    """Return alpha (H, W) as levels, uint16: float32 in [0, 1] rounded and clipped, bytes exactly, levels as they are."""
    if alpha.dtype == np.uint16:
        return np.asarray(alpha, np.uint16)
    levels = np.empty(alpha.shape, np.uint16)
    if alpha.dtype == np.uint8:
        _widen_bytes(np.asarray(alpha, np.uint8).reshape(-1), levels.reshape(-1))
    else:
        _round_floats(np.asarray(alpha, np.float32).reshape(-1), levels.reshape(-1))
    return levels


@compiled
def _widen_bytes(alpha: AlphaBytes, levels: AlphaLevels) -> None:
    for i in range(alpha.shape[0]):
        levels[i] = (np.int32(alpha[i]) * (2 * OPAQUE) + 255) // (2 * 255)


@compiled
def _round_floats(alpha: Alpha, levels: AlphaLevels) -> None:
    most = np.float32(OPAQUE)
    for i in range(alpha.shape[0]):
        levels[i] = np.int32(np.rint(min(max(alpha[i] * most, np.float32(0)), most)))


def to_bytes(levels: AlphaLevels) -> AlphaBytes:
    """Return levels (H, W) rounded to uint8, 0 … 255; bytes that became levels come back as they were."""
    import cv2

    return np.asarray(cv2.convertScaleAbs(levels, alpha=255 / OPAQUE), np.uint8)


def float_to_bytes(alpha: Alpha) -> AlphaBytes:
    """Return alpha, float32 (H, W) in [0, 1], rounded to uint8, 0 … 255, and clipped."""
    rounded: AlphaBytes = np.clip(np.rint(alpha * np.float32(255.0)), 0, 255).astype(np.uint8)
    return rounded


def to_float(levels: AlphaLevels) -> Alpha:
    """Return levels (H, W) as float32 in [0, 1]."""
    return levels.astype(np.float32) * np.float32(1 / OPAQUE)


def to_depth(levels: AlphaLevels, bits: int) -> npt.NDArray[np.uint16]:
    """Return levels (H, W) rounded to so many bits, uint16, 0 … 2^bits - 1."""
    table = np.rint(np.arange(OPAQUE + 1) * (((1 << bits) - 1) / OPAQUE)).astype(np.uint16)
    deep: npt.NDArray[np.uint16] = table[levels]
    return deep
