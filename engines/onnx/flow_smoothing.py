"""Alphas of single frames smoothed along their motion, and carried to frames between them.

A frame network answers each frame afresh, so its alpha flickers where it is in doubt. Here the alphas of the frames
around each one are carried to it along the motion, weighted by how well the motion explains the frames (H. Huang
et al.'s warped temporal consistency, computed at inference), and their robust mean is taken: what most frames
say, without the error of the few that miss a part. Where the motion doesn't explain a frame, its own alpha is kept. The contour is drawn to the picture's edges before and after the
mean. This is computed at a reduced size; the full-size alpha is moved by the difference, so that its detail stays
the network's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.onnx.edge_guidance import drawn_to_edges
from engines.onnx.filling_loss import FillingLoss
from engines.onnx.picture_match import PictureMatch, with_own
from engines.onnx.robust_mean import HAZE, robust_mean, without_haze
from utils.mask_utils import bounding_box, grow_box
from utils.motion import (
    FULL_LEVELS,
    WHOLE,
    CarriedView,
    Grey,
    Motion,
    MotionStep,
    View,
    with_target_motion,
)
from utils.types import Alpha, FloatMap, Frame

REACH = 8
"""Frames before and after each one whose alphas count."""
_SAME = 1e-3
"""Difference of alphas up to which there is nothing to smooth, as in most of a picture."""
_VIEW_MARGIN_PX = 8
"""Margin, in reduced pixels, of the view in which alphas are carried and averaged."""
_LEAST_TRUST = 1e-3
"""Weight at least of an alpha carried to a frame that has none of its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame on its way: uint8 RGB (H, W, 3), the network's alpha if it was asked, and whether a shot begins."""

    frame: Frame
    alpha: Alpha | None
    starts: bool = False


@dataclass(slots=True, eq=False)
class _Moment:
    """What is kept of a frame while it lies within reach, at the reduced size.

    `full` is the network's alpha of the full size in levels of 65535, `alpha` the same reduced, and `drawn` that drawn
    to the picture's edges where alphas are smoothed, all None where the network was not asked. `target` is the reduced
    alpha, or the one before carried here. `before` and `after` lead to the frames before and after. `repeats` counts
    the frames after it that show the same.
    """

    grey: Grey
    picture: Frame
    full: npt.NDArray[np.uint16] | None
    alpha: FloatMap | None
    drawn: FloatMap | None
    target: FloatMap
    repeats: int = 0
    before: MotionStep | None = None
    after: MotionStep | None = None


