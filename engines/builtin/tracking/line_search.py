"""Looks for a straight line beside an expected place: where its contrast with both its sides is largest."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from engines.builtin.tracking.thin_lines import ThinLine, Vector
from utils.types import FloatImage, FloatMap, Frame

_STEP = 3
"""Samples along the line from one to the next whose contrasts are added up."""
_LARGEST_CONTRAST = 20.0
"""Bound of a sample's contrast, in units of Lab: a line is seen along its length, not by one bright place."""


class LineSearch:
    """The contrast of lines beside an expected one, whose ends are displaced across it."""

    def __init__(self, frame: Frame, line: ThinLine, reach: float, unit: float) -> None:
        """Prepare for displacements by up to `reach` pixels of the frame, from one sample to the next by `unit`."""
        self._line = line
        self._unit = unit
        self._length = line.length((frame.shape[1], frame.shape[0]))
        most = round(reach / unit)
        self._ends = np.arange(-most, most + 1)
        contrast = line_contrast(frame, line, self._length, most, unit)
        columns = np.arange(contrast.shape[1])
        way = columns / max(columns.size - 1, 1)
        first, last = self._ends[:, None, None], self._ends[None, :, None]
        rows = np.rint(first + (last - first) * way).astype(np.int32) + most
        self._scores = contrast[rows, columns].mean(axis=2)
        self.prominence = 0.0

    def best(self, prior: float) -> tuple[float, float]:
        """Return the displacements of both ends, in samples, of the line of most contrast; sets its prominence.

        Args:
            prior: contrast that a line loses which is displaced by the whole reach.
        """
        most = float(self._ends[-1])
        squares = (self._ends / most) ** 2
        total = self._scores - np.float32(0.5 * prior) * (squares[:, None] + squares)
        row, column = np.unravel_index(int(total.argmax()), total.shape)
        self.prominence = float(self._scores[row, column] - np.median(self._scores))
        return (
            float(self._ends[row]) + _beside_peak(total[:, column], int(row)),
            float(self._ends[column]) + _beside_peak(total[row], int(column)),
        )

    def displaced(self, first: float, last: float) -> ThinLine:
        """Return the line with its ends moved across it by so many samples."""
        line = self._line
        near: Vector = line.near + first * self._unit * line.normal
        far = line.near + self._length * line.direction + last * self._unit * line.normal
        return replace(line, near=near, direction=(far - near) / np.linalg.norm(far - near))


def line_contrast(frame: Frame, line: ThinLine, length: float, reach: int, unit: float) -> FloatMap:
    """Return the contrast with both sides, float32 (2 * reach + 1, n), of each place of the strip around a line.

    The root of the product of the differences in Lab to one side and the other, where they agree: an edge has none.

    Args:
        frame: uint8 RGB (H, W, 3).
        line: in the middle of the strip.
        length: of the strip, in pixels of the frame.
        reach: half its width, in samples.
        unit: pixels of the frame from one sample to the next.
    """
    half = max(3, round(0.5 * float(np.median(line.widths)) * line.size / unit + 1.5))
    along = np.arange(0.0, length, unit)
    across = unit * np.arange(-reach - half, reach + half + 1)[:, None]
    x = line.near[0] + along * line.direction[0] + across * line.normal[0]
    y = line.near[1] + along * line.direction[1] + across * line.normal[1]
    rgb = cv2.remap(frame, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    scaled = cv2.blur(rgb.astype(np.float32), (2 * _STEP - 1, 1))[:, ::_STEP] * np.float32(
        1.0 / 255.0
    )
    lab: FloatImage = cv2.cvtColor(np.ascontiguousarray(scaled), cv2.COLOR_RGB2LAB)
    middle = lab[half:-half]
    product = ((middle - lab[: -2 * half]) * (middle - lab[2 * half :])).sum(axis=2)
    is_inside = (x >= 0) & (y >= 0) & (x <= frame.shape[1] - 1) & (y <= frame.shape[0] - 1)
    contrast = np.minimum(np.sqrt(np.maximum(product, 0.0)), np.float32(_LARGEST_CONTRAST))
    return np.asarray(contrast * is_inside[half:-half, ::_STEP], dtype=np.float32)


def _beside_peak(values: FloatMap, peak: int) -> float:
    """Return how far the top of the parabola through a peak and its neighbours lies beside it."""
    if not 0 < peak < values.size - 1:
        return 0.0
    before, at, after = (float(value) for value in values[peak - 1 : peak + 2])
    bend = before - 2.0 * at + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0
