"""Descriptor cue of one picture: places that are described like the object's, and unlike what lies outside its box.

Nearest neighbours among descriptors, as in `tracking.label_propagation`, but within one picture: the examples of
the background are what lies outside the box, those of the object the clicked places and the mask so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.descriptors import PromptDescriptors
from engines.builtin.selection.box_window import BoxWindow
from utils.types import FloatImage, FloatMap, Frame, IntBox

_DIMENSIONS = 64
"""Principal components of the descriptors that are compared."""
_NEIGHBOURS = 10
_FEWEST = 4
"""Examples of the object from which on descriptors tell anything."""
_SPARSE = 3
"""Of the grid outside a box every third line and column is compared: their mean likeness tells more than the nearest."""
_MOST_EXAMPLES = 700
"""Grid cells of a box that may be examples."""
_OWN = 2
"""Grid cells around a place that don't speak for it."""
_SLOPE, _BIAS = 10.0, -0.5
"""Log odds of a place whose likeness to the object is larger by 1 than to the rest, and by 0: a logistic regression."""
_CLICKED, _OUTSIDE, _CLICK_BIAS = 8.4, 5.7, -0.7
"""The same for the likeness to the clicked places, and against that to what lies outside the box."""
_WEIGHT = 0.5
_LARGEST = 4.0

Values = npt.NDArray[np.float32]


class DescriptorCue:
    """What a descriptor network says of one picture; asked once, when first needed."""

    def __init__(
        self, descriptors: PromptDescriptors, image: Frame, small_wh: tuple[int, int]
    ) -> None:
        """Prepare for `image`, uint8 RGB (H, W, 3), and boxes of a picture of `small_wh` pixels."""
        self._descriptors = descriptors
        self._is_asked = False
        self._image = image
        self._small_wh = small_wh
        self._grid: FloatImage | None = None

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._descriptors.is_active

    def inside(self, view: BoxWindow, places: Sequence[tuple[int, int]]) -> BoxDescriptors | None:
        """Return the cue of a box; None without a network, or where hardly anything lies outside the box.

        Args:
            view: the box and its crop.
            places: of positive clicks (x, y) in the small picture.
        """
        grid = self.described()
        if grid is None:
            return None
        x0, y0, x1, y1 = self._cells(view.box, grid)
        outside = np.zeros(grid.shape[:2], dtype=bool)
        outside[::_SPARSE, ::_SPARSE] = True
        outside[y0:y1, x0:x1] = False
        if np.count_nonzero(outside) < 2 * _NEIGHBOURS:
            return None
        (left, top, _, _), scale = view.window, view.scale
        cell = self._small_wh[0] / grid.shape[1], self._small_wh[1] / grid.shape[0]
        placing = _Placing(
            start=((x0 * cell[0] - left) * scale[0], (y0 * cell[1] - top) * scale[1]),
            step=(cell[0] * scale[0], cell[1] * scale[1]),
        )
        clicked = self._likeness(grid, places)[y0:y1, x0:x1]
        return BoxDescriptors(grid[y0:y1, x0:x1], grid[outside], placing, clicked)

    def _cells(self, box: IntBox, grid: FloatImage) -> IntBox:
        across, down = grid.shape[1] / self._small_wh[0], grid.shape[0] / self._small_wh[1]
        x0, y0, x1, y1 = box
        return int(x0 * across), int(y0 * down), int(np.ceil(x1 * across)), int(np.ceil(y1 * down))

    def _likeness(self, grid: FloatImage, places: Sequence[tuple[int, int]]) -> FloatMap:
        """Return how like each cell is to the most alike of the places, float32 (h', w') in [-1, 1]."""
        maps = []
        for x, y in places:
            column, row, _, _ = self._cells((x, y, x, y), grid)
            mean = grid[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].mean((0, 1))
            maps.append(grid @ (mean / max(float(np.linalg.norm(mean)), 1e-6)))
        return np.asarray(np.maximum.reduce(maps), dtype=np.float32)

    def described(self) -> FloatImage | None:
        """Return the picture's descriptors, of length 1, float32 (h', w', C); None without a network."""
        if not self._is_asked:
            self._is_asked = True
            descriptors = self._descriptors.of(self._image)
            self._grid = None if descriptors is None else _comparable(descriptors)
        return self._grid


@dataclass(frozen=True, slots=True)
class _Placing:
    """Where cells are in a crop: the first one's corner and their size, in its pixels, across and down."""

    start: tuple[float, float]
    step: tuple[float, float]


