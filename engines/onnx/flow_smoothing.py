"""Alphas of single frames smoothed along the optical flow, and carried to frames between them.

A frame network answers each frame afresh, so its alpha flickers where it is in doubt. Here the alphas of the frames
around each one are carried to it along the flow, weighted by how well the flow explains the picture there (H. Huang
et al.'s warped temporal consistency, computed at inference), and their weighted median is taken: what most frames
say, without the error of the few that miss a part. The mean with the two neighbours' medians follows. This is
computed at a reduced size; the full-size alpha is moved by the difference, so that its edges stay the network's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from engines.onnx.filling_loss import FillingLoss
from utils.types import Alpha, Frame

FloatMap = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

FLOW_LONG_SIDE = 384
"""Longest side, in pixels, at which flow and smoothing are computed."""
REACH = 8
"""Frames before and after each one whose alphas count."""
_LEVELS = 12.0
"""Difference, in levels of 255, between the frame and a carried one at which the weight has fallen to 1/e."""
_STEP_PX = 1.0
"""Distance that the flow there and back misses its start by, in reduced pixels, for the same fall."""
_LEAST_TRUST = 1e-3
"""Weight at least of an alpha carried to a frame that has none of its own."""
_FULL_LEVELS = 65535.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame on its way: uint8 RGB (H, W, 3), the network's alpha if it was asked, and whether a shot begins."""

    frame: Frame
    alpha: Alpha | None
    starts: bool = False


@dataclass(slots=True, eq=False)
class _Moment:
    """What is kept of a frame while it lies within reach, at the reduced size.

    `before` and `after` are the flow to the frame before and after, (h, w, 2) in pixels; the misses tell how
    far it fails to come back, in pixels. `repeats` counts the frames after it that show the same.
    """

    grey: Grey
    full: npt.NDArray[np.uint16] | None
    alpha: FloatMap | None
    median: FloatMap | None = None
    repeats: int = 0
    before: FloatMap | None = None
    before_miss: FloatMap | None = None
    after: FloatMap | None = None
    after_miss: FloatMap | None = None


