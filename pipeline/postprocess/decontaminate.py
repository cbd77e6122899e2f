"""Prepares each frame for the writers: alpha as levels, and the foreground's own colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from pipeline.postprocess.foreground import (
    COARSE_FACTOR,
    WIDE_RADIUS_PX,
    ForegroundColourEstimator,
    despill,
    estimate_colour,
    has_own_colour,
)
from pipeline.postprocess.picture import (
    KB,
    KR,
    LUMA_BLACK,
    NEUTRAL,
    DeepFrame,
    Picture,
    Plane,
    Planes,
)
from utils.alpha_levels import AlphaBytes, AlphaLevels, to_levels
from utils.errors import EngineError
from utils.types import Alpha, Frame


def checked_levels(alpha: Alpha | AlphaBytes | AlphaLevels, shape: tuple[int, int]) -> AlphaLevels:
    """Return alpha as levels, uint16 (H, W).

    Raises:
        EngineError: it is of another size or has a value that is not finite.
    """
    if alpha.shape != shape:
        raise EngineError("video.alpha_size", got=str(alpha.shape)[:40], wanted=str(shape))
    if alpha.dtype.kind == "f" and not np.isfinite(alpha).all():
        raise EngineError("video.alpha_size", got="NaN", wanted="0..1")
    return to_levels(alpha)


def halved(alpha: Plane) -> Plane:
    """Return alpha as 4:2:0 chroma sees it: the mean of each 2x2 block."""
    from pipeline.postprocess.composite_kernel import halve

    height, width = alpha.shape
    half = np.empty(((height + 1) // 2, (width + 1) // 2), np.uint8)
    halve(alpha, half)
    return half


def foreground_planes(
    planes: Planes,
    alpha: Plane,
    half_alpha: Plane,
    *,
    fill_transparent: bool,
    strength: float,
    source_alpha: Plane | None = None,
) -> Planes:
    """Return the planes with the foreground's own colour where alpha is between 0 and 255.

    With `fill_transparent`, pixels of alpha 0 continue the foreground near it and are black elsewhere. `strength`
    in [0, 1] takes a screen's colour out of the edge. `source_alpha` is as in `estimate_colour`.
    """
    half_size = ForegroundColourEstimator(half_alpha, WIDE_RADIUS_PX // 2, COARSE_FACTOR // 2)
    luma = ForegroundColourEstimator(alpha).plane(
        planes.y, LUMA_BLACK if fill_transparent else None
    )
    cb = half_size.plane(planes.u, NEUTRAL if fill_transparent else None)
    cr = half_size.plane(planes.v, NEUTRAL if fill_transparent else None)
    if source_alpha is not None:
        own = has_own_colour(alpha, source_alpha)
        half_own = has_own_colour(half_alpha, halved(source_alpha))
        for plane, source, where in (
            (luma, planes.y, own),
            (cb, planes.u, half_own),
            (cr, planes.v, half_own),
        ):
            np.copyto(plane, source, where=where)
    if strength:
        from pipeline.postprocess.edge_colour_kernel import despill_yuv

        despill_yuv(luma, cb, cr, half_alpha, strength, KR, KB)
    return Planes(luma, cb, cr)


def foreground_rgb(
    colour: Frame, alpha: Plane, strength: float, source_alpha: Plane | None = None
) -> Frame:
    """As `foreground_planes` with `fill_transparent`, for RGB (H, W, 3)."""
    clean = estimate_colour(colour, alpha, fill_transparent=True, source_alpha=source_alpha)
    return despill(clean, alpha, strength)


def deepened(source: DeepFrame, shallow: Frame, foreground: Frame) -> DeepFrame:
    """Return the foreground at the source's own depth, uint16 RGB (H, W, 3).

    The estimate moves the source's levels as it moved their 8-bit roundings, so that pixels it left alone
    keep every level.

    Args:
        source: uint16 RGB (H, W, 3), full range.
        shallow: `source` rounded to uint8.
        foreground: what the estimate made of `shallow`.
    """
    from pipeline.postprocess.edge_colour_kernel import move_levels

    out = np.empty_like(source)
    move_levels(source, shallow, foreground, out)
    return out


def with_foreground(
    picture: Picture, samples: Mapping[str, Plane], despill_strength: float, fill_transparent: bool
) -> Picture:
    """Return the picture with the foreground's own colour in every layout that was decoded.

    Args:
        samples: raw frames by layout, see `pipeline.video_io.colour.PixelLayout`; "alpha" where the clip has
            transparency of its own.
        fill_transparent: planes continue the foreground where alpha is 0; RGB always does.
    """
    alpha = picture.alpha
    height, width = alpha.shape
    planes, rgb, deep = None, None, None
    source_alpha = samples["alpha"].reshape(alpha.shape) if "alpha" in samples else None
    if "yuv420p" in samples:
        source = Planes.of_samples(samples["yuv420p"], (width, height))
        planes = foreground_planes(
            source,
            alpha,
            picture.half_alpha,
            fill_transparent=fill_transparent,
            strength=despill_strength,
            source_alpha=source_alpha,
        )
    if "rgb24_exact" in samples:
        shallow = samples["rgb24_exact"].reshape(height, width, 3)
        rgb = foreground_rgb(shallow, alpha, despill_strength, source_alpha)
    if "rgb48_exact" in samples:
        raw = samples["rgb48_exact"].view("<u2").reshape(3, height, width)
        full = np.ascontiguousarray(np.moveaxis(raw[[2, 0, 1]], 0, -1))
        shallow = rounded_to_bytes(full)
        rgb = foreground_rgb(shallow, alpha, despill_strength, source_alpha)
        deep = deepened(full, shallow, rgb)
    return replace(picture, planes=planes, rgb=rgb, deep_rgb=deep)


def rounded_to_bytes(deep: DeepFrame) -> Frame:
    """Return RGB at 16 bits, uint16 (H, W, 3), rounded to uint8."""
    import cv2

    return np.asarray(cv2.convertScaleAbs(deep, alpha=1 / 257), np.uint8)
