"""Motion between neighbouring frames, for carrying alphas along it; pure array work on reduced frames.

Optical flow is at its worst where an alpha needs it: around the target, background and target move differently, and
the flow there follows the one or the other. An edge moves with the target, so around the target the motion of its
opaque interior is taken, extended outwards by normalised convolution (H. Knutsson and C.-F. Westin, CVPR 1993); what is
farther away keeps the flow of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import FloatMap, Frame

Grey = npt.NDArray[np.uint8]
View: TypeAlias = tuple[slice, slice]
"""Rows and columns of a reduced frame."""
WHOLE: View = (slice(None), slice(None))

LONG_SIDE = 384
"""Longest side, in pixels, of the reduced frames."""
_FINEST_SCALE, _PATCH_STRIDE = 0, 5
"""Halvings of the reduced frames up to which flow is computed, and distance of its patches there, in pixels.

Errors of a step add up over the frames that an alpha is carried: the preset's one halving costs a third of precision."""
_LEVELS, _MISS_PX = 100.0, 3.0
"""Difference of the frames, in levels of 255, and distance that the flow there and back misses its start by, in
reduced pixels, of an error of 1."""
_OPAQUE = 0.97
"""Alpha from which a pixel's motion is the target's."""
FULL_LEVELS = 65535.0
"""Levels of 1 in a map of the frames' full size, uint16."""
_EXTENT_PX = (3.0, 6.0, 12.0, 24.0)
"""Standard deviations, in reduced pixels, by which the target's motion is extended: the smallest that finds enough."""
_ENOUGH = 0.1
"""Share of a neighbourhood that must be the target's interior."""


@dataclass(frozen=True, slots=True, eq=False)
class MotionStep:
    """Where a frame's pixels lie in a neighbouring frame.

    Attributes:
        both: float32 (h, w, 3), flow and error as one map: steps that follow each other are added up at one go.
    """

    both: FloatMap

    @property
    def flow(self) -> FloatMap:
        """X and y in reduced pixels, relative to the pixel, float32 (h, w, 2)."""
        return self.both[..., :2]

    @property
    def error(self) -> FloatMap:
        """How badly the flow explains the frames, float32 (h, w), 0 or more; exp(-error) is a weight."""
        return self.both[..., 2]


