"""Dense optical flow between neighbouring working frames, its reliability, and warping along it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.vision.processing_size import ProcessingColours
from utils.compiled import compiled
from utils.mask_utils import grow_box
from utils.types import FloatImage, FloatMap

_RELIABILITY_FLOOR = 0.25
"""Least reliability of flow."""
_PATCH_STRIDE = 5
"""Pixels between the patches, of 8 pixels, that are matched in a clip: 3 takes half as long again."""
FINE_PATCH_STRIDE = 3
"""That of one picture, whose time does not matter: the preset's own."""


@dataclass(frozen=True, slots=True)
class FlowPair:
    """Flow between the previous frame and this one, float32 (h, w, 2) as (dx, dy) in pixels at processing size.

    `to_previous` says where each pixel of this frame was; `from_previous` where each of the
    previous one goes; `reliability` in [0.25, 1] is of this frame's pixels.
    """

    to_previous: FloatImage
    from_previous: FloatImage
    reliability: FloatMap


def sample_at(values: FloatMap | FloatImage, flow: FloatImage, outside: float = 0.0) -> FloatMap:
    """Return `values` (h, w[, C]) read at x + flow(x), bilinear; `outside` beyond the border."""
    height, width = flow.shape[:2]
    return sample_window(values, flow, (0, 0, width, height), outside)


def sample_window(
    values: FloatMap | FloatImage,
    flow: FloatImage,
    window: tuple[int, int, int, int],
    outside: float = 0.0,
) -> FloatMap:
    """Return `sample_at` of the pixels in a window (x0, y0, x1, y1) alone, float32 (y1-y0, x1-x0[, C])."""
    x0, y0, x1, y1 = window
    places = places_along(flow[y0:y1, x0:x1], x0, y0)
    return cv2.remap(  # type: ignore[no-any-return]
        values,
        places,
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 4,
    )


def places_along(flow: FloatImage, x0: int, y0: int) -> FloatImage:
    """Return where a flow, float32 (h, w, 2), of a window at (x0, y0) leads, float32 (h, w, 2)."""
    places = np.empty(flow.shape, dtype=np.float32)
    _fill_places(flow, x0, y0, places)
    return places


@compiled
def _fill_places(flow: FloatImage, x0: int, y0: int, out: FloatImage) -> None:
    height, width = out.shape[:2]
    for row in range(height):
        for column in range(width):
            out[row, column, 0] = flow[row, column, 0] + np.float32(column + x0)
            out[row, column, 1] = flow[row, column, 1] + np.float32(row + y0)


class FlowEstimator:
    """DIS optical flow (Kroeger et al., ECCV 2016) on the luma, both ways, checked against itself.

    One object serves one thread: OpenCV's estimator keeps its buffers.
    """

    def __init__(self, patch_stride: int = _PATCH_STRIDE) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._dis.setPatchStride(patch_stride)

    def one_way(self, here: ProcessingColours, there: ProcessingColours) -> FloatImage:
        """Return where each pixel of `here` is in `there`, float32 (h, w, 2) as (dx, dy)."""
        return np.asarray(self._dis.calc(here.luma, there.luma, None), dtype=np.float32)

    def between(self, previous: ProcessingColours, current: ProcessingColours) -> FlowPair:
        """Return the flow between two neighbouring frames in the order they are tracked."""
        to_previous = self.one_way(current, previous)
        from_previous = self.one_way(previous, current)
        reliability = flow_reliability(previous, current, to_previous, from_previous)
        return FlowPair(to_previous, from_previous, reliability)


def reversed_flow(
    flow: FlowPair, previous: ProcessingColours, current: ProcessingColours
) -> FlowPair:
    """Return the flow between two frames as if the later one came first."""
    to_next, from_next = flow.from_previous, flow.to_previous
    return FlowPair(to_next, from_next, flow_reliability(current, previous, to_next, from_next))


def flow_reliability(
    previous: ProcessingColours,
    current: ProcessingColours,
    to_previous: FloatImage,
    from_previous: FloatImage,
) -> FloatMap:
    """Return the share of trust in [0.25, 1]: low where the two flows or the colours disagree."""
    height, width = current.luma.shape
    places = places_along(to_previous, 0, 0)
    returning, previous_lab = (
        np.asarray(
            cv2.remap(values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        )
        for values in (from_previous, previous.lab)
    )
    doubt = np.empty((height, width), dtype=np.float32)
    _fill_doubt(to_previous, returning, previous_lab, current.lab, doubt)
    return np.asarray(np.maximum(cv2.exp(doubt), np.float32(_RELIABILITY_FLOOR)))


@compiled
def _fill_doubt(
    to_previous: FloatImage,
    returning: FloatImage,
    previous_lab: FloatImage,
    lab: FloatImage,
    out: FloatMap,
) -> None:
    """Fill `out` (h, w) with the logarithm of the trust, by the two flows' gap and the colours'."""
    height, width = out.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    slope, scale = np.float32(0.05), np.float32(1.0 / 25.0)
    for row in range(height):
        for column in range(width):
            x, y = to_previous[row, column, 0], to_previous[row, column, 1]
            loop_x, loop_y = x + returning[row, column, 0], y + returning[row, column, 1]
            gap = zero
            for channel in range(3):
                gap += abs(previous_lab[row, column, channel] - lab[row, column, channel])
            gap *= scale
            loop = (loop_x * loop_x + loop_y * loop_y) / (one + slope * (x * x + y * y))
            out[row, column] = -loop - gap * gap


def forward_coverage(
    from_previous: FloatImage, window: tuple[int, int, int, int] | None = None
) -> FloatMap:
    """Return how much of the previous frame lands on each pixel, float32 (h, w), about 1 where moved.

    Near 0 means disoccluded background. Of a window (x0, y0, x1, y1) alone where one is given.
    """
    height, width = from_previous.shape[:2]
    x0, y0, x1, y1 = window or (0, 0, width, height)
    reach = int(cv2.norm(from_previous, cv2.NORM_INF)) + 2
    sources = grow_box((x0, y0, x1, y1), (width, height), 0.0, reach)
    # With a border of one pixel, so that a pixel whose four neighbours aren't all inside needs no loop of its own.
    total = np.zeros((y1 - y0 + 2, x1 - x0 + 2), dtype=np.float32)
    _splat_ones(from_previous, sources, x0 - 1, y0 - 1, total)
    return total[1:-1, 1:-1]


@compiled
def _splat_ones(
    flow: FloatImage, sources: tuple[int, int, int, int], x0: int, y0: int, total: FloatMap
) -> None:
    """Add to `total`, a window at (x0, y0), what of the box `sources` lands there along a flow.

    What lands on its border counts only where all of it is inside.
    """
    height, width = total.shape
    one = np.float32(1.0)
    for row in range(sources[1], sources[3]):
        for column in range(sources[0], sources[2]):
            x = flow[row, column, 0] + np.float32(column - x0)
            y = flow[row, column, 1] + np.float32(row - y0)
            left, top = np.floor(x), np.floor(y)
            right_share, lower_share = x - left, y - top
            left_share, upper_share = one - right_share, one - lower_share
            to_row, to_column = np.int32(top), np.int32(left)
            if 0 <= to_row < height - 1 and 0 <= to_column < width - 1:
                total[to_row, to_column] += upper_share * left_share
                total[to_row, to_column + 1] += upper_share * right_share
                total[to_row + 1, to_column] += lower_share * left_share
                total[to_row + 1, to_column + 1] += lower_share * right_share
