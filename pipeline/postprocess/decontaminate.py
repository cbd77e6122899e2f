"""Prepares each frame for the writers: alpha as bytes, and the foreground's own colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.postprocess.foreground import (
    COARSE_FACTOR,
    WIDE_RADIUS_PX,
    ForegroundEstimator,
    despill,
    estimate_colour,
)
from pipeline.postprocess.picture import KB, KR, LUMA_BLACK, NEUTRAL, Plane, Planes
from utils.errors import EngineError
from utils.types import Alpha, Frame


def as_bytes(alpha: Alpha | npt.NDArray[np.uint8], shape: tuple[int, int]) -> Plane:
    """Return alpha as uint8 (H, W), rounded to the nearest level.

    Raises:
        EngineError: it is of another size or has a value that is not finite.
    """
    if alpha.shape != shape:
        raise EngineError("video.alpha_size", got=str(alpha.shape)[:40], wanted=str(shape))
    if alpha.dtype == np.uint8:
        return np.ascontiguousarray(alpha, np.uint8)
    if not np.isfinite(alpha).all():
        raise EngineError("video.alpha_size", got="NaN", wanted="0..1")
    rounded: Plane = np.clip(np.rint(alpha * np.float32(255.0)), 0, 255).astype(np.uint8)
    return rounded


def halved(alpha: Plane) -> Plane:
    """Return alpha as 4:2:0 chroma sees it: the mean of each 2x2 block."""
    from pipeline.postprocess.composite_kernel import halve

    height, width = alpha.shape
    half = np.empty(((height + 1) // 2, (width + 1) // 2), np.uint8)
    halve(alpha, half)
    return half


def foreground_planes(
    planes: Planes, alpha: Plane, half_alpha: Plane, *, fill_transparent: bool, strength: float
) -> Planes:
    """Return the planes with the foreground's own colour where alpha is between 0 and 255.

    With `fill_transparent`, pixels of alpha 0 continue the foreground near it and are black elsewhere. `strength`
    in [0, 1] takes a screen's colour out of the edge.
    """
    half_size = ForegroundEstimator(half_alpha, WIDE_RADIUS_PX // 2, COARSE_FACTOR // 2)
    luma = ForegroundEstimator(alpha).plane(planes.y, LUMA_BLACK if fill_transparent else None)
    cb = half_size.plane(planes.u, NEUTRAL if fill_transparent else None)
    cr = half_size.plane(planes.v, NEUTRAL if fill_transparent else None)
    if strength:
        from pipeline.postprocess.foreground_kernel import despill_yuv

        despill_yuv(luma, cb, cr, half_alpha, strength, KR, KB)
    return Planes(luma, cb, cr)


def foreground_rgb(colour: Frame, alpha: Plane, strength: float) -> Frame:
    """As `foreground_planes` with `fill_transparent`, for RGB (H, W, 3)."""
    return despill(estimate_colour(colour, alpha, fill_transparent=True), alpha, strength)
