"""Keeps what was erased or added by hand on a frame, and on the frames beside it as far as the picture shows the same.

A matting network decides by itself near a mask's edge, and would bring back on every frame what a user took away on
one. Where marks changed a mask the tracked mask decides instead; that place is carried along the optical flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from engines.base import MattedFrame
from pipeline.jobs.hand_marks import HandMarks
from pipeline.jobs.ranges import FrameRange
from utils.motion import FULL_LEVELS, Grey, Motion
from utils.prefetch import ended
from utils.scene_cut import CutDetector
from utils.strokes import painted_by
from utils.types import Alpha, FloatMap, Mask

REACH = 24
"""Frames on either side that marks are carried to; at another key frame and at a cut they end."""
SELECTED_REACH = 96
"""The same for what strokes added to a first selection: a thing of its own, which the engine never shows."""
_FADE = 8
"""The last frames of these, over which they lose their weight."""
_LOST, _CERTAIN = 0.25, 0.5
"""Trust in the flow from a frame to the marked one: below the former marks count for nothing, from the latter in full."""
_DOUBTED, _SURE = 0.9, 0.98
"""Alpha up to which the engine doubts what was erased beside that frame, and from which it is confident of the target."""
_INNER_SHARE, _LEAST_INNER_PX = 0.0025, 2
"""Distance from a tracked mask's edge from which on inside what was added is filled, as a share of the longer side, and in pixels."""
_EDGE_PX = 1.0
"""Standard deviation that edges are softened by, in pixels of a longer side of 1920; at least half a pixel."""


Kind: TypeAlias = Literal["erased", "added", "painted"]
"""What marks did: of what they added, "painted" is what a brush covered on that frame itself."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where marks decide on a frame: their weight, uint8 (h, w), 255 for all, in some rows and columns."""

    rows: slice
    columns: slice
    weight: npt.NDArray[np.uint8]
    kind: Kind


