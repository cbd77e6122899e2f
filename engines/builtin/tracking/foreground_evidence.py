"""Evidence of a foreground network, weighted by how well its answers separate this clip's target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.distractors import DistractorMemory
from engines.builtin.vision.flow import sample_at, sample_window
from utils.guided_filter import box_mean
from utils.mask_utils import dilate, erode
from utils.types import FloatImage, FloatMap, Mask

_WEIGHT = 1.6
_LARGEST_LOG_ODDS = 3.0
"""Bound of the weighted log odds: a network errs by whole parts, so certainty of a pixel is not worth more."""
_KEEP = 0.8
"""Share of the counts of earlier frames at each new frame."""
_KEEP_LONG = 0.97
"""The same of the long memory: an answer counts for what both memories say of such answers there."""
_ADOPTED = 0.02
"""Share of the current estimate in the label of a pixel's origin at each new frame."""
_PRIOR_SHARE = 0.4
"""Weight of the whole frame's rates beside the local ones, as a share of the local window's pixels."""
_RADIUS = 0.15
"""Half side of the local window, as a share of the square root of the object's area, `_LEAST_RADIUS` at least."""
_LEAST_RADIUS = 6
_LEAST_RATE = 0.03
"""Rate of wrong answers that a network is taken to have at least, of either side."""
_UNKNOWN = 0.5
"""Share of the target in the origin of a pixel that came in from outside the picture."""
_EDGE = 2
"""Pixels beside the contour that count for neither side."""


@dataclass(frozen=True, slots=True)
class Foreground:
    """A network's foreground at a frame.

    `probability` float32 (h, w) in [0, 1]; `reliability` float32 (h, w) in [0, 1], below 1 where the
    answer was warped here from another frame.
    """

    probability: FloatMap
    reliability: FloatMap


@dataclass(slots=True)
class _Memory:
    """What is known at the last frame: counts of `_counts` soon and slowly forgotten, float32 (h, w, 4);
    the target's share in each pixel's origin in the confirmed frame, float32 (h, w); and the distractors.
    """

    recent: FloatImage
    long: FloatImage
    origin: FloatMap
    distractors: DistractorMemory


