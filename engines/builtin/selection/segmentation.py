"""From clicks, a box or a mask on one picture to the mask of the object meant."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

from engines.base import Instance
from engines.builtin.selection.box import Hints, Scene, box_prior, cut
from engines.builtin.selection.click import Correction, correct
from engines.builtin.selection.motion_cue import MotionAround, Moving
from engines.builtin.selection.prompts import check_prompt, clip_box
from engines.builtin.selection.ranking import AnswerRanking, IntBox
from engines.builtin.vision.arrays import resize_mask
from engines.builtin.vision.guided_filter import refine_edges
from engines.builtin.vision.processing_size import WorkingFrame, shrink, working_size
from utils.mask_utils import (
    bounding_box,
    check_keyframe_mask,
    components,
    drop_small,
    grow_box,
)
from utils.types import Frame, Mask, Point, Prompt

_CROP_AREA = 160 * 160
_REMEMBERED = 24
"""Answers kept, so that a click taken back brings back what was there before it."""
_MARGIN = 0.35
_MOTION_MARGIN = 0.15
_AGAIN_MARGIN = 0.08
"""How much larger than the mask the box is that is cut again at a further click, as a share of it."""
_GUESSES = (0.25, 0.45, 0.8)
"""Sides of the boxes tried around a lone click, as shares of the picture's shorter side."""
_CLOSER = (0.03, 0.2)
"""Margins of the boxes cut again around the best answer to it, as shares of its size."""


