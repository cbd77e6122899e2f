"""Evidence of a foreground network, weighted by how well its answers separate this clip's target."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.builtin.tracking.answer_rates import (
    add_counts,
    answer_counts,
    log_ratios,
    usual_rate,
    weighted_log_odds,
)
from engines.builtin.tracking.distractors import DistractorMemory
from engines.builtin.tracking.per_answer import PerAnswer
from engines.builtin.vision.flow import FlowPair, sample_at
from utils.types import FloatImage, FloatMap, Mask

_KEEP = 0.8
"""Share of the counts of earlier frames at each new frame."""
_KEEP_LONG = 0.97
"""The same of the long memory: an answer counts for what both memories say of such answers there."""
_ADOPTED = 0.02
"""Share of the current estimate in the label of a pixel's origin at each new frame."""
_RADIUS = 0.15
"""Half side of the local window, as a share of the square root of the object's area, `_LEAST_RADIUS` at least."""
_LEAST_RADIUS = 6
_BACKGROUND, _UNKNOWN = 0.0, 0.5
"""Shares of the target in a pixel's origin: of one that came in from outside the picture it is unknown."""


@dataclass(frozen=True, slots=True)
class Foreground:
    """A network's foreground at a frame.

    `probability` float32 (h, w) in [0, 1]; `reliability` float32 (h, w) in [0, 1], below 1 where the
    answer was warped here from another frame.
    """

    probability: FloatMap
    reliability: FloatMap

    def carried(self, flow: FlowPair) -> Foreground:
        """Return it warped to the next frame of a pass along the flow to there, less reliable where flow is."""
        return Foreground(
            sample_at(self.probability, flow.to_previous),
            sample_at(self.reliability, flow.to_previous) * flow.reliability,
        )


@dataclass(slots=True)
class _Memory:
    """What is known at the last frame: counts of `_counts` soon and slowly forgotten, float32 (h, w, 4);
    the target's share in each pixel's origin in the confirmed frame, float32 (h, w); and the distractors.
    """

    recent: FloatImage
    long: FloatImage
    origin: FloatMap
    distractors: DistractorMemory


@dataclass(frozen=True, slots=True)
class _Carried:
    """The memory's maps along `to_previous`, the flow from a frame to the one they are known at.

    `supports` are those of the frame's answers that were asked about; see `DistractorMemory.support`.
    """

    to_previous: FloatImage
    recent: FloatImage
    long: FloatImage
    origin: FloatMap
    supports: PerAnswer[FloatMap] = field(default_factory=PerAnswer)


class ForegroundModel:
    """How often a network calls object and background foreground, counted locally along the flow.

    The log likelihood ratio of an answer is high where the network separates the target from what is
    around it, and 0 where it calls both foreground (a dancer before a crowd) or neither (smoke). Only
    pixels count whose label is the same as at their origin in the confirmed frame: what the tracker
    lost or leaked into is no evidence against the network.
    """

    def __init__(self) -> None:
        self._memory: _Memory | None = None
        self._carried: _Carried | None = None
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

    @property
    def occluded(self) -> float:
        """See `DistractorMemory.occluded`; 0 before a confirmed frame."""
        return 0.0 if self._memory is None else self._memory.distractors.occluded

    def confirm(self, foreground: Foreground, mask: Mask) -> None:
        """Start from a confirmed frame's answer and mask, bool (h, w)."""
        origin = mask.astype(np.float32)
        counts = answer_counts(foreground.probability, foreground.reliability, mask, origin)
        distractors = DistractorMemory(foreground.probability, mask)
        self._carried = None
        self._memory = _Memory(counts, counts, origin, distractors)
        self._radius = _radius(mask)
        called_around, around, called_inside, inside = counts.sum(axis=(0, 1), dtype=np.float64)
        self._confirmed_rates = (
            float(usual_rate(called_inside, inside)),
            float(usual_rate(called_around, around)),
        )

    def follow(self, foreground: Foreground, mask: Mask, to_previous: FloatImage) -> None:
        """Advance one frame: its answer, its estimated mask (h, w), and the flow to the frame before."""
        memory = self._memory
        if memory is None:
            self.confirm(foreground, mask)
            return
        memory.distractors.follow(mask, to_previous)
        before = self._carried_along(memory, to_previous)
        self._carried = None
        origin = before.origin + np.float32(_ADOPTED) * (mask - before.origin)
        now = answer_counts(foreground.probability, foreground.reliability, mask, origin)
        memory.origin = origin
        memory.recent, memory.long = before.recent, before.long
        add_counts(memory.recent, now, np.float32(_KEEP))
        add_counts(memory.long, now, np.float32(_KEEP_LONG))
        self._radius = _radius(mask)

    def restart(self, foreground: Foreground, mask: Mask, is_new_scene: bool) -> None:
        """Begin again where the target was redetected as a mask, bool (h, w).

        Nothing local is known there: the rates of the confirmed frame count everywhere at first. What another scene
        shows beside the target is another object. In the same scene the mask may be the part of the target that
        has come to light: of what is beside it nothing is known.
        """
        if self._memory is None:
            return
        inside, around = self._confirmed_rates
        counts = np.empty((*mask.shape, 4), dtype=np.float32)
        counts[...] = around, 1.0, inside, 1.0
        beside = _BACKGROUND if is_new_scene else _UNKNOWN
        origin = np.where(mask, np.float32(1.0), np.float32(beside))
        known = mask if is_new_scene else mask | (foreground.probability > 0.5)
        distractors = self._memory.distractors.restarted(foreground.probability, known)
        self._carried = None
        self._memory = _Memory(counts, counts.copy(), origin, distractors)
        self._radius = _radius(mask)

    def _carried_along(self, memory: _Memory, to_previous: FloatImage) -> _Carried:
        """Return the memory at the frame that the flow comes from: a frame's evidence and `follow` share it."""
        if self._carried is None or self._carried.to_previous is not to_previous:
            self._carried = _Carried(
                to_previous,
                sample_at(memory.recent, to_previous),
                sample_at(memory.long, to_previous),
                sample_at(memory.origin, to_previous, _UNKNOWN),
            )
        return self._carried

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
        self._carried = None
        memory.origin = _blended(memory.origin, origin, weight)
        counts = answer_counts(foreground.probability, foreground.reliability, mask, origin)
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
        carried = self._carried_along(memory, to_previous)
        ratios = log_ratios(carried.recent[view], carried.long[view], self._radius)
        support = carried.supports.of(
            foreground.probability,
            expected,
            lambda: memory.distractors.support(
                foreground.probability, expected, carried.origin, to_previous, missing
            ),
        )
        return weighted_log_odds(
            ratios, foreground.probability[view], foreground.reliability[view], support[view]
        )

    def overall(self, foreground: Foreground) -> FloatMap:
        """Return the log odds by the rates of the confirmed frame as a whole, float32 (h, w).

        For a target that was lost: nothing local is known of it then.
        """
        inside, around = self._confirmed_rates
        answer = foreground.probability
        log_odds = answer * np.log(inside / around)
        log_odds += (1.0 - answer) * np.log((1.0 - inside) / (1.0 - around))
        return np.asarray(log_odds * foreground.reliability, dtype=np.float32)


def _blended(before: FloatMap, now: FloatMap, weight: FloatMap) -> FloatMap:
    return np.asarray(before + weight * (now - before), dtype=np.float32)


def _radius(mask: Mask) -> int:
    return max(_LEAST_RADIUS, round(_RADIUS * float(np.sqrt(np.count_nonzero(mask)))))
