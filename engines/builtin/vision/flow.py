"""Dense optical flow between neighbouring working frames, its reliability, and warping along it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.vision.arrays import channel_gaps, dot
from engines.builtin.vision.processing_size import ProcessingColours
from utils.compiled import compiled
from utils.types import FloatImage, FloatMap

_RELIABILITY_FLOOR = 0.25


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
    return cv2.remap(  # type: ignore[no-any-return]
        values,
        flow[..., 0] + np.arange(width, dtype=np.float32),
        flow[..., 1] + np.arange(height, dtype=np.float32)[:, None],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 4,
    )


def sample_window(
    values: FloatMap | FloatImage, flow: FloatImage, window: tuple[int, int, int, int]
) -> FloatMap:
    """Return `sample_at` of the pixels in a window (x0, y0, x1, y1) alone, float32 (y1-y0, x1-x0[, C])."""
    x0, y0, x1, y1 = window
    view = flow[y0:y1, x0:x1]
    return cv2.remap(  # type: ignore[no-any-return]
        values,
        view[..., 0] + np.arange(x0, x1, dtype=np.float32),
        view[..., 1] + np.arange(y0, y1, dtype=np.float32)[:, None],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0.0,) * 4,
    )


class FlowEstimator:
    """DIS optical flow (Kroeger et al., ECCV 2016) on the luma, both ways, checked against itself.

    One object serves one thread: OpenCV's estimator keeps its buffers.
    """

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def one_way(self, here: ProcessingColours, there: ProcessingColours) -> FloatImage:
        """Return where each pixel of `here` is in `there`, float32 (h, w, 2) as (dx, dy)."""
        return np.asarray(self._dis.calc(here.luma, there.luma, None), dtype=np.float32)

    def between(self, previous: ProcessingColours, current: ProcessingColours) -> FlowPair:
        """Return the flow between two neighbouring frames in the order they are tracked."""
        to_previous = self.one_way(current, previous)
        from_previous = self.one_way(previous, current)
        reliability = _reliability(previous, current, to_previous, from_previous)
        return FlowPair(to_previous, from_previous, reliability)


def _reliability(
    previous: ProcessingColours,
    current: ProcessingColours,
    to_previous: FloatImage,
    from_previous: FloatImage,
) -> FloatMap:
    """Return the share of trust in [0.25, 1]: low where the two flows or the colours disagree."""
    loop = to_previous + sample_at(from_previous, to_previous)
    loop_error = dot(loop, loop)
    length = dot(to_previous, to_previous)
    colour_error = channel_gaps(sample_at(previous.lab, to_previous), current.lab)
    trust = np.exp(-loop_error / (1.0 + 0.05 * length)) * np.exp(-np.square(colour_error / 25.0))
    return np.asarray(np.maximum(trust, _RELIABILITY_FLOOR), dtype=np.float32)


def forward_coverage(from_previous: FloatImage) -> FloatMap:
    """Return how much of the previous frame lands on each pixel, float32 (h, w), about 1 where moved.

    Near 0 means disoccluded background.
    """
    total = np.zeros(from_previous.shape[:2], dtype=np.float32)
    _splat_ones(from_previous, total)
    return total


@compiled
def _splat_ones(flow: FloatImage, total: FloatMap) -> None:
    height, width = total.shape
    for row in range(height):
        for column in range(width):
            x = column + flow[row, column, 0]
            y = row + flow[row, column, 1]
            left, top = int(np.floor(x)), int(np.floor(y))
            for step_y in range(2):
                for step_x in range(2):
                    to_row, to_column = top + step_y, left + step_x
                    if 0 <= to_row < height and 0 <= to_column < width:
                        total[to_row, to_column] += (1.0 - abs(y - to_row)) * (
                            1.0 - abs(x - to_column)
                        )
