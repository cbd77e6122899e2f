"""The foreground's own colour where a matte is between 0 and 1, so that no old background shines through.

Blur fusion: M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021, with weights that
favour pixels near 0 and 1. The wide pass runs at an eighth of the size, with boxes of three sizes of which the smallest
that knows a side says most; the fine pass only in tiles that have such pixels. The estimate is linear in
each channel, so it holds for YUV planes as for RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.alpha_levels import float_to_bytes
from utils.types import Alpha, FloatMap, Frame, Mask

WIDE_RADIUS_PX = 90
COARSE_FACTOR = 8
CONFIDENCE_POWER = 16
"""Power of alpha that a pixel counts with in the wide pass: mixed pixels know little of either side."""
_MIXED_POWER, _MIXED_WEIGHT = 4, 0.01
"""The same where there are mixed pixels alone, and what these count for beside others."""
FOREGROUND_SHARES, BACKGROUND_SHARES = (0.18, 0.45, 1.0), (0.09, 0.36, 1.0)
"""Radii of the wide pass's boxes as shares of the largest: a background of lamps and walls changes within a strand's length."""
_WIDER_WEIGHT = 0.05
"""What a box counts for beside the next smaller one: it decides where that one has hardly any of the side."""
_TINY = np.float32(1e-6)

Plane = npt.NDArray[np.uint8]


def estimate_foreground(frame: Frame, alpha: Alpha) -> Frame:
    """Return the straight foreground colour, uint8 RGB (H, W, 3).

    Where alpha, float32 (H, W), is 0 or 1 (to half a level of 255) the frame comes back as it is.
    """
    return estimate_colour(frame, float_to_bytes(alpha))


def estimate_colour(
    frame: Frame,
    alpha: Plane,
    *,
    fill_transparent: bool = False,
    source_alpha: Plane | None = None,
) -> Frame:
    """As `estimate_foreground`, for alpha as uint8 (H, W).

    With `fill_transparent`, pixels of alpha 0 continue the foreground's colour near it and are black elsewhere.

    Args:
        source_alpha: the clip's own transparency, uint8 (H, W); see `has_own_colour`.
    """
    estimator = ForegroundColourEstimator(alpha)
    transparent = 0 if fill_transparent else None
    planes = [
        estimator.plane(np.ascontiguousarray(frame[..., channel]), transparent)
        for channel in range(3)
    ]
    estimate = np.dstack(planes)
    if source_alpha is not None:
        np.copyto(estimate, frame, where=has_own_colour(alpha, source_alpha)[..., np.newaxis])
    return estimate


def has_own_colour(alpha: Plane, source_alpha: Plane) -> Mask:
    """Return where the frame's straight colour is the foreground's own already, bool (H, W).

    That is where the clip itself is partly transparent: no background is mixed in there.
    """
    partly: Mask = (source_alpha > 0) & (source_alpha < 255) & (alpha > 0)
    return partly


def despill(frame: Frame, alpha: Plane, strength: float) -> Frame:
    """Return the frame with a screen's green or blue taken out of its soft edge.

    Args:
        frame: uint8 RGB (H, W, 3), straight.
        alpha: uint8 (H, W); only pixels that are neither 0 nor 255 change.
        strength: in [0, 1]; at 1 neither green nor blue stands out over both other colours.
    """
    from pipeline.postprocess.edge_colour_kernel import despill_rgb

    if not strength:
        return frame
    out = frame.copy()
    despill_rgb(frame, alpha, strength, out)
    return out


class ForegroundColourEstimator:
    """Estimates channel after channel for one alpha, uint8 (H, W) with 255 = foreground.

    Args:
        wide_radius_px, factor: radius of the wide pass, and how much smaller it works.
    """

    def __init__(
        self, alpha: Plane, wide_radius_px: int = WIDE_RADIUS_PX, factor: int = COARSE_FACTOR
    ) -> None:
        from pipeline.postprocess.foreground_kernel import TILE, soft_columns

        self._alpha = alpha
        self._factor = factor
        height, width = alpha.shape
        self._small_wh = (-(-width // factor), -(-height // factor))
        self._radius = max(wide_radius_px // factor, 1)
        self._radii = tuple(
            tuple(max(round(share * self._radius), 1) for share in shares)
            for shares in (FOREGROUND_SHARES, BACKGROUND_SHARES)
        )
        columns = np.zeros((-(-height // TILE), width), np.uint8)
        soft_columns(alpha, columns)
        self._tiles = np.argwhere(np.maximum.reduceat(columns, np.arange(0, width, TILE), axis=1))
        if not len(self._tiles):
            return
        self._region = self._cells_of_tiles()
        levels = np.arange(256) / 255.0
        weights_of_levels = levels**CONFIDENCE_POWER + _MIXED_WEIGHT * levels**_MIXED_POWER
        self._alpha_weights = weights_of_levels.astype(np.float32)
        self._small_alpha = self._shrink(alpha)
        at = np.clip((np.arange(width) + 0.5) / factor - 0.5, 0, self._small_wh[0] - 1)
        self._cells = at.astype(np.int64)
        self._shares = (at - self._cells).astype(np.float32)
        ones = np.ones(1, np.uint8)
        weights = self._masses(
            np.broadcast_to(ones, alpha.shape), np.broadcast_to(ones, self._small_alpha.shape)
        )
        self._weights = self._blurred(*weights)

    def plane(self, image: Plane, transparent: int | None = None) -> Plane:
        """Return one channel, uint8 (H, W), with the foreground's own value where alpha is soft.

        Args:
            image: uint8 (H, W), contiguous; not changed.
            transparent: what pixels of alpha 0 become away from the foreground, near which they continue
                its colour; None leaves pixels of alpha 0 as they are.
        """
        from pipeline.postprocess.foreground_kernel import fill_unreached, refine

        out = image.copy()
        reached = np.zeros(self._alpha.shape if transparent is not None else (1, 1), np.uint8)
        if len(self._tiles):
            front, back = self._wide_means(image)
            refine(
                *(image, self._alpha, self._tiles, front, back, 1.0 / self._factor),
                *(self._cells, self._shares, transparent is not None, out, reached),
            )
        if transparent is not None:
            fill_unreached(self._alpha, reached, transparent, out)
        return out

    def _cells_of_tiles(self) -> tuple[slice, slice]:
        """Return the rows and columns of the cells that the wide means around soft pixels are made of."""
        from pipeline.postprocess.foreground_kernel import RADIUS, TILE

        margin = self._radius + 1
        first = (self._tiles.min(axis=0) * TILE - RADIUS) // self._factor - margin
        after = ((self._tiles.max(axis=0) + 1) * TILE + RADIUS) // self._factor + margin + 1
        rows, columns = (
            slice(max(int(low), 0), min(int(high), count))
            for low, high, count in zip(first, after, self._small_wh[::-1], strict=True)
        )
        return rows, columns

    def _wide_means(self, image: Plane) -> tuple[FloatMap, FloatMap]:
        """Mean foreground and background around, float32, smaller by the factor; 0 beyond the region."""
        masses = self._blurred(*self._masses(image, self._shrink(image)))
        front, back = (
            self._mean(mass, weight) for mass, weight in zip(masses, self._weights, strict=True)
        )
        return front, back

    def _mean(self, mass: FloatMap, weight: FloatMap) -> FloatMap:
        mean = np.zeros(self._small_wh[::-1], np.float32)
        np.clip(mass / (weight + _TINY), 0, 255, out=mean[self._region])
        return mean

    def _blurred(self, front: FloatMap, back: FloatMap) -> tuple[FloatMap, FloatMap]:
        """Return the means of foreground and background in boxes of all sizes, added up by their weights."""
        of_front, of_back = self._radii
        return _blurred(front, of_front), _blurred(back, of_back)

    def _masses(self, image: Plane, small_image: Plane) -> tuple[FloatMap, FloatMap]:
        """Return the means of image times weight of foreground and background in the region's cells."""
        from pipeline.postprocess.foreground_kernel import coarse_mass

        shape = small_image.shape
        front, back = np.empty(shape, np.float32), np.empty(shape, np.float32)
        coarse_mass(
            *(image, self._alpha, small_image, self._small_alpha, self._alpha_weights),
            *(self._factor, *self._corner(), front, back),
        )
        return front, back

    def _corner(self) -> tuple[int, int]:
        """Return the row and the column of the region's first cell."""
        rows, columns = self._region
        return rows.start, columns.start

    def _shrink(self, plane: Plane) -> Plane:
        """Return the mean of each of the region's cells, uint8; cells over the edge repeat it."""
        from pipeline.postprocess.foreground_kernel import shrink

        rows, columns = self._region
        small = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        shrink(plane, self._factor, *self._corner(), small)
        return small


def _blurred(values: FloatMap, radii: tuple[int, ...]) -> FloatMap:
    """Return the mean in boxes of the radii, each weighted by `_WIDER_WEIGHT` of the one before, float32 (h, w)."""
    total = np.zeros_like(values)
    for number, radius in enumerate(radii):
        side = 2 * radius + 1
        total += cv2.blur(values, (side, side)) * np.float32(_WIDER_WEIGHT**number)
    return total
