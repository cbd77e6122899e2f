"""Restrict a network's alpha to the marked target; pure array work.

Robust Video Matting mattes every person and decides by its first frames whom it keeps; frame networks matte the main
objects. Three means, each where a comparison at the start frame says that it is needed (measured in
docs/performance.md):

- what lies outside the target's box is blanked in every input frame, where the network also sees others;
- parts of the alpha that don't belong to the target are removed, by connection and by distance;
- parts of the target that the network misses, such as raised hands, are filled from the tracked mask: all of them but
  gaps between limbs, or where the alpha is uncertain and the colours are the target's. Beside somebody who touches the target, the mask loses
  what does not have these colours.

Uncertain alpha is removed where earlier frames showed the same background. The contour of what is left is then moved to
the picture's edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from engines.onnx import target_colour
from engines.onnx.broad_doubt import not_the_target
from engines.onnx.contact import gate_beside_others, without_islands
from engines.onnx.edge_guidance import drawn_to_edges
from engines.onnx.limb_gaps import gaps_between_limbs
from engines.onnx.own_parts import OthersInMask, OwnParts, touching_parts
from engines.onnx.seen_background import SeenBackground
from engines.onnx.target_colour import Colours
from utils.mask_utils import (
    bounding_box,
    convex_hull,
    grow_box,
    inner_distance,
)
from utils.types import Alpha, FloatMap, Frame, Mask

WORKING_LONG_SIDE = 640
"""Longest side, in pixels, at which distances and connected parts are computed."""
REACH_PX, FALLOFF_PX = 20.0, 8.0
"""Distance from the tracked mask, in pixels, at which alpha is cut off, and over how much it fades."""
BOX_MARGIN, LEAST_MARGIN_PX = 0.25, 8
"""Margin of the target's box as a share of its longer side: a tracked mask loses legs and flung arms."""
_DROPPED = 0.3
"""Alpha below which a pixel inside the target counts as dropped."""
_OTHERS_SHARE = 0.02
"""Matted area away from the target, as a share of the target's, from which others are in the picture."""
_MISSED_SHARE = 0.02
"""Dropped share of the confirmed mask's interior from which the network doesn't know all of the target.

A mask found from a box is wrong by up to a hundredth itself, which must not be filled."""
_DEPTH = 0.015
"""How deep inside the mask, in square roots of its area, a dropped pixel must lie to be filled again."""
_LEAST_DEPTH_PX = 3.0
_SPILL_SHARE = 0.4
"""Area beyond the reach, as a share of the target's, from which a part holds somebody else as well."""

_BESIDE_SHARE = 0.1
"""The same where it is known better: outside the user's box or own mask, and for a network that mattes more than people.

Such a network mattes whoever stands beside the target, and a mask found from a box with such a network lacks a tenth of the
target on average, most of it within the reach."""

_GAPS_SHARE = 0.2
"""Area matted in gaps of the mask, as a share of the target's, up to which these are gaps between limbs."""
_GAP_RIM = 3.0
"""Reduced pixels around the mask that are its edge and no gap."""


@dataclass(frozen=True, slots=True)
class TargetAgreement:
    """What the network's alpha of a frame says of the target's mask on it.

    Attributes:
        recall: share of the mask's interior that the network mattes, in [0, 1].
        overlap: intersection over union of alpha > 0.5 and the mask, others left out, in [0, 1].
        others: area matted away from the target as a share of the target's.
        joined: the part of it that hangs together with the target's alpha: somebody touches the target.
        surrounded: share of what lies just beyond the mask's soft edge that is matted, in [0, 1].
        out_of_bounds: what of the joined part lies where the user's marks don't let the target be, as a share as well.
        in_gaps: what is matted within the mask's convex hull but not by the mask, as a share as well: somebody in front
            of the target, or parts that the mask lacks.
        is_bounded: the user's marks say where the target may be.
    """

    recall: float
    overlap: float
    others: float
    joined: float = 0.0
    surrounded: float = 0.0
    out_of_bounds: float = 0.0
    in_gaps: float = 0.0
    is_bounded: bool = False

    @property
    def sees_others(self) -> bool:
        """Tell whether people beside the target are matted."""
        return self.others > _OTHERS_SHARE

    @property
    def others_touch(self) -> bool:
        """Tell whether somebody touches the target; else what hangs together with it is its own.

        A mask found from a box may lack legs and arms, which hang together with the target as well, but lie in the box.
        Where much is in gaps of the mask, bounds don't tell: with others, what the mask lacks would be cut off, or what comes
        into sight from behind somebody.
        """
        if self.joined > _SPILL_SHARE:
            return True
        return self.out_of_bounds > _BESIDE_SHARE and self.in_gaps <= _GAPS_SHARE

    @property
    def drops_parts(self) -> bool:
        """Tell whether the network drops parts of the target; else a hole in its alpha is an error of the mask."""
        return 1.0 - self.recall > _MISSED_SHARE