class _Motion:
    """Optical flow between reduced frames, and what it carries along; `size_wh` is that of the frames."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        scale = min(1.0, FLOW_LONG_SIDE / max(size_wh))
        self.full_wh = size_wh
        self.size_wh = max(16, round(size_wh[0] * scale)), max(16, round(size_wh[1] * scale))
        self.grid = _grid(self.size_wh)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def grey(self, frame: Frame) -> Grey:
        """Return the reduced frame, uint8 (h, w)."""
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.resize(grey, self.size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def flow(self, here: Grey, there: Grey) -> FloatMap:
        """Return where each pixel of `here` lies in `there`, float32 (h, w, 2), relative to it."""
        return np.asarray(self._flow.calc(here, there, None), np.float32)

    def warped(self, values: npt.NDArray[Any], flow: FloatMap) -> FloatMap:
        """Return the values, (h, w) or (h, w, n), that the flow leads to."""
        places = self.grid + flow
        warped = cv2.remap(values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped)

    def carried(self, alpha: npt.NDArray[np.uint16], flow: FloatMap) -> FloatMap:
        """Return the full-size alpha, 16-bit levels, that the reduced flow leads to, float32 (H, W)."""
        ratio = np.array(self.full_wh, np.float32) / np.array(self.size_wh, np.float32)
        places = cv2.resize(flow, self.full_wh) * ratio + _grid(self.full_wh)
        carried = cv2.remap(alpha, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(carried, np.float32) / np.float32(_FULL_LEVELS)


class FlowSmoother:
    """Smooths the alphas of one clip.

    Args:
        size_wh: size of the frames, in pixels.
        every: frames without an alpha follow each other at most `every` - 1 times.
        smooths: take the median along the motion; otherwise only frames without an alpha get one.
        loss: gets what filling costs, where `every` is above 1.
    """

    def __init__(
        self,
        size_wh: tuple[int, int],
        every: int = 1,
        smooths: bool = True,
        loss: FillingLoss | None = None,
    ) -> None:
        self._motion = _Motion(size_wh)
        self._every = every
        self._loss = loss
        self._smooths = smooths
        self._reach = max(REACH if smooths else 0, every - 1)

    def run(self, samples: Iterable[Sample | None]) -> Iterator[Alpha]:
        """Yield each frame's alpha, float32 (H, W), in order; some frames are read ahead.

        Args:
            samples: None for a frame that shows what the one before shows: it takes its alpha.

        Raises:
            ValueError: a shot begins with a frame without an alpha.
        """
        if self._reach == 0:
            yield from _as_given(samples)
            return
        shot: list[_Moment] = []
        given = 0
        for sample in samples:
            if sample is None:
                shot[-1].repeats += 1
                continue
            if sample.starts or not shot:
                yield from self._results(shot, given, len(shot))
                shot, given = [], 0
                if sample.alpha is None:
                    raise ValueError("the first frame of a shot needs an alpha")
            shot.append(self._moment(sample, shot[-1] if shot else None))
            if len(shot) - given > self._reach + 1:
                yield from self._results(shot, given, given + 1)
                given += 1
            if given > self._reach + 1:
                del shot[0]
                given -= 1
        yield from self._results(shot, given, len(shot))

    def _results(self, shot: list[_Moment], start: int, stop: int) -> Iterator[Alpha]:
        for place in range(start, stop):
            result = self._result(shot, place)
            yield from itertools.repeat(result, 1 + shot[place].repeats)

    def _moment(self, sample: Sample, previous: _Moment | None) -> _Moment:
        motion = self._motion
        moment = _Moment(motion.grey(sample.frame), None, None)
        if sample.alpha is not None:
            # Sixteen bits: several alphas of the full size wait here.
            moment.full = _sixteen_bits(sample.alpha)
            moment.alpha = self._reduced(sample.alpha)
        if previous is not None:
            moment.before = motion.flow(moment.grey, previous.grey)
            previous.after = motion.flow(previous.grey, moment.grey)
            moment.before_miss = self._miss(moment.before, previous.after)
            previous.after_miss = self._miss(previous.after, moment.before)
        return moment

    def _miss(self, there: FloatMap, back: FloatMap) -> FloatMap:
        returned = there + self._motion.warped(back, there)
        return np.asarray(cv2.magnitude(returned[..., 0], returned[..., 1]), np.float32)

    def _result(self, shot: list[_Moment], place: int) -> Alpha:
        moment = shot[place]
        if moment.full is None or moment.alpha is None:
            return self._between(shot, place)
        full: Alpha = moment.full.astype(np.float32) / np.float32(_FULL_LEVELS)
        if self._loss is not None and self._every > 1:
            self._measure(self._loss, shot, place, full)
        if not self._smooths:
            return full
        for near in range(max(0, place - 1), min(place + 2, len(shot))):
            if shot[near].median is None and shot[near].alpha is not None:
                shot[near].median = self._median(shot, near)
        assert moment.median is not None
        total, weights = moment.median.copy(), np.ones_like(moment.median)
        for side in (-1, 1):
            for other, flow, trust in self._around(shot, place, side, 1):
                if other.median is not None:
                    total += trust * self._motion.warped(other.median, flow)
                    weights += trust
        change = cv2.resize(total / weights - moment.alpha, self._motion.full_wh)
        result: Alpha = np.clip(full + change, 0.0, 1.0, dtype=np.float32)
        return result

    def _measure(self, loss: FillingLoss, shot: list[_Moment], place: int, own: Alpha) -> None:
        """Compare a frame's own alpha with what its neighbours would fill it with, where there are two."""
        sides = self._sides(shot, place)
        if len(sides) == 2:
            loss.compare(_mean(sides), own)

    def _between(self, shot: list[_Moment], place: int) -> Alpha:
        """Return the mean of the nearest alphas before and after, carried here; the nearer one counts more."""
        return _mean(self._sides(shot, place))

    def _sides(self, shot: list[_Moment], place: int) -> list[tuple[FloatMap, FloatMap]]:
        """Return the nearest alphas before and after, carried to the frame, and their weights."""
        found = (self._nearest(shot, place, side) for side in (-1, 1))
        return [side for side in found if side is not None]

    def _nearest(
        self, shot: list[_Moment], place: int, side: int
    ) -> tuple[FloatMap, FloatMap] | None:
        """Return the nearest alpha on one side carried to the frame, and its weight, both float32 (H, W)."""
        around = self._around(shot, place, side, self._reach + 1)
        for distance, (other, flow, trust) in enumerate(around, start=1):
            if other.full is not None:
                weight = (
                    cv2.resize(np.maximum(trust, _LEAST_TRUST), self._motion.full_wh) / distance
                )
                return self._motion.carried(other.full, flow), weight
        return None

    def _median(self, shot: list[_Moment], place: int) -> FloatMap:
        """Return the weighted median of the alphas within reach, carried to the frame, float32 (h, w)."""
        own = shot[place].alpha
        assert own is not None
        values, weights = [own], [np.ones_like(own)]
        for side in (-1, 1):
            for other, flow, trust in self._around(shot, place, side, REACH):
                if other.alpha is not None:
                    values.append(self._motion.warped(other.alpha, flow))
                    weights.append(trust)
        return weighted_median(np.stack(values, axis=-1), np.stack(weights, axis=-1))

    def _around(
        self, shot: list[_Moment], place: int, side: int, reach: int
    ) -> Iterator[tuple[_Moment, FloatMap, FloatMap]]:
        """Yield the frames on one side, nearest first, with the flow from the frame to them and its weight."""
        here = shot[place].grey.astype(np.float32)
        flow = np.zeros((*here.shape, 2), np.float32)
        miss = np.zeros(here.shape, np.float32)
        for distance in range(reach):
            near, far = place + side * distance, place + side * (distance + 1)
            if not 0 <= far < len(shot):
                return
            step = shot[near].before if side < 0 else shot[near].after
            step_miss = shot[near].before_miss if side < 0 else shot[near].after_miss
            assert step is not None
            assert step_miss is not None
            miss = np.maximum(miss, self._motion.warped(step_miss, flow))
            flow = flow + self._motion.warped(step, flow)
            error = cv2.absdiff(self._motion.warped(shot[far].grey, flow).astype(np.float32), here)
            exponent = cv2.blur(error, (5, 5)) / _LEVELS + np.square(miss / _STEP_PX)
            trust: FloatMap = np.exp(-exponent, dtype=np.float32)
            trust[self._is_outside(flow)] = 0.0
            yield shot[far], flow, trust

    def _is_outside(self, flow: FloatMap) -> npt.NDArray[np.bool_]:
        places, last = self._motion.grid + flow, np.array(self._motion.size_wh, np.float32) - 1
        return np.asarray(np.any((places < 0) | (places > last), axis=-1), np.bool_)

    def _reduced(self, alpha: Alpha) -> FloatMap:
        return np.asarray(
            cv2.resize(alpha, self._motion.size_wh, interpolation=cv2.INTER_AREA), np.float32
        )


