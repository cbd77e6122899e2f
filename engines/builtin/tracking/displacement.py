"""Finds a target that moves farther from one frame to the next than optical flow reaches."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.flow import (
    FlowEstimator,
    FlowPair,
    flow_reliability,
    sample_at,
)
from engines.builtin.vision.processing_size import ProcessingColours
from utils.mask_utils import bounding_box, dilate
from utils.types import FloatImage, FloatMap, Mask

_Number = TypeVar("_Number", np.uint8, np.float32)

_REACH = 0.35
"""How far the target is searched for to each side, as a share of the picture's longer side."""
_REDUCTION = 2
"""The search is done on pictures this much smaller."""
_LARGEST_GAP = np.float32(25.0)
"""Difference of colours, summed over Lab's channels, from which a pixel is not the one that moved here."""
_SAMPLES = 3000
"""Pixels of the target that are compared at most."""
_DOUBTFUL = 0.5
"""Mismatch along the flow, in [0, 1], from which it is doubted."""
_LEAST_LEAD, _LEAD = 0.03, 0.12
"""How much less the mismatch must be by the shift alone for it to be refined, and by what comes of that."""
_LEAST_AREA = 50
"""Pixels of a target below which any place may match by chance."""
_MARGIN = 3
"""Pixels around the target that move with it."""
_BEYOND = -50.0
"""Lightness beyond the picture's border: unlike anything in it."""


class Displacement:
    """Follows one target through the frames of a pass; call `confirm` first."""

    def confirm(self, frame: ProcessingColours) -> None:
        """Begin at a confirmed frame."""
        self.advance(frame)
        self._last_shift: tuple[int, int] | None = None

    def advance(self, frame: ProcessingColours) -> None:
        """Make a frame the last one. Of it the colours are kept."""
        self._last = ProcessingColours(frame.rgb, frame.lab, frame.luma)

    def begin_scene(self) -> None:
        """Forget the last shift: in another scene the target does not go on as before the cut."""
        self._last_shift = None

    def corrected(self, flow: FlowPair, now: ProcessingColours, probability: FloatMap) -> FlowPair:
        """Return the flow from the last frame, corrected where the target moved farther than it reaches.

        Where the target's colours are not found along the flow, the shift is searched for by which they match best,
        and that of the frame before is tried, which may lead out of the picture. Flow near the better one replaces
        the given flow on the target, if it matches clearly better. What the flow took for the target in its last
        place has come to light, and is the target no longer.

        Args:
            flow: from the last frame to the next one.
            now: the next frame.
            probability: of the target in the last frame, float32 (h, w).
        """
        last, self._last_shift = self._last_shift, None
        mask = probability > 0.5
        if np.count_nonzero(mask) < _LEAST_AREA:
            return flow
        found = _flow_by_colours(self._last, now, flow, mask, last)
        if found is None:
            return flow
        across, down = np.median(found.from_previous[mask], axis=0)
        self._last_shift = round(float(across)), round(float(down))
        return _of_target(self._last, now, flow, mask, found)


def _flow_by_colours(
    before: ProcessingColours,
    now: ProcessingColours,
    flow: FlowPair,
    mask: Mask,
    last: tuple[int, int] | None,
) -> FlowPair | None:
    """Return a flow along which the colours of the target, bool (h, w), match clearly better; None without any.

    `last` is the shift (dx, dy) of the frame before, None where flow did.
    """
    mismatch = _mismatch(before.lab, now.lab, flow.from_previous, mask)
    if mismatch < _DOUBTFUL:
        return None
    shifts = [_best_shift(before.lab, now.lab, mask), *([] if last is None else [last])]
    by_shift, shift = min(
        (_mismatch(before.lab, now.lab, _rigid(one, mask.shape), mask), one) for one in shifts
    )
    if by_shift > mismatch - _LEAST_LEAD:
        return None
    found = _flow_from_shift(before, now, shift)
    by_flow = _mismatch(before.lab, now.lab, found.from_previous, mask)
    if min(by_flow, by_shift) > mismatch - _LEAD:
        return None
    if by_flow < by_shift:
        return found
    rigid = _rigid(shift, mask.shape)
    return FlowPair(-rigid, rigid, found.reliability)


def _rigid(shift: tuple[int, int], shape: tuple[int, ...]) -> FloatImage:
    """Return the same shift (dx, dy) everywhere in a picture (h, w), float32 (h, w, 2)."""
    flow = np.empty((*shape, 2), dtype=np.float32)
    flow[...] = shift
    return flow