def compare_with_target(alpha: Alpha, mask: Mask, bounds: Mask | None = None) -> TargetAgreement:
    """Compare the alpha of a whole frame, float32 (H, W), with the target's mask.

    Args:
        alpha: the network's, float32 (H, W).
        mask: the target's, bool (H, W).
        bounds: where the user's marks let the target be, bool (H, W); None where they don't tell.
    """
    working = _Working(mask.shape)
    inside, small = working.mask(mask), working.map(alpha)
    if not inside.any():
        return TargetAgreement(0.0, 0.0, 0.0)
    area = float(np.count_nonzero(inside))
    interior = inner_distance(inside) * working.scale > _depth_px(area * working.scale**2)
    interior = interior if interior.any() else inside
    distance_px = inner_distance(~inside) * working.scale
    away = distance_px > REACH_PX
    beside = (distance_px > FALLOFF_PX) & ~away
    near = (small > 0.5) & ~away
    matted = away & (small > _DROPPED)
    touching = touching_parts(small, inside)
    joined = matted & touching
    beyond = gaps = np.zeros_like(joined)
    if bounds is not None:
        gaps = convex_hull(inside) & (inner_distance(~inside) > _GAP_RIM) & touching
        gaps &= small > _DROPPED
        beyond = joined & (inner_distance(~working.mask(bounds)) * working.scale > FALLOFF_PX)
    union = np.count_nonzero(near | inside)
    return TargetAgreement(
        recall=float(np.count_nonzero(interior & (small >= _DROPPED)) / np.count_nonzero(interior)),
        overlap=float(np.count_nonzero(near & inside) / union),
        others=float(np.count_nonzero(matted) / area),
        joined=float(np.count_nonzero(joined) / area),
        surrounded=float(np.count_nonzero(near & beside) / max(float(beside.sum()), 1.0)),
        out_of_bounds=float(np.count_nonzero(beyond) / area),
        in_gaps=float(np.count_nonzero(gaps) / area),
        is_bounded=bounds is not None,
    )


def blank_outside(frame: Frame, mask: Mask) -> Frame:
    """Return the frame, uint8 RGB (H, W, 3), black outside the box around the mask, grown by its margin."""
    box = bounding_box(mask)
    blanked = np.zeros_like(frame)
    if box is None:
        return blanked
    size_wh = mask.shape[1], mask.shape[0]
    x0, y0, x1, y1 = grow_box(box, size_wh, BOX_MARGIN, LEAST_MARGIN_PX)
    blanked[y0:y1, x0:x1] = frame[y0:y1, x0:x1]
    return blanked


def reduced_picture(frame: Frame) -> Frame:
    """Return a frame, uint8 RGB (H, W, 3), at the size that distances and colours are worked on."""
    return _Working(frame.shape).picture(frame)


