"""Tracks a target's straight thin parts at full size: at processing size they are less than a pixel wide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from engines.builtin.tracking.thin_lines import ThinLine, Vector, find_lines
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import processing_size
from utils.types import FloatImage, FloatMap, Frame, Mask

_REACH = 8
"""How far an end may move across the line beside what is expected, in pixels at processing size."""
_WIDE_REACH = 24
"""The same where no line is seen within `_REACH`."""
_STEP = 3
"""Samples along the line from one to the next whose contrasts are added up."""
_PRIOR = 0.15
"""Prominence, as a share of the confirmed one, that a line loses at the end of the reach."""
_LEAST_SHARE = 0.4
"""Share of the confirmed prominence at which a line is seen."""
_LEAST_PROMINENCE = 1.0
"""Prominence in the confirmed frame below which a line is not tracked, in units of Lab."""
_LARGEST_CONTRAST = 20.0
"""Bound of a sample's contrast, in units of Lab: a line is seen along its length, not by one bright place."""
_FINE_REACH = 2
"""Coarse samples within which the place found is then searched at samples half as far apart."""
_OWN = 2
"""Samples aside within which a line must be found again in its own confirmed frame."""
_NEIGHBOURS = 0.05
"""Share of a target's pixels, those nearest to a line, whose motion it takes."""
_SAME = 3.0
"""Pixels at processing size between both ends of two lines from which they are one and the same."""


@dataclass(frozen=True, slots=True)
class _Tracked:
    """A line with its prominence in the confirmed frame, and whether it is seen now."""

    line: ThinLine
    prominence: float
    is_seen: bool = True


class ThinLineTracker:
    """The straight thin parts of one target in one pass.

    A line moves with what is next to it, and then turns and shifts to where its contrast with both its sides is
    largest. That is a sum along its whole length, so that clutter and its own faint places do little.
    """

    def __init__(self, frame: Frame, mask: Mask) -> None:
        """Start from a confirmed frame, uint8 RGB (H, W, 3), and its mask, bool (H, W)."""
        height, width = mask.shape
        self._size_wh = width, height
        self._scale = width / processing_size(self._size_wh)[0]
        self._unit = max(1.0, 0.5 * self._scale)
        self._tracked: list[_Tracked] = []
        self._target = np.zeros(processing_size(self._size_wh)[::-1], dtype=bool)
        for line in find_lines(mask):
            search = _Search(frame, line, _REACH * self._scale, self._unit)
            first, last = search.best(0.0)
            if max(abs(first), abs(last)) <= _OWN and search.prominence >= _LEAST_PROMINENCE:
                self._tracked.append(_Tracked(line, search.prominence))

    @property
    def lines(self) -> tuple[ThinLine, ...]:
        """Return the lines that are seen in the last frame."""
        return tuple(one.line for one in self._tracked if one.is_seen)

    def remember(self, target: Mask) -> None:
        """Keep the target's mask of the last frame at processing size, bool (h, w), with which its lines move."""
        self._target = target

    def follow(self, frame: Frame, flow: FlowPair) -> None:
        """Go on to the next frame, uint8 RGB (H, W, 3), along the flow from the last one."""
        followed: list[_Tracked] = []
        for one in self._tracked:
            moved = replace(one, line=self._moved(one.line, flow))
            found = self._found(frame, moved)
            is_another = any(self._are_same(found.line, other.line) for other in followed)
            followed.append(replace(moved, is_seen=False) if is_another else found)
        self._tracked = followed

    def _moved(self, line: ThinLine, flow: FlowPair) -> ThinLine:
        """Return a line moved with the nearest part of the target, and grown as the whole of it has."""
        rows, columns = np.nonzero(self._target)
        if rows.size == 0:
            return line
        places = np.stack([columns, rows], axis=1).astype(np.float64)
        vectors = flow.from_previous[rows, columns].astype(np.float64)
        distances = np.linalg.norm(places - line.near / self._scale, axis=1)
        count = min(max(30, round(_NEIGHBOURS * rows.size)), rows.size)
        nearest = np.argpartition(distances, count - 1)[:count]
        motion = np.median(vectors[nearest], axis=0) * self._scale
        spread = (places + vectors).var(axis=0).sum() / max(float(places.var(axis=0).sum()), 1e-6)
        growth = float(np.clip(np.sqrt(spread), 0.9, 1.1))
        return replace(line, near=line.near + motion, size=line.size * growth)

    def _found(self, frame: Frame, expected: _Tracked) -> _Tracked:
        """Return a line where it is seen near the expected place; there, and not seen, where it is not."""
        for reach in (_REACH, _WIDE_REACH):
            search = _Search(frame, expected.line, reach * self._scale, self._unit)
            line = search.displaced(*search.best(_PRIOR * expected.prominence))
            if search.prominence >= _LEAST_SHARE * expected.prominence:
                fine = _Search(frame, line, _FINE_REACH * self._unit, 0.5 * self._unit)
                return replace(expected, line=fine.displaced(*fine.best(0.0)), is_seen=True)
        return replace(expected, is_seen=False)

    def _are_same(self, one: ThinLine, other: ThinLine) -> bool:
        length = min(one.length(self._size_wh), other.length(self._size_wh))
        gaps = [
            abs(float((one.near + way * one.direction - other.near) @ other.normal))
            for way in (0.0, length)
        ]
        return bool(max(gaps) < _SAME * self._scale)


class _Search:
    """The contrast of lines beside an expected one, whose ends are displaced across it."""

    def __init__(self, frame: Frame, line: ThinLine, reach: float, unit: float) -> None:
        """Prepare for displacements by up to `reach` pixels of the frame, from one sample to the next by `unit`."""
        self._line = line
        self._unit = unit
        self._length = line.length((frame.shape[1], frame.shape[0]))
        most = round(reach / unit)
        self._ends = np.arange(-most, most + 1)
        contrast = _contrast(frame, line, self._length, most, unit)
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


def _contrast(frame: Frame, line: ThinLine, length: float, reach: int, unit: float) -> FloatMap:
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