def _mismatch(before: FloatImage, now: FloatImage, flow: FloatImage, mask: Mask) -> float:
    """Return how much the colours of a mask, bool (h, w), change along a flow to the next frame, in [0, 1].

    What leaves the picture counts for a half. At most `_SAMPLES` pixels are looked at.
    """
    height, width = mask.shape
    inside = np.flatnonzero(mask)
    rows, columns = np.divmod(inside[:: -(-inside.size // _SAMPLES)], width)
    places = flow[rows, columns] + np.stack([columns, rows], axis=1).astype(np.float32)
    there = cv2.remap(now, places[:, None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    gap = np.abs(there[:, 0] - before[rows, columns]).sum(axis=1)
    gap = np.minimum(gap, _LARGEST_GAP)
    is_outside = (places < 0).any(axis=1) | (places > (width - 1, height - 1)).any(axis=1)
    gap[is_outside] = 0.5 * _LARGEST_GAP
    return float(gap.mean() / _LARGEST_GAP)


def _best_shift(before: FloatImage, now: FloatImage, mask: Mask) -> tuple[int, int]:
    """Return the shift (dx, dy), in pixels, by which a mask's colours match the next frame best."""
    height, width = mask.shape
    size_wh = max(1, width // _REDUCTION), max(1, height // _REDUCTION)
    small, last, next_ = (
        cv2.resize(values, size_wh, interpolation=cv2.INTER_AREA)
        for values in (mask.astype(np.float32), before, now)
    )
    box = bounding_box(small > 0.5)
    if box is None:
        return 0, 0
    x0, y0, x1, y1 = box
    reach = int(_REACH * max(size_wh))
    beyond = (_BEYOND, 0.0, 0.0)
    padded = cv2.copyMakeBorder(
        next_, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=beyond
    )
    counts = np.repeat((small[y0:y1, x0:x1, None] > 0.5).astype(np.float32), 3, axis=2)
    differences = cv2.matchTemplate(
        np.ascontiguousarray(padded[y0 : y1 + 2 * reach, x0 : x1 + 2 * reach]),
        np.ascontiguousarray(last[y0:y1, x0:x1]),
        cv2.TM_SQDIFF,
        mask=counts,
    )
    row, column = np.unravel_index(int(differences.argmin()), differences.shape)
    return _REDUCTION * (int(column) - reach), _REDUCTION * (int(row) - reach)


def _flow_from_shift(
    before: ProcessingColours, now: ProcessingColours, shift: tuple[int, int]
) -> FlowPair:
    """Return the flow between two frames that is near a shift (dx, dy): of the last frame, moved by that."""
    across, down = shift
    moved = ProcessingColours(before.rgb, before.lab, _moved(before.luma, across, down))
    estimator = FlowEstimator()
    there = np.asarray(shift, dtype=np.float32)
    to_previous = estimator.one_way(now, moved) - there
    from_previous = _moved(estimator.one_way(moved, now), -across, -down) + there
    return FlowPair(to_previous, from_previous, np.ones(before.luma.shape, dtype=np.float32))


def _moved(picture: npt.NDArray[_Number], across: int, down: int) -> npt.NDArray[_Number]:
    """Return a picture (h, w[, C]) moved by whole pixels, continued by its border."""
    height, width = picture.shape[:2]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - across, 0, width - 1)
    return picture[rows[:, None], columns]


def _of_target(
    before: ProcessingColours,
    now: ProcessingColours,
    flow: FlowPair,
    mask: Mask,
    found: FlowPair,
) -> FlowPair:
    """Return a flow, on the target, whose last mask is bool (h, w), replaced by the one that was found for it.

    Where the flow leads to the target and that one does not, it counts too, and is not relied on.
    """
    back = found.to_previous
    target = dilate(mask, _MARGIN).astype(np.float32)
    is_target = sample_at(target, back) > 0.5
    was_target = (sample_at(target, flow.to_previous) > 0.0) & ~is_target
    to_previous = np.where((is_target | was_target)[..., None], back, flow.to_previous)
    from_previous = np.where(mask[..., None], found.from_previous, flow.from_previous)
    reliability = flow_reliability(before, now, to_previous, from_previous)
    reliability[was_target] = 0.0
    return FlowPair(to_previous, from_previous, reliability)