class ForegroundModel:
    """How often a network calls object and background foreground, counted locally along the flow.

    The log likelihood ratio of an answer is high where the network separates the target from what is
    around it, and 0 where it calls both foreground (a dancer before a crowd) or neither (smoke). Only
    pixels count whose label is the same as at their origin in the confirmed frame: what the tracker
    lost or leaked into is no evidence against the network.
    """

    def __init__(self) -> None:
        self._memory: _Memory | None = None
        self._radius = _LEAST_RADIUS
        self._confirmed_rates = 0.5, 0.5

    @property
    def has_distractors(self) -> bool:
        """True once the network has seen other objects than the target."""
        return self._memory is not None and self._memory.distractors.is_present

    @property
    def doubt(self) -> float:
        """See `DistractorMemory.doubt`; 0 before a confirmed frame."""
        return 0.0 if self._memory is None else self._memory.distractors.doubt

    def confirm(self, foreground: Foreground, mask: Mask) -> None:
        """Start from a confirmed frame's answer and mask, bool (h, w)."""
        origin = mask.astype(np.float32)
        counts = _counts(foreground, mask, origin)
        distractors = DistractorMemory(foreground.probability, mask)
        self._memory = _Memory(counts, counts, origin, distractors)
        self._radius = _radius(mask)
        called_around, around, called_inside, inside = counts.sum(axis=(0, 1), dtype=np.float64)
        self._confirmed_rates = (
            float(_usual(called_inside, inside)),
            float(_usual(called_around, around)),
        )

    def follow(self, foreground: Foreground, mask: Mask, to_previous: FloatImage) -> None:
        """Advance one frame: its answer, its estimated mask (h, w), and the flow to the frame before."""
        memory = self._memory
        if memory is None:
            self.confirm(foreground, mask)
            return
        memory.distractors.follow(mask, to_previous)
        origin = sample_at(memory.origin, to_previous, _UNKNOWN)
        origin += np.float32(_ADOPTED) * (mask - origin)
        now = _counts(foreground, mask, origin)
        memory.origin = origin
        memory.recent = _updated(memory.recent, now, _KEEP, to_previous)
        memory.long = _updated(memory.long, now, _KEEP_LONG, to_previous)
        self._radius = _radius(mask)

    def amend(self, foreground: Foreground, mask: Mask, weight: FloatMap) -> None:
        """Learn the frame followed last again, from a corrected mask.

        Args:
            foreground: its answer.
            mask: bool (h, w).
            weight: how far each pixel of the mask counts as confirmed, float32 (h, w) in [0, 1].
        """
        memory = self._memory
        if memory is None:
            return
        origin = mask.astype(np.float32)
        memory.origin = _blended(memory.origin, origin, weight)
        counts = _counts(foreground, mask, origin)
        memory.recent = _blended(memory.recent, counts, weight[..., None])
        memory.long = _blended(memory.long, counts, weight[..., None])
        memory.distractors.amend(foreground.probability, mask, weight)

    def evidence(
        self,
        foreground: Foreground,
        expected: Mask,
        to_previous: FloatImage,
        window: tuple[int, int, int, int],
        missing: float = 0.0,
    ) -> FloatMap:
        """Return the weighted log odds of the object in a window (x0, y0, x1, y1), float32 (h', w').

        Args:
            foreground: of the frame.
            expected: the last mask warped to the frame, bool (h, w).
            to_previous: flow to the frame that was confirmed or followed last, float32 (h, w, 2).
            window: where to look; all 0 before the first `confirm`.
            missing: area of the target that is not in `expected`, in pixels.
        """
        x0, y0, x1, y1 = window
        view = np.s_[y0:y1, x0:x1]
        memory = self._memory
        if memory is None:
            return np.zeros((y1 - y0, x1 - x0), dtype=np.float32)
        recent, long = (
            self._rates(sample_window(counts, to_previous, window))
            for counts in (memory.recent, memory.long)
        )
        around = np.maximum(recent[0], long[0])
        inside = np.maximum(np.minimum(recent[1], long[1]), around)
        answer = foreground.probability[view]
        log_odds = answer * np.log(inside / around)
        log_odds += (1.0 - answer) * np.log((1.0 - inside) / (1.0 - around))
        origin = sample_at(memory.origin, to_previous, _UNKNOWN)
        support = memory.distractors.support(
            foreground.probability, expected, origin, to_previous, missing
        )
        log_odds = np.where(log_odds > 0, log_odds * support[view], log_odds)
        log_odds = np.clip(_WEIGHT * log_odds, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)
        return np.asarray(log_odds * foreground.reliability[view], dtype=np.float32)

    def _rates(self, counts: FloatImage) -> tuple[FloatMap, FloatMap]:
        """Return the local rates of foreground answers around and inside the target, float32 (h', w')."""
        counts = np.ascontiguousarray(counts)
        total = counts.sum(axis=(0, 1), dtype=np.float64)
        local = box_mean(counts, self._radius)
        around, inside = (
            _rate(local[..., side], local[..., side + 1], total[side], total[side + 1])
            for side in (0, 2)
        )
        return around, inside

    def overall(self, foreground: Foreground) -> FloatMap:
        """Return the log odds by the rates of the confirmed frame as a whole, float32 (h, w).

        For a target that was lost: nothing local is known of it then.
        """
        inside, around = self._confirmed_rates
        answer = foreground.probability
        log_odds = answer * np.log(inside / around)
        log_odds += (1.0 - answer) * np.log((1.0 - inside) / (1.0 - around))
        return np.asarray(log_odds * foreground.reliability, dtype=np.float32)


def _usual(called: float, total: float) -> float:
    """Return the rate of foreground answers among pixels, kept from 0 and 1."""
    rate = (called + 1.0) / (total + 2.0)
    return min(max(rate, _LEAST_RATE), 1.0 - _LEAST_RATE)


def _rate(called: FloatMap, all_pixels: FloatMap, total_called: float, total: float) -> FloatMap:
    """Return the local rate of foreground answers, float32 (h, w), drawn to the window's own rate."""
    usual = _usual(total_called, total)
    rate = (called + np.float32(_PRIOR_SHARE * usual)) / (all_pixels + np.float32(_PRIOR_SHARE))
    return np.asarray(np.clip(rate, _LEAST_RATE, 1.0 - _LEAST_RATE), dtype=np.float32)


def _blended(before: FloatMap, now: FloatMap, weight: FloatMap) -> FloatMap:
    return np.asarray(before + weight * (now - before), dtype=np.float32)


def _updated(
    counts: FloatImage, now: FloatImage, keep: float, to_previous: FloatImage
) -> FloatImage:
    before = sample_at(counts, to_previous)
    return np.asarray(np.float32(keep) * before + np.float32(1.0 - keep) * now)


def _radius(mask: Mask) -> int:
    return max(_LEAST_RADIUS, round(_RADIUS * float(np.sqrt(np.count_nonzero(mask)))))


def _counts(foreground: Foreground, mask: Mask, origin: FloatMap) -> FloatImage:
    """Return float32 (h, w, 4): background pixels called foreground, background; the object's likewise."""
    trust = foreground.reliability
    around = np.where(dilate(mask, _EDGE), np.float32(0.0), trust * np.square(1.0 - origin))
    inside = np.where(erode(mask, _EDGE), trust * np.square(origin), np.float32(0.0))
    answer = foreground.probability
    return np.dstack([answer * around, around, answer * inside, inside]).astype(np.float32)
