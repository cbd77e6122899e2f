"""Two objects of one kind that pass each other: which is found, which is in front, and which pixels are whose."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from engines.builtin.tracking.crossing import Crossing
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.object_layer import ObjectLayer
from engines.builtin.tracking.similar_object import similar_object
from engines.builtin.tracking.tracked_target import TargetTracker
from engines.builtin.vision.flow import FlowEstimator, FlowPair
from engines.builtin.vision.processing_size import ProcessingFrame, to_processing_size
from utils.mask_utils import intersection_over_union

WIDTH, HEIGHT = 320, 180
FRAMES = 26
CELL = 6
TARGET_X, OTHER_X = 80, 240
"""Where both are in the first frame; they have changed places in the last one."""


def figure(x: float) -> np.ndarray:
    """Return an upright ellipse's pixels, bool (h, w)."""
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.ellipse(picture, (round(x), 90), (26, 44), 0, 0, 360, 1, -1) > 0


def texture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT, WIDTH, 3))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


def places(index: int) -> tuple[float, float]:
    """Return where the target and the other figure are in a frame, whole pixels."""
    way = (OTHER_X - TARGET_X) * index / (FRAMES - 1)
    return round(TARGET_X + way), round(OTHER_X - way)


def picture(at: list[float]) -> ProcessingFrame:
    """Return figures of the same reddish texture before a greenish one, the last of them in front."""
    shown = 0.5 * texture(1) * (0.3, 1.0, 0.5)
    coat = texture(2) * (1.0, 0.35, 0.3)
    for x in at:
        moved = np.roll(coat, round(x), axis=1)
        shown = np.where(figure(x)[..., None], moved, shown)
    return to_processing_size(shown.astype(np.uint8), (WIDTH, HEIGHT))


def crossing_clip(is_in_front: bool) -> tuple[list[ProcessingFrame], list[np.ndarray]]:
    """Return the frames of a crossing, and the target's part in sight in each, bool (h, w)."""
    frames, masks = [], []
    for index in range(FRAMES):
        mine, theirs = places(index)
        frames.append(picture([theirs, mine] if is_in_front else [mine, theirs]))
        masks.append(figure(mine) if is_in_front else figure(mine) & ~figure(theirs))
    return frames, masks


def descriptors(frame: ProcessingFrame) -> np.ndarray:
    """Return stand-ins for a network's descriptors: each cell's mean colours, float32 (h', w', 3)."""
    size_wh = WIDTH // CELL, HEIGHT // CELL
    return cv2.resize(frame.lab, size_wh, interpolation=cv2.INTER_AREA)


def described(frame: ProcessingFrame) -> FrameInputs:
    return FrameInputs(frame, descriptors=descriptors(frame))


def overlaps(found: list[np.ndarray], true: list[np.ndarray]) -> list[float]:
    return [
        intersection_over_union(mask, truth)
        for mask, truth in zip(found, true, strict=True)
        if np.count_nonzero(truth) > 1200
    ]


def test_another_object_of_the_targets_kind_is_found():
    frame = picture([TARGET_X, OTHER_X])
    found = similar_object(descriptors(frame), figure(TARGET_X), frame)
    assert found is not None
    assert intersection_over_union(found, figure(OTHER_X)) > 0.5


@pytest.mark.parametrize("at", [[TARGET_X], [TARGET_X, TARGET_X + 50]])
def test_no_other_object_is_found_where_there_is_none_or_it_touches_the_target(at):
    frame = picture(at)
    mask = figure(TARGET_X)
    for x in at[1:]:
        mask = mask & ~figure(x)
    assert similar_object(descriptors(frame), mask, frame) is None


def test_an_object_that_colours_tell_from_the_target_is_not_followed():
    frame = picture([TARGET_X, OTHER_X])
    known = descriptors(frame)
    bluish = frame.rgb.copy()
    bluish[figure(OTHER_X)] = bluish[figure(OTHER_X)][:, ::-1]
    other = to_processing_size(bluish, (WIDTH, HEIGHT))
    assert similar_object(known, figure(TARGET_X), frame) is not None
    assert similar_object(known, figure(TARGET_X), other) is None


@pytest.mark.parametrize("below", [HEIGHT, 68])
def test_what_is_left_of_another_object_is_followed_only_if_it_is_large_enough(below):
    frame = picture([TARGET_X, OTHER_X])
    shown = figure(OTHER_X)
    shown[below:] = False
    network = shown.astype(np.float32)
    found = similar_object(descriptors(frame), figure(TARGET_X), frame, network)
    assert (found is None) == (below < HEIGHT)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_layer_goes_on_where_flow_stops_and_the_colours_do_not(goes_on):
    steps = [0, 10, 20, 30, 40 if goes_on else 30]
    layer = ObjectLayer(figure(TARGET_X))
    for index, (before, now) in enumerate(itertools.pairwise(steps)):
        moved = now - before if index < len(steps) - 2 else 0
        vectors = np.zeros((HEIGHT, WIDTH, 2), np.float32)
        vectors[..., 0] = moved
        flow = FlowPair(-vectors, vectors, np.ones((HEIGHT, WIDTH), np.float32))
        colours = picture([TARGET_X + before]).lab, picture([TARGET_X + now]).lab
        layer.advance(flow, np.zeros(2), True, colours)
        seen = figure(TARGET_X + now)
        assert intersection_over_union(layer.shifted > 0.5, seen) > 0.9
        assert intersection_over_union(layer.followed > 0.5, seen) > 0.9
        layer.settle(seen, np.zeros((HEIGHT, WIDTH), np.float32))


def test_nothing_is_found_without_descriptors():
    frame = picture([TARGET_X, OTHER_X])
    assert similar_object(None, figure(TARGET_X), frame) is None


