"""Where a box of the small picture lies in the crop in which it is segmented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engines.builtin.selection.box import Constraints
from engines.builtin.selection.click import Click
from engines.builtin.vision.arrays import resize_map, resize_mask
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import grow_box
from utils.types import FloatMap, IntBox, Mask

_MARGIN = 0.35
"""Margin of the crop around a box, as a share of the box: examples of the background."""
_SEED = 2
"""Pixels of the crop around a click that are certain as well."""


@dataclass(frozen=True, slots=True)
class BoxWindow:
    """A crop of `crop_wh` pixels that shows the `window` (x0, y0, x1, y1) of the small picture around a `box`."""

    box: IntBox
    window: IntBox
    crop_wh: tuple[int, int]

    @classmethod
    def around(cls, box: IntBox, small_wh: tuple[int, int], area: int) -> BoxWindow:
        """Return the window around a box of a picture of `small_wh` pixels, as a crop of about `area` pixels."""
        left, top, right, bottom = window = grow_box(box, small_wh, _MARGIN, 12)
        return cls(box, window, processing_size((right - left, bottom - top), area))

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the crop a pixel of the small picture, across and down."""
        left, top, right, bottom = self.window
        return self.crop_wh[0] / (right - left), self.crop_wh[1] / (bottom - top)

    def cropped(self, values: FloatMap) -> FloatMap:
        """Return what the crop shows of values of the small picture, float32 (h, w)."""
        left, top, right, bottom = self.window
        return resize_map(np.ascontiguousarray(values[top:bottom, left:right]), self.crop_wh)

    def placed(self, mask: Mask, small_wh: tuple[int, int]) -> Mask:
        """Return a mask of the crop in the small picture, both bool (h, w)."""
        left, top, right, bottom = self.window
        placed = np.zeros((small_wh[1], small_wh[0]), dtype=bool)
        placed[top:bottom, left:right] = resize_mask(mask, (right - left, bottom - top))
        return placed

    def constraints(self, clicks: Iterable[Click]) -> Constraints:
        """Return the box and the clicks of the small picture as constraints of a segmentation in the crop."""
        left, top, _, _ = self.window
        across, down = self.scale
        x0, y0, x1, y1 = (
            round((value - (left, top)[axis % 2]) * (across, down)[axis % 2])
            for axis, value in enumerate(self.box)
        )
        shape = self.crop_wh[1], self.crop_wh[0]
        allowed = np.zeros(shape, dtype=bool)
        allowed[y0:y1, x0:x1] = True
        seeds = {True: np.zeros(shape, dtype=bool), False: np.zeros(shape, dtype=bool)}
        for click in clicks:
            column, row = int((click.x - left) * across), int((click.y - top) * down)
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                seeds[click.positive][
                    max(0, row - _SEED) : row + _SEED + 1,
                    max(0, column - _SEED) : column + _SEED + 1,
                ] = True
        return Constraints(allowed, box_prior(shape, (x0, y0, x1, y1)), seeds[True], seeds[False])


def box_prior(shape: tuple[int, int], box: tuple[int, int, int, int]) -> FloatMap:
    """Return the log odds, float32 (h, w), that a pixel of the box (x0, y0, x1, y1) is the object's.

    High in the middle, low in the corners: what an ellipse that fills the box would leave.
    """
    x0, y0, x1, y1 = box
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    across = (columns + 0.5 - 0.5 * (x0 + x1)) / (0.5 * (x1 - x0))
    down = (rows + 0.5 - 0.5 * (y0 + y1)) / (0.5 * (y1 - y0))
    distance = np.square(across) + np.square(down)
    return np.asarray(np.clip(1.3 - 2.0 * distance, -3.0, 1.3), dtype=np.float32)
