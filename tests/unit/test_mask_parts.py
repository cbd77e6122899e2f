"""Parts of a tracked mask: the target's, or another object's far from it."""

from __future__ import annotations

import numpy as np
import pytest

from engines.builtin.tracking.appearance import AppearanceModel
from engines.builtin.tracking.confidence import ExpectedArea
from engines.builtin.tracking.difference_histogram import DifferenceModel
from engines.builtin.tracking.foreground_evidence import Foreground
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.parts import ConnectedParts
from engines.builtin.tracking.target_foreground import ForegroundView, TargetForeground
from engines.builtin.tracking.tracker import ObjectTracker
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import to_processing_size
from utils.types import FloatMap, Mask

HEIGHT, WIDTH = 90, 160
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


BODY, FOOT, OTHER = (
    rectangle(20, 20, 60, 60),
    rectangle(20, 66, 60, 76),
    rectangle(100, 20, 130, 60),
)


def picture(*masks: Mask) -> np.ndarray:
    image = np.random.default_rng(0).integers(90, 110, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for mask in masks:
        image[mask] = (200, 60, 40)
    return image


def test_a_part_is_far_by_the_size_of_the_largest():
    found = ConnectedParts(BODY | FOOT | OTHER)
    assert found.largest_area == np.count_nonzero(BODY)
    assert np.array_equal(found.far(), OTHER)
    # A gap of 6 pixels is far from a part of 10 pixels a side.
    large, small = rectangle(30, 66, 40, 76), rectangle(46, 66, 55, 75)
    assert np.array_equal(ConnectedParts(large | small).far(), small)
    assert not ConnectedParts(BODY).far().any()
    nothing = ConnectedParts(np.zeros_like(BODY))
    assert nothing.largest_area == 0.0
    assert not nothing.far().any()


@pytest.mark.parametrize(
    ("confirmed", "taken_in", "kept"),
    [
        (BODY, True, BODY),
        (BODY | OTHER, False, BODY | OTHER),
        (BODY | FOOT, False, BODY | FOOT),
    ],
)
def test_a_far_part_stays_only_where_the_target_was_confirmed_with_one(
    confirmed: Mask, taken_in: bool, kept: Mask
):
    """Flow takes the target's like for the target."""
    frame = to_processing_size(picture(BODY, FOOT & confirmed, OTHER), (WIDTH, HEIGHT))
    to_previous = STILL.copy()
    if taken_in:
        to_previous[OTHER] = -80, 0
    flow = FlowPair(to_previous, STILL, np.ones((HEIGHT, WIDTH), np.float32))
    inputs = FrameInputs(frame)
    found = ObjectTracker(inputs, confirmed).step(inputs, flow).probability > 0.5
    assert (found & kept).sum() / (found | kept).sum() > 0.9


@pytest.mark.parametrize(
    ("has_network", "difference", "is_kept"),
    [(False, 0.0, True), (False, -2.0, False), (True, 0.0, False)],
    ids=["colours alone", "keeps still", "not described like it"],
)
def test_what_is_left_of_a_target_is_not_given_up_by_colours_alone(
    monkeypatch, has_network: bool, difference: float, is_kept: bool
):
    """A car that drives into shadow would be lost; what a hidden target left on the background keeps still."""

    def unlike(_model: object, _features: object, window: tuple[int, int, int, int]) -> FloatMap:
        return np.full((window[3] - window[1], window[2] - window[0]), -1.0, np.float32)

    monkeypatch.setattr(AppearanceModel, "appearance_log_odds", unlike)
    monkeypatch.setattr(ExpectedArea, "share", lambda _expected, _area: 0.4)
    monkeypatch.setattr(
        DifferenceModel, "evidence", lambda _model, values: np.full_like(values, difference)
    )
    frame = to_processing_size(picture(BODY), (WIDTH, HEIGHT))
    flow = FlowPair(STILL, STILL, np.ones((HEIGHT, WIDTH), np.float32))
    answer = Foreground(BODY.astype(np.float32), np.ones((HEIGHT, WIDTH), np.float32))
    inputs = FrameInputs(frame, ForegroundView(answer) if has_network else None)
    found = ObjectTracker(inputs, BODY).step(inputs, flow)
    assert (found.temporal_overlap > 0.0) == is_kept


class RestartedForeground(TargetForeground):
    """Records where it begins again."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    def restart(self, view: ForegroundView, mask: Mask, is_new_scene: bool) -> None:
        assert is_new_scene
        self.begun.append(int(np.argmax(mask.any(axis=0))))
        super().restart(view, mask, is_new_scene)


def test_places_and_size_are_those_of_the_scene_in_which_a_target_is_redetected():
    frame = to_processing_size(picture(BODY), (WIDTH, HEIGHT))
    smaller = rectangle(100, 25, 130, 55)
    other = to_processing_size(picture(smaller), (WIDTH, HEIGHT))
    flow = FlowPair(STILL, STILL, np.ones((HEIGHT, WIDTH), np.float32))
    views = [
        ForegroundView(Foreground(mask.astype(np.float32), np.ones((HEIGHT, WIDTH), np.float32)))
        for mask in (BODY, smaller)
    ]
    tracker = ObjectTracker(FrameInputs(frame, views[0]), BODY)
    tracker._networks._foreground = foreground = RestartedForeground()
    foreground.confirm(views[0], BODY)
    tracker.step(FrameInputs(other, views[1]), flow, is_cut=True)
    tracker.step(FrameInputs(other, views[1]), flow)
    assert foreground.begun == [100]
    assert tracker._extent.expected_area.missing(float(np.count_nonzero(smaller))) < 50