@pytest.mark.parametrize("is_in_front", [True, False])
def test_a_crossing_divides_what_both_claim(is_in_front):
    frames, true = crossing_clip(is_in_front)
    crossing = Crossing(figure(TARGET_X), figure(OTHER_X), frames[0].lab)
    found = [true[0]]
    for index in range(1, FRAMES):
        mine, theirs = places(index)
        flow = FlowEstimator().between(frames[index - 1], frames[index])
        crossing.advance(frames[index].lab, flow)
        union = figure(mine) | figure(theirs)
        target, other = crossing.settle(union, union)
        assert not (target & other).any()
        assert np.array_equal(target | other, union)
        found.append(target)
    assert float(np.mean(overlaps(found, true))) > 0.85
    assert intersection_over_union(found[-1], true[-1]) > 0.9


def test_both_are_taken_for_each_other_where_the_one_in_front_shrinks_and_the_other_grows():
    frames, true = crossing_clip(is_in_front=False)
    crossing = Crossing(figure(TARGET_X), figure(OTHER_X), frames[0].lab)
    last = next(index for index in range(FRAMES) if places(index)[1] - places(index)[0] < 30)
    for index in range(1, last + 1):
        flow = FlowEstimator().between(frames[index - 1], frames[index])
        crossing.advance(frames[index].lab, flow)
        mine, theirs = places(index)
        crossing.settle(true[index], figure(theirs))
        assert not crossing.has_swapped()
    union = figure(mine) | figure(theirs)
    left = union.copy()
    left[:110] = False
    crossing.amend(union & ~left)
    assert crossing.has_swapped()


def test_the_other_object_is_followed_no_longer_once_both_were_taken_for_each_other(monkeypatch):
    """A runner whose double passed in front was lost for good: each layer kept what was the other's."""
    frames, true = crossing_clip(is_in_front=False)
    tracker = TargetTracker(described(frames[0]), true[0])
    followed = []
    advance = Crossing.advance

    def noted(self, *words):
        followed.append(len(followed))
        return advance(self, *words)

    monkeypatch.setattr(Crossing, "advance", noted)
    monkeypatch.setattr(Crossing, "has_swapped", lambda _: len(followed) == 2)
    for index in range(1, 5):
        flow = FlowEstimator().between(frames[index - 1], frames[index])
        tracker.step(FrameInputs(frames[index]), flow)
    assert len(followed) == 2


@pytest.mark.parametrize("is_in_front", [True, False])
def test_a_target_is_told_from_another_of_its_kind_that_passes(is_in_front):
    frames, true = crossing_clip(is_in_front)
    tracker = TargetTracker(described(frames[0]), true[0])
    found = [true[0]]
    for index in range(1, FRAMES):
        flow = FlowEstimator().between(frames[index - 1], frames[index])
        inputs = described(frames[index]) if index % 3 == 0 else FrameInputs(frames[index])
        found.append(tracker.step(inputs, flow).probability > 0.5)
    assert float(np.mean(overlaps(found, true))) > 0.8
    assert intersection_over_union(found[-1], true[-1]) > 0.8


def test_a_correction_beside_the_other_object_gives_its_pixels_back_to_the_target():
    frames, true = crossing_clip(is_in_front=True)
    tracker = TargetTracker(described(frames[0]), true[0])
    near = next(index for index in range(FRAMES) if places(index)[1] - places(index)[0] < 40)
    for index in range(1, near + 1):
        flow = FlowEstimator().between(frames[index - 1], frames[index])
        tracker.step(FrameInputs(frames[index]), flow)
    everywhere = np.ones((HEIGHT, WIDTH), np.float32)
    both = figure(places(near)[0]) | figure(places(near)[1])
    tracker.amend(FrameInputs(frames[near]), both, everywhere)
    flow = FlowEstimator().between(frames[near], frames[near + 1])
    found = tracker.step(FrameInputs(frames[near + 1]), flow).probability > 0.5
    mine, theirs = places(near + 1)
    assert intersection_over_union(found, figure(mine) | figure(theirs)) > 0.8


@pytest.mark.parametrize("is_in_front", [True, False])
def test_the_other_object_stays_known_where_the_target_is_confirmed_beside_it(is_in_front):
    frames, true = crossing_clip(is_in_front)
    tracker = TargetTracker(described(frames[0]), true[0])
    near = next(index for index in range(FRAMES) if places(index)[1] - places(index)[0] < 40)
    found = []
    for index in range(1, FRAMES):
        flow = FlowEstimator().between(frames[index - 1], frames[index])
        is_asked = index % 3 == 0 or index == near
        inputs = described(frames[index]) if is_asked else FrameInputs(frames[index])
        seen = tracker.step(inputs, flow).probability > 0.5
        if index == near:
            tracker.correct(inputs, true[index])
        elif index > near:
            found.append(seen)
    assert float(np.mean(overlaps(found, true[near + 1 :]))) > 0.8
    assert intersection_over_union(found[-1], true[-1]) > 0.8


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_cut_and_an_absent_target_leave_the_target_alone_to_be_looked_for(is_cut):
    frames, true = crossing_clip(is_in_front=True)
    tracker = TargetTracker(described(frames[0]), true[0])
    if not is_cut:
        assert not tracker.mark_absent().probability.any()
    flow = FlowEstimator().between(frames[0], frames[1])
    inputs = FrameInputs(frames[1])
    seen = tracker.step(inputs, flow, is_cut=is_cut).probability > 0.5
    alone = TargetTracker(FrameInputs(frames[0]), true[0])
    if not is_cut:
        alone.mark_absent()
    assert np.array_equal(seen, alone.step(inputs, flow, is_cut=is_cut).probability > 0.5)
