"""Straight thin parts of a mask, such as cords, poles and aerials: what they are, and finding and drawing them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.extra_trees import FloatRows
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import bounding_box, dilate, disc, grow_box
from utils.types import Alpha, Mask

Vector = npt.NDArray[np.float64]
"""x and y in pixels at full size, float64 (2,); pixel (column, row) has its centre at (column, row)."""
Chosen = npt.NDArray[np.bool_]
"""bool (N,): which of some points are meant."""

_WIDEST = 4.0
"""Largest width of a thin part, in pixels at processing size."""
_SHORTEST = 25.0
"""Least length of a line, in pixels at processing size."""
_ELONGATION = 10.0
"""The same, in widths of the line."""
_LARGEST_NUMBER = 8
_LARGEST_TRIALS = 16
"""Lines that are found at most, and segments that are tried for them."""
_LARGEST_AREA = 16.0
"""Area of thin parts, in pixels at processing size times the picture's longer side, from which they are a net or foliage."""
_LEAST_COVERAGE = 0.8
"""Share of a line's length that has pixels of the mask."""
_GAP = 3.0
"""Pixels at processing size without the mask that do not end a line, and around the border that count as it."""
_SMOOTHED = 9
"""Pixels along a line that its width is averaged over: a mask has stairs."""


@dataclass(frozen=True, slots=True)
class ThinLine:
    """A line at a frame, in pixels at full size.

    `near` is the end beside the rest of the target; `direction`, of length 1, leads away from it. `widths` and
    `centres`, float32 (n,), tell for each pixel along the line how wide it is and how far its middle lies aside, as
    confirmed; `size` is how many times as large it is now. It goes on to the picture's border where `is_endless`.
    """

    near: Vector
    direction: Vector
    widths: FloatRows
    centres: FloatRows
    is_endless: bool
    size: float = 1.0

    @property
    def normal(self) -> Vector:
        """Return the direction across the line, of length 1."""
        return np.array([-self.direction[1], self.direction[0]])

    def length(self, size_wh: tuple[int, int]) -> float:
        """Return its length in a picture of `size_wh`."""
        if not self.is_endless:
            return self.widths.size * self.size
        ahead = np.where(self.direction > 0, np.array(size_wh) - 1.0 - self.near, self.near)
        return max(1.0, float((ahead / np.maximum(np.abs(self.direction), 1e-6)).min()))


def drawn(lines: Iterable[ThinLine], size_wh: tuple[int, int]) -> Alpha | None:
    """Return the coverage of lines, float32 (H, W) in [0, 1]; None where there are none."""
    coverage: Alpha | None = None
    for line in lines:
        if coverage is None:
            coverage = np.zeros((size_wh[1], size_wh[0]), dtype=np.float32)
        _draw(line, coverage)
    return coverage


def _draw(line: ThinLine, coverage: Alpha) -> None:
    height, width = coverage.shape
    length = line.length((width, height))
    thickness = line.size * float((line.widths + 2.0 * np.abs(line.centres)).max())
    stencil = np.zeros(coverage.shape, dtype=np.uint8)
    ends = [
        np.rint(end).astype(int).tolist()
        for end in (line.near, line.near + length * line.direction)
    ]
    cv2.line(stencil, ends[0], ends[1], 1, int(thickness) + 4)
    found = cv2.findNonZero(stencil)
    if found is None:
        return
    columns, rows = found.reshape(-1, 2).T
    places = found.reshape(-1, 2) - line.near
    along, across = places @ line.direction, places @ line.normal
    at = np.clip(np.rint(along / line.size).astype(int), 0, line.widths.size - 1)
    aside = np.abs(across - line.size * line.centres[at])
    covered = np.clip(0.5 * line.size * line.widths[at] + 0.5 - aside, 0.0, 1.0)
    covered[(along < -0.5) | (along > length)] = 0.0
    coverage[rows, columns] = np.maximum(coverage[rows, columns], covered)