class Motion:
    """Motion between frames, and what it carries along; `full_wh` is the frames' size, `size_wh` the reduced one."""

    def __init__(self, full_wh: tuple[int, int]) -> None:
        scale = min(1.0, LONG_SIDE / max(full_wh))
        self.full_wh = full_wh
        self.size_wh = max(16, round(full_wh[0] * scale)), max(16, round(full_wh[1] * scale))
        self.grid = _grid(self.size_wh)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow.setFinestScale(_FINEST_SCALE)
        self._flow.setPatchStride(_PATCH_STRIDE)

    def grey(self, frame: Frame) -> Grey:
        """Return the reduced frame, uint8 (h, w)."""
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.resize(grey, self.size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def picture(self, frame: Frame) -> Frame:
        """Return the reduced frame, uint8 RGB (h, w, 3)."""
        return np.asarray(cv2.resize(frame, self.size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def reduced(self, alpha: FloatMap) -> FloatMap:
        """Return the reduced alpha, float32 (h, w), of one of the frames' size."""
        return np.asarray(cv2.resize(alpha, self.size_wh, interpolation=cv2.INTER_AREA), np.float32)

    def both_ways(self, one: Grey, other: Grey) -> tuple[MotionStep, MotionStep]:
        """Return the flow from one reduced frame to the other, and back, with their errors."""
        there, back = (
            np.asarray(self._flow.calc(*pair, None), np.float32)
            for pair in ((one, other), (other, one))
        )
        return self._step(one, other, there, back), self._step(other, one, back, there)

    def _step(self, here: Grey, there: Grey, flow: FloatMap, back: FloatMap) -> MotionStep:
        missed = flow + self.warped(back, flow)
        miss = cv2.magnitude(missed[..., 0], missed[..., 1])
        levels = cv2.blur(cv2.absdiff(self.warped(there, flow), here), (5, 5))
        error = levels.astype(np.float32) / _LEVELS + np.square(miss / _MISS_PX)
        return MotionStep(np.asarray(cv2.merge([*cv2.split(flow), error]), np.float32))

    def warped(self, values: npt.NDArray[Any], flow: FloatMap) -> npt.NDArray[Any]:
        """Return the values, (h, w) or (h, w, n), that the flow leads to."""
        return _at(values, self.grid + flow, None)

    def carried(self, levels: npt.NDArray[np.uint16], flow: FloatMap) -> FloatMap:
        """Return the levels of the frames' full size that the reduced flow leads to, float32 (H, W)."""
        ratio = np.array(self.full_wh, np.float32) / np.array(self.size_wh, np.float32)
        places = cv2.resize(flow, self.full_wh) * ratio + _grid(self.full_wh)
        carried = cv2.remap(levels, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(carried, np.float32)


class CarriedView:
    """Where the pixels of a view of a frame lie in frames farther and farther away: steps added up.

    Args:
        size_wh: of the reduced frames.
        view: rows and columns of the frame that it starts from.
    """

    def __init__(self, size_wh: tuple[int, int], view: View = WHOLE) -> None:
        self._size_wh = size_wh
        self._start = _grid(size_wh)[view]
        self._now = np.dstack([self._start, np.zeros_like(self._start[..., 0])])
        self._x, self._y, self._error = cv2.split(self._now)

    def follow(self, step: MotionStep) -> None:
        """Go one frame further."""
        self._now += self.values(step.both)
        self._x, self._y, self._error = cv2.split(self._now)

    def values(self, there: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what the view's pixels have in a map of the whole frame there, (h, w) or (h, w, n)."""
        return _at(there, self._x, self._y)

    @property
    def flow(self) -> FloatMap:
        """From the view to the frame there, float32 (h, w, 2)."""
        return np.asarray(self._now[..., :2] - self._start, np.float32)

    @property
    def trust(self) -> FloatMap:
        """How well the way there is known, float32 (h, w) in [0, 1]; 0 where it leads out of the picture."""
        width, height = self._size_wh
        x, y = self._x, self._y
        trust: FloatMap = np.exp(-self._error)
        # An axis of two would be what NumPy's own reductions are slowest over.
        trust[(x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)] = 0.0
        return trust


def with_target_motion(step: MotionStep, alpha: FloatMap) -> MotionStep:
    """Return the step with the target's motion in and around the target.

    Args:
        step: the flow away from a frame.
        alpha: the target's reduced alpha on that frame, float32 (h, w).
    """
    opaque = cv2.erode((alpha > _OPAQUE).astype(np.float32), np.ones((3, 3), np.uint8))
    weight = opaque * np.exp(-step.error)
    parts = cv2.merge([*(part * weight for part in cv2.split(step.both)), weight])
    # Half the size is enough for what is blurred.
    small = cv2.resize(parts, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    motion = np.zeros_like(small[..., :3])
    left = np.ones(small.shape[:2], np.float32)
    for extent in _EXTENT_PX:
        near = cv2.GaussianBlur(small, (0, 0), extent / 2)
        share = left * np.minimum(near[..., 3] / _ENOUGH, 1.0)
        motion += near[..., :3] * (share / np.maximum(near[..., 3], 1e-6))[..., None]
        left -= share
    size_wh = alpha.shape[1], alpha.shape[0]
    left = cv2.resize(left, size_wh)
    return MotionStep(cv2.resize(motion, size_wh) + step.both * left[..., None])


def _grid(size_wh: tuple[int, int]) -> FloatMap:
    """Return each pixel's own place, float32 (h, w, 2) as x, y."""
    columns, rows = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
    return np.stack([columns, rows], axis=-1).astype(np.float32)


def _at(values: npt.NDArray[Any], x: FloatMap, y: FloatMap | None) -> npt.NDArray[Any]:
    """Return the values at some places, between pixels bilinearly; `x` holds both coordinates where `y` is None."""
    found = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found)
