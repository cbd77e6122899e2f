"""The object's frame (centre and size), contour evidence, and the mean shape in that frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.mask_utils import signed_distance
from utils.types import FloatMap

_SIDE = 64
"""Cells of a remembered outline, across and down."""
_REACH = 3.0
"""How far an outline is remembered from the centre, in standard deviations."""
_SLOPE = 0.35
"""Log odds that a pixel of distance to the contour is worth, up to `_KNEE`."""
_KNEE = 3.0
"""Log odds from which a pixel is worth 0.15 of that."""
_DEEPEST = 6.0
"""Largest log odds of a warped outline."""
_SMALLEST_DEVIATION = 3.0
"""Least standard deviation of an object's pixels, in pixels at processing size."""


@dataclass(frozen=True, slots=True)
class ObjectFrame:
    """Centre and standard deviations of the object's pixels, in pixels at processing size."""

    x: float
    y: float
    deviation_x: float
    deviation_y: float

    def relative(
        self, shape: tuple[int, int], origin: tuple[int, int]
    ) -> tuple[FloatMap, FloatMap]:
        """Return each pixel's place in units of deviation from the centre, as a row and a column.

        float32 (1, w) and (h, 1), for a crop of `shape` whose first pixel is `origin` (x, y).
        """
        height, width = shape
        across = (np.arange(width, dtype=np.float32) + origin[0] - self.x) / self.deviation_x
        down = (np.arange(height, dtype=np.float32) + origin[1] - self.y) / self.deviation_y
        return across[None, :].astype(np.float32), down[:, None].astype(np.float32)


def object_frame(probability: FloatMap) -> ObjectFrame | None:
    """Return the frame of the object that `probability`, float32 (h, w), shows; None where none."""
    sums = np.zeros(5)
    _add_up_places(probability, sums)
    total = float(sums[0])
    if total < 1.0:
        return None
    x, y, squares_x, squares_y = (float(value) for value in sums[1:] / total)
    deviation_x, deviation_y = (
        float(np.sqrt(max(squares - mean * mean, 0.0)))
        for squares, mean in ((squares_x, x), (squares_y, y))
    )
    return ObjectFrame(
        x, y, max(deviation_x, _SMALLEST_DEVIATION), max(deviation_y, _SMALLEST_DEVIATION)
    )


@compiled
def _add_up_places(probability: FloatMap, sums: npt.NDArray[np.float64]) -> None:
    """Add up into `sums` (5,), over (h, w): the probability, and that times x, y and their squares; none below 0.3."""
    height, width = probability.shape
    least = np.float32(0.3)
    for row in range(height):
        total, across, squares = 0.0, 0.0, 0.0
        for column in range(width):
            value = probability[row, column]
            weight = float(value) if value > least else 0.0
            total += weight
            across += weight * column
            squares += weight * column * column
        sums[0] += total
        sums[1] += across
        sums[2] += total * row
        sums[3] += squares
        sums[4] += total * row * row


def contour_evidence(probability: FloatMap) -> FloatMap:
    """Return the log odds, float32 (h, w), that a warped outline stands for.

    Rises by 0.35 a pixel from the contour to 3, then slowly to 6 deep inside or far outside.
    """
    evidence = signed_distance(probability > 0.5)
    _bend(evidence)
    return evidence


@compiled
def _bend(evidence: FloatMap) -> None:
    """Turn distances (h, w) into log odds in place."""
    height, width = evidence.shape
    slope, knee, slow = np.float32(_SLOPE), np.float32(_KNEE), np.float32(0.15)
    for row in range(height):
        for column in range(width):
            steep = slope * evidence[row, column]
            size = abs(steep)
            size = min(size if size <= knee else knee + (size - knee) * slow, np.float32(_DEEPEST))
            evidence[row, column] = size if steep > np.float32(0.0) else -size


class ShapeMemory:
    """The mean outline of the object in its own frame, beside the confirmed frames' outline."""

    def __init__(self, probability: FloatMap) -> None:
        """Remember a confirmed frame's outline, float32 (h, w)."""
        self._confirmed = _normalised(probability)
        self._running = self._confirmed.copy()

    def update(self, probability: FloatMap, keep: float = 0.9) -> None:
        """Update the mean shape with a tracked frame's probability, float32 (h, w)."""
        self._running = keep * self._running + (1.0 - keep) * _normalised(probability)

    def expected(
        self, shape: tuple[int, int], origin: tuple[int, int], frame: ObjectFrame
    ) -> FloatMap:
        """Return how often each pixel was inside before, float32 (h, w) in [-1, 1]: -1 never, 1 always.

        For a crop of `shape` whose first pixel is `origin` (x, y) of the picture.
        """
        height, width = shape
        across, down = frame.relative(shape, origin)
        half = (_SIDE - 1) / 2.0
        columns = np.broadcast_to(across * (half / _REACH) + half, (height, width))
        rows = np.broadcast_to(down * (half / _REACH) + half, (height, width))
        mean = 0.5 * (self._confirmed + self._running)
        found = cv2.remap(
            mean,
            columns.astype(np.float32),
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        return (2.0 * found - 1.0).astype(np.float32)  # type: ignore[no-any-return]


def _normalised(probability: FloatMap) -> FloatMap:
    frame = object_frame(probability)
    if frame is None:
        return np.zeros((_SIDE, _SIDE), dtype=np.float32)
    places = (np.arange(_SIDE, dtype=np.float32) / (_SIDE - 1) - 0.5) * (2.0 * _REACH)
    columns, rows = np.meshgrid(
        places * frame.deviation_x + frame.x, places * frame.deviation_y + frame.y
    )
    return cv2.remap(  # type: ignore[no-any-return]
        probability,
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
