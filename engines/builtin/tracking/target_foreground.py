"""A foreground network's answers about one target: on whole frames, and on crops around the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.answer_agreement import agreement
from engines.builtin.tracking.answer_trust import overlap_near, trust_in
from engines.builtin.tracking.confidence import NetworkAgreement
from engines.builtin.tracking.crop import LEAD, AskAhead, crop_around
from engines.builtin.tracking.foreground_evidence import Foreground, ForegroundModel
from engines.builtin.tracking.newly_visible import NewlyVisible
from engines.builtin.tracking.per_answer import PerAnswer
from engines.builtin.vision.flow import FlowPair
from utils.guided_filter import box_mean
from utils.mask_utils import dilate, intersection_over_union
from utils.types import FloatImage, FloatMap, IntBox, Mask

_RELIED_ON = 0.5
"""Trust in a crop's answers from which whole frames are asked about half as often."""
_REPEATED = 0.85
"""Agreement of a crop's answer with the one before from which the next may be left out."""
_LEFT_OUT: IntBox = (0, 0, 0, 0)
"""Stands for a crop that the network is not asked about."""
_REACH = 0.12
"""Distance in which foreground beside a tracked mask counts, as a share of the square root of its area."""
_LEAST_REACH = 3
_TOGETHER = 0.6
"""Weight of each of two answers that are both trusted: they come from one network and err alike."""
_LARGEST_LOG_ODDS = 3.0
_EMPHASIS = 1.5
"""What a trusted answer counts for besides inside its own regions, as a share of its weight there."""
_DISCOUNT = 2
"""Power of an answer's overlap with the expected mask, as a share of the confirmed frame's, that weighs it."""
_CONTOUR = 3
"""Pixels beside an answer's contour in which it counts for no more: it errs by a pixel or two there."""


@dataclass(frozen=True, slots=True)
class ForegroundView:
    """What the network says of a frame: `whole`, and `ask` for a crop, None between the asked frames.

    `ask` returns the probability in a box of the frame, float32 (y1 - y0, x1 - x0) in [0, 1], None
    after a failure of the network. `record_reliance` takes whether the target's crops make whole frames
    less needed, and `ask_ahead` which crop will be asked about `LEAD` frames later, None where none will.
    `may_leave_out_later`: that one need not be asked about while crops bring nothing new.
    """

    whole: Foreground
    ask: Callable[[IntBox], FloatMap | None] | None = None
    record_reliance: Callable[[bool], None] | None = None
    ask_ahead: AskAhead | None = None
    may_leave_out_later: bool = False


