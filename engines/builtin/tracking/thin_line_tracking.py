"""Tracks a target's straight thin parts at full size: at processing size they are less than a pixel wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engines.builtin.tracking.line_search import LineSearch
from engines.builtin.tracking.thin_lines import ThinLine, drawn, find_lines
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import dilate
from utils.types import Frame, Mask

_REACH = 8
"""How far an end may move across the line beside what is expected, in pixels at processing size."""
_WIDE_REACH = 24
"""The same where no line is seen within `_REACH`."""
_PRIOR = 0.15
"""Prominence, as a share of the confirmed one, that a line loses at the end of the reach."""
_LEAST_SHARE = 0.4
"""Share of the confirmed prominence at which a line is seen."""
_LEAST_PROMINENCE = 1.0
"""Prominence in the confirmed frame below which a line is not tracked, in units of Lab."""
_FINE_REACH = 2
"""Coarse samples within which the place found is then searched at samples half as far apart."""
_OWN = 2
"""Samples aside within which a line must be found again in its own confirmed frame."""
_NEIGHBOURS = 0.05
"""Share of a target's pixels, those nearest to a line, whose motion it takes."""
_LEAST_SHOWN = 0.5
"""Share of a line's pixels in a corrected mask from which the mask shows it."""
_SAME = 3.0
"""Pixels at processing size between both ends of two lines from which they are one and the same."""


def without_lines(mask: Mask, lines: Iterable[ThinLine]) -> Mask:
    """Return a confirmed frame's mask, bool (H, W), without its lines that are tracked apart.

    At processing size they are lost at once: as parts of the target they would be missing area, and their pixels
    examples of the background. A target that is lines for the most part stays whole.
    """
    size_wh = mask.shape[1], mask.shape[0]
    coverage = drawn(lines, size_wh)
    if coverage is None:
        return mask
    beside = round(size_wh[0] / processing_size(size_wh)[0])
    rest = np.asarray(mask & ~dilate(coverage > 0.0, beside))
    return rest if 2 * np.count_nonzero(rest) > np.count_nonzero(mask) else mask


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
        self._tracked = self._shown(frame, mask)
        self._target = np.zeros(processing_size(self._size_wh)[::-1], dtype=bool)

    @property
    def lines(self) -> tuple[ThinLine, ...]:
        """Return the lines that are seen in the last frame."""
        return tuple(one.line for one in self._tracked if one.is_seen)

    def remember(self, target: Mask) -> None:
        """Keep the target's mask of the last frame at processing size, bool (h, w), with which its lines move."""
        self._target = target

    def amend(self, mask: Mask, shown: ThinLineTracker) -> None:
        """Go on from a user's mask, bool (H, W), that puts a part of the last frame's right.

        Lines stay as they were confirmed, since what the mask shows of them was drawn; those that it no longer shows
        go, and others that it shows, of those that begin at it, are added.
        """
        kept = [one for one in self._tracked if not one.is_seen or self._is_in(one.line, mask)]
        added = [
            one
            for one in shown._tracked
            if not any(self._are_same(one.line, other.line) for other in kept)
        ]
        self._tracked = [*kept, *added]

    def follow(self, frame: Frame, flow: FlowPair) -> None:
        """Go on to the next frame, uint8 RGB (H, W, 3), along the flow from the last one."""
        followed: list[_Tracked] = []
        for one in self._tracked:
            moved = replace(one, line=self._moved(one.line, flow))
            found = self._found(frame, moved)
            is_another = any(self._are_same(found.line, other.line) for other in followed)
            followed.append(replace(moved, is_seen=False) if is_another else found)
        self._tracked = followed

    def _shown(self, frame: Frame, mask: Mask) -> list[_Tracked]:
        """Return the lines of a mask, bool (H, W), that are seen in its frame as well."""
        found = []
        for line in find_lines(mask):
            search = LineSearch(frame, line, _REACH * self._scale, self._unit)
            first, last = search.best(0.0)
            if max(abs(first), abs(last)) <= _OWN and search.prominence >= _LEAST_PROMINENCE:
                found.append(_Tracked(line, search.prominence))
        return found

    def _is_in(self, line: ThinLine, mask: Mask) -> bool:
        """Tell whether a mask, bool (H, W), shows most of a line."""
        coverage = drawn([line], self._size_wh)
        pixels = np.zeros_like(mask) if coverage is None else coverage > 0.5
        return bool(np.count_nonzero(mask & pixels) >= _LEAST_SHOWN * np.count_nonzero(pixels))

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
            search = LineSearch(frame, expected.line, reach * self._scale, self._unit)
            line = search.displaced(*search.best(_PRIOR * expected.prominence))
            if search.prominence >= _LEAST_SHARE * expected.prominence:
                fine = LineSearch(frame, line, _FINE_REACH * self._unit, 0.5 * self._unit)
                return replace(expected, line=fine.displaced(*fine.best(0.0)), is_seen=True)
        return replace(expected, is_seen=False)

    def _are_same(self, one: ThinLine, other: ThinLine) -> bool:
        length = min(one.length(self._size_wh), other.length(self._size_wh))
        gaps = [
            abs(float((one.near + way * one.direction - other.near) @ other.normal))
            for way in (0.0, length)
        ]
        return bool(max(gaps) < _SAME * self._scale)