def find_lines(mask: Mask) -> list[ThinLine]:
    """Return the straight thin parts of a mask, bool (H, W), the longest first.

    What runs beside the rest of the mask is a part of its contour, and no line.
    """
    height, width = mask.shape
    box = bounding_box(mask)
    if box is None:
        return []
    scale = width / processing_size((width, height))[0]
    widest = 2 * round(0.5 * _WIDEST * scale) + 1
    x0, y0, x1, y1 = grow_box(box, (width, height), 0.0, widest)
    thin, apart = _thin_parts(np.ascontiguousarray(mask[y0:y1, x0:x1]), widest)
    if np.count_nonzero(apart) > _LARGEST_AREA * scale * max(width, height):
        return []
    search = _Search(thin, apart, np.array([x0, y0], dtype=np.float64), (width, height), scale)
    found: list[ThinLine] = []
    for _ in range(_LARGEST_TRIALS):
        longest = _longest_segment(search.rest, scale)
        if longest is None or len(found) == _LARGEST_NUMBER:
            break
        line = search.take(longest[0], longest[1], widest)
        if line is not None:
            found.append(line)
    return found


def _longest_segment(thin: Mask, scale: float) -> Vector | None:
    """Return the ends, float64 (2, 2), of the longest straight piece of thin parts, bool (h, w); None without one."""
    unit = max(1, int(0.5 * scale))
    height, width = thin.shape
    size_wh = -(-width // unit), -(-height // unit)
    padded = np.zeros((size_wh[1] * unit, size_wh[0] * unit), dtype=np.uint8)
    padded[:height, :width] = thin
    reduced = padded.reshape(size_wh[1], unit, size_wh[0], unit).max(axis=(1, 3))
    shortest = _SHORTEST * scale / unit
    segments = cv2.HoughLinesP(
        reduced,
        1.0,
        np.pi / 360,
        round(0.5 * shortest),
        minLineLength=shortest,
        maxLineGap=_GAP * scale / unit,
    )
    if segments is None:
        return None
    ends = unit * segments.reshape(-1, 2, 2).astype(np.float64)
    return np.asarray(ends[int(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).argmax())])


def _thin_parts(mask: Mask, widest: int) -> tuple[Mask, Mask]:
    """Return the parts of a mask, bool (h, w), that are thinner than `widest`, and those not beside the others."""
    core = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc(widest // 2)) > 0
    thin = mask & ~dilate(core, 1)
    if not core.any() or not thin.any():
        return thin, thin
    distance = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5)
    return thin, thin & (distance > widest)


