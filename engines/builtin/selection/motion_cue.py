"""Motion cue of a box: what moves relative to the background in the neighbouring frames."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.tracking.background_motion import OTHER_SCENE, ObjectMotion, object_motion
from engines.builtin.vision.arrays import lengths, resize_map
from engines.builtin.vision.flow import FINE_PATCH_STRIDE, FlowEstimator
from engines.builtin.vision.processing_size import ProcessingColours, to_processing_colours
from utils.mask_utils import bounding_box, components, dilate, grow_box
from utils.types import FloatImage, FloatMap, Frame, Mask

NEAR = (-1, 1)
FAR = (-3, 3)
"""Distances, in frames, of the neighbours used: the far ones where the near ones show too little motion."""
_ENOUGH_PIXELS = 3.0
"""Motion of the box's content against the background, in pixels at processing size, that shows an outline."""
_AROUND = 4
"""Pixels around a box that are not taken for background."""

_TYPICAL = 80
"""Percentile of the motion in a box that counts as its motion."""
_CLEAR = 0.8, 1.8
"""Length of the box's motion vectors (their 80th percentile) at which motion is nothing, and clear."""
_MOVES = 1.0
_SLOPE = 2.0
"""Length of a motion vector at log odds 0, and what they rise by with a length of 1."""
_FOR, _AGAINST = 1.0, 1.5
"""Largest log odds for a pixel that moves, and against one that doesn't."""
_SHOWN = 1.0, 1.8
"""Difference at which a moving pixel counts for nothing, and how much more until it counts in full."""
_HALO = -0.5
"""Factor of the evidence where a moving pixel shows no frame difference: flow leaks over the contour
onto plain background."""
_PLAIN = 0.6
"""The same where such a pixel is enclosed by moving edges: the plain inside of an object."""
_SEEN = 0.3
"""Strength from which motion may propose the box of a lone click."""
_WITH, _LIKE = 1.5, 0.4
"""A pixel moves with a click from this length of its vector, and from this share of the click's."""
_SPECK = 60
"""Fewest pixels of the components at a click that are an object."""


@dataclass(frozen=True, slots=True)
class MotionCue:
    """Motion in a box.

    Attributes:
        evidence: log odds that a pixel is the object's, float32 (h, w) in [-1.5, 1], weighed by `strength`.
        difference: `ObjectMotion.difference`, the least of all neighbours, float32 (h, w).
        length: of the motion vectors, the mean of all neighbours, float32 (h, w).
        strength: how clearly anything moves at all, in [0, 1].
    """

    evidence: FloatMap
    difference: FloatMap
    length: FloatMap
    strength: float

    def part(self, window: tuple[int, int, int, int], size_wh: tuple[int, int]) -> MotionCue:
        """Return its window (x0, y0, x1, y1), at another size."""
        x0, y0, x1, y1 = window
        evidence, difference, length = (
            resize_map(np.ascontiguousarray(values[y0:y1, x0:x1]), size_wh)
            for values in (self.evidence, self.difference, self.length)
        )
        return MotionCue(evidence, difference, length, self.strength)

    def box_at(
        self, places: Sequence[tuple[int, int]], window: tuple[int, int, int, int]
    ) -> tuple[int, int, int, int] | None:
        """Return the box (x0, y0, x1, y1) of the moving components at the places (x, y).

        None where they don't move, or only a few pixels do. `window` (x0, y0, x1, y1) limits it.
        """
        at = float(np.median([self.length[y, x] for x, y in places]))
        if self.strength < _SEEN or at < _MOVES:
            return None
        x0, y0, x1, y1 = window
        moves = np.zeros(self.length.shape, dtype=np.uint8)
        moves[y0:y1, x0:x1] = self.length[y0:y1, x0:x1] > max(_WITH, _LIKE * at)
        moves = cv2.morphologyEx(moves, cv2.MORPH_CLOSE, np.ones((7, 7), dtype=np.uint8))
        moves = cv2.morphologyEx(moves, cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8))
        for place in places:
            cv2.circle(moves, place, 3, 1, -1)
        names, _ = components(moves > 0)
        found = np.isin(names, [names[y, x] for x, y in places])
        box = bounding_box(found)
        if box is None or np.count_nonzero(found) < _SPECK:
            return None
        height, width = found.shape
        return grow_box(box, (width, height), 0.0, 2)


