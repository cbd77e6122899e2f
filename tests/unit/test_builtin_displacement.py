"""A target that moves farther between two frames than optical flow reaches."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from engines.builtin.tracking.displacement import Displacement
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.tracker import ObjectTracker
from engines.builtin.vision.flow import FlowEstimator, FlowPair, sample_at
from engines.builtin.vision.processing_size import ProcessingFrame, to_processing_size
from utils.mask_utils import intersection_over_union

WIDTH, HEIGHT = 320, 180
START = 60


def figure(x: int) -> np.ndarray:
    """Return an upright ellipse's pixels, bool (h, w)."""
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.ellipse(picture, (x, 90), (14, 40), 0, 0, 360, 1, -1) > 0


def texture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT, WIDTH, 3))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


def picture(x: int | None) -> ProcessingFrame:
    """Return a striped figure before a texture; without one where `x` is None."""
    shown = 0.4 * texture(1)
    if x is not None:
        stripes = np.zeros_like(shown)
        stripes[...] = (210, 60, 40)
        stripes[(np.arange(HEIGHT) // 12) % 2 == 0] = (60, 80, 230)
        shown = np.where(figure(x)[..., None], stripes, shown)
    return to_processing_size(shown.astype(np.uint8), (WIDTH, HEIGHT))


def corrected(before: ProcessingFrame, now: ProcessingFrame) -> tuple[FlowPair, FlowPair]:
    """Return the flow between two frames, and the one corrected for the figure at its first place."""
    flow = FlowEstimator().between(before, now)
    return flow, followed(before).corrected(flow, now, figure(START).astype(np.float32))


def followed(frame: ProcessingFrame) -> Displacement:
    displacement = Displacement()
    displacement.confirm(frame)
    return displacement


def overlap(flow: FlowPair, x: int) -> float:
    moved = sample_at(figure(START).astype(np.float32), flow.to_previous) > 0.5
    return intersection_over_union(moved, figure(x))


@pytest.mark.parametrize("by", [70, 90])
def test_a_target_that_flow_loses_is_found_by_its_colours(by):
    flow, found = corrected(picture(START), picture(START + by))
    assert overlap(flow, START + by) < 0.3
    assert overlap(found, START + by) > 0.85
    inside = figure(START)
    assert np.allclose(np.median(found.from_previous[inside], axis=0), (by, 0), atol=1.5)
    elsewhere = np.s_[:, 250:]
    assert np.array_equal(found.to_previous[elsewhere], flow.to_previous[elsewhere])
    assert found.reliability[90, START] == 0.0, "nothing is known of what has come to light"


@pytest.mark.parametrize("x", [START, START + 3, None])
def test_flow_that_reaches_and_a_target_that_is_nowhere_leave_flow_as_it_is(x):
    flow, found = corrected(picture(START), picture(x))
    assert found is flow


def test_a_target_of_a_few_pixels_is_not_searched_for():
    before, now = picture(START), picture(START + 70)
    flow = FlowEstimator().between(before, now)
    few = np.zeros((HEIGHT, WIDTH), np.float32)
    few[90:94, START : START + 4] = 1.0
    assert followed(before).corrected(flow, now, few) is flow
    assert followed(before).corrected(flow, now, np.zeros_like(few)) is flow


def test_a_target_that_leaves_the_picture_is_expected_where_its_last_shift_leads():
    places = [START, START + 80, START + 160, START + 240]
    frames = [picture(x) for x in places] + [picture(None)]
    displacement, estimator = followed(frames[0]), FlowEstimator()
    mask = figure(START).astype(np.float32)
    for before, now in pairwise(frames):
        flow = estimator.between(before, now)
        mask = sample_at(mask, displacement.corrected(flow, now, mask).to_previous)
        displacement.advance(now)
    assert not (mask > 0.5).any()


def test_a_target_whose_motion_takes_it_out_of_the_picture_counts_as_outside():
    frames = [picture(x) for x in (START, START + 75, START + 150, START + 225)] + [picture(None)]
    tracker, estimator = ObjectTracker(FrameInputs(frames[0]), figure(START)), FlowEstimator()
    for before, now in pairwise(frames):
        found = tracker.step(FrameInputs(now), estimator.between(before, now))
    assert not (found.probability > 0.5).any()
    assert found.confidence > 0.8, "an empty mask is right there"


def test_the_tracker_keeps_a_target_that_jumps_and_goes_on_from_there():
    places = [START, START + 70, START + 150, START + 152]
    frames = [picture(x) for x in places]
    tracker = ObjectTracker(FrameInputs(frames[0]), figure(START))
    estimator = FlowEstimator()
    for (before, now), x in zip(pairwise(frames), places[1:], strict=True):
        seen = tracker.step(FrameInputs(now), estimator.between(before, now)).probability > 0.5
        assert intersection_over_union(seen, figure(x)) > 0.85


def test_the_shift_before_a_cut_says_nothing_of_the_scene_after_it(monkeypatch):
    own, is_kept = Displacement.corrected, []

    def corrected_flow(self, flow, now, probability):
        found = own(self, flow, now, probability)
        is_kept.append(found is flow)
        return found

    monkeypatch.setattr(Displacement, "corrected", corrected_flow)
    frames = [picture(x) for x in (START, START + 75, 270)] + [picture(None)]
    tracker, estimator = ObjectTracker(FrameInputs(frames[0]), figure(START)), FlowEstimator()
    tracker.step(FrameInputs(frames[1]), estimator.between(frames[0], frames[1]))
    seen = tracker.step(
        FrameInputs(frames[2]), estimator.between(frames[1], frames[2]), is_cut=True
    )
    assert intersection_over_union(seen.probability > 0.5, figure(270)) > 0.85
    tracker.step(FrameInputs(frames[3]), estimator.between(frames[2], frames[3]))
    assert is_kept == [False, True], "it vanished, and did not go on out of the picture"