class BuiltinSegmentation:
    """One picture being segmented: keeps the reduced picture and the answers given so far."""

    def __init__(
        self, image: Frame, engine: str, around: Mapping[int, Frame] | None = None
    ) -> None:
        """Prepare to segment `image`, uint8 RGB (H, W, 3).

        Args:
            engine: name to tell the user.
            around: frames near it by their distance in frames, of the same size: what moves shows.
        """
        self._image = image
        self._around = around or {}
        self._motion: MotionAround | None = None
        self._size_wh = (image.shape[1], image.shape[0])
        self._engine = engine
        self._small_wh = working_size(self._size_wh)
        self._scale = self._small_wh[0] / self._size_wh[0], self._small_wh[1] / self._size_wh[1]
        self._picture: WorkingFrame | None = None
        self._answers: deque[tuple[Prompt, list[Mask]]] = deque(maxlen=_REMEMBERED)

    def segment(self, prompt: Prompt) -> list[Instance]:
        """See `ImageSegmentation.segment`.

        A mask with clicks is that mask, corrected by them. Clicks that come after others correct
        what those had given, near the click only; without the last ones, what was given before them
        comes back.
        """
        check_prompt(prompt, self._size_wh, self._engine)
        if prompt.mask is not None:
            check_keyframe_mask(prompt.mask, self._size_wh, 0)
            if not prompt.points:
                return [Instance(prompt.mask.astype(bool), 1.0)]
        masks = [mask for mask in self._masks(prompt) if mask.any()]
        if masks:
            self._answers.append((prompt, masks))
        return [
            Instance(self._full(mask, prompt), max(0.1, 0.9 - 0.2 * rank))
            for rank, mask in enumerate(masks)
        ]

    def _masks(self, prompt: Prompt) -> list[Mask]:
        """Return the answers at working size, best first."""
        known = 0
        earlier = [answer for answer in self._answers if _continues(answer[0], prompt)]
        if earlier:
            before, masks = max(earlier, key=lambda answer: len(answer[0].points))
            known = len(before.points)
            if known == len(prompt.points):
                return masks
            masks = masks[:1]
        elif prompt.mask is not None:
            masks = [resize_mask(prompt.mask, self._small_wh)]
        elif prompt.box is not None:
            box = self._small_box(clip_box(prompt.box, self._size_wh))
            masks = [self._in_box(box, prompt, self._moving(box))]
        else:
            masks = self._around_click(prompt)
        if not masks:
            return []
        best = masks[0]
        for point in prompt.points[known:]:
            click = self._correction(point)
            if not click.is_met_by(best):
                changed = self._corrected(best, click)
                if prompt.mask is None and prompt.box is None:
                    changed = self._cut_again(best, changed, click, prompt)
                best = changed
        return [best, *masks[1:]]

    def _corrected(self, mask: Mask, click: Correction) -> Mask:
        x0, y0, x1, y1 = bounding_box(mask) or (click.x, click.y, click.x, click.y)
        both = min(x0, click.x), min(y0, click.y), max(x1, click.x + 1), max(y1, click.y + 1)
        moving = self._moving(grow_box(both, self._small_wh, _MOTION_MARGIN, 6))
        return correct(self._small_picture(), mask, click, moving)

    def _cut_again(self, mask: Mask, changed: Mask, click: Correction, prompt: Prompt) -> Mask:
        """Return `changed`, and what else of `mask` a new cut changes at the click, bool (h, w).

        The new cut knows all the clicks and about where the object ends. Masks that clicks alone have
        made gain by it; a box's or a tracked one is better than it already.
        """
        box = bounding_box(changed)
        if box is None:
            return changed
        box = grow_box(box, self._small_wh, _AGAIN_MARGIN, 2)
        again = self._in_box(box, prompt, self._moving(box))
        change = again & ~mask if click.positive else mask & ~again
        names, _ = components(change)
        there = change & (names == names[click.y, click.x])
        return np.asarray(changed | there if click.positive else changed & ~there)

    def _small_picture(self) -> WorkingFrame:
        if self._picture is None:
            self._picture = shrink(self._image, self._small_wh)
        return self._picture

    def _moving(self, box: IntBox) -> Moving | None:
        """Return what moves in a box of the working picture; None where nothing is known of it."""
        if self._motion is None:
            around = {
                distance: shrink(frame, self._small_wh) for distance, frame in self._around.items()
            }
            self._motion = MotionAround(self._small_picture(), around)
            self._around = {}
        return self._motion.inside(box)

    def _small_box(self, box: IntBox) -> IntBox:
        across, down = self._scale
        x0, y0 = int(box[0] * across), int(box[1] * down)
        return (
            x0,
            y0,
            max(x0 + 2, round(box[2] * across)),
            max(y0 + 2, round(box[3] * down)),
        )

    def _correction(self, point: Point) -> Correction:
        across, down = self._scale
        width, height = self._small_wh
        x, y = min(int(point.x * across), width - 1), min(int(point.y * down), height - 1)
        return Correction(x, y, point.positive)

    def _in_box(self, box: IntBox, prompt: Prompt, moving: Moving | None) -> Mask:
        """Return the object in a box, bool at working size, cut at a size that suits the box."""
        window = grow_box(box, self._small_wh, _MARGIN, 12)
        left, top, right, bottom = window
        source = grow_box(
            tuple(  # type: ignore[arg-type]
                round(value / self._scale[axis % 2]) for axis, value in enumerate(window)
            ),
            self._size_wh,
            0.0,
            0,
        )
        crop_wh = working_size((right - left, bottom - top), _CROP_AREA)
        crop = shrink(self._image[source[1] : source[3], source[0] : source[2]], crop_wh)
        across, down = crop_wh[0] / (right - left), crop_wh[1] / (bottom - top)
        inner = (
            round((box[0] - left) * across),
            round((box[1] - top) * down),
            round((box[2] - left) * across),
            round((box[3] - top) * down),
        )
        shape = crop_wh[1], crop_wh[0]
        allowed = np.zeros(shape, dtype=bool)
        allowed[inner[1] : inner[3], inner[0] : inner[2]] = True
        seeds = {True: np.zeros(shape, dtype=bool), False: np.zeros(shape, dtype=bool)}
        for point in prompt.points:
            spot = self._correction(point)
            column, row = int((spot.x - left) * across), int((spot.y - top) * down)
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                seeds[point.positive][
                    max(0, row - 2) : row + 3, max(0, column - 2) : column + 3
                ] = True
        hints = Hints(allowed, box_prior(shape, inner), seeds[True], seeds[False])
        scene = Scene(crop.lab, crop.features, moving and moving.part(window, crop_wh))
        found = cut(scene, hints, thorough=prompt.box is not None)
        mask = np.zeros((self._small_wh[1], self._small_wh[0]), dtype=bool)
        mask[top:bottom, left:right] = resize_mask(found, (right - left, bottom - top))
        return drop_small(mask, max(4, round(0.01 * np.count_nonzero(mask))))

    def _around_click(self, prompt: Prompt) -> list[Mask]:
        """Return what boxes around the positive clicks hold, best first.

        Boxes of several sizes, the box of what moves there, and then boxes of the best answer.
        """
        spots = [self._correction(point) for point in prompt.points if point.positive]
        places = [(spot.x, spot.y) for spot in spots]
        left, top = np.min(places, axis=0)
        right, bottom = np.max(places, axis=0)
        width, height = self._small_wh
        boxes: list[IntBox] = []
        for share in _GUESSES:
            reach = 0.5 * share * min(width, height)
            x0, y0 = max(0, round(left - reach)), max(0, round(top - reach))
            boxes.append(
                (x0, y0, min(width, round(right + reach)), min(height, round(bottom + reach)))
            )
        largest = boxes[-1]
        moving = self._moving(largest)
        if moving is not None:
            told = moving.box_at(places, largest)
            boxes += [told] if told is not None else []
        answers = AnswerRanking(self._small_picture(), moving, largest)
        for box in boxes:
            answers.add(self._in_box(box, prompt, moving), box)
        for best in answers.best_first()[:1]:
            for share in _CLOSER:
                box = grow_box(bounding_box(best) or largest, self._small_wh, share, 2)
                answers.add(self._in_box(box, prompt, moving), box)
        return answers.best_first()[:3]

    def _full(self, mask: Mask, prompt: Prompt) -> Mask:
        """Return a working mask at full size, its edges on the picture's."""
        if prompt.mask is not None:
            changed = mask ^ resize_mask(prompt.mask, self._small_wh)
            touched = resize_mask(changed, self._size_wh)
            return np.where(touched, refine_edges(self._image, mask), prompt.mask)
        return refine_edges(self._image, mask)


def _continues(before: Prompt, now: Prompt) -> bool:
    """True when `now` is the prompt before with more clicks after the old ones."""
    return (
        len(now.points) >= len(before.points)
        and now.points[: len(before.points)] == before.points
        and now.box == before.box
        and _same(before.mask, now.mask)
    )


def _same(before: Mask | None, now: Mask | None) -> bool:
    if before is None or now is None:
        return before is now
    return np.array_equal(before, now)
