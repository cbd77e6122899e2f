"""The close-up in which a correction click of something narrow is understood: processing size would blur it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.selection.click import Click, apply_click
from engines.builtin.vision.arrays import resize_map, resize_mask
from engines.builtin.vision.processing_size import (
    PROCESSING_AREA,
    ProcessingFrame,
    processing_size,
)
from utils.types import FloatMap, IntBox, Mask, Point

_NARROW = 3.0
"""Distance of a click to the contour, in pixels at processing size, up to which what is wrong there is narrow."""
_DEPTH = 6.0
"""That distance in a close-up, in its pixels, as far as the picture has so many."""
_LEAST_GAIN = 1.25
"""Pixels of a close-up a pixel at processing size, across, below which it would show nothing more."""


@dataclass(frozen=True, slots=True)
class CloseUp:
    """A part of the picture around a click, shown with `crop_wh` pixels.

    `full` is that part (x0, y0, x1, y1) of the picture as it is, `reduced` the same of the picture at processing size.
    """

    full: IntBox
    reduced: IntBox
    crop_wh: tuple[int, int]

    def region(
        self,
        picture: ProcessingFrame,
        mask: Mask,
        point: Point,
        evidence: FloatMap,
        earlier: Sequence[Point] = (),
    ) -> Mask:
        """Return what a click adds to a mask or takes away from it, bool (H, W); see `apply_click`.

        Args:
            picture: what the close-up shows.
            mask: at full size, bool (H, W).
            point: the click, in pixels of the full picture.
            evidence: log odds of the object at processing size, float32 (h, w).
            earlier: clicks before it, of which those in the close-up count.
        """
        x0, y0, x1, y1 = self.full
        part = np.s_[y0:y1, x0:x1]
        shown = resize_mask(np.ascontiguousarray(mask[part]), self.crop_wh)
        left, top, right, bottom = self.reduced
        there = np.ascontiguousarray(evidence[top:bottom, left:right])
        before = [self._click(one) for one in earlier if x0 <= one.x < x1 and y0 <= one.y < y1]
        evidence = resize_map(there, self.crop_wh)
        changed = apply_click(picture, shown, self._click(point), evidence, before)
        region = np.zeros_like(mask)
        region[part] = resize_mask(changed ^ shown, (x1 - x0, y1 - y0))
        return region

    def _click(self, point: Point) -> Click:
        """Return a click of the full picture in the close-up's pixels."""
        x0, y0, x1, y1 = self.full
        width, height = self.crop_wh
        x, y = int((point.x - x0) * width / (x1 - x0)), int((point.y - y0) * height / (y1 - y0))
        return Click(min(x, width - 1), min(y, height - 1), point.positive)


def close_up_of(mask: Mask, point: Point, small_wh: tuple[int, int]) -> CloseUp | None:
    """Return the close-up that a click asks for; None where what is wrong there is wide or the picture has no more pixels.

    Who corrects a mask clicks in the middle of what is wrong, so that it is about as wide as the click is far from the
    contour.

    Args:
        mask: at full size, bool (H, W); the click's label is the other one there.
        point: the click, in pixels of the full picture.
        small_wh: the processing size.
    """
    height, width = mask.shape
    scale = width / small_wh[0]
    x, y = min(int(point.x), width - 1), min(int(point.y), height - 1)
    reach = int(np.ceil(_NARROW * scale)) + 1
    top, left = max(0, y - reach), max(0, x - reach)
    side = mask[top : y + reach + 1, left : x + reach + 1] != point.positive
    distance = cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5)
    depth = float(distance[y - top, x - left]) / scale
    gain = min(scale, _DEPTH / max(depth, 1.0))
    if side.all() or depth > _NARROW or gain < _LEAST_GAIN:
        return None
    half = 0.5 * float(np.sqrt(PROCESSING_AREA)) / gain
    center_x, center_y = x / scale, y / scale
    reduced = (
        max(0, round(center_x - half)),
        max(0, round(center_y - half)),
        min(small_wh[0], round(center_x + half)),
        min(small_wh[1], round(center_y + half)),
    )
    down = height / small_wh[1]
    full = (
        round(reduced[0] * scale),
        round(reduced[1] * down),
        min(width, round(reduced[2] * scale)),
        min(height, round(reduced[3] * down)),
    )
    shown_wh = full[2] - full[0], full[3] - full[1]
    return CloseUp(full, reduced, processing_size(shown_wh))