class BoxDescriptors:
    """Descriptors of the grid cells of a box, compared with each other and with what lies outside."""

    def __init__(
        self,
        inside: FloatImage,
        outside: Values,
        placing: _Placing,
        clicked: FloatMap,
    ) -> None:
        """Compare the cells of a box, float32 (h', w', C), with those outside, float32 (N, C).

        Args:
            placing: where the cells of the box are in its crop.
            clicked: their likeness to the clicked places, float32 (h', w') in [-1, 1].
        """
        height, width = inside.shape[:2]
        rows = inside.reshape(height * width, -1)
        self._wh = width, height
        step = 1 + int(np.sqrt(len(rows) / _MOST_EXAMPLES))
        examples = np.zeros((height, width), dtype=bool)
        examples[step // 2 :: step, step // 2 :: step] = True
        self._examples = examples.ravel()
        self._to_outside = rows @ outside.T
        self._to_inside = rows @ rows[self._examples].T
        ys, xs = np.divmod(np.arange(height * width, dtype=np.int32), np.int32(width))
        near = np.abs(ys[:, None] - ys[self._examples]) <= _OWN
        near &= np.abs(xs[:, None] - xs[self._examples]) <= _OWN
        self._to_inside[near] = -1.0
        self._placing = placing
        log_odds = _CLICKED * clicked.ravel() - _OUTSIDE * _nearest(self._to_outside)
        self._fixed = np.clip(log_odds + _CLICK_BIAS, -_LARGEST, _LARGEST)

    def evidence(self, probability: FloatMap) -> FloatMap:
        """Return log odds of the object, float32 (h, w), of the crop, where a mask so far has a probability there."""
        total = self._fixed
        ours = self._cell_means(probability).ravel()[self._examples] > 0.5
        if np.count_nonzero(ours) >= _FEWEST:
            others = np.concatenate([self._to_outside, self._to_inside[:, ~ours]], axis=1)
            total = total + log_odds_by_likeness(self._to_inside[:, ours], others)
        values = (np.float32(_WEIGHT) * total).reshape(self._wh[::-1])
        return self._to_crop(values, probability.shape)

    def _cell_means(self, values: FloatMap) -> FloatMap:
        """Return the mean of a map of the crop, float32 (h, w), in each cell, float32 (h', w')."""
        (across, down), (left, top) = self._placing.step, self._placing.start
        columns, rows = self._wh
        return _sampled(
            cv2.blur(values, (max(1, round(across)), max(1, round(down)))),
            (np.arange(columns) + 0.5) * across + left - 0.5,
            (np.arange(rows) + 0.5) * down + top - 0.5,
        )

    def _to_crop(self, values: FloatMap, shape: tuple[int, ...]) -> FloatMap:
        """Return values of cells, float32 (h', w'), in the pixels of the crop, float32 (h, w)."""
        (across, down), (left, top) = self._placing.step, self._placing.start
        return _sampled(
            values,
            (np.arange(shape[1]) + 0.5 - left) / across - 0.5,
            (np.arange(shape[0]) + 0.5 - top) / down - 0.5,
        )


def _comparable(descriptors: FloatImage) -> FloatImage:
    """Return descriptors, float32 (h', w', C), of length 1 in their principal components, without their mean."""
    height, width, count = descriptors.shape
    rows = descriptors.reshape(-1, count)
    rows = rows / (rows.std(axis=0) + np.float32(1e-3))
    rows -= rows.mean(axis=0)
    if count > _DIMENSIONS:
        _, axes = np.linalg.eigh(rows.T @ rows)
        rows = rows @ axes[:, -_DIMENSIONS:]
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-6))
    return np.asarray(rows.reshape(height, width, -1), dtype=np.float32)


def log_odds_by_likeness(ours: Values, others: Values) -> Values:
    """Return log odds of the object, float32 (N,), by places' similarity to examples of it and of the rest, float32 (N, M)."""
    difference = _nearest(ours) - _nearest(others)
    return np.asarray(np.clip(_SLOPE * difference + _BIAS, -_LARGEST, _LARGEST), dtype=np.float32)


def _nearest(similarity: Values) -> Values:
    """Return each place's mean similarity to its nearest examples, float32 (N,), of those to all, float32 (N, M)."""
    count = min(_NEIGHBOURS, max(3, similarity.shape[1] // 3))
    nearest = np.partition(similarity, -count, axis=1)[:, -count:]
    return np.asarray(nearest.mean(axis=1), dtype=np.float32)


def _sampled(
    values: FloatMap, columns: npt.NDArray[np.floating], rows: npt.NDArray[np.floating]
) -> FloatMap:
    """Return a map, float32 (h, w), at each pair of places along its axes, float32; linear, its border repeated."""
    map_x, map_y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    return np.asarray(
        cv2.remap(values, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