class CarriedMarks:
    """Changes the alphas of a run where marks decide.

    Args:
        frames: the run's frames.
        marks: what was changed by hand, by frame.
        confirmed: all frames with a mask of their own.
        check: called once for each frame that is read; raises to stop.
    """

    def __init__(
        self,
        frames: FrameRange,
        marks: Mapping[int, HandMarks],
        confirmed: frozenset[int],
        check: Callable[[], None],
    ) -> None:
        self._frames = frames
        self._marks = marks
        self._confirmed = confirmed
        self._check = check
        self._motion = Motion(frames.size_wh)
        self._sigma = max(0.5, _EDGE_PX * max(frames.size_wh) / 1920)
        inner_px = max(_LEAST_INNER_PX, round(_INNER_SHARE * max(frames.size_wh)))
        self._inner = np.ones((2 * inner_px + 1, 2 * inner_px + 1), np.uint8)
        self._places: dict[int, list[_Place]] = {}
        self._is_carried = False

    def keep(
        self, made: Iterator[MattedFrame], frames: FrameRange, masks: Mapping[int, Mask]
    ) -> Iterator[MattedFrame]:
        """Yield the mattes of some of the frames, changed where marks decide.

        Args:
            frames: those that the mattes are counted in, a part of the run's.
            masks: a mask of each of them, bool (H, W).
        """
        if not self._is_carried:
            self._is_carried = True
            for frame in self._marks:
                self._carry(frame)
        offset = frames.first - self._frames.first
        with ended(made) as items:
            for item in items:
                places = self._places.get(item.index + offset)
                if places is None:
                    yield item
                else:
                    yield replace(item, alpha=self._changed(item.alpha, masks[item.index], places))

    def _changed(self, alpha: Alpha, mask: Mask, places: list[_Place]) -> Alpha:
        result = alpha.copy()
        for place in places:
            view = place.rows, place.columns
            own = mask[view].astype(np.float32)
            weight = place.weight * np.float32(1 / 255)
            if place.kind == "erased":
                # The edge of what stays is the engine's own. Tracked masks close narrow gaps again: alone they don't tell.
                certain = np.clip((result[view] - _DOUBTED) / (_SURE - _DOUBTED), 0.0, 1.0)
                kept = certain * self._soft(cv2.dilate(own, np.ones((3, 3), np.uint8)))
                result[view] = np.minimum(result[view], 1 - weight * (1 - kept))
            else:
                # A tracked mask's edge is rougher than the engine's, which stays.
                filled = own if place.kind == "painted" else cv2.erode(own, self._inner)
                result[view] = np.maximum(result[view], weight * self._soft(filled))
        return result

    def _soft(self, values: npt.NDArray[np.float32]) -> FloatMap:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), self._sigma), np.float32)

    def _carry(self, frame: int) -> None:
        """Note where the marks of a frame decide, there and on the frames that they are carried to."""
        marks = self._marks[frame]
        painted = marks.added & painted_by(marks.strokes, marks.added.shape)
        regions: dict[Kind, Mask] = {
            "erased": marks.erased,
            "added": marks.added,
            "painted": painted,
        }
        soft = {
            kind: (self._soft(region.astype(np.float32)) * FULL_LEVELS).astype(np.uint16)
            for kind, region in regions.items()
            if region.any()
        }
        for kind, levels in soft.items():
            self._note(frame, levels.astype(np.float32) / FULL_LEVELS, kind)
        soft.pop("painted", None)
        if not soft:
            return
        reach: dict[Kind, int] = dict.fromkeys(soft, REACH)
        if "added" in soft and marks.adds_to_selection:
            reach["added"] = SELECTED_REACH
        low, high = self._span(frame, max(reach.values()))
        greys, cuts = self._read(low, high)
        for step, stop in ((1, high + 1), (-1, low - 1)):
            self._carry_one_way(frame, step, stop, soft, reach, greys, cuts)  # type: ignore[arg-type]

    def _span(self, frame: int, reach: int) -> tuple[int, int]:
        """Return the first and the last frame that a frame's marks are carried to: none has a mask of its own."""
        below = [other + 1 for other in self._confirmed if other < frame]
        above = [other - 1 for other in self._confirmed if other > frame]
        low = max(0, frame - reach, *below)
        return low, min(len(self._frames) - 1, frame + reach, *above)

    def _read(self, low: int, high: int) -> tuple[dict[int, Grey], set[int]]:
        """Return the reduced frames, and those among them that begin another scene."""
        greys, cuts, detector = {}, set(), CutDetector()
        with ended(self._frames.read(low, high + 1)) as pictures:
            for frame, picture in enumerate(pictures, start=low):
                self._check()
                if detector.is_cut(picture):
                    cuts.add(frame)
                greys[frame] = self._motion.grey(picture)
        return greys, cuts

    def _carry_one_way(
        self,
        marked: int,
        step: Literal[1, -1],
        stop: int,
        soft: Mapping[Kind, npt.NDArray[np.uint16]],
        reach: Mapping[Kind, int],
        greys: Mapping[int, Grey],
        cuts: set[int],
    ) -> None:
        width, height = self._motion.size_wh
        way = np.zeros((height, width, 3), np.float32)
        for frame in range(marked + step, stop, step):
            self._check()
            if (frame if step > 0 else frame + 1) in cuts:
                return
            there, _ = self._motion.both_ways(greys[frame], greys[frame - step])
            way = there.both + self._motion.warped(way, there.flow)
            certain = (np.exp(-way[..., 2]) - _LOST) / (_CERTAIN - _LOST)
            weight = cv2.resize(np.clip(certain, 0.0, 1.0), self._motion.full_wh)
            for kind, levels in soft.items():
                fade = min(1.0, (reach[kind] + 1 - abs(frame - marked)) / _FADE)
                if fade > 0:
                    carried = self._motion.carried(levels, way[..., :2]) / FULL_LEVELS
                    self._note(frame, carried * (weight * np.float32(fade)), kind)

    def _note(self, frame: int, weight: FloatMap, kind: Kind) -> None:
        levels = np.rint(weight * 255).astype(np.uint8)
        left, top, width, height = cv2.boundingRect(levels)
        if width and height:
            rows, columns = slice(top, top + height), slice(left, left + width)
            place = _Place(rows, columns, levels[rows, columns].copy(), kind)
            self._places.setdefault(frame, []).append(place)