def _mean(sides: list[tuple[FloatMap, FloatMap]]) -> Alpha:
    total = sum(carried * weight for carried, weight in sides)
    return np.asarray(total / sum(weight for _, weight in sides), np.float32)


def _as_given(samples: Iterable[Sample | None]) -> Iterator[Alpha]:
    alpha: Alpha | None = None
    for sample in samples:
        alpha = alpha if sample is None else sample.alpha
        if alpha is None:
            raise ValueError("every frame needs an alpha, its own or that of the one before")
        yield alpha


def _sixteen_bits(alpha: Alpha) -> npt.NDArray[np.uint16]:
    return np.asarray(np.rint(alpha * np.float32(_FULL_LEVELS)), np.uint16)


def weighted_median(values: FloatMap, weights: FloatMap) -> FloatMap:
    """Return the value that half of the weight lies at or below, along the last axis, float32 (h, w)."""
    order = np.argsort(values, axis=-1)
    sums = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    middle = np.argmax(sums >= 0.5 * sums[..., -1:], axis=-1)
    chosen = np.take_along_axis(order, middle[..., None], axis=-1)
    return np.asarray(np.take_along_axis(values, chosen, axis=-1)[..., 0], np.float32)


def _grid(size_wh: tuple[int, int]) -> FloatMap:
    """Return each pixel's own place, float32 (h, w, 2) as x, y."""
    columns, rows = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
    return np.stack([columns, rows], axis=-1).astype(np.float32)
