"""The foreground's own colour where a matte is between 0 and 1, so that no old background shines through.

Blur fusion: M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021, with weights that
favour sure pixels. The wide pass runs at an eighth of the size; the fine pass only in tiles that have
such pixels. The estimate is linear in
each channel, so it holds for YUV planes as for RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Alpha, Frame

WIDE_RADIUS_PX = 90
COARSE_FACTOR = 8
SURENESS = 4
"""Power of alpha that a pixel counts with in the wide pass: mixed pixels know little of either side."""
_TINY = np.float32(1e-3)

Plane = npt.NDArray[np.uint8]
FloatMap = npt.NDArray[np.float32]


def estimate_foreground(frame: Frame, alpha: Alpha) -> Frame:
    """Return the straight foreground colour, uint8 RGB (H, W, 3).

    Where alpha, float32 (H, W), is 0 or 1 (to half a level of 255) the frame comes back as it is.
    """
    levels: Plane = np.clip(np.rint(alpha * np.float32(255.0)), 0, 255).astype(np.uint8)
    return estimate_colour(frame, levels)


def estimate_colour(frame: Frame, alpha: Plane, *, hide: bool = False) -> Frame:
    """As `estimate_foreground`, for alpha as uint8 (H, W).

    With `hide`, pixels of alpha 0 continue the foreground's colour near it and are black elsewhere.
    """
    planes = [
        estimate_plane(np.ascontiguousarray(frame[..., channel]), alpha, hidden=0 if hide else None)
        for channel in range(3)
    ]
    return np.dstack(planes)


def despill(frame: Frame, alpha: Plane, strength: float) -> Frame:
    """Return the frame with a screen's green or blue taken out of its soft edge.

    Args:
        frame: uint8 RGB (H, W, 3), straight.
        alpha: uint8 (H, W); only pixels that are neither 0 nor 255 change.
        strength: in [0, 1]; at 1 neither green nor blue stands out over both other colours.
    """
    from pipeline.foreground_kernel import despill_rgb

    if not strength:
        return frame
    out = frame.copy()
    despill_rgb(frame, alpha, strength, out)
    return out


def estimate_plane(
    image: Plane,
    alpha: Plane,
    *,
    hidden: int | None = None,
    wide_radius_px: int = WIDE_RADIUS_PX,
    factor: int = COARSE_FACTOR,
) -> Plane:
    """Return one channel, uint8 (H, W), with the foreground's own value where alpha is soft.

    Args:
        image, alpha: uint8 (H, W); alpha 255 = foreground. Neither is changed.
        hidden: what pixels of alpha 0 become away from the foreground; None leaves those of alpha 0
            as they are, except close to soft ones.
        wide_radius_px, factor: radius of the wide pass, and how much smaller it works.
    """
    from pipeline.foreground_kernel import hide_unreached, refine

    front, back = _wide_means(image, alpha, wide_radius_px, factor)
    out = image.copy()
    reached = np.zeros_like(alpha)
    refine(image, alpha, front, back, 1.0 / factor, out, reached)
    if hidden is not None:
        hide_unreached(alpha, reached, hidden, out)
    return out


def _wide_means(
    image: Plane, alpha: Plane, radius_px: int, factor: int
) -> tuple[FloatMap, FloatMap]:
    """Mean foreground and background of a wide box, float32, smaller by the factor."""
    height, width = image.shape
    small_wh = (-(-width // factor), -(-height // factor))
    whole_wh = (small_wh[0] * factor, small_wh[1] * factor)

    def small(plane: npt.ArrayLike) -> FloatMap:
        array = np.asarray(plane, np.uint8)
        if whole_wh != (width, height):
            bottom, right = whole_wh[1] - height, whole_wh[0] - width
            array = np.asarray(
                cv2.copyMakeBorder(array, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8
            )
        shrunk: FloatMap = cv2.resize(array, small_wh, interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        return shrunk

    radius = max(radius_px // factor, 1)
    box = (2 * radius + 1, 2 * radius + 1)

    def mean(weight: Plane) -> FloatMap:
        mass = small(cv2.multiply(image, weight, scale=1.0 / 255.0))
        share = small(weight) * np.float32(1 / 255)
        ratio = cv2.blur(mass, box) / (cv2.blur(share, box) + _TINY)
        bounded: FloatMap = np.clip(np.asarray(ratio, np.float32), 0, 255)
        return bounded

    levels = np.arange(256) / 255.0
    sure = np.rint(255 * levels**SURENESS).astype(np.uint8)
    return (
        mean(np.asarray(cv2.LUT(alpha, sure), np.uint8)),
        mean(np.asarray(cv2.LUT(alpha, sure[::-1].copy()), np.uint8)),
    )
