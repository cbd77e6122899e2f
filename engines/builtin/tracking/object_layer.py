"""One of two objects that pass each other: all of it, occluded parts too, carried from frame to frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.flow import FlowPair, forward_coverage, sample_at
from utils.mask_utils import dilate, erode
from utils.types import FloatImage, FloatMap, Mask

_CORE = 2
"""Pixels inside the contour from which on flow is the object's own."""
_FEW = 60
"""Pixels below which flow says nothing of an object's motion."""
_HARDLY_SEEN, _MOSTLY_SEEN = 0.3, 0.6
"""Shares of the object in sight up to which it goes on as before, and from which on its flow counts in full."""
_KEEP = 0.7
"""Share of the velocity, and of how much the parts' motions differ, that stays from frame to frame."""
_KEEP_AREA = 0.8
"""The same of its area."""
_PARTS = 80
"""Percentile of the parts' motions against the whole that counts as how far they move in a frame."""
_LEAST_REACH, _LARGEST_REACH = 2, 12
"""Limits of that, in pixels."""
_LARGEST_GROWTH, _GROWTH_RANGE = 1.3, 0.3
"""Area, as a share of the usual one, at which parts may move no farther than a pixel, and below it, in full."""
_COVERED = 0.7
"""Coverage from which on a pixel was in sight in the frame before."""
_FAR = np.float32(1e6)
_LARGEST_GAP = np.float32(25.0)
"""Difference of colours, summed over Lab's channels, from which on two pixels are not the same."""
_LEAD = 0.1
"""Share of that by which colours must match better along the usual motion than along the flow's to be taken instead."""