class _Search:
    """The thin parts of a mask's window, bool (h, w), and `rest`, those not taken by a line yet."""

    def __init__(
        self, thin: Mask, apart: Mask, corner: Vector, size_wh: tuple[int, int], scale: float
    ) -> None:
        """Search among thin parts `apart` from the others, in a window at `corner` of a picture of `size_wh`."""
        self.rest = apart
        self._thin = thin
        self._corner = corner
        self._size_wh = size_wh
        self._scale = scale

    def take(self, first: Vector, last: Vector, widest: int) -> ThinLine | None:
        """Fit a line to the segment between two points; None where it is none. Its pixels are taken either way."""
        rows, columns = np.nonzero(self.rest)
        points = np.stack([columns, rows], axis=1).astype(np.float64)
        for _ in range(3):
            chosen = _joined(points, first, last, 0.5 * widest, _GAP * self._scale)
            first, last = _fitted(points[chosen], last - first)
        self.rest[rows[chosen], columns[chosen]] = False
        covered = np.unique(np.rint((points[chosen] - first) @ _unit(last - first))).size
        if covered < _LEAST_COVERAGE * float(np.linalg.norm(last - first)):
            return None
        if self._is_nearer(last, first):
            first, last = last, first
        first = self._extended(first, _unit(first - last), 3 * widest)
        line = self._line(first, last, widest)
        length = float(np.linalg.norm(last - first))
        width = float(np.median(line.widths))
        is_long = length >= max(_SHORTEST * self._scale, _ELONGATION * width)
        return line if is_long else None

    def _is_nearer(self, one: Vector, other: Vector) -> bool:
        """Tell whether one end is nearer to the picture's inside, where the other is at its border, or to the rest."""
        if self._is_at_border(one) != self._is_at_border(other):
            return self._is_at_border(other)
        return self._run_into(one, one - other) > self._run_into(other, other - one)

    def _run_into(self, end: Vector, onwards: Vector) -> float:
        """Return how much of the way onwards beyond an end is thin parts, in pixels."""
        return float(
            np.linalg.norm(self._extended(end, _unit(onwards), round(8 * self._scale)) - end)
        )

    def _is_at_border(self, point: Vector) -> bool:
        x, y = point + self._corner
        width, height = self._size_wh
        return bool(min(x, y, width - 1 - x, height - 1 - y) < _GAP * self._scale)

    def _extended(self, end: Vector, onwards: Vector, most: int) -> Vector:
        """Return an end moved on while there are thin parts, by `most` pixels at most."""
        height, width = self._thin.shape
        ways = np.arange(1, most + 1)
        x, y = np.rint(end + ways[:, None] * onwards).astype(int).T
        joined = self._thin[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        reached = most if joined.all() else int(joined.argmin())
        return np.asarray(end + reached * onwards)

    def _line(self, first: Vector, last: Vector, widest: int) -> ThinLine:
        direction = _unit(last - first)
        along = np.arange(max(1.0, float(np.linalg.norm(last - first))))
        across = np.arange(-widest, widest + 0.25, 0.5)[:, None]
        x = first[0] + along * direction[0] - across * direction[1]
        y = first[1] + along * direction[1] + across * direction[0]
        strip = cv2.remap(
            self._thin.astype(np.float32),
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
        )
        widths = _smoothed(0.5 * strip.sum(axis=0))
        centres = _smoothed(0.5 * (strip * across).sum(axis=0)) / np.maximum(widths, 0.5)
        tail = max(1, along.size // 10)
        widths[-1], centres[-1] = widths[-tail:].mean(), 0.0
        at_border = self._is_at_border(last)
        return ThinLine(
            first + self._corner, direction, widths, centres.astype(np.float32), at_border
        )


def _joined(points: Vector, first: Vector, last: Vector, aside: float, gap: float) -> Chosen:
    """Return which points, (N, 2), lie on the segment between two points, or on its way on without a gap."""
    direction = _unit(last - first)
    along = (points - first) @ direction
    across = (points - first) @ np.array([-direction[1], direction[0]])
    close: Chosen = np.abs(across) < aside
    ways = np.sort(along[close])
    if ways.size == 0:
        return close
    run = np.concatenate([[0], np.cumsum(np.diff(ways) > gap)])
    inside = (ways >= 0.0) & (ways <= np.linalg.norm(last - first))
    kept = ways[run == np.bincount(run, weights=inside).argmax()]
    return np.asarray(close & (along >= kept[0]) & (along <= kept[-1]))


def _fitted(points: Vector, direction: Vector) -> tuple[Vector, Vector]:
    """Return the ends of the line through points, (N, 2), in about the direction given."""
    fit = (
        cv2.fitLine(points.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01)
        .ravel()
        .astype(np.float64)
    )
    unit, centre = fit[:2] * np.sign(fit[:2] @ direction or 1.0), fit[2:]
    along = (points - centre) @ unit
    return centre + along.min() * unit, centre + along.max() * unit


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))


def _smoothed(values: FloatRows) -> FloatRows:
    blurred = cv2.blur(
        values[None].astype(np.float32), (_SMOOTHED, 1), borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(blurred[0], dtype=np.float32)