class TargetRestriction:
    """Restricts one run's alphas; call it in frame order.

    Args:
        size_wh: size of the frames, in pixels.
        fills: see `TargetAgreement.drops_parts`; may be changed from frame to frame.
        joins: what hangs together with the target is its own also beyond the reach of the mask; not where
            `TargetAgreement.others_touch`. It may be changed from frame to frame.
        draws: draw the contour to the picture's edges; not where that is done later.
        trusts_interior: far inside the mask the network decides only where colours are the surroundings'.
        remembers: take away what is doubted and shows the background of earlier frames.
    """

    def __init__(
        self,
        size_wh: tuple[int, int],
        fills: bool,
        joins: bool = True,
        draws: bool = True,
        trusts_interior: bool = False,
        remembers: bool = False,
    ) -> None:
        self._working = _Working((size_wh[1], size_wh[0]))
        self.fills = fills
        self.joins = joins
        self._draws = draws
        self._trusts_interior = trusts_interior
        self._spill = 0.0
        self._own_parts = OwnParts()
        self._others_in_mask = OthersInMask()
        self._bounds_told_others = False
        self._seen_background = SeenBackground() if remembers else None

    def learn(self, alpha: Alpha, mask: Mask) -> None:
        """Decide by a frame whose mask is known well, both (H, W), what is filled and what is joined from here on."""
        agreement = compare_with_target(alpha, mask)
        self.fills = agreement.drops_parts
        self.joins = agreement.joined <= _BESIDE_SHARE

    def decide(self, agreement: TargetAgreement) -> None:
        """Decide by a confirmed frame what is filled and what is joined, and take its mask as it is.

        Others whom the user's marks told from the target are others on later frames without such marks too.
        """
        self.fills = agreement.drops_parts
        if agreement.is_bounded:
            self._bounds_told_others = agreement.others_touch
        self.joins = not (agreement.others_touch or self._bounds_told_others)
        self._others_in_mask = OthersInMask()

    def begin_scene(self) -> None:
        """Forget where others were: a cut leads to the next frame."""
        self._spill = 0.0
        self._own_parts = OwnParts()
        self._others_in_mask = OthersInMask()
        if self._seen_background is not None:
            self._seen_background.forget()

    def __call__(self, alpha: Alpha, mask: Mask, picture: Frame | None = None) -> Alpha:
        """Return the target's alpha, float32 (H, W), of the network's alpha and the tracked mask.

        Args:
            alpha: the network's, float32 (H, W).
            mask: the tracked mask, bool (H, W).
            picture: the frame by `reduced_picture`; None leaves colours and edges out.
        """
        inside, small = self._working.mask(mask), self._working.map(alpha)
        if not inside.any():
            if self._seen_background is not None:
                # Frames later, nothing tells how the camera has moved meanwhile.
                self._seen_background.forget()
            return np.zeros_like(alpha)
        if not self.joins and not self._trusts_interior:
            inside = self._others_in_mask(small, inside)
        distance = inner_distance(~inside)
        colours, seen = None, np.zeros_like(small)
        detail = cache(lambda: self._detail(alpha, small))
        if picture is not None:
            colours = target_colour.colour_probability(
                picture, small, inside, distance, not self.joins
            )
            if self._seen_background is not None:
                seen = self._seen_background(picture, small, inside, distance, detail)
        distance *= self._working.scale
        gate = self._gate(small, inside, distance, colours)
        if colours is not None:
            others = not_the_target(small, inside, distance, colours, detail)
            gate *= 1.0 - np.maximum(others, seen)
        result: Alpha = alpha * self._working.full(gate)
        if colours is not None:
            least = self._least(small, inside, colours) * (1.0 - seen)
            lacks = np.maximum(least - small * gate, 0.0)
            if lacks.any():
                result += self._working.full(lacks)
                np.minimum(result, 1.0, out=result)
        filled = self._dropped(small, inside, colours) if self.fills else None
        if filled is not None and filled.any():
            soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
            np.maximum(
                result,
                soft * self._working.full(filled.astype(np.float32), smooth=True),
                out=result,
            )
        return result if picture is None or not self._draws else self._drawn(result, picture)

    def _least(self, small: FloatMap, inside: Mask, colours: Colours) -> FloatMap:
        """Return the least alpha by colours and depth inside the mask, float32 (h, w)."""
        depth = inner_distance(inside)
        least = target_colour.alpha_by_colour(small, colours, depth)
        if self._trusts_interior:
            least = np.maximum(least, target_colour.alpha_of_interior(colours, depth))
        return least

    def _detail(self, alpha: Alpha, small: FloatMap) -> FloatMap:
        """Return what the full-size alpha has beyond the reduced one, its absolute value, float32 (h, w)."""
        return self._working.map(cv2.absdiff(alpha, self._working.full(small)))

    def _drawn(self, alpha: Alpha, picture: Frame) -> Alpha:
        """Return the alpha with its contour drawn to the picture's edges; its detail stays the network's."""
        small = self._working.map(alpha)
        result: Alpha = self._working.full(drawn_to_edges(small, picture, passes=1) - small)
        result += alpha
        np.clip(result, 0.0, 1.0, out=result)
        return result

    def _gate(
        self, small: FloatMap, inside: Mask, distance: FloatMap, colours: Colours | None
    ) -> FloatMap:
        """Return what the alpha is multiplied with: 1 on the target's own parts and near the mask."""
        gate: FloatMap = np.clip((REACH_PX - distance) / FALLOFF_PX, 0.0, 1.0, dtype=np.float32)
        if not self.joins:
            neighbour = touching_parts(small, inside) & (distance > REACH_PX)
            scale = self._working.scale
            return without_islands(
                gate_beside_others(gate, distance, neighbour, colours, scale), small
            )
        is_beyond = distance > REACH_PX
        belongs = self._own_parts(small, inside, is_beyond)
        beyond = np.count_nonzero(belongs & is_beyond) / np.count_nonzero(inside)
        # Over some frames, so that a part doesn't come and go.
        self._spill += 0.2 * (beyond - self._spill)
        if self._spill < _SPILL_SHARE:
            grown = cv2.dilate(belongs.astype(np.float32), np.ones((3, 3), np.uint8))
            gate = np.maximum(gate, cv2.blur(grown, (3, 3)))
        return gate

    def _dropped(self, small: FloatMap, inside: Mask, colours: Colours | None) -> Mask:
        """Return where the mask must be filled in: around what lies deep inside it, isn't matted and isn't a gap."""
        scale = self._working.scale
        depth = _depth_px(np.count_nonzero(inside) * scale**2) / scale
        seeds = (inner_distance(inside) > depth) & (small < _DROPPED)
        if not seeds.any():
            return seeds
        near = inner_distance(~seeds) <= depth + 2.0
        filled: Mask = near & inside & (small < 0.9)
        if colours is not None and not self._trusts_interior:
            filled &= ~gaps_between_limbs(small, colours)
        return filled