class ObjectLayer:
    """A layer moves as a whole by the median of its flow where it is occluded, and along the flow where it is seen.

    Attributes:
        whole: probability of the object, occluded or not, float32 (h, w), in the last frame that was settled.
        seen: its part in sight there, bool (h, w).
        motion: of the whole from there to the next frame, float64 (2,) as (dx, dy), in pixels.
        shifted: `whole`, moved by that.
        followed: its part in sight, moved along the flow; nothing that comes to light is in it.
        expected: what is expected of the whole in the next frame.
    """

    def __init__(self, mask: Mask) -> None:
        """Begin at an object's mask, bool (h, w), all of which is in sight."""
        self._velocity: npt.NDArray[np.float64] | None = None
        self._parts = float(_LEAST_REACH)
        self._usual_area = float(np.count_nonzero(mask))
        self.motion = np.zeros(2)
        self.whole = self.shifted = self.followed = self.expected = mask.astype(np.float32)
        self.seen = mask

    @property
    def area_share(self) -> float:
        """The area in sight as a share of the usual one."""
        return float(np.count_nonzero(self.seen)) / max(self._usual_area, 1.0)

    def amend(self, mask: Mask, occluder: Mask) -> None:
        """Go on from another mask of the last frame, bool (h, w); what was occluded stays behind the `occluder`."""
        occluded = np.where(occluder & ~self.seen, self.whole, np.float32(0.0))
        self.settle(mask, occluded)

    def advance(
        self,
        flow: FlowPair,
        camera: npt.NDArray[np.float64],
        is_alone: bool,
        colours: tuple[FloatImage, FloatImage],
    ) -> None:
        """Go on to the next frame along the flow.

        Args:
            flow: between the frame and the last one.
            camera: the background's motion, float64 (2,), in pixels.
            is_alone: nothing occludes it, so that its usual motion and area can be learned.
            colours: Lab of the last frame and of the next one, float32 (h, w, 3).
        """
        usual = None if self._velocity is None else self._velocity + camera
        before = self._velocity
        self._move(flow.from_previous, camera, is_alone)
        if usual is not None and self._is_better(usual, colours):
            self._velocity, self.motion = before, usual
            self.shifted = shifted(self.whole, usual)
            self.followed = shifted(self.seen.astype(np.float32), usual)
            return
        self.shifted = shifted(self.whole, self.motion)
        along = sample_at(self.seen.astype(np.float32), flow.to_previous)
        own = np.where(self.seen[..., None], flow.from_previous, _FAR)
        covered = forward_coverage(own)
        covered = np.maximum(covered, cv2.blur(covered, (3, 3)))
        self.followed = np.minimum(along, covered * np.float32(1.0 / _COVERED))

    def expect(self, other: Mask) -> None:
        """Set what is expected of the whole, where `other`, bool (h, w), is what the other object may occlude."""
        occluded = shifted(np.where(self.seen, np.float32(0.0), self.whole), self.motion)
        behind = np.where(other, self.shifted, np.float32(0.0))
        self.expected = np.maximum(np.maximum(self.followed, behind), occluded)

    def keep_shape(self, other: FloatMap) -> None:
        """Take no farther motion of parts for its own than they usually do, where another whole, float32 (h, w), is."""
        left = float(np.clip((_LARGEST_GROWTH - self.area_share) / _GROWTH_RANGE, 0.0, 1.0))
        reach = float(np.clip(round(self._parts), _LEAST_REACH, _LARGEST_REACH))
        near = dilate(self.shifted > 0.5, max(1, round(reach * left)))
        self.followed = np.where(near | (other < 0.1), self.followed, np.float32(0.0))

    def settle(self, seen: Mask, occluded: FloatMap) -> None:
        """Make the next frame the last one: its part in sight, bool (h, w), and the rest, float32 (h, w)."""
        self.seen = seen
        self.whole = np.where(seen, np.float32(1.0), occluded).astype(np.float32)

    def _is_better(
        self, usual: npt.NDArray[np.float64], colours: tuple[FloatImage, FloatImage]
    ) -> bool:
        """Tell whether the usual motion, float64 (2,), explains the colours clearly better than the flow's.

        Flow takes an object for the other one where both come together at speed: they look alike.
        """
        mismatches = []
        for motion in (usual, self.motion):
            moved = shifted(self.seen.astype(np.float32), motion) > 0.5
            if not moved.any():
                return False
            gap = np.abs(shifted(colours[0], motion)[moved] - colours[1][moved]).sum(axis=1)
            mismatches.append(float(np.minimum(gap, _LARGEST_GAP).mean() / _LARGEST_GAP))
        return mismatches[0] < mismatches[1] - _LEAD

    def _move(self, flow: FloatImage, camera: npt.NDArray[np.float64], is_alone: bool) -> None:
        core = erode(self.seen, _CORE)
        if np.count_nonzero(core) < _FEW:
            core = self.seen
        if np.count_nonzero(core) < _FEW:
            before = np.zeros(2) if self._velocity is None else self._velocity
            self.motion = before + camera
            return
        vectors = flow[core] - camera
        median = np.median(vectors, axis=0)
        area = max(float(np.count_nonzero(self.whole > 0.5)), 1.0)
        share = float(np.count_nonzero(self.seen)) / area
        if self._velocity is None:
            self._velocity = median
        elif share >= _MOSTLY_SEEN:
            self._velocity = _KEEP * self._velocity + (1.0 - _KEEP) * median
        else:
            trust = max(0.0, (share - _HARDLY_SEEN) / (_MOSTLY_SEEN - _HARDLY_SEEN))
            median = trust * median + (1.0 - trust) * self._velocity
        if is_alone:
            parts = float(np.percentile(np.hypot(*(vectors - median).T), _PARTS))
            self._parts = _KEEP * self._parts + (1.0 - _KEEP) * parts
            seen_area = float(np.count_nonzero(self.seen))
            self._usual_area = _KEEP_AREA * self._usual_area + (1.0 - _KEEP_AREA) * seen_area
        self.motion = median + camera


def shifted(values: FloatMap | FloatImage, motion: npt.NDArray[np.float64]) -> FloatMap:
    """Return maps, float32 (h, w[, C]), moved by (dx, dy) pixels; 0 comes in over the border."""
    height, width = values.shape[:2]
    matrix = np.array([[1.0, 0.0, motion[0]], [0.0, 1.0, motion[1]]])
    return np.asarray(cv2.warpAffine(values, matrix, (width, height)), dtype=np.float32)
