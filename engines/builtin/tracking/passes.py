"""Passes over a clip: backwards from the start frame first, then forwards."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

from engines.builtin.tracking.bidirectional import ReversePass
from engines.builtin.tracking.clip import Clip
from engines.builtin.tracking.confirmed_mask import ConfirmedMask, confirmed_mask
from engines.builtin.tracking.correction import Correction, correction
from engines.builtin.tracking.estimate import Estimate, confirmed
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.steps import Step
from engines.builtin.tracking.thin_line_tracking import ThinLineTracker
from engines.builtin.tracking.tracked_target import TargetTracker
from engines.builtin.vision.flow import FlowPair, sample_at
from utils.types import FloatMap, Mask, Message

Keyframes = Mapping[int, Mapping[int, Mask]]
"""Confirmed masks, bool (H, W), by frame index and object id."""


def in_both_directions(clip: Clip, start: int) -> Iterator[tuple[Step, bool]]:
    """Yield steps start … 0, then start … the last, and whether the step's frame is to be answered.

    The start frame begins each pass (its step has no flow) and is answered in the second one.
    """
    for stop, direction in ((-1, -1), (len(clip.frames), 1)):
        if direction < 0 and start == 0:
            continue
        with closing(clip.steps(start, stop, direction)) as steps:  # type: ignore[type-var]
            for step in steps:
                clip.context.check_cancelled()
                if step.is_cut:
                    number = clip.number(step.index)
                    clip.context.on_notice(Message("track.scene_cut", {"frame": number}))
                yield step, direction > 0 or step.index != start


def further_steps(confirmed: Collection[int]) -> int:
    """Return how often `track` calls `Clip.on_further_step`: between two confirmed frames it goes there and back."""
    ordered = sorted(confirmed)
    return sum(2 * (last - first + 1) for first, last in pairwise(ordered))


def track(
    clip: Clip, keyframes: Keyframes, start: int
) -> Iterator[tuple[Step, dict[int, Estimate]]]:
    """Yield each frame once with the estimate of each object known there.

    Between two confirmed frames the clip is tracked from both, and the nearer one weighs more; see `ReversePass`.

    Raises:
        UnusablePrompt: a mask is empty, full, or of another size.
    """
    clip = replace(clip, confirmed=keyframes.keys())
    job = _Job(clip, keyframes)
    for step, answered in in_both_directions(clip, start):
        estimates = job.advance(step, -1 if step.index < start or not answered else 1)
        if answered:
            yield step, estimates


class _Job:
    """The trackers of the current pass, and the reverse pass from the next confirmed frame."""

    def __init__(self, clip: Clip, keyframes: Keyframes) -> None:
        self._clip = clip
        self._keyframes = keyframes
        self._trackers: dict[int, TargetTracker] = {}
        self._thin: dict[int, ThinLineTracker] = {}
        self._reverse: ReversePass | None = None

    def advance(self, step: Step, direction: int) -> dict[int, Estimate]:
        """Return the estimate of each object on the next step of a pass."""
        if step.flow is None:
            self._trackers, self._thin = {}, {}
        given = {
            name: confirmed_mask(
                step.frame, mask, self._clip.number(step.index), may_be_empty=name in self._trackers
            )
            for name, mask in self._keyframes.get(step.index, {}).items()
        }
        estimates: dict[int, Estimate] = {}
        for name in sorted({*self._trackers, *given}):
            change = None
            if name in given:
                change = _correction(self._trackers, name, given[name], step, self._clip)
                estimates[name] = _confirm(
                    self._trackers, name, given[name], step, self._clip, change
                )
            elif step.flow is not None:
                estimate = _tracked(self._trackers[name], step, step.flow, self._clip)
                if self._reverse is not None:
                    estimate = self._reverse.fused(step.index, name, estimate)
                estimates[name] = estimate
            if name in estimates:
                estimates[name] = self._with_thin_lines(
                    estimates[name], name, step, given.get(name), is_corrected=change is not None
                )
        if given:
            self._reverse = self._run_reverse_pass(
                step.index, direction, {name: estimates[name] for name in given}
            )
        return estimates

    def _with_thin_lines(
        self,
        estimate: Estimate,
        name: int,
        step: Step,
        given: ConfirmedMask | None,
        is_corrected: bool,
    ) -> Estimate:
        """Return an object's estimate of the step's frame with its straight thin parts, followed there.

        `given` is its mask where the frame is confirmed.
        """
        if step.is_cut:
            self._thin.pop(name, None)
        thin = self._thin.get(name)
        if thin is not None and step.flow is not None and (given is None or is_corrected):
            thin.follow(step.frame, step.flow)
            if given is not None:
                thin.amend(given.whole, given.lines)
        elif given is not None:
            thin = self._thin[name] = given.lines
        else:
            return estimate
        thin.remember(estimate.probability > 0.5)
        return replace(estimate, thin_lines=thin.lines)

    def _run_reverse_pass(
        self, behind: int, direction: int, known: Mapping[int, Estimate]
    ) -> ReversePass | None:
        """Track the objects from the next confirmed frame back to the one `behind`.

        `known` are the confirmed estimates there.
        """
        beyond = [index for index in self._keyframes if (index - behind) * direction > 0]
        if not beyond:
            return None
        ahead_of_us = min(beyond, key=lambda index: abs(index - behind))
        trackers: dict[int, TargetTracker] = {}
        kept = ReversePass(behind, ahead_of_us)
        corrections = self._corrections_ahead(behind, ahead_of_us, direction)
        changes = {name: one.change for name, one in corrections.items()}
        steps_back = self._clip.steps(ahead_of_us, behind - direction, -direction)
        with closing(steps_back) as steps:  # type: ignore[type-var]
            for step in steps:
                self._clip.on_further_step()
                self._clip.context.check_cancelled()
                if step.flow is None:
                    self._start_reverse_pass(trackers, step, corrections)
                    continue
                for name, change in changes.items():
                    changes[name] = sample_at(change, step.flow.to_previous)
                for name, tracker in trackers.items():
                    estimate = _tracked(tracker, step, step.flow, self._clip)
                    if step.index != behind:
                        kept.keep(step.index, name, estimate, changes.get(name))
                    elif name in known:
                        kept.compare_with_confirmed(name, estimate, known[name])
        for name, tracker in trackers.items():
            self._trackers[name].adopt_appearance(tracker, kept.trust(name, ahead_of_us))
        return kept

    def _corrections_ahead(
        self, behind: int, ahead_of_us: int, direction: int
    ) -> dict[int, Correction]:
        """Track from the confirmed frame behind to the one ahead; return what the masks there correct.

        Only of objects whose mask does not count as a whole.
        """
        masks = self._keyframes[ahead_of_us]
        trackers = {
            name: deepcopy(self._trackers[name]) for name in self._trackers if name in masks
        }
        unaffected = self._clip.last_unaffected(ahead_of_us, direction)
        if (unaffected - behind) * direction <= 0:
            unaffected = behind
        shown: dict[int, FloatMap] = {}
        found: dict[int, Correction] = {}
        steps_on = self._clip.steps(behind, ahead_of_us + direction, direction)
        with closing(steps_on) as steps:  # type: ignore[type-var]
            for step in steps:
                self._clip.on_further_step()
                self._clip.context.check_cancelled()
                for name, tracker in trackers.items():
                    if step.index == ahead_of_us:
                        number = self._clip.number(step.index)
                        given = confirmed_mask(step.frame, masks[name], number, may_be_empty=True)
                        one = _correction(trackers, name, given, step, self._clip, shown.get(name))
                        if one is not None:
                            found[name] = one
                    elif step.flow is not None:
                        _tracked(tracker, step, step.flow, self._clip)
                if step.index == unaffected:
                    shown = self._shown_ahead(trackers, unaffected, ahead_of_us, direction)
        return found

    def _shown_ahead(
        self, trackers: Mapping[int, TargetTracker], behind: int, ahead_of_us: int, direction: int
    ) -> dict[int, FloatMap]:
        """Return what the user saw on the confirmed frame ahead, float32 (h, w) by object id.

        Networks are not asked about that frame for its being confirmed. Nothing where nobody is asked.

        Args:
            trackers: of the frame `behind`; they stay as they are.
        """
        if not self._clip.asks_networks:
            return {}
        clip = replace(self._clip, confirmed=self._keyframes.keys() - {ahead_of_us})
        copies = {name: deepcopy(tracker) for name, tracker in trackers.items()}
        # Answers about the frames after it are carried back to it.
        stop = ahead_of_us + direction * (1 + clip.foreground.longest_gap)
        stop = min(max(stop, -1), len(clip.frames))
        shown: dict[int, FloatMap] = {}
        with closing(clip.steps(behind, stop, direction)) as steps:  # type: ignore[type-var]
            for step in steps:
                clip.context.check_cancelled()
                for name, tracker in copies.items():
                    if step.flow is not None:
                        shown[name] = _tracked(tracker, step, step.flow, clip).probability
                if step.index == ahead_of_us:
                    break
        return shown

    def _start_reverse_pass(
        self, trackers: dict[int, TargetTracker], step: Step, corrections: Mapping[int, Correction]
    ) -> None:
        """Begin the reverse pass at a confirmed frame, with the forward pass's appearance samples."""
        for name, mask in self._keyframes[step.index].items():
            if name in self._trackers and mask.any():
                given = confirmed_mask(step.frame, mask, self._clip.number(step.index))
                _confirm(trackers, name, given, step, self._clip, corrections.get(name))
                trackers[name].adopt_appearance(self._trackers[name])


