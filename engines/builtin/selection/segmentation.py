"""From clicks, a box or a mask on one picture to the mask of the object meant."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engines.base import DescriptorEstimator, ForegroundEstimator, Instance
from engines.builtin.descriptors import PromptDescriptors
from engines.builtin.selection.box import BoxCrop, segment_box
from engines.builtin.selection.box_arbitration import BoxArbitration
from engines.builtin.selection.box_lines import with_lines
from engines.builtin.selection.box_parts import BoxParts
from engines.builtin.selection.box_window import BoxWindow
from engines.builtin.selection.click import TAKEN, Click, apply_click, known_at, label_at
from engines.builtin.selection.click_boxes import boxes_around
from engines.builtin.selection.click_spread import size_by_clicks
from engines.builtin.selection.close_up import close_up_of
from engines.builtin.selection.descriptor_cue import BoxDescriptors, DescriptorCue
from engines.builtin.selection.foreground_cue import ForegroundCue
from engines.builtin.selection.known_target import KnownTarget, added
from engines.builtin.selection.motion_cue import MotionCue, NeighbourMotion
from engines.builtin.selection.ranking import Candidate, CandidateRanking
from engines.builtin.selection.reduced_picture import ReducedPicture
from engines.builtin.tracking.confidence import contour_cost
from engines.builtin.vision.arrays import resize_mask
from engines.builtin.vision.refined_edges import refine_edges
from utils.exposure import exposure_of, gain_beside, multiplied
from utils.mask_utils import (
    bounding_box,
    check_keyframe_mask,
    components,
    drop_specks,
    grow_box,
    intersection_over_union,
)
from utils.packed_mask import PackedMask
from utils.prompts import check_prompt
from utils.types import ExpectedSize, FloatMap, Frame, IntBox, Mask, Prompt

_CROP_AREA = {True: 226 * 226, False: 160 * 160}
"""Pixels of the crop in which a box is segmented: one that a user drew, and one guessed around clicks."""
_REMEMBERED = 24
"""Results kept, so that removing a click restores the earlier mask."""
_MOTION_MARGIN = 0.15
_RESEGMENT_MARGIN = 0.08
"""Margin of the box that is segmented again at a further click, as a share of the mask's box."""
_RESEGMENT_AGREEMENT = 0.9
"""Overlap of that segmentation with the mask, beside what it adds at a positive click, from which it counts."""
_REFINED_MARGINS = (0.03, 0.2)
"""Margins of the boxes segmented again around the best candidate, as shares of its size."""
_KNOWN = 0.5
"""Overlap of a mask with the networks' foreground from which they know the object meant."""
_DRAWN = 0.5
"""Share of a contour's errors that is left to expect where a network drew it."""


