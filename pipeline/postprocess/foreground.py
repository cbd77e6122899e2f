"""The foreground's own colour where a matte is between 0 and 1, so that no old background shines through.

Blur fusion: M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021, with weights that
favour pixels near 0 and 1. The wide pass runs at an eighth of the size; the fine pass only in tiles that have
such pixels. The estimate is linear in
each channel, so it holds for YUV planes as for RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.alpha_levels import float_to_bytes
from utils.types import Alpha, FloatMap, Frame

WIDE_RADIUS_PX = 90
COARSE_FACTOR = 8
CONFIDENCE_POWER = 4
"""Power of alpha that a pixel counts with in the wide pass: mixed pixels know little of either side."""
_TINY = np.float32(1e-3)

Plane = npt.NDArray[np.uint8]


def estimate_foreground(frame: Frame, alpha: Alpha) -> Frame:
    """Return the straight foreground colour, uint8 RGB (H, W, 3).

    Where alpha, float32 (H, W), is 0 or 1 (to half a level of 255) the frame comes back as it is.
    """
    return estimate_colour(frame, float_to_bytes(alpha))


def estimate_colour(frame: Frame, alpha: Plane, *, fill_transparent: bool = False) -> Frame:
    """As `estimate_foreground`, for alpha as uint8 (H, W).

    With `fill_transparent`, pixels of alpha 0 continue the foreground's colour near it and are black elsewhere.
    """
    estimator = ForegroundEstimator(alpha)
    transparent = 0 if fill_transparent else None
    planes = [
        estimator.plane(np.ascontiguousarray(frame[..., channel]), transparent)
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
    from pipeline.postprocess.foreground_kernel import despill_rgb

    if not strength:
        return frame
    out = frame.copy()
    despill_rgb(frame, alpha, strength, out)
    return out


class ForegroundEstimator:
    """Estimates channel after channel for one alpha, uint8 (H, W) with 255 = foreground.

    Args:
        wide_radius_px, factor: radius of the wide pass, and how much smaller it works.
    """

    def __init__(
        self, alpha: Plane, wide_radius_px: int = WIDE_RADIUS_PX, factor: int = COARSE_FACTOR
    ) -> None:
        from pipeline.postprocess.foreground_kernel import TILE, coarse_mass, soft_columns

        self._alpha = alpha
        self._factor = factor
        height, width = alpha.shape
        self._small_wh = (-(-width // factor), -(-height // factor))
        radius = max(wide_radius_px // factor, 1)
        self._box = (2 * radius + 1, 2 * radius + 1)
        columns = np.zeros((-(-height // TILE), width), np.uint8)
        soft_columns(alpha, columns)
        self._tiles = np.argwhere(np.maximum.reduceat(columns, np.arange(0, width, TILE), axis=1))
        self._alpha_weights = ((np.arange(256) / 255.0) ** CONFIDENCE_POWER).astype(np.float32)
        self._small_alpha = self._shrink(alpha)
        at = np.clip((np.arange(width) + 0.5) / factor - 0.5, 0, self._small_wh[0] - 1)
        self._cells = at.astype(np.int64)
        self._shares = (at - self._cells).astype(np.float32)
        ones = np.ones(1, np.uint8)
        flat = np.broadcast_to(ones, alpha.shape)
        weights = self._empty_pair()
        coarse_mass(
            *(flat, alpha, np.broadcast_to(ones, self._small_alpha.shape), self._small_alpha),
            *(self._alpha_weights, factor, *weights),
        )
        self._weights = tuple(cv2.blur(weight, self._box) + _TINY for weight in weights)

    def plane(self, image: Plane, transparent: int | None = None) -> Plane:
        """Return one channel, uint8 (H, W), with the foreground's own value where alpha is soft.

        Args:
            image: uint8 (H, W), contiguous; not changed.
            transparent: what pixels of alpha 0 become away from the foreground, near which they continue
                its colour; None leaves pixels of alpha 0 as they are.
        """
        from pipeline.postprocess.foreground_kernel import fill_unreached, refine

        out = image.copy()
        reached = np.zeros(self._alpha.shape if transparent is not None else (0, 0), np.uint8)
        if len(self._tiles):
            front, back = self._wide_means(image)
            refine(
                *(image, self._alpha, self._tiles, front, back, 1.0 / self._factor),
                *(self._cells, self._shares, transparent is not None, out, reached),
            )
        if transparent is not None:
            fill_unreached(self._alpha, reached, transparent, out)
        return out

    def _wide_means(self, image: Plane) -> tuple[FloatMap, FloatMap]:
        """Mean foreground and background of a wide box, float32, smaller by the factor."""
        from pipeline.postprocess.foreground_kernel import coarse_mass

        front, back = self._empty_pair()
        coarse_mass(
            *(image, self._alpha, self._shrink(image), self._small_alpha),
            *(self._alpha_weights, self._factor, front, back),
        )
        return self._mean(front, self._weights[0]), self._mean(back, self._weights[1])

    def _mean(self, mass: FloatMap, weight: npt.ArrayLike) -> FloatMap:
        ratio = np.asarray(cv2.blur(mass, self._box), np.float32) / np.asarray(weight, np.float32)
        bounded: FloatMap = np.clip(ratio, 0, 255)
        return bounded

    def _empty_pair(self) -> tuple[FloatMap, FloatMap]:
        shape = self._small_wh[::-1]
        return np.empty(shape, np.float32), np.empty(shape, np.float32)

    def _shrink(self, plane: Plane) -> Plane:
        """Return the mean of each cell, uint8; cells over the edge repeat it."""
        height, width = plane.shape
        bottom = self._small_wh[1] * self._factor - height
        right = self._small_wh[0] * self._factor - width
        if bottom or right:
            padded = cv2.copyMakeBorder(plane, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
            plane = np.asarray(padded, np.uint8)
        return np.asarray(cv2.resize(plane, self._small_wh, interpolation=cv2.INTER_AREA), np.uint8)