def _tracked(tracker: TargetTracker, step: Step, flow: FlowPair, clip: Clip) -> Estimate:
    """Return a tracker's estimate for the frame of a step, whose `flow` leads back to the last one."""
    return tracker.step(_inputs(step, clip), flow, step.next_frame, step.is_cut)


def _inputs(step: Step, clip: Clip) -> FrameInputs:
    """Return what a tracker is given of a step's frame."""
    return FrameInputs(step.working, clip.view(step), step.descriptors)


def _confirm(
    trackers: dict[int, TargetTracker],
    name: int,
    given: ConfirmedMask,
    step: Step,
    clip: Clip,
    change: Correction | None = None,
) -> Estimate:
    if name in trackers and given.is_empty:
        # An empty mask states that the object is not there: keep searching on later frames.
        return trackers[name].mark_absent()
    known, weight = (given.rest, None) if change is None else (change.mask, change.weight)
    if name not in trackers:
        trackers[name] = TargetTracker(_inputs(step, clip), known, weight)
        return confirmed(given.rest)
    if weight is not None:
        trackers[name].amend(_inputs(step, clip), known, weight)
        return confirmed(given.rest)
    return trackers[name].correct(_inputs(step, clip), given.rest)


def _correction(
    trackers: dict[int, TargetTracker],
    name: int,
    given: ConfirmedMask,
    step: Step,
    clip: Clip,
    shown: FloatMap | None = None,
) -> Correction | None:
    """Track an object to a confirmed frame; return what its mask corrects there, `shown` as in `correction`."""
    if name not in trackers or step.flow is None or given.is_empty:
        return None
    estimate = _tracked(trackers[name], step, step.flow, clip)
    return correction(given.rest, estimate.probability, shown)
