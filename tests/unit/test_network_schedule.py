"""Which frames and crops a foreground network is asked about in a pass."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from engines.base import ArrayFrames, RunContext
from engines.builtin.foreground import ForegroundMaps
from engines.builtin.tracking import passes
from engines.builtin.tracking.answer_agreement import agreement
from engines.builtin.tracking.clip import Clip
from engines.builtin.tracking.correction import Correction
from engines.builtin.tracking.crop import LEAD
from engines.builtin.tracking.foreground_evidence import Foreground
from engines.builtin.tracking.network_choice import choose_network
from engines.builtin.tracking.steps import Step
from engines.builtin.tracking.target_foreground import ForegroundView, TargetForeground
from engines.builtin.vision.flow import FlowPair
from utils.types import FloatMap, Mask

HEIGHT, WIDTH = 80, 120
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)
NO_MOTION = FlowPair(STILL, STILL, np.ones((HEIGHT, WIDTH), np.float32))


class Network:
    """Sees everything as foreground; remembers the first value of each picture."""

    def __init__(
        self, name: str = "made-up", both: threading.Barrier | None = None, is_quick: bool = True
    ) -> None:
        self.network = name
        self.answers_quickly = is_quick
        self.asked: list[int] = []
        self.both = both

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        if self.both is not None:
            self.both.wait(timeout=5.0)
        self.asked.append(int(image[0, 0, 0]))
        return np.ones(image.shape[:2], np.float32)


def frames(count: int) -> ArrayFrames:
    return ArrayFrames([np.full((HEIGHT, WIDTH, 3), index, np.uint8) for index in range(count)])


def target(x1: int = 60) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[20:60, 30:x1] = True
    return mask


@pytest.mark.parametrize(
    ("interval", "first", "relies", "asked"),
    [
        (3, 0, lambda index: True, [0, 3, 6, 12, 18, 24]),
        # What is recorded of frame 7 counts for frame 15, and that of 13 for frame 21.
        (3, 0, lambda index: index != 7, [0, 3, 6, 12, 15, 18, 24]),
        (3, 3, lambda index: True, [0, 3, 6, 9, 15, 21]),
        (3, 0, lambda index: None, [0, 3, 6, 9, 12, 15, 18, 21, 24]),
        (1, 0, lambda index: True, list(range(25))),
        (4, 0, lambda index: True, [0, 4, 8, 12, 16, 20, 24]),
    ],
    ids=[
        "trusted crops",
        "not on one frame",
        "of a part of a clip",
        "nothing recorded",
        "all frames",
        "few frames",
    ],
)
def test_while_trackers_rely_on_crops_every_second_whole_frame_is_not_asked_about(
    interval: int, first: int, relies, asked: list[int]
) -> None:
    network = Network()
    context = replace(RunContext(), first=first)
    clip = Clip(frames(25), context, ForegroundMaps(network, context, interval))
    for step in clip.steps(0, 25, 1):
        view = clip.view(step)
        assert view is not None
        assert view.record_reliance is not None
        recorded = relies(step.index)
        if recorded is not None:
            view.record_reliance(recorded)
            view.record_reliance(True)
    assert network.asked == asked


def test_a_confirmed_frame_is_asked_about_all_the_same() -> None:
    network, context = Network(), RunContext()
    clip = Clip(frames(18), context, ForegroundMaps(network, context, 3), confirmed={9, 10})
    for step in clip.steps(0, 18, 1):
        view = clip.view(step)
        assert view is not None and view.record_reliance is not None
        view.record_reliance(True)
    assert network.asked == [0, 3, 6, 9, 10, 12]


class Until(Network):
    """Sees everything as foreground up to a frame, and nothing afterwards; takes long."""

    def __init__(self, last: int) -> None:
        super().__init__(is_quick=False)
        self.last = last

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        return super().estimate(image, picture_wh) * np.float32(image[0, 0, 0] <= self.last)


@pytest.mark.parametrize(
    ("count", "last", "interval", "asked"),
    [
        (25, 99, 3, [0, 6, 12, 18, 24]),
        (25, 9, 3, [0, 6, 12, 9, 18, 24]),
        # No answer comes after the last frame that waits.
        (17, 99, 3, [0, 6, 12, 15]),
        (15, 99, 3, [0, 6, 12]),
        (9, 99, 2, [0, 4, 8]),
        (9, 99, 1, list(range(9))),
        (13, 99, 4, [0, 4, 8, 12]),
    ],
    ids=["all agree", "two differ", "end", "nothing waits", "every second", "all", "few"],
)
def test_a_network_that_takes_long_is_asked_between_two_answers_only_where_they_differ(
    count: int, last: int, interval: int, asked: list[int]
) -> None:
    network, context = Until(last), RunContext()
    clip = Clip(frames(count), context, ForegroundMaps(network, context, interval))
    steps = list(clip.steps(0, count, 1))
    assert network.asked == asked
    assert [step.index for step in steps] == list(range(count))
    for step in steps:
        assert step.foreground is not None
        if step.index in asked:
            assert step.foreground.probability.mean() == float(step.index <= last)


def test_an_answer_that_was_waited_for_counts_up_to_its_frame_and_from_there_on() -> None:
    context = RunContext()
    clip = Clip(frames(13), context, ForegroundMaps(Until(9), context, 3))
    shown = [step.foreground.probability.mean() for step in clip.steps(0, 13, 1) if step.foreground]
    assert shown[6:10] == pytest.approx([1.0] * 4)
    assert shown[10:] == pytest.approx([2 / 3, 1 / 3, 0.0], abs=1e-3)


def test_a_frame_that_waits_is_not_asked_about_on_the_way_back_either() -> None:
    network, context = Until(99), RunContext()
    clip = Clip(frames(13), context, ForegroundMaps(network, context, 3))
    assert [step.index for step in clip.steps(12, -1, -1)] == list(range(12, -1, -1))
    assert network.asked == [12, 6, 0]


def test_answers_agree_as_far_as_each_part_of_what_they_show_is_shown_by_both() -> None:
    large = np.zeros((HEIGHT, WIDTH), np.float32)
    large[:, 60:] = 1.0
    both = large.copy()
    both[20:40, 10:30] = 1.0
    moved = large.copy()
    moved[20:40, 20:40] = 1.0
    speck = large.copy()
    speck[:7, :9] = 1.0
    nothing = np.zeros_like(large)
    assert agreement(both, both) == 1.0
    assert agreement(both, large) == agreement(large, both) == 0.0
    assert agreement(both, moved) == pytest.approx(1 / 3)
    assert agreement(large, speck) == 1.0
    assert agreement(nothing, nothing) == 1.0


@pytest.mark.parametrize(
    ("index", "direction", "first", "expected"),
    [
        (53, 1, 0, 48),
        (48, 1, 0, 42),
        (53, -1, 0, 54),
        (54, -1, 0, 60),
        (53, 1, 2, 52),
        (2, 1, 2, -2),
    ],
)
def test_the_last_frame_that_an_answer_ahead_is_not_carried_back_to(
    index: int, direction: int, first: int, expected: int
) -> None:
    context = replace(RunContext(), first=first)
    clip = Clip(frames(60), context, ForegroundMaps(Network(), context, 3))
    assert clip.last_unaffected(index, direction) == expected


@pytest.mark.parametrize("start", [0, 3])
def test_what_a_mask_corrects_is_compared_with_what_was_seen_without_an_answer_for_it(
    start: int, monkeypatch
) -> None:
    """The network sees frame 1 or 2 alone, which is asked about since it is confirmed: the mask was made without."""
    confirmed = abs(start - 1)

    class OfOneFrame(Network):
        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            return np.full(image.shape[:2], float(image[0, 0, 2] == confirmed), np.float32)

    noise = np.random.default_rng(0).integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
    noise[target()] += np.uint8(120)
    pictures = [noise.copy() for _ in range(4)]
    for index, picture in enumerate(pictures):
        picture[..., 2] = index
    answers: list[float] = []
    compared: list[bool] = []
    view, correction = Clip.view, passes.correction

    def recorded(clip: Clip, step: Step) -> ForegroundView | None:
        if step.index == confirmed and step.foreground is not None:
            answers.append(float(step.foreground.probability.mean()))
        return view(clip, step)

    def noted(mask: Mask, tracked: FloatMap, shown: FloatMap | None = None) -> Correction | None:
        compared.append(shown is not None)
        return correction(mask, tracked, shown)

    monkeypatch.setattr(Clip, "view", recorded)
    monkeypatch.setattr(passes, "correction", noted)
    context = RunContext()
    clip = Clip(ArrayFrames(pictures), context, ForegroundMaps(OfOneFrame(), context, 3))
    keyframes = {start: {1: target()}, confirmed: {1: target(70)}}
    with closing(passes.track(clip, keyframes, start)) as steps:  # type: ignore[type-var]
        next(steps)
    on_the_way, *asked = answers
    assert on_the_way == 0.0
    assert asked and set(asked) == {1.0}
    assert compared[0]


def test_what_a_mask_corrects_is_seen_without_a_frame_that_is_left_out(monkeypatch) -> None:
    """The network sees the target on frame 3 alone, which is left out for the answers on 0 and 6."""

    class OfOneFrame(Network):
        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            return np.full(image.shape[:2], float(image[0, 0, 2] == 3), np.float32)

    noise = np.random.default_rng(0).integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
    noise[target()] += np.uint8(120)
    pictures = [noise.copy() for _ in range(9)]
    for index, picture in enumerate(pictures):
        picture[..., 2] = index
    answers: list[float] = []
    view = Clip.view

    def recorded(clip: Clip, step: Step) -> ForegroundView | None:
        if step.index == 2 and step.foreground is not None:
            answers.append(float(step.foreground.probability.mean()))
        return view(clip, step)

    monkeypatch.setattr(Clip, "view", recorded)
    context = RunContext()
    maps = ForegroundMaps(OfOneFrame(is_quick=False), context, 3)
    keyframes = {0: {1: target()}, 2: {1: target(70)}}
    clip = Clip(ArrayFrames(pictures), context, maps)
    with closing(passes.track(clip, keyframes, 0)) as steps:  # type: ignore[type-var]
        next(steps)
    assert answers and set(answers) == {0.0}


def seen(answer: np.ndarray) -> Foreground:
    return Foreground(answer.astype(np.float32), np.ones((HEIGHT, WIDTH), np.float32))


def test_a_target_relies_on_crops_that_still_show_it_and_on_none_that_was_never_asked_about() -> (
    None
):
    recorded: list[bool] = []
    shown = target()

    def crop(box: tuple[int, int, int, int]) -> FloatMap:
        x0, y0, x1, y1 = box
        return shown[y0:y1, x0:x1].astype(np.float32)

    asking, carrying = (
        ForegroundView(seen(target()), ask, recorded.append) for ask in (crop, None)
    )
    model = TargetForeground()
    model.confirm(asking, target())
    model.advance(carrying, target(), NO_MOTION)
    shown = target(45)
    model.advance(asking, target(), NO_MOTION)
    model.advance(carrying, target(), NO_MOTION)
    shown = target()
    model.advance(asking, target(), NO_MOTION)
    fills_the_frame = np.ones((HEIGHT, WIDTH), dtype=bool)
    model.advance(asking, fills_the_frame, NO_MOTION)
    assert recorded == [True, True, False, False, True, False]
    without = TargetForeground()
    without.confirm(carrying, target())
    assert recorded[-1] is False


def test_a_crop_is_left_out_where_the_last_one_brought_nothing_new() -> None:
    asked: list[int] = []
    ahead: list[int] = []
    shown = target()
    model = TargetForeground()

    def step(number: int, may_leave_out: bool = True) -> None:
        """Go on to a frame: every third has a crop, which the frame `LEAD` before may ask about ahead."""

        def ask(box: tuple[int, int, int, int]) -> FloatMap:
            asked.append(number)
            return shown[box[1] : box[3], box[0] : box[2]].astype(np.float32)

        has_crop = number % LEAD == 0
        view = ForegroundView(
            seen(target()),
            ask if has_crop else None,
            None,
            (lambda box: ahead.append(number + LEAD)) if has_crop else None,
            may_leave_out,
        )
        if number == 0:
            model.confirm(view, target())
        else:
            model.advance(view, target(), NO_MOTION)

    for number in range(4):
        step(number)
    assert (asked, ahead) == ([0, 3], [])
    # Frame 3 showed what 0 had: 6 is left out, and 9 too while it may be.
    step(4)
    step(5)
    step(6, may_leave_out=False)
    assert (asked, ahead) == ([0, 3], [9])
    shown = target(45)
    for number in range(7, 13):
        step(number)
    # Frame 9 showed something else: 12 is asked about, and shows that again.
    assert (asked, ahead) == ([0, 3, 9, 12], [9, 12])
    for number in range(13, 16):
        step(number)
    assert asked == [0, 3, 9, 12]
    # Where the target is lost nothing is known of the next ones.
    model.overall(ForegroundView(seen(target())))
    for number in range(16, 22):
        step(number)
    assert asked[4:] == [18, 21]


@pytest.mark.parametrize(("is_quick", "expected"), [(False, [5, 17]), (True, [])])
def test_every_second_crop_may_be_left_out_of_a_network_that_takes_long(
    is_quick: bool, expected: list[int]
) -> None:
    context = RunContext()
    maps = ForegroundMaps(Network(is_quick=is_quick), context, 3)
    clip = Clip(frames(24), context, maps, confirmed={32})
    found = []
    for step in clip.steps(0, 24, 1):
        view = clip.view(step)
        assert view is not None
        if view.may_leave_out_later:
            found.append(step.index)
    assert found == expected
    clip = replace(clip, confirmed={8})
    views = [clip.view(step) for step in clip.steps(0, 24, 1)]
    assert not views[5].may_leave_out_later


def test_the_networks_to_choose_from_are_asked_at_the_same_time() -> None:
    both = threading.Barrier(2)
    sources = [Network("first", both), Network("second", both)]
    candidates = [ForegroundMaps(source, RunContext()) for source in sources]
    whole = np.ones((HEIGHT, WIDTH), dtype=bool)
    whole[0, 0] = False
    assert choose_network(candidates, frames(1), [whole], 0) is candidates[1]


def test_a_crop_is_asked_about_three_frames_ahead_and_once() -> None:
    network = Network()
    context = RunContext()
    clip = Clip(frames(18), context, ForegroundMaps(network, context, 3))
    began: list[int] = []
    for step in clip.steps(0, 18, 1):
        view = clip.view(step)
        assert view is not None
        if view.ask_ahead is not None:
            began.append(step.index)
            view.ask_ahead((16, 16, 64, 64))
        if view.ask is not None:
            assert view.ask((16, 16, 64, 64)) is not None
    assert began == [5, 11]
    assert sorted(network.asked) == [0, 2, 3, 6, 8, 9, 12, 14, 15]


def test_a_crop_is_asked_about_before_the_whole_frame_after_it_is_answered() -> None:
    """The trackers need not wait for that answer to ask about the crop: the network would have nothing to do."""
    is_asked = threading.Event()

    class Waiting(Network):
        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            if int(image[0, 0, 0]) == 12 and image.shape[:2] == (HEIGHT, WIDTH):
                assert is_asked.wait(timeout=5.0)
            return super().estimate(image, picture_wh)

    context = RunContext()
    clip = Clip(frames(18), context, ForegroundMaps(Waiting(), context, 3))
    for step in clip.steps(0, 18, 1):
        view = clip.view(step)
        assert view is not None and view.record_reliance is not None
        view.record_reliance(True)
        if step.index == 8 - LEAD:
            assert view.ask_ahead is not None
            is_asked.set()
    assert clip.foreground.is_active


def test_the_crop_that_is_asked_about_ahead_lies_where_the_target_will_be() -> None:
    ahead: list[tuple[int, int, int, int]] = []
    asked: list[tuple[int, int, int, int]] = []

    def crop(box: tuple[int, int, int, int]) -> FloatMap:
        asked.append(box)
        return target()[box[1] : box[3], box[0] : box[2]].astype(np.float32)

    to_previous = STILL.copy()
    to_previous[..., 0] = -32.0 / LEAD
    moving = FlowPair(to_previous, -to_previous, NO_MOTION.reliability)
    model = TargetForeground()
    model.confirm(ForegroundView(seen(target()), crop), target())
    model.advance(ForegroundView(seen(target()), ask_ahead=ahead.append), target(), moving)
    for _ in range(LEAD - 1):
        model.advance(ForegroundView(seen(target())), target(), moving)
    model.advance(ForegroundView(seen(target()), crop), target(), moving)
    assert ahead == asked[1:]
    assert asked == [(0, 0, 80, 80), (32, 0, 112, 80)]
    model.advance(ForegroundView(seen(target()), ask_ahead=ahead.append), target(), moving)
    model.overall(ForegroundView(seen(target())))
    model.advance(ForegroundView(seen(target()), crop), target(), NO_MOTION)
    assert asked[2] == asked[0]
