"""Thin straight lines of a boxed object, such as a kite's: what its mask lacks on the way to a side of the box.

They are thinner than a pixel where the mask is found. A drawn box ends with the object: a line that joins the mask and
ends at a side which the mask does not reach is a part of it, while a cable behind it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.selection.box_sides import missed_sides
from engines.builtin.selection.line_segment import LineSegment
from engines.builtin.tracking.line_search import LineSearch, line_contrast
from engines.builtin.tracking.thin_lines import ThinLine, Vector, drawn
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import dilate, grow_box
from utils.types import Box, FloatImage, Frame, IntBox, Mask, Point

_SHORTEST = 40.0
"""Least length of a line, in pixels at processing size; all lengths below are in these, too."""
_SEED = 8.0
"""Least length of a segment that may be a piece of a line."""
_JOINED = 8.0
"""Distance up to which a line may begin beside the mask."""
_SAME = 3.0
"""Distance between both ends of two lines from which they are one and the same."""
_ALIKE = 2.0
"""The same of two segments that are looked at."""
_SEARCHED = 3.0
"""How far both ends of a line are moved to where its contrast is largest."""
_SECTION = 8.0
"""Length of the sections of a line, of which most must be seen; its width is averaged over two."""
_BEYOND = 3
"""Sections beyond a line's ends in which it must not go on."""
_MOST_SEEDS, _MOST_SEARCHED, _MOST_LINES = 200, 24, 8
"""Segments that are looked at, those of them that are searched around, and lines that are taken, at most."""
_LEAST_PROMINENCE = 4.0
"""Contrast of a line above that of the lines beside it, in units of Lab."""
_SEEN = 0.25
"""Contrast, as a share of the line's median one, at which a section is seen."""
_LEAST_CONTRAST = 2.0
"""The same at the least, in units of Lab."""
_LEAST_SEEN = 0.8
"""Share of a line's sections that must be seen."""
_WIDEST = 2.0
"""Largest width of a line: a wider one is a matter of the mask's."""
_CLICKED = 3.0
"""Distance up to which a click is on a line."""


def with_lines(image: Frame, mask: Mask, box: Box, points: Sequence[Point]) -> Mask:
    """Return a mask, bool (H, W), with the thin straight lines of its object.

    Args:
        image: uint8 RGB (H, W, 3).
        mask: of the object that was found in the box.
        box: as it was drawn.
        points: clicks; a line with a negative one on it is left out.
    """
    height, width = mask.shape
    whole = grow_box(
        (round(box.x0), round(box.y0), round(box.x1), round(box.y1)), (width, height), 0.0, 0
    )
    for line in BoxLines(image, mask, whole).found():
        coverage = drawn([line], (width, height))
        if coverage is None:
            continue
        near = dilate(coverage > 0.5, round(_CLICKED * width / processing_size((width, height))[0]))
        if not any(near[int(one.y), int(one.x)] and not one.positive for one in points):
            mask = mask | (coverage > 0.5)
    return mask