class BuiltinSegmentation:
    """One picture being segmented: keeps the reduced picture and earlier results."""

    def __init__(
        self,
        image: Frame,
        engine: str,
        around: Mapping[int, Frame] | None = None,
        foregrounds: Sequence[ForegroundEstimator] = (),
        descriptors: DescriptorEstimator | None = None,
    ) -> None:
        """Prepare to segment `image`, uint8 RGB (H, W, 3).

        Of a dark picture, all but the networks see it `exposed`, and its neighbours and examples as `gain_beside` it says.

        Args:
            engine: name for error messages.
            around: neighbouring frames by their distance in frames, of the same size, for the motion cue.
            foregrounds: networks whose answers are evidence too.
            descriptors: a network that tells alike places from others, in this picture and on other frames.
        """
        self._exposure = exposure_of(image)
        self._picture = ReducedPicture(multiplied(image, self._exposure.gain))
        self._small_wh = self._picture.small_wh
        self._around = around or {}
        self._motion: NeighbourMotion | None = None
        self._engine = engine
        self._cue = ForegroundCue(foregrounds, image, self._small_wh)
        asked = PromptDescriptors(descriptors)
        self._known = KnownTarget(asked, image, self._exposure)
        self._descriptors = DescriptorCue(asked, image, self._small_wh)
        self._answers: deque[tuple[Prompt, list[Candidate]]] = deque(maxlen=_REMEMBERED)

    def segment(self, prompt: Prompt) -> list[Instance]:
        """See `ImageSegmentation.segment`.

        A mask with clicks is that mask, corrected by them. Further clicks correct the earlier result
        near the click only; without them, the earlier result is restored. Scores are about the overlap
        with what is meant, see `_score`.
        """
        prompt = check_prompt(prompt, self._picture.size_wh, self._engine)
        if prompt.mask is not None:
            check_keyframe_mask(prompt.mask, self._picture.size_wh, 0)
            if not prompt.points:
                return [Instance(prompt.mask.astype(bool), 1.0)]
        found = [candidate for candidate in self._candidates(prompt) if candidate.mask.any()]
        if found:
            self._answers.append((self._remembered(prompt), found))
        instances: list[Instance] = []
        for candidate in found:
            score = 1.0 if prompt.mask is not None else self._score(candidate, prompt)
            best = instances[-1].score if instances else 1.0
            full = self._with_lines(self._full(candidate), prompt)
            full = self._as_clicked(full, candidate.mask, prompt)
            instances.append(Instance(full, min(score, best)))
        return instances

    def _remembered(self, prompt: Prompt) -> Prompt:
        """Return a prompt without what reads the pictures of other frames, and with one array for masks that are the same."""
        masks = [before.mask for before, _ in self._answers]
        same = next((mask for mask in masks if _same(mask, prompt.mask)), prompt.mask)
        return replace(prompt, mask=same, examples=())

    def _score(self, candidate: Candidate, prompt: Prompt) -> float:
        """Return about the overlap of a candidate with what is meant, in [0, 1].

        How far the networks agree on it where they know it; else how little the mask depends on the
        threshold. Of clicks the mean of that, the evidence's margin and the agreement of boxes of other sizes,
        less what a thin mask loses, as a tracked frame's confidence: a drawn box says more of the extent.
        """
        overlap = self._cue.overlap(
            candidate.mask,
            candidate.box,
            self._picture.clicked(prompt.points),
            is_drawn=prompt.box is not None,
        )
        is_known = overlap > _KNOWN
        known = overlap if is_known else candidate.stability
        if prompt.box is not None:
            return known
        mean = float(np.mean([known, candidate.contour_margin, candidate.agreement]))
        cost = contour_cost(candidate.mask) * (_DRAWN if is_known else 1.0)
        return max(0.0, mean - cost)

    def _candidates(self, prompt: Prompt) -> list[Candidate]:
        """Return the candidates, best first."""
        known = 0
        earlier = [answer for answer in self._answers if _continues(answer[0], prompt)]
        if earlier:
            before, found = max(earlier, key=lambda answer: len(answer[0].points))
            known = len(before.points)
            if known == len(prompt.points):
                return found
            found = found[:1]
        elif prompt.mask is not None:
            whole = resize_mask(prompt.mask, self._small_wh)
            given = PackedMask.of(prompt.mask.astype(bool))
            found = [Candidate(whole, (0, 0, *self._small_wh), full=given)]
        elif prompt.box is not None:
            box = self._picture.box(prompt.box)
            found = [self._in_box(box, prompt, self._motion_cue(box))]
        else:
            found = self._from_clicks(prompt)
        if not found:
            return []
        best, packed = found[0].mask, found[0].full
        full = None if packed is None else packed.unpacked()
        clicks = [self._picture.click(point) for point in prompt.points]
        for number in range(known, len(clicks)):
            click = clicks[number]
            if click.agrees_with(best):
                continue
            if full is not None:
                best, full = self._corrected_mask(best, full, prompt, number)
                continue
            changed = self._corrected(best, click, prompt, clicks[:number])
            if prompt.mask is None and prompt.box is None:
                changed = self._resegmented(best, changed, click, prompt)
            best = changed
        packed = None if full is None else PackedMask.of(full)
        return [replace(found[0], mask=best, full=packed), *found[1:]]

    def _corrected_mask(
        self, mask: Mask, full: Mask, prompt: Prompt, number: int
    ) -> tuple[Mask, Mask]:
        """Return a given mask, changed by one of the clicks, as bool (h, w) and as bool (H, W).

        What is narrow at the click is changed at full size, in a close-up.
        """
        point, earlier = prompt.points[number], prompt.points[:number]
        click = self._picture.click(point)
        close_up = close_up_of(full, point, self._small_wh)
        if close_up is None:
            before = [self._picture.click(one) for one in earlier]
            changed = self._corrected(mask, click, prompt, before)
            touched = resize_mask(changed ^ mask, self._picture.size_wh)
            return changed, np.where(touched, self._refined(changed), full)
        picture = self._picture.crop(close_up.reduced, close_up.crop_wh)
        evidence = self._evidence_of_change(mask, click, prompt)
        region = close_up.region(picture, full, point, evidence, earlier)
        touched = resize_mask(region, self._small_wh)
        touched[click.y, click.x] = True
        if click.positive:
            return mask | touched, full | region
        return mask & ~touched, full & ~region

    def _corrected(
        self, mask: Mask, click: Click, prompt: Prompt, earlier: Sequence[Click] = ()
    ) -> Mask:
        evidence = self._evidence_of_change(mask, click, prompt)
        return apply_click(self._picture.frame(), mask, click, evidence, earlier)

    def _evidence_of_change(self, mask: Mask, click: Click, prompt: Prompt) -> FloatMap:
        """Return log odds of the object where a click changes a mask, float32 (h, w); the mask bool (h, w)."""
        x0, y0, x1, y1 = bounding_box(mask) or (click.x, click.y, click.x, click.y)
        both = min(x0, click.x), min(y0, click.y), max(x1, click.x + 1), max(y1, click.y + 1)
        evidence = self._cue.log_odds_of_change(mask, both, click)
        motion_cue = self._motion_cue(grow_box(both, self._small_wh, _MOTION_MARGIN, 6))
        if motion_cue is not None:
            weight = np.float32(1.0 if click.positive else TAKEN)
            evidence = evidence + weight * motion_cue.evidence
        known = self._known_log_odds(prompt)
        if known is not None:
            evidence = evidence + known_at(click, known)
        return np.asarray(evidence, dtype=np.float32)

    def _resegmented(self, mask: Mask, changed: Mask, click: Click, prompt: Prompt) -> Mask:
        """Return `changed` with the further change at the click of a new segmentation, bool (h, w).

        It uses all clicks and the mask's box. Masks from clicks alone gain by it; those from a box or
        from tracking are better than it already. Where it disagrees with the rest of the mask, what it adds is
        something else, such as a second camel; what it takes away is mostly right even so.
        """
        box = bounding_box(changed)
        if box is None:
            return changed
        box = grow_box(box, self._small_wh, _RESEGMENT_MARGIN, 2)
        again = self._in_box(box, prompt, self._motion_cue(box)).mask
        change = again & ~mask if click.positive else mask & ~again
        names, _ = components(change)
        there = change & (names == names[click.y, click.x])
        agreement = intersection_over_union(again & ~there, changed & ~there)
        if click.positive and agreement < _RESEGMENT_AGREEMENT:
            return changed
        return np.asarray(changed | there if click.positive else changed & ~there)

    def _known_log_odds(self, prompt: Prompt) -> FloatMap | None:
        return (
            self._known.log_odds(self._picture.frame(), prompt.examples)
            if prompt.examples
            else None
        )

    def _motion_cue(self, box: IntBox) -> MotionCue | None:
        """Return the motion cue of a box of the reduced picture; None where motion is unknown."""
        if self._motion is None:
            around = {
                distance: multiplied(frame, gain_beside(frame, self._exposure))
                for distance, frame in self._around.items()
            }
            self._motion = NeighbourMotion(self._picture.colours(), around)
            self._around = {}
        return self._motion.inside(box)

    def _in_box(self, box: IntBox, prompt: Prompt, motion_cue: MotionCue | None) -> Candidate:
        """Return the object in a box, segmented at a size that suits the box."""
        trusted = prompt.box is not None
        view = BoxWindow.around(box, self._small_wh, _CROP_AREA[trusted])
        crop = self._picture.crop(view.window, view.crop_wh)
        constraints = view.constraints(self._picture.click(point) for point in prompt.points)
        motion = motion_cue and motion_cue.part(view.window, view.crop_wh)
        places, known = self._picture.clicked(prompt.points), self._known_log_odds(prompt)
        foreground = added(self._cue.log_odds(box, places, is_drawn=trusted), known)
        if foreground is not None:
            foreground = view.cropped(foreground)
        alike = self._descriptors_of(view, prompt)
        is_shown = not trusted and bool(self._cue.components_at(places))
        box_crop = BoxCrop(
            crop.lab, crop.features.whole(), motion, foreground, alike, is_shown=is_shown
        )
        if trusted and not places and self._descriptors.is_active:
            parts = BoxParts(self._descriptors.described, view, self._small_wh)
            box_crop = replace(box_crop, joined=parts.joined)
        arbitration = None if places or not trusted else self._cue.arbitration(box)
        if arbitration is not None:

            def settled(alone: Mask, by: BoxArbitration = arbitration) -> FloatMap:
                log_odds = by.settled(drop_specks(view.placed(alone, self._small_wh)))
                return view.cropped(log_odds if known is None else log_odds + known)

            box_crop = replace(box_crop, settled=settled)
        found = segment_box(box_crop, constraints, trusted)
        mask = drop_specks(view.placed(found.mask, self._small_wh))
        return Candidate(mask, box, found.stability, found.contour_margin)

    def _descriptors_of(self, view: BoxWindow, prompt: Prompt) -> BoxDescriptors | None:
        """Return what descriptors say around clicks; None where more is known of the object.

        That is a drawn box, the target on other frames, or a network that shows the clicked object.
        """
        places = self._picture.clicked(prompt.points)
        if prompt.box is not None or prompt.examples or self._cue.components_at(places):
            return None
        return self._descriptors.inside(view, places)

    def _from_clicks(self, prompt: Prompt) -> list[Candidate]:
        """Return candidates of boxes around the positive clicks, best first.

        Boxes of several sizes, the box of what moves there, and then boxes of the best candidate.
        """
        places = self._picture.clicked(prompt.points)
        expected = self._picture.size(prompt.expected) or self._size_by_clicks(prompt)
        boxes = boxes_around(places, self._small_wh, expected)
        largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        motion_cue = self._motion_cue(largest)
        if motion_cue is not None:
            motion_box = motion_cue.box_at(places, largest)
            boxes += [motion_box] if motion_box is not None else []
        for component in self._cue.components_at(places):
            boxes.append(grow_box(bounding_box(component) or largest, self._small_wh, 0.03, 2))
        answers = CandidateRanking(self._picture.colours().lab, motion_cue, largest, expected)
        for box in boxes:
            answers.add(self._in_box(box, prompt, motion_cue))
        for best in answers.best_first()[:1]:
            for share in _REFINED_MARGINS:
                box = grow_box(bounding_box(best.mask) or largest, self._small_wh, share, 2)
                answers.add(self._in_box(box, prompt, motion_cue))
        return answers.best_first()[:3]

    def _size_by_clicks(self, prompt: Prompt) -> ExpectedSize | None:
        """Return how large the object may be where what the positive clicks alone show holds a negative one.

        That is their mask, or what a network shows at them: it is too large then. Elsewhere a negative click says nothing
        of the size: it may lie close beside a large object.
        """
        clicks = [self._picture.click(point) for point in prompt.points]
        positive = tuple(point for point in prompt.points if point.positive)
        if not 0 < len(positive) < len(clicks):
            return None
        shown = self._from_clicks(replace(prompt, points=positive))[0].mask
        for component in self._cue.joined_at(self._picture.clicked(positive)):
            shown = shown | component
        return size_by_clicks([one for one in clicks if one.positive or shown[one.y, one.x]])

    def _full(self, candidate: Candidate) -> Mask:
        """Return a candidate's mask at full size, its contour on the picture's edges where it was not given so."""
        if candidate.full is None:
            return self._refined(candidate.mask)
        return candidate.full.unpacked()

    def _with_lines(self, mask: Mask, prompt: Prompt) -> Mask:
        """Return a mask, bool (H, W), with the thin lines that a drawn box shows to be the object's."""
        if prompt.box is None or prompt.mask is not None:
            return mask
        return with_lines(self._picture.image, mask, prompt.box, prompt.points)

    def _as_clicked(self, mask: Mask, reduced: Mask, prompt: Prompt) -> Mask:
        """Return a mask, bool (H, W), with each click's label at its place, unless a later click changed the reduced one."""
        width, height = self._picture.size_wh
        for point in prompt.points:
            x, y = min(int(point.x), width - 1), min(int(point.y), height - 1)
            if mask[y, x] != point.positive and self._picture.click(point).agrees_with(reduced):
                mask = label_at(mask, reduced, x, y)
        return mask

    def _refined(self, mask: Mask) -> Mask:
        return refine_edges(self._picture.image, mask, self._picture.colours().rgb)


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