class TargetForeground:
    """Evidence of a network about one target; see `ForegroundModel` for how it is weighed.

    On the whole frame a network misses a small target, or takes it for background beside a larger
    object; on a crop it may lose what tells the target from its surroundings. The confirmed frame
    decides: a crop that does not show the network the confirmed mask is not asked about again, nor is
    any once the network has seen other objects, which a crop shows as well as the target.
    """

    def __init__(self) -> None:
        self._whole = ForegroundModel()
        self._crop = ForegroundModel()
        self._new: NewlyVisible | None = None
        self._cropped: Foreground | None = None
        self._confirmed_overlap = 0.0
        self._consistency = 1.0
        self._trust_whole = 0.0
        self._trust_crop = 0.0
        self._trust_now = 0.0
        """In the crop that was asked about last, by the mask that was expected then."""
        self._is_repeated = False
        """Whether the crop that was asked about last brought what the one before had become along the flow."""
        self._missing = 0.0
        self._trusts: PerAnswer[float] = PerAnswer()
        self._next_crops: list[IntBox | None] = [None] * LEAD
        """Crops of the next frames that the network was asked about ahead, or will not be."""

    def confirm(self, view: ForegroundView, mask: Mask) -> None:
        """Start from a confirmed frame's answers and mask, bool (h, w)."""
        self._whole.confirm(view.whole, mask)
        self._confirmed_overlap = overlap_near(view.whole.probability, mask)
        self._consistency = 1.0
        self._missing = 0.0
        self._trusts = PerAnswer()
        self._new = NewlyVisible(mask.shape)
        self._forget_next_crops()
        self._cropped = self._asked(view, crop_around(mask), mask.shape)
        if self._cropped is not None:
            self._crop.confirm(self._cropped, mask)
        self._trust_whole = trust_in(view.whole, mask)
        self._trust_crop = self._trust_now = trust_in(self._cropped, mask)
        self._record_reliance(view)

    def restart(self, view: ForegroundView, mask: Mask, is_new_scene: bool) -> None:
        """Begin again where the target was redetected; see `ForegroundModel.restart`."""
        self._new = NewlyVisible(mask.shape)
        self._whole.restart(view.whole, mask, is_new_scene)
        self._crop.restart(view.whole, mask, is_new_scene)

    def amend(self, view: ForegroundView, mask: Mask, weight: FloatMap) -> None:
        """Learn the frame followed last again, from a corrected mask; see `ForegroundModel.amend`."""
        self._whole.amend(self._discounted(view.whole), mask, weight)
        if self._cropped is not None and self._trust_crop > 0.0:
            self._crop.amend(self._cropped, mask, weight)

    def advance(
        self, view: ForegroundView, expected: Mask, flow: FlowPair, missing: float = 0.0
    ) -> None:
        """Go on to the next frame.

        Args:
            view: the frame's answers.
            expected: the last mask warped along `flow`, bool (h, w).
            flow: between the frame and the last one.
            missing: area of the target that is not in `expected`, in pixels.
        """
        self._missing = missing
        self._trusts = PerAnswer()
        if self._new is not None:
            self._new.follow(flow)
        if self._confirmed_overlap > 0.0:
            overlap = overlap_near(view.whole.probability, expected, missing)
            self._consistency = min(1.0, overlap / self._confirmed_overlap) ** _DISCOUNT
        if self._whole.has_distractors or self._crop.has_distractors:
            self._trust_crop = 0.0
            self._cropped = None
        before = None if self._cropped is None else self._cropped.carried(flow)
        self._cropped = None
        crop = self._next_crops.pop(0)
        if view.ask is not None and crop != _LEFT_OUT:
            if self._trust_crop > 0.0:
                self._cropped = self._asked(view, crop or crop_around(expected), expected.shape)
            self._trust_now = self._trust_in(self._cropped, expected)
            self._is_repeated = self._repeats(before)
        if self._cropped is None:
            self._cropped = before
        self._record_reliance(view)
        self._next_crops.append(self._asked_ahead(view, expected, flow))

    def _repeats(self, before: Foreground | None) -> bool:
        """Tell whether a new crop's answer shows what the one before, carried to its frame, shows in it."""
        now = self._cropped
        if now is None or before is None:
            return False
        shown = before.probability * (now.reliability > 0.0)
        return agreement(shown, now.probability) >= _REPEATED

    def _forget_next_crops(self) -> None:
        self._next_crops = [None] * LEAD
        self._is_repeated = False

    def _asked_ahead(self, view: ForegroundView, expected: Mask, flow: FlowPair) -> IntBox | None:
        """Ask about the crop of the frame `LEAD` frames later and return it; None where none is asked about ahead."""
        if view.ask_ahead is None or self._trust_crop == 0.0 or not expected.any():
            return None
        if view.may_leave_out_later and self._is_repeated:
            return _LEFT_OUT
        motion = -LEAD * flow.to_previous[expected].mean(axis=0)
        crop = crop_around(expected, (float(motion[0]), float(motion[1])))
        if crop is not None:
            view.ask_ahead(crop)
        return crop

    def _record_reliance(self, view: ForegroundView) -> None:
        if view.record_reliance is not None:
            trust = min(self._trust_crop, self._trust_now)
            view.record_reliance(self._cropped is not None and trust > _RELIED_ON)

    def evidence(
        self, view: ForegroundView, expected: Mask, to_previous: FloatImage, window: IntBox
    ) -> FloatMap:
        """Return the weighted log odds of the object in a window; see `ForegroundModel.evidence`.

        Less of what has lately come into view; see `NewlyVisible.weighted`.
        """
        log_odds = self._combined(view, expected, to_previous, window)
        log_odds = log_odds * self._emphasis(view.whole, expected, window)
        if self._new is None:
            return log_odds
        return self._new.weighted(log_odds, self._whole.doubt, window)

    def evidence_of_others(self, expected: Mask, motion: FloatMap, window: IntBox) -> FloatMap:
        """Return the log odds, at most 0, that what comes out from behind the target is not its own.

        See `NewlyVisible.against`.
        """
        if self._new is None:
            return np.zeros(motion.shape, dtype=np.float32)
        return self._new.against(expected, self._whole.doubt, motion, window, self._whole.occluded)

    def _combined(
        self, view: ForegroundView, expected: Mask, to_previous: FloatImage, window: IntBox
    ) -> FloatMap:
        answer = self._discounted(view.whole)
        whole = self._whole.evidence(answer, expected, to_previous, window, self._missing)
        trust = np.float32(self._trust_crop)
        if self._cropped is None or trust == 0.0:
            return whole
        crop = self._crop.evidence(self._cropped, expected, to_previous, window, self._missing)
        both = whole * (1.0 - (1.0 - _TOGETHER) * trust) + crop * (_TOGETHER * trust)
        return np.clip(both, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS).astype(np.float32)

    def background_evidence(
        self, view: ForegroundView, expected: Mask, to_previous: FloatImage, window: IntBox
    ) -> FloatMap:
        """Return the log odds, at most 0, of what trusted answers call background, float32 (h', w').

        Of the same arguments as `evidence`; 0 where none is trusted.
        """
        trust = max(trust for _, trust in self._answers(view.whole, expected))
        if trust == 0.0:
            return np.zeros((window[3] - window[1], window[2] - window[0]), dtype=np.float32)
        evidence = self.evidence(view, expected, to_previous, window)
        return np.asarray(np.float32(trust) * np.minimum(evidence, np.float32(0.0)))

    def _emphasis(self, whole: Foreground, expected: Mask, window: IntBox) -> FloatMap:
        """Return how many times the log odds of a window count, float32 (h', w'), at least 1.

        More than once inside the regions of trusted answers: a part that such a network shows is not
        lost, nor a shadow that it calls background taken, for what the colours say.
        """
        x0, y0, x1, y1 = window
        emphasis = np.zeros((y1 - y0, x1 - x0), dtype=np.float32)
        for answer, trust in self._answers(whole, expected):
            if trust > 0.0:
                mean = box_mean(answer.probability, _CONTOUR)[y0:y1, x0:x1]
                emphasis = np.maximum(emphasis, trust * np.square(2.0 * mean - 1.0))
        return np.asarray(1.0 + np.float32(_EMPHASIS) * emphasis, dtype=np.float32)

    def _answers(self, whole: Foreground, expected: Mask) -> Iterator[tuple[Foreground, float]]:
        """Yield the frame's answers, each with how far it is trusted, in [0, 1].

        As far as it overlaps both the confirmed mask and the `expected` one, bool (h, w), and less
        beside distractors, which it shows as well as the target.
        """
        for answer, confirmed in ((whole, self._trust_whole), (self._cropped, self._trust_crop)):
            if answer is not None:
                now = self._trust_in(answer, expected) if confirmed > 0.0 else 0.0
                yield answer, min(confirmed, now) * (1.0 - self._whole.doubt)

    def _trust_in(self, answer: Foreground | None, expected: Mask) -> float:
        """Return how far one of the frame's answers is trusted, in [0, 1], by an expected mask, bool (h, w)."""
        if answer is None:
            return 0.0
        return self._trusts.of(
            answer.probability, expected, lambda: trust_in(answer, expected, self._missing)
        )

    def _discounted(self, whole: Foreground) -> Foreground:
        """Return the whole frame's answer, less reliable where it suddenly misses the target."""
        reliability = whole.reliability * np.float32(self._consistency)
        return Foreground(whole.probability, reliability)

    def follow(self, view: ForegroundView, mask: Mask, to_previous: FloatImage) -> None:
        """Learn from a frame's estimated mask, bool (h, w); see `ForegroundModel.follow`."""
        self._whole.follow(self._discounted(view.whole), mask, to_previous)
        if self._cropped is not None and self._trust_crop > 0.0:
            self._crop.follow(self._cropped, mask, to_previous)

    def agreement(self, view: ForegroundView, mask: Mask) -> NetworkAgreement:
        """Return how a mask, bool (h, w), agrees with the answer that the confirmed frame spoke for more."""
        answer = view.whole
        if self._cropped is not None and self._trust_crop > self._trust_whole:
            answer = self._cropped
        reach = max(_LEAST_REACH, round(_REACH * float(np.sqrt(np.count_nonzero(mask)))))
        found = (answer.probability > 0.5) & dilate(mask, reach)
        trust = max(self._trust_whole, self._trust_crop) * (1.0 - self._whole.doubt)
        overlap = intersection_over_union(found, mask) if mask.any() else 0.0
        return NetworkAgreement(overlap, self._consistency, trust)

    def overall(self, view: ForegroundView) -> FloatMap:
        """Return the log odds of the whole frame for a target that was lost, float32 (h, w).

        Nobody knows then where a crop would show it: the last one is dropped.
        """
        self._cropped = None
        self._forget_next_crops()
        return self._whole.overall(view.whole)

    @staticmethod
    def _asked(
        view: ForegroundView, crop: IntBox | None, shape: tuple[int, ...]
    ) -> Foreground | None:
        """Return the answer on a crop of a frame (h, w); None where there is none or it is not asked."""
        if view.ask is None or crop is None:
            return None
        answer = view.ask(crop)
        if answer is None:
            return None
        x0, y0, x1, y1 = crop
        probability = np.zeros(shape, dtype=np.float32)
        probability[y0:y1, x0:x1] = answer
        reliability = np.zeros(shape, dtype=np.float32)
        reliability[y0:y1, x0:x1] = 1.0
        return Foreground(probability, reliability)