class BoxLines:
    """Looks for the lines of one box on a picture."""

    def __init__(self, image: Frame, mask: Mask, box: IntBox) -> None:
        """Prepare for a mask, bool (H, W), of an object in a box (x0, y0, x1, y1) of `image`, uint8 RGB (H, W, 3)."""
        height, width = mask.shape
        self._image = image
        self._mask = mask
        self._box = box
        self._scale = width / processing_size((width, height))[0]
        self._unit = max(1.0, 0.5 * self._scale)

    def found(self) -> list[ThinLine]:
        """Return the lines from the mask to sides of the box that it doesn't reach."""
        x0, y0, x1, y1 = self._box
        sides = missed_sides(self._mask, self._box)
        if not sides or max(x1 - x0, y1 - y0) < _SHORTEST * self._scale:
            return []
        segments = self._apart(self._candidates(sides))
        segments = sorted(segments, key=self._contrast, reverse=True)[:_MOST_SEARCHED]
        searched = sorted(
            (self._searched(segment) for segment in segments), key=lambda pair: -pair[0]
        )
        lines: list[tuple[LineSegment, ThinLine]] = []
        for prominence, segment in searched:
            if prominence < _LEAST_PROMINENCE or len(lines) == _MOST_LINES:
                break
            if (segment.aside([other for other, _ in lines]) < _SAME * self._scale).any():
                continue
            line = self._line(segment)
            if line is not None:
                lines.append((segment, line))
        return [line for _, line in lines]

    def _candidates(self, sides: list[int]) -> Iterator[LineSegment]:
        """Yield the segments from the mask to a side on which a straight edge of the picture lies, those of the longest first."""
        near_mask = cv2.distanceTransform((~self._mask).astype(np.uint8), cv2.DIST_L2, 5)
        for first, last in self._edges():
            for start, end in ((first, last), (last, first)):
                direction = (end - start) / np.linalg.norm(end - start)
                ahead, side = self._leaves(end, direction)
                if side not in sides:
                    continue
                back = self._back_to_mask(near_mask, end, direction)
                if back is not None and back + ahead >= _SHORTEST * self._scale:
                    yield LineSegment(end - back * direction, end + ahead * direction)

    def _edges(self) -> npt.NDArray[np.float64]:
        """Return the ends of the straight edges in the box, float64 (N, 2, 2) as x and y, the longest first."""
        x0, y0, x1, y1 = self._box
        part = np.ascontiguousarray(self._image[y0:y1, x0:x1])
        luma = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
        size_wh = max(1, round((x1 - x0) / self._unit)), max(1, round((y1 - y0) / self._unit))
        luma = cv2.resize(luma, size_wh, interpolation=cv2.INTER_AREA)
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(luma)[0]
        if found is None:
            return np.zeros((0, 2, 2))
        scale = np.array([(x1 - x0) / size_wh[0], (y1 - y0) / size_wh[1]])
        edges = found.reshape(-1, 2, 2).astype(np.float64) * scale + (x0, y0)
        long = np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)
        order = np.argsort(-long)
        return np.asarray(edges[order[long[order] >= _SEED * self._scale]])

    def _leaves(self, point: Vector, direction: Vector) -> tuple[float, int]:
        """Return after how many pixels a straight line leaves the box, and at which side: 0 left, 1 top, 2 right, 3 bottom."""
        x0, y0, x1, y1 = self._box
        limits = np.where(direction > 0, (x1 - 1.0, y1 - 1.0), (x0, y0))
        ahead = (limits - point) / np.where(np.abs(direction) < 1e-6, 1e-6, direction)
        ahead = np.where(np.abs(direction) < 1e-6, np.inf, ahead)
        axis = int(ahead.argmin())
        return max(0.0, float(ahead[axis])), axis + (2 if direction[axis] > 0 else 0)

    def _back_to_mask(self, near_mask: FloatImage, end: Vector, direction: Vector) -> float | None:
        """Return how far back the mask lies, or where the line passes next to it; None where it is far from it."""
        most, _ = self._leaves(end, -direction)
        back = np.arange(int(most) + 1)
        x, y = np.rint(end - back[:, None] * direction).astype(int).T
        height, width = near_mask.shape
        distances = near_mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        reach = _JOINED * self._scale
        if not (distances <= reach).any():
            return None
        first = int((distances <= reach).argmax())
        return float(first + distances[first : first + int(2 * reach) + 1].argmin())

    def _apart(self, segments: Iterator[LineSegment]) -> list[LineSegment]:
        kept: list[LineSegment] = []
        for segment in segments:
            if (segment.aside(kept) >= _ALIKE * self._scale).all():
                kept.append(segment)
            if len(kept) == _MOST_SEEDS:
                break
        return kept

    def _thin(self, segment: LineSegment) -> ThinLine:
        length = max(1, int(segment.length))
        widths = np.full(length, 1.5 * self._unit, dtype=np.float32)
        return ThinLine(
            segment.near, segment.direction, widths, np.zeros_like(widths), is_endless=False
        )

    def _contrast(self, segment: LineSegment) -> float:
        line = self._thin(segment)
        contrast = line_contrast(self._image, line, segment.length, 1, self._unit)
        return float(contrast.mean(axis=1).max())

    def _searched(self, segment: LineSegment) -> tuple[float, LineSegment]:
        """Return a segment moved to where the contrast with both its sides is largest, after its prominence there."""
        prominence = 0.0
        coarse = _SEARCHED * self._scale, self._unit
        fine = 2 * self._unit, 0.5 * self._unit
        for reach, unit in (coarse, fine, coarse, fine):
            if segment.length < _SHORTEST * self._scale:
                return 0.0, segment
            line = self._thin(segment)
            search = LineSearch(self._image, line, reach, unit)
            line = search.displaced(*search.best(0.0))
            ahead, _ = self._leaves(line.near, line.direction)
            segment = LineSegment(line.near, line.near + ahead * line.direction)
            if unit == self._unit:
                prominence = search.prominence
        return prominence, segment

    def _line(self, segment: LineSegment) -> ThinLine | None:
        """Return the line of a segment; None where it is not seen on most of it, or goes on beyond its ends."""
        contrasts = segment.contrasts(self._image, self._unit, _SECTION * self._scale)
        least = max(_LEAST_CONTRAST, _SEEN * float(np.median(contrasts)))
        if float((contrasts > least).mean()) < _LEAST_SEEN:
            return None
        if self._goes_on(segment.far, segment.direction, least) or self._goes_on(
            self._behind(segment), -segment.direction, least
        ):
            return None
        widths = segment.widths(self._image, self._unit, 2 * _SECTION * self._scale)
        if float(np.median(widths)) > _WIDEST * self._scale:
            return None
        return ThinLine(
            segment.near, segment.direction, widths, np.zeros_like(widths), is_endless=False
        )

    def _behind(self, segment: LineSegment) -> Vector:
        """Return where a segment, continued, comes out of the mask on the other side of it."""
        most, _ = self._leaves(segment.near, -segment.direction)
        back = np.arange(int(most) + 1)
        x, y = np.rint(segment.near - back[:, None] * segment.direction).astype(int).T
        height, width = self._mask.shape
        inside = self._mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        last = int(np.flatnonzero(inside)[-1]) if inside.any() else 0
        return np.asarray(segment.near - (last + self._scale) * segment.direction)

    def _goes_on(self, end: Vector, direction: Vector, least: float) -> bool:
        """Tell whether a line is seen beyond an end, as far as the picture shows it."""
        height, width = self._mask.shape
        beyond = LineSegment(end, end + _BEYOND * _SECTION * self._scale * direction)
        x, y = beyond.far
        if not (0 <= x < width and 0 <= y < height):
            return False
        contrasts = beyond.contrasts(self._image, self._unit, _SECTION * self._scale)
        return bool((contrasts > least).mean() > 0.5)