class FlowSmoother:
    """Smooths the alphas of one clip.

    Args:
        size_wh: size of the frames, in pixels.
        every: frames without an alpha follow each other at most `every` - 1 times.
        smooths: take the mean along the motion; otherwise only frames without an alpha get one.
        loss: gets what filling costs, where `every` is above 1.
    """

    def __init__(
        self,
        size_wh: tuple[int, int],
        every: int = 1,
        smooths: bool = True,
        loss: FillingLoss | None = None,
    ) -> None:
        self._motion = Motion(size_wh)
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
            if self._every == 1:
                # Only frames between others take from alphas of the full size around them.
                shot[place].full = None
            yield from itertools.repeat(result, 1 + shot[place].repeats)

    def _moment(self, sample: Sample, previous: _Moment | None) -> _Moment:
        motion = self._motion
        grey, picture = motion.grey(sample.frame), motion.picture(sample.frame)
        full = alpha = drawn = None
        if sample.alpha is not None:
            # Sixteen bits: several alphas of the full size wait here.
            full, alpha = _sixteen_bits(sample.alpha), motion.reduced(sample.alpha)
            drawn = drawn_to_edges(alpha, picture) if self._smooths else alpha
        if previous is None:
            assert alpha is not None
            return _Moment(grey, picture, full, alpha, drawn, alpha)
        before, after = motion.both_ways(grey, previous.grey)
        target = alpha if alpha is not None else motion.warped(previous.target, before.flow)
        previous.after = with_target_motion(after, previous.target)
        before = with_target_motion(before, target)
        return _Moment(grey, picture, full, alpha, drawn, target, before=before)

    def _result(self, shot: list[_Moment], place: int) -> Alpha:
        moment = shot[place]
        if moment.full is None:
            full = self._between(shot, place)
        else:
            full = moment.full.astype(np.float32) / np.float32(FULL_LEVELS)
            if self._loss is not None and self._every > 1:
                self._measure(self._loss, shot, place, full)
        if not self._smooths:
            return full
        own = moment.alpha if moment.alpha is not None else self._motion.reduced(full)
        smoothed = self._smoothed(shot, place, own)
        change = cv2.resize(smoothed - own, self._motion.full_wh)
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
        for distance, (other, carried) in enumerate(around, start=1):
            if other.full is not None:
                trust = np.maximum(carried.trust, _LEAST_TRUST)
                weight = cv2.resize(trust, self._motion.full_wh) / distance
                alpha = self._motion.carried(other.full, carried.flow)
                return alpha / np.float32(FULL_LEVELS), weight
        return None

    def _smoothed(self, shot: list[_Moment], place: int, own: FloatMap) -> FloatMap:
        """Return the robust mean of the alphas within reach, carried to the frame and drawn to edges, float32 (h, w).

        Args:
            own: the frame's reduced alpha; one that was carried counts for nothing where others reach the frame.
        """
        drawn, picture = shot[place].drawn, shot[place].picture
        mean = own if drawn is None else drawn
        smoothed = np.zeros_like(own)
        view = _where_matted(shot[max(0, place - REACH) : place + REACH + 1], own)
        if view is None:
            return smoothed
        values = [mean[view].copy()]
        weights = [np.full_like(values[0], _LEAST_TRUST if drawn is None else 1.0)]
        match = PictureMatch(picture[view], mean[view])
        for side in (-1, 1):
            for other, carried in self._around(shot, place, side, REACH, view):
                if other.drawn is not None:
                    values.append(carried.values(other.drawn))
                    weights.append(carried.trust)
                    match.add(carried.values(other.picture), values[-1], weights[-1])
        stacked = np.stack(values)
        differ = np.ptp(stacked, axis=0) > _SAME
        values[0][differ] = robust_mean(stacked[:, differ], np.stack(weights)[:, differ])
        smoothed[view] = without_haze(values[0])
        smoothed = drawn_to_edges(smoothed, picture)
        if drawn is not None:
            smoothed[view] = with_own(smoothed[view], drawn[view], picture[view], match.missing)
        return smoothed

    def _around(
        self, shot: list[_Moment], place: int, side: int, reach: int, view: View = WHOLE
    ) -> Iterator[tuple[_Moment, CarriedView]]:
        """Yield the frames on one side, nearest first, and where a view of the frame lies in them."""
        carried = CarriedView(self._motion.size_wh, view)
        for distance in range(reach):
            near, far = place + side * distance, place + side * (distance + 1)
            if not 0 <= far < len(shot):
                return
            step = shot[near].before if side < 0 else shot[near].after
            assert step is not None
            carried.follow(step)
            yield shot[far], carried


def _where_matted(moments: list[_Moment], own: FloatMap) -> View | None:
    """Return the rows and columns outside of which no alpha is more than haze, with a margin; None without any."""
    most = own
    for moment in moments:
        if moment.drawn is not None:
            most = cv2.max(most, moment.drawn)
    height, width = own.shape
    box = bounding_box(np.asarray(most > HAZE, np.bool_))
    if box is None:
        return None
    x0, y0, x1, y1 = grow_box(box, (width, height), 0.0, _VIEW_MARGIN_PX)
    return slice(y0, y1), slice(x0, x1)


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
    return np.asarray(np.rint(alpha * np.float32(FULL_LEVELS)), np.uint16)