class NeighbourMotion:
    """Flow from one picture to its neighbours in time, computed once for any number of boxes."""

    def __init__(self, picture: ProcessingColours, around: Mapping[int, Frame]) -> None:
        """Reduce the picture's neighbours, uint8 RGB (H, W, 3) by their distance in frames, to its size.

        Flow is found when needed.
        """
        self._picture = picture
        height, width = picture.luma.shape
        self._around = {
            distance: cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
            for distance, frame in around.items()
        }
        self._flows: dict[int, tuple[FloatImage, FloatImage]] = {}

    def inside(self, box: tuple[int, int, int, int]) -> MotionCue | None:
        """Return what moves in the box (x0, y0, x1, y1) against what is outside it.

        None without a neighbour of the same scene, or without pixels outside the box.
        """
        x0, y0, x1, y1 = box
        boxed = np.zeros(self._picture.luma.shape, dtype=bool)
        boxed[y0:y1, x0:x1] = True
        background = ~dilate(boxed, _AROUND)
        motions = self._motions(NEAR, background)
        if not motions or _typical([motion.pixels for motion in motions], box) < _ENOUGH_PIXELS:
            motions = self._motions(FAR, background) or motions
        if not motions:
            return None
        vectors = [lengths(motion.vector) for motion in motions]
        length = _mean(vectors)
        difference = functools.reduce(np.minimum, [motion.difference for motion in motions])
        least, most = _CLEAR
        strength = float(np.clip((_typical(vectors, box) - least) / (most - least), 0.0, 1.0))
        evidence = np.clip(_SLOPE * (length - _MOVES), -_AGAINST, _FOR)
        shown = np.clip((difference - _SHOWN[0]) / _SHOWN[1], _HALO, 1.0)
        shown = np.where(
            _plain_inside(length > _MOVES, difference > _SHOWN[0], boxed), _PLAIN, shown
        )
        evidence = strength * np.where(evidence > 0.0, evidence * shown, evidence)
        return MotionCue(
            evidence.astype(np.float32),
            difference,
            length,
            strength,
        )

    def _motions(self, distances: tuple[int, ...], background: Mask) -> list[ObjectMotion]:
        if not background.any():
            return []
        motions = [
            object_motion(self._picture.lab, *self._neighbour(distance), background)
            for distance in distances
            if distance in self._around or distance in self._flows
        ]
        return [motion for motion in motions if motion.mismatch <= OTHER_SCENE]

    def _neighbour(self, distance: int) -> tuple[FloatImage, FloatImage]:
        """Return a neighbour's Lab colours, float32 (h, w, 3), and the flow to it, float32 (h, w, 2)."""
        if distance not in self._flows:
            frame = self._around.pop(distance)
            neighbour = to_processing_colours(frame, (frame.shape[1], frame.shape[0]))
            # An estimator keeps buffers as large as all the flows.
            flow = FlowEstimator(FINE_PATCH_STRIDE).one_way(self._picture, neighbour)
            self._flows[distance] = neighbour.lab, flow
        return self._flows[distance]


def _plain_inside(moves: Mask, differs: Mask, boxed: Mask) -> Mask:
    """Return moving pixels without frame difference that moving edges enclose, bool (h, w).

    That is the plain inside of an object; flow that leaks over a contour is open to the background.
    """
    plain = moves & boxed & ~dilate(differs & moves, 1)
    names, _ = components(plain)
    open_ones = np.unique(names[dilate(~(moves & boxed), 2)])
    return np.asarray(plain & ~np.isin(names, open_ones))


def _typical(maps: list[FloatMap], box: tuple[int, int, int, int]) -> float:
    x0, y0, x1, y1 = box
    inside = _mean([values[y0:y1, x0:x1] for values in maps])
    return float(np.percentile(inside, _TYPICAL))


def _mean(maps: list[FloatMap]) -> FloatMap:
    return np.asarray(sum(maps[1:], start=maps[0]) / np.float32(len(maps)), dtype=np.float32)