class _Working:
    """The reduced size that distances are computed at; `scale` is full pixels to a reduced one."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._full_wh = shape[1], shape[0]
        self.scale = max(1.0, max(shape) / WORKING_LONG_SIDE)
        self._wh = max(1, round(shape[1] / self.scale)), max(1, round(shape[0] / self.scale))

    def map(self, values: FloatMap) -> FloatMap:
        return np.asarray(cv2.resize(values, self._wh, interpolation=cv2.INTER_AREA), np.float32)

    def picture(self, frame: Frame) -> Frame:
        return np.asarray(cv2.resize(frame, self._wh, interpolation=cv2.INTER_AREA), np.uint8)

    def mask(self, mask: Mask) -> Mask:
        levels = mask.view(np.uint8) * np.uint8(255)
        return np.asarray(cv2.resize(levels, self._wh, interpolation=cv2.INTER_AREA) > 127)

    def full(self, values: FloatMap, *, smooth: bool = False) -> FloatMap:
        if smooth:
            values = cv2.GaussianBlur(values, (0, 0), 1.0)
        return np.asarray(
            cv2.resize(values, self._full_wh, interpolation=cv2.INTER_LINEAR), np.float32
        )


def _depth_px(area_px: float) -> float:
    return max(_LEAST_DEPTH_PX, _DEPTH * float(np.sqrt(area_px)))
