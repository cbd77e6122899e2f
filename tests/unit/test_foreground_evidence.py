"""A foreground network as evidence of the built-in engine: answers kept, weighed, and gone without."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engines.base import ArrayFrames, RunContext
from engines.builtin.foreground import BY_SPEED, ForegroundMaps
from engines.builtin.selection.box_content import trust_in_content
from engines.builtin.selection.foreground_cue import ForegroundCue
from engines.builtin.tracking import answer_trust
from engines.builtin.tracking.distractors import DistractorMemory
from engines.builtin.tracking.foreground_evidence import Foreground, ForegroundModel
from engines.builtin.tracking.network_choice import choose_network
from engines.builtin.tracking.parts import without_surplus
from engines.builtin.tracking.steps import read_steps, with_foreground
from engines.builtin.tracking.target_foreground import ForegroundView, TargetForeground
from engines.builtin.vision.flow import FlowPair
from utils.errors import Cancelled, EngineUnavailable
from utils.messages import render
from utils.types import Message

HEIGHT, WIDTH = 80, 120
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)
WHOLE = (0, 0, WIDTH, HEIGHT)
NO_MOTION = FlowPair(STILL, STILL, np.ones((HEIGHT, WIDTH), np.float32))


class Network:
    """Calls bright pixels foreground; can be told to fail at a call."""

    network = "made-up"
    answers_quickly = True

    def __init__(self, fails_at: int = 10**6, error: Exception | None = None) -> None:
        self.calls = 0
        self.fails_at = fails_at
        self.error = error or MemoryError("out of memory")

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        self.calls += 1
        if self.calls >= self.fails_at:
            raise self.error
        return (image[..., 0] > 127).astype(np.float32)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def picture(mask: np.ndarray) -> np.ndarray:
    return np.where(mask[..., None], np.uint8(220), np.uint8(30)).repeat(3, axis=2)


def seen(answer: np.ndarray) -> Foreground:
    return Foreground(answer.astype(np.float32), np.ones((HEIGHT, WIDTH), np.float32))


TARGET = rectangle(30, 20, 60, 60)
CROWD = rectangle(70, 20, 110, 60)


def test_an_answer_that_separates_the_target_is_strong_evidence_both_ways() -> None:
    model = ForegroundModel()
    model.confirm(seen(TARGET), TARGET)
    evidence = model.evidence(seen(TARGET), TARGET, STILL, WHOLE)
    assert evidence[TARGET].min() > 2.0
    assert evidence[~TARGET].max() < -2.0


def test_where_the_network_sees_a_crowd_too_it_says_little_for_the_crowd() -> None:
    model = ForegroundModel()
    model.confirm(seen(TARGET | CROWD), TARGET)
    evidence = model.evidence(seen(TARGET | CROWD), TARGET, STILL, WHOLE)
    crowd = rectangle(80, 30, 100, 50)
    assert np.abs(evidence[crowd]).max() < 0.5
    assert evidence[rectangle(38, 28, 50, 52)].min() > 1.0
    assert evidence[rectangle(0, 0, 20, 80)].max() < -1.0


def test_what_is_learned_is_the_same_whether_a_frames_evidence_was_asked_or_not() -> None:
    moved = np.full((HEIGHT, WIDTH, 2), 3.0, np.float32)
    models = ForegroundModel(), ForegroundModel()
    for model in models:
        model.confirm(seen(TARGET | CROWD), TARGET)
        if model is models[1]:
            model.evidence(seen(CROWD), TARGET, moved, WHOLE)
        for flow in (moved, STILL, STILL):
            model.follow(seen(CROWD), TARGET, flow)
    first, second = (model.evidence(seen(TARGET), TARGET, STILL, WHOLE) for model in models)
    np.testing.assert_array_equal(first, second)
    assert np.ptp(first) > 0.5


def test_a_network_that_does_not_know_the_target_says_nothing() -> None:
    nothing = np.zeros((HEIGHT, WIDTH))
    model = ForegroundModel()
    model.confirm(seen(nothing), TARGET)
    assert np.abs(model.evidence(seen(nothing), TARGET, STILL, WHOLE)).max() < 0.3


def test_a_part_the_tracker_lost_does_not_count_against_the_network() -> None:
    model = ForegroundModel()
    model.confirm(seen(TARGET), TARGET)
    half = rectangle(30, 20, 45, 60)
    for _ in range(8):
        model.follow(seen(TARGET), half, STILL)
    evidence = model.evidence(seen(TARGET), half, STILL, WHOLE)
    assert evidence[rectangle(50, 25, 58, 55)].min() > 1.5


def test_in_another_scene_a_network_counts_by_the_confirmed_frame_as_a_whole() -> None:
    """It saw a crowd there, which says nothing of what is at that place here."""
    model = ForegroundModel()
    model.confirm(seen(TARGET | CROWD), TARGET)
    here = rectangle(70, 25, 100, 55)
    before = model.evidence(seen(here), here, STILL, WHOLE)
    model.restart(seen(here), here, is_new_scene=True)
    after = model.evidence(seen(here), here, STILL, WHOLE)
    assert before[here].max() < 0.2
    assert after[here].min() > 0.5
    assert model.has_distractors


@pytest.mark.parametrize("is_new_scene", [False, True])
def test_the_rest_of_a_target_found_in_part_is_no_other_object_in_the_same_scene(
    is_new_scene: bool,
) -> None:
    model = ForegroundModel()
    model.confirm(seen(TARGET), TARGET)
    model.restart(seen(TARGET), rectangle(30, 20, 40, 60), is_new_scene)
    model.follow(seen(TARGET), rectangle(30, 20, 40, 60), STILL)
    evidence = model.evidence(seen(TARGET), rectangle(30, 20, 40, 60), STILL, WHOLE)
    assert (evidence[22:58, 46:58].max() <= 0.0) == is_new_scene
    assert model.has_distractors == is_new_scene


def test_what_comes_out_from_behind_the_target_joined_to_a_distractor_gets_no_support() -> None:
    model = ForegroundModel()
    body = rectangle(60, 30, 80, 60)
    model.confirm(seen(TARGET | body), TARGET)
    head = rectangle(50, 8, 70, 20)
    joined = TARGET | body | head | rectangle(62, 18, 70, 32)
    dragged = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    dragged[8:20, 50:70, 1] = 20.0
    evidence = model.evidence(seen(joined), TARGET, dragged, WHOLE)
    assert evidence[body].max() <= 0.0
    assert evidence[rectangle(54, 10, 68, 17)].max() <= 0.0
    assert evidence[rectangle(35, 28, 55, 52)].min() > 1.5


def test_a_rim_of_foreground_around_the_target_is_no_other_object() -> None:
    for outside, is_other in ((rectangle(26, 16, 64, 64), False), (TARGET | CROWD, True)):
        model = ForegroundModel()
        model.confirm(seen(outside), TARGET)
        assert model.has_distractors == is_other


@pytest.mark.parametrize("missing", [0.0, 700.0])
def test_beside_other_objects_what_joins_a_target_that_lost_as_much_is_its_own(
    missing: float,
) -> None:
    model = ForegroundModel()
    model.confirm(seen(TARGET | rectangle(100, 20, 110, 60)), TARGET)
    # The lost half is where the confirmed frame had background: fast motion misled the flow.
    flow = STILL.copy()
    flow[20:60, 45:60, 0] = 25.0
    answer = seen(TARGET | rectangle(100, 20, 110, 60))
    evidence = model.evidence(answer, rectangle(30, 20, 45, 60), flow, WHOLE, missing)
    assert (evidence[rectangle(50, 25, 58, 55)].min() > 0.1) == (missing > 0.0)


def test_a_new_part_of_unknown_origin_is_doubted_only_in_a_clip_with_distractors() -> None:
    part = rectangle(60, 30, 75, 50)
    dragged = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    dragged[30:50, 60:75, 0] = 200.0
    found = {}
    for name, others in (("alone", TARGET), ("beside others", TARGET | rectangle(90, 5, 115, 75))):
        model = ForegroundModel()
        model.confirm(seen(others), TARGET)
        evidence = model.evidence(seen(others | part), TARGET, dragged, WHOLE)
        found[name] = float(evidence[rectangle(64, 34, 72, 46)].mean())
    assert found["alone"] > 1.5
    assert found["beside others"] < 0.3 * found["alone"]


def _moved(dx: float) -> FlowPair:
    there = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    there[..., 0] = dx
    return FlowPair(-there, there, np.ones((HEIGHT, WIDTH), np.float32))


def test_a_network_says_nothing_yet_of_what_has_just_come_into_the_picture() -> None:
    knows = TargetForeground()
    at_border = rectangle(0, 20, 40, 60)
    knows.confirm(ForegroundView(seen(at_border)), at_border)
    flow = _moved(10.0)
    # The network takes what comes in at the left for background.
    answer = ForegroundView(seen(rectangle(10, 20, 50, 60)))
    expected = rectangle(10, 20, 50, 60)
    knows.advance(answer, expected, flow)
    evidence = knows.evidence(answer, expected, flow.to_previous, WHOLE)
    assert np.abs(evidence[:, :9]).max() < 0.2
    assert evidence[rectangle(14, 24, 46, 56)].min() > 2.0
    assert evidence[:, 60:].max() < -2.0
    # Once visible for a while, it counts.
    for _ in range(150):
        knows.advance(answer, expected, NO_MOTION)
    assert knows.evidence(answer, expected, STILL, WHOLE)[5:15, :9].max() < -1.0


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "beside other objects"])
def test_foreground_that_comes_out_from_behind_the_target_is_doubted_beside_other_objects(
    others: int,
) -> None:
    knows = TargetForeground()
    answer = ForegroundView(seen(TARGET | CROWD if others else TARGET))
    knows.confirm(answer, TARGET)
    flow = _moved(0.0)
    # A strip at the target's right side that nothing of the last frame has moved to.
    flow.from_previous[:, 54:60, 0] = -10.0
    knows.advance(answer, TARGET, flow)
    evidence = knows.evidence(answer, TARGET, STILL, WHOLE)
    strip, rest = rectangle(55, 28, 58, 52), rectangle(34, 28, 42, 52)
    if others:
        assert evidence[strip].max() < 0.3 * evidence[rest].min()
    else:
        assert evidence[strip].min() > 2.0


@pytest.mark.parametrize(
    ("others", "moves", "share", "is_against"),
    [(True, 0.0, 6, True), (True, 1.0, 6, False), (False, 0.0, 6, False), (True, 0.0, 30, False)],
    ids=["another object", "moves like the target", "nothing else about", "flow does not follow"],
)
def test_what_comes_out_from_behind_the_target_is_another_object(
    others: bool, moves: float, share: int, is_against: bool
) -> None:
    knows = TargetForeground()
    knows.confirm(ForegroundView(seen(TARGET | CROWD if others else TARGET)), TARGET)
    flow = _moved(0.0)
    flow.from_previous[:, 60 - share : 60, 0] = -100.0
    knows.advance(ForegroundView(seen(TARGET)), TARGET, flow)
    motion = np.full((HEIGHT, WIDTH), moves, np.float32)
    evidence = knows.evidence_of_others(TARGET, motion, WHOLE)
    assert (evidence[rectangle(56, 28, 58, 52)].max() < -1.0) == is_against
    assert np.abs(evidence[rectangle(0, 0, 26, 80)]).max() == 0.0
    assert evidence.max() <= 0.0


@pytest.mark.parametrize(
    ("place", "width", "left", "is_hidden"),
    [(61, 20, 0, True), (61, 20, 20, False), (90, 20, 0, False), (61, 8, 0, False)],
    ids=["gone behind the target", "still in sight", "was never near the target", "is far smaller"],
)
def test_what_comes_to_light_after_another_object_went_behind_the_target_is_that_object(
    place: int, width: int, left: int, is_hidden: bool
) -> None:
    knows = TargetForeground()
    other = rectangle(place, 20, place + width, 60)
    knows.confirm(ForegroundView(seen(TARGET | other)), TARGET)
    for shown in (place + width, place + left):
        answer = ForegroundView(seen(TARGET | rectangle(place, 20, shown, 60)))
        knows.advance(answer, TARGET, NO_MOTION)
        knows.evidence(answer, TARGET, STILL, WHOLE)
        knows.follow(answer, TARGET, STILL)
    flow = _moved(0.0)
    # A strip at the target's left side that nothing of the last frame has moved to.
    flow.from_previous[:, 30:36, 0] = -100.0
    knows.advance(answer, TARGET, flow)
    knows.evidence(answer, TARGET, STILL, WHOLE)
    evidence = knows.evidence_of_others(TARGET, np.zeros((HEIGHT, WIDTH), np.float32), WHOLE)
    strip = evidence[rectangle(31, 28, 35, 52)]
    assert strip.max() < -1.0
    assert (strip.max() < -3.0) == is_hidden


def test_a_network_that_misses_a_part_now_and_then_is_not_believed_there_after_a_few_good_frames() -> (
    None
):
    lower = rectangle(30, 45, 60, 60)
    evidence = {}
    for missed in (False, True):
        model = ForegroundModel()
        model.confirm(seen(TARGET & ~lower if missed else TARGET), TARGET)
        for _ in range(12):
            model.follow(seen(TARGET), TARGET, STILL)
        answer = model.evidence(seen(TARGET & ~lower), TARGET, STILL, WHOLE)
        evidence[missed] = float(answer[rectangle(36, 50, 54, 58)].mean())
    assert evidence[False] < -2.0
    assert evidence[True] > 0.6 * evidence[False]


class Crops:
    """Answers about crops from one answer about the whole frame; remembers the boxes."""

    def __init__(self, answer: np.ndarray) -> None:
        self.answer = answer.astype(np.float32)
        self.boxes: list[tuple[int, int, int, int]] = []

    def __call__(self, box: tuple[int, int, int, int]) -> np.ndarray:
        self.boxes.append(box)
        x0, y0, x1, y1 = box
        return self.answer[y0:y1, x0:x1]


def test_a_crop_around_the_target_shows_what_the_whole_frame_does_not() -> None:
    nothing = seen(np.zeros((HEIGHT, WIDTH)))
    crops = Crops(TARGET)
    model = TargetForeground()
    model.confirm(ForegroundView(nothing, crops), TARGET)
    for ask in (crops, None):
        view = ForegroundView(nothing, ask)
        model.advance(view, TARGET, NO_MOTION)
        evidence = model.evidence(view, TARGET, STILL, WHOLE)
        assert evidence[TARGET].min() > 1.5
        assert evidence[rectangle(64, 24, 72, 56)].max() < -1.5
        model.follow(view, TARGET, STILL)
    assert crops.boxes == [(0, 0, 80, 80)] * 2


def test_the_agreement_is_that_of_the_answer_which_showed_the_confirmed_mask() -> None:
    nothing = seen(np.zeros((HEIGHT, WIDTH)))
    view = ForegroundView(nothing, Crops(TARGET))
    model = TargetForeground()
    model.confirm(view, TARGET)
    assert model.agreement(view, TARGET).overlap == 1.0
    assert model.agreement(view, rectangle(30, 20, 45, 60)).overlap < 0.9
    assert model.agreement(view, np.zeros_like(TARGET)).overlap == 0.0


def test_a_crop_that_does_not_show_the_confirmed_mask_is_not_asked_about_again() -> None:
    crops = Crops(rectangle(30, 20, 60, 40))
    model = TargetForeground()
    view = ForegroundView(seen(TARGET), crops)
    model.confirm(view, TARGET)
    alone, whole = TargetForeground(), ForegroundView(seen(TARGET))
    alone.confirm(whole, TARGET)
    for knows, what in ((model, view), (alone, whole)):
        knows.advance(what, TARGET, NO_MOTION)
    assert len(crops.boxes) == 1
    assert np.array_equal(
        model.evidence(view, TARGET, STILL, WHOLE), alone.evidence(whole, TARGET, STILL, WHOLE)
    )


@pytest.mark.parametrize(
    ("confirmed", "expected", "missing", "is_trusted"),
    [
        (TARGET, TARGET, 0.0, True),
        (TARGET | rectangle(60, 20, 75, 60), TARGET, 0.0, False),
        (TARGET, rectangle(30, 20, 42, 60), 0.0, False),
        (TARGET, rectangle(30, 20, 42, 60), 720.0, True),
        (TARGET | CROWD, TARGET, 0.0, False),
    ],
    ids=[
        "knows the target",
        "saw more of it",
        "sees something else now",
        "sees the part that was lost",
        "saw others too",
    ],
)
def test_a_network_that_knows_the_target_decides_inside_its_regions_and_not_at_their_contour(
    confirmed: np.ndarray, expected: np.ndarray, missing: float, is_trusted: bool
) -> None:
    model = TargetForeground()
    model.confirm(ForegroundView(seen(confirmed)), TARGET)
    view = ForegroundView(seen(TARGET))
    model.advance(view, expected, NO_MOTION, missing)
    evidence = model.evidence(view, expected, STILL, WHOLE)
    middle, background = evidence[40, 45], evidence[70, 15]
    assert (middle > 6.0) == is_trusted
    assert (background < -6.0) == is_trusted
    assert evidence[40, 30:34].mean() < 0.7 * 7.5
    against = model.background_evidence(view, expected, STILL, WHOLE)
    assert (against[70, 15] < -6.0) == is_trusted
    assert against.max() == 0.0


def test_what_holds_for_a_whole_frame_is_worked_out_once_for_both_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def counted(owner: object, name: str) -> None:
        function = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a: asked.append(name) or function(*a))

    counted(answer_trust, "overlap_near")
    counted(DistractorMemory, "support")
    model = TargetForeground()
    view = ForegroundView(seen(TARGET))
    model.confirm(view, TARGET)
    model.advance(view, TARGET, NO_MOTION)
    asked.clear()
    first = model.evidence(view, TARGET, STILL, WHOLE)
    against = model.background_evidence(view, TARGET.copy(), STILL, WHOLE)
    assert sorted(asked) == ["overlap_near", "support"]
    np.testing.assert_array_equal(against, np.minimum(first, 0.0))
    model.evidence(view, rectangle(30, 20, 45, 60), STILL, WHOLE)
    assert sorted(asked) == ["overlap_near"] * 2 + ["support"] * 2


def test_an_answer_that_suddenly_misses_the_target_does_not_count() -> None:
    evidence = {}
    for name, confirmed in (("always", rectangle(30, 20, 33, 60)), ("suddenly", TARGET)):
        model = TargetForeground()
        model.confirm(ForegroundView(seen(confirmed)), TARGET)
        view = ForegroundView(seen(rectangle(30, 20, 33, 60)))
        model.advance(view, TARGET, NO_MOTION)
        evidence[name] = model.evidence(view, TARGET, STILL, WHOLE)
        model.follow(view, TARGET, STILL)
    assert np.abs(evidence["suddenly"]).max() < 0.1
    # What it knows of the target counts as it did on the confirmed frame.
    assert evidence["always"][40, 31] > 2.0


def test_no_crop_is_asked_about_where_the_network_sees_other_objects() -> None:
    crops = Crops(TARGET)
    model = TargetForeground()
    other = rectangle(70, 20, 79, 60)
    view = ForegroundView(seen(TARGET | other), crops)
    model.confirm(view, TARGET)
    model.advance(view, TARGET, NO_MOTION)
    assert len(crops.boxes) == 1


def test_before_a_confirmed_frame_there_is_no_evidence() -> None:
    assert not ForegroundModel().evidence(seen(TARGET), TARGET, STILL, (5, 5, 25, 15)).any()


def test_detached_parts_beyond_the_expected_area_are_another_object() -> None:
    both = TARGET | rectangle(80, 20, 100, 60)
    assert np.array_equal(without_surplus(both, 1300.0), TARGET)
    assert np.array_equal(without_surplus(both, 2000.0), both)
    assert np.array_equal(without_surplus(TARGET, 10.0), TARGET)


def test_every_kth_and_every_confirmed_frame_is_asked_once() -> None:
    network = Network()
    maps = ForegroundMaps(network, RunContext(), interval=4)
    frames = [picture(rectangle(index, 20, index + 20, 60)) for index in range(9)]
    found = [maps.at(index, frame, index == 6) for index, frame in enumerate(frames)]
    asked = [index for index, answer in enumerate(found) if answer is not None]
    assert asked == [0, 4, 6, 8]
    for index in reversed(range(9)):
        maps.at(index, frames[index], index == 6)
    assert network.calls == 4


def test_a_frame_between_two_answers_has_both_and_the_nearer_counts_for_more() -> None:
    """Nothing moves; the network sees the object from frame 3 on."""
    first = np.random.default_rng(0).integers(0, 250, (HEIGHT, WIDTH, 3), np.uint8)
    frames = ArrayFrames([first + np.uint8(index) for index in range(5)])
    maps = ForegroundMaps(Changing(), RunContext(), interval=3)
    steps = read_steps(frames, 0, 5, 1)
    found = [step.foreground for step in with_foreground(steps, maps)]
    assert all(one is not None for one in found)
    means = [float(one.probability[9:-9, 9:-9].mean()) for one in found if one is not None]
    np.testing.assert_allclose(means, [0.0, 1 / 3, 2 / 3, 1.0, 1.0], atol=1e-3)


def test_no_answer_is_carried_over_a_cut_whose_first_frame_is_asked_about() -> None:
    """The network sees the object from the cut on."""
    first = np.random.default_rng(0).integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
    frames = ArrayFrames([*[first + np.uint8(index) for index in range(3)], 255 - first[::-1]])
    maps = ForegroundMaps(Changing(), RunContext(), interval=5)
    found = [step.foreground for step in with_foreground(read_steps(frames, 0, 4, 1), maps)]
    means = [float(one.probability[9:-9, 9:-9].mean()) for one in found if one is not None]
    np.testing.assert_allclose(means, [0.0, 0.0, 0.0, 1.0], atol=1e-3)


def test_crops_are_asked_half_as_often_and_between_the_frames() -> None:
    maps = ForegroundMaps(Network(), RunContext(), interval=3)
    assert [index for index in range(20) if maps.asks_crop_at(index, index == 6)] == [2, 6, 8, 14]
    assert not ForegroundMaps(None, RunContext()).asks_crop_at(2)


def test_an_interval_by_speed_follows_the_time_of_the_second_answer(monkeypatch) -> None:
    seconds = iter((0.0, 9.0, 10.0, 11.1, 20.0, 20.2, 30.0, 30.1, 40.0, 40.1))
    clock = SimpleNamespace(perf_counter=lambda: next(seconds))
    monkeypatch.setattr("engines.builtin.foreground.time", clock)
    maps = ForegroundMaps(Network(), RunContext(), interval=BY_SPEED)
    frames = [picture(rectangle(index, 20, index + 20, 60)) for index in range(14)]
    asked = [index for index, frame in enumerate(frames) if maps.at(index, frame) is not None]
    assert asked == [0, 1, 5, 10]


@pytest.mark.parametrize(("kept", "asked"), [(None, [0, 5, 10]), (b"damaged", [0, 1, 2, 3])])
def test_an_interval_by_speed_is_that_of_the_first_job_of_a_session(
    monkeypatch, tmp_path: Path, kept: bytes | None, asked: list[int]
) -> None:
    seconds = iter((0.0, 9.0, 10.0, 11.1, *range(20, 40)))
    clock = SimpleNamespace(perf_counter=lambda: next(seconds))
    monkeypatch.setattr("engines.builtin.foreground.time", clock)
    frames = [picture(rectangle(index, 20, index + 20, 60)) for index in range(14)]
    found: list[int] = []
    for _ in range(2):
        maps = ForegroundMaps(Network(), RunContext(kept_dir=tmp_path), interval=BY_SPEED)
        found = [index for index, frame in enumerate(frames) if maps.at(index, frame) is not None]
        if kept is not None:
            next(tmp_path.rglob("interval.txt")).write_bytes(kept)
    assert found[: len(asked)] == asked


def test_answers_outlive_a_job_in_its_cache_folder_and_a_damaged_one_is_asked_again(
    tmp_path: Path,
) -> None:
    frame = picture(TARGET)
    answers = []
    network = Network()
    for _ in range(2):
        maps = ForegroundMaps(network, RunContext(kept_dir=tmp_path))
        answers.append(maps.at(0, frame))
    assert network.calls == 1
    assert np.array_equal(answers[0], TARGET.astype(np.float32))
    assert np.array_equal(answers[0], answers[1])
    (kept,) = tmp_path.rglob("*.png")
    kept.write_bytes(b"cut off")
    again = ForegroundMaps(network, RunContext(kept_dir=tmp_path)).at(0, frame)
    assert np.array_equal(again, answers[0])
    assert network.calls == 2


def test_answers_on_dark_pictures_as_they_are_are_not_used_since_they_are_exposed(
    tmp_path: Path,
) -> None:
    """A session that an earlier version had matted kept its answers, and a rerun of it got nothing of what is better."""
    network = Network()
    ForegroundMaps(network, RunContext(kept_dir=tmp_path)).at(0, picture(TARGET))
    (kept,) = tmp_path.iterdir()
    kept.rename(tmp_path / f"foreground-{network.network}")
    ForegroundMaps(network, RunContext(kept_dir=tmp_path)).at(0, picture(TARGET))
    assert network.calls == 2


def test_answers_of_earlier_versions_go_when_new_ones_are_kept(tmp_path: Path) -> None:
    """They lay beside the new ones, tens of megabytes, until their session went."""
    network, other, own = Network(), "foreground-2-another", "matanyone"
    for name in (f"foreground-{network.network}", "foreground-1-another", other, own):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept.png").write_bytes(b"kept")
    maps = ForegroundMaps(network, RunContext(kept_dir=tmp_path))
    assert len(list(tmp_path.iterdir())) == 4, "nothing is kept yet"
    maps.at(0, picture(TARGET))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"foreground-2-{network.network}", other, own}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError("secret path"), "MemoryError"),
        (EngineUnavailable("engine.no_foreground_network"), "No foreground network"),
    ],
)
def test_a_failing_network_is_named_once_and_left_out(error: Exception, reason: str) -> None:
    notices: list[Message] = []
    maps = ForegroundMaps(Network(2, error), RunContext(on_notice=notices.append), interval=1)
    found = [maps.at(index, picture(TARGET)[index:]) for index in range(4)]
    assert [answer is not None for answer in found] == [True, False, False, False]
    assert not maps.is_active
    assert [notice.code for notice in notices] == ["engine.foreground_failed"]
    assert f"({reason}" in render(notices[0])


def test_a_cancelled_job_does_not_ask_and_is_no_failure_of_the_network() -> None:
    context = RunContext()
    maps = ForegroundMaps(Network(), context)
    context.cancel.set()
    with pytest.raises(Cancelled):
        maps.at(0, picture(TARGET))
    assert maps.is_active


def test_the_answer_that_ends_with_the_box_weighs_more_than_one_that_goes_on() -> None:
    long = rectangle(10, 20, 110, 60)

    class WholeOrCrop(Network):
        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            if image.shape[1] == WIDTH:
                return long.astype(np.float32)
            return super().estimate(image)

    cue = ForegroundCue([WholeOrCrop()], picture(TARGET), (WIDTH, HEIGHT))
    log_odds = cue.log_odds((30, 20, 60, 60))
    assert log_odds is not None
    assert log_odds[rectangle(35, 25, 55, 55)].min() > 1.0
    assert log_odds[rectangle(62, 25, 70, 55)].max() < 0.0


def test_a_selection_goes_on_without_a_network_that_fails() -> None:
    cue = ForegroundCue([Network(fails_at=1)], picture(TARGET), (WIDTH, HEIGHT))
    assert cue.log_odds((30, 20, 60, 60)) is None
    assert cue.components_at([(40, 40)]) == []


class FixedAnswer(Network):
    """Gives the same answer about every frame, and the like of it about parts."""

    def __init__(self, found: np.ndarray, name: str = "fixed") -> None:
        super().__init__()
        self.found = found.astype(np.float32)
        self.network = name

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        if image.shape[:2] == self.found.shape:
            return self.found
        return np.zeros(image.shape[:2], np.float32)


class Changing(Network):
    """Sees nothing at first, then foreground everywhere."""

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        self.calls += 1
        return np.full(image.shape[:2], np.float32(self.calls > 1))


def test_a_network_that_sees_a_part_of_the_box_says_little_against_the_rest() -> None:
    rider = rectangle(40, 20, 50, 30)
    alone, both = (
        ForegroundCue(sources, picture(TARGET), (WIDTH, HEIGHT)).log_odds((30, 20, 60, 60))
        for sources in ([FixedAnswer(rider)], [Network(), FixedAnswer(rider, "people")])
    )
    assert alone is not None and both is not None
    horse = rectangle(34, 36, 56, 56)
    assert np.abs(alone[horse]).max() < 1.0
    assert both[horse].min() > 4.0


def test_of_networks_that_fit_the_box_alike_the_one_that_sees_less_counts() -> None:
    leg_of_another = rectangle(50, 40, 60, 60)
    networks = [FixedAnswer(TARGET & ~leg_of_another, "people"), FixedAnswer(TARGET, "anything")]
    cue = ForegroundCue(networks, picture(TARGET), (WIDTH, HEIGHT))
    log_odds = cue.log_odds((30, 20, 60, 60))
    assert log_odds is not None
    assert log_odds[rectangle(52, 42, 58, 58)].max() < -4.0
    assert log_odds[rectangle(34, 24, 46, 56)].min() > 4.0


def test_foreground_that_fills_a_box_and_lies_around_it_is_worth_little_in_its_middle() -> None:
    """Somebody before a larger person: the network shows both as one."""
    larger = rectangle(5, 5, 52, 75)
    cue = ForegroundCue([FixedAnswer(larger)], picture(TARGET), (WIDTH, HEIGHT))
    log_odds = cue.log_odds((30, 20, 60, 60))
    assert log_odds is not None
    assert 0.0 < log_odds[rectangle(42, 35, 48, 45)].max() < 1.5


class WiderOrContent(Network):
    """Shows `wider` on pictures and crops, and of the box's content alone only the part `found` in it."""

    def __init__(self, wider: np.ndarray, found: np.ndarray) -> None:
        super().__init__()
        self.wider = wider.astype(np.float32)
        self.found = found[BOX[1] : BOX[3], BOX[0] : BOX[2]].astype(np.float32)

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        self.calls += 1
        if image.shape[:2] == self.found.shape:
            return self.found
        x0, y0, x1, y1 = (0, 0, WIDTH, HEIGHT) if image.shape[1] == WIDTH else (15, 0, 75, 80)
        return self.wider[y0:y1, x0:x1]


BOX = (30, 20, 60, 60)


def test_a_boxs_content_alone_tells_the_target_from_what_goes_on_behind_it() -> None:
    """A lion before a camel: asked about both, a network shows them as one."""
    lion, camel = rectangle(30, 38, 60, 60) | rectangle(45, 20, 60, 40), rectangle(5, 5, 60, 60)
    network = WiderOrContent(camel, lion)
    log_odds = ForegroundCue([network], picture(TARGET), (WIDTH, HEIGHT)).log_odds(BOX)
    assert log_odds is not None
    assert log_odds[rectangle(32, 22, 43, 36)].max() < -4.0
    assert log_odds[rectangle(48, 24, 58, 58)].min() > 0.0
    assert network.calls == 3


def test_a_box_is_not_asked_about_alone_where_foreground_ends_with_it_or_is_clicked() -> None:
    clicked = WiderOrContent(rectangle(5, 5, 60, 60), TARGET)
    ForegroundCue([clicked], picture(TARGET), (WIDTH, HEIGHT)).log_odds(
        BOX, [(50, 40)], is_drawn=True
    )
    ends_there = WiderOrContent(TARGET, TARGET)
    ForegroundCue([ends_there], picture(TARGET), (WIDTH, HEIGHT)).log_odds(BOX)
    assert clicked.calls == ends_there.calls == 2


def test_a_part_that_a_boxs_content_alone_does_not_show_counts_unless_it_goes_on_outside() -> None:
    """A lemur's body in the lower corner of its box, with somebody behind it above."""
    shown = np.ones((HEIGHT, WIDTH), np.float32)
    shown[50:] = TARGET[50:]
    content = (TARGET & ~rectangle(30, 52, 50, 60)).astype(np.float32)
    content[20:30, 30:40] = 0.0
    trust = trust_in_content(shown, content, BOX)
    assert trust[rectangle(30, 52, 50, 60)].max() < 0.2
    assert trust[rectangle(30, 20, 40, 30)].min() > 0.9
    assert not trust[~TARGET].any()


def test_what_a_boxs_content_shows_too_counts_unless_it_goes_on_outside() -> None:
    ends_there, goes_on = (
        trust_in_content(shown.astype(np.float32), TARGET.astype(np.float32), BOX)
        for shown in (TARGET, np.ones_like(TARGET))
    )
    assert ends_there[TARGET].min() == 1.0
    assert goes_on.max() == 0.0


def test_a_part_at_the_pictures_border_does_not_go_on_there() -> None:
    shown = rectangle(0, 40, WIDTH, HEIGHT).astype(np.float32)
    trust = trust_in_content(shown, np.zeros_like(shown), (0, 60, 20, HEIGHT))
    assert trust[70, 10] < 0.6


def test_foreground_that_goes_on_outside_the_box_does_not_speak_for_the_target() -> None:
    neighbour = rectangle(10, 30, 36, 60)
    cue = ForegroundCue([FixedAnswer(TARGET | neighbour)], picture(TARGET), (WIDTH, HEIGHT))
    log_odds = cue.log_odds((30, 20, 60, 60))
    assert log_odds is not None
    assert log_odds[rectangle(45, 25, 58, 55)].min() > 4.0
    assert log_odds[rectangle(30, 40, 32, 52)].max() < 2.5


@pytest.mark.parametrize(
    ("found", "places", "says_of_person"),
    [
        (CROWD, [], 1),
        (CROWD, [(80, 40)], 1),
        # So near that both may be one object, as a rider and the clicked horse.
        (CROWD, [(67, 40)], 1),
        (CROWD, [(40, 40)], -1),
        (CROWD | TARGET, [(40, 40)], -1),
        (CROWD | TARGET, [(40, 40), (80, 40)], 1),
    ],
)
def test_other_objects_than_the_clicked_one_do_not_speak_for_it(
    found, places: list[tuple[int, int]], says_of_person: int
) -> None:
    cue = ForegroundCue([FixedAnswer(found)], picture(TARGET), (WIDTH, HEIGHT))
    log_odds = cue.log_odds((20, 10, 115, 70), places)
    assert log_odds is not None
    assert np.sign(log_odds[CROWD].mean()) == says_of_person
    is_clicked = says_of_person == 1
    assert (cue.overlap(CROWD, (20, 10, 115, 70), places) > 0.4) == is_clicked


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ((TARGET, TARGET), "second"),
        ((TARGET, TARGET | rectangle(60, 20, 66, 60)), "first"),
        ((TARGET & rectangle(30, 20, 60, 50), TARGET), "second"),
        ((TARGET & rectangle(30, 20, 60, 58), TARGET | CROWD), "first"),
        ((rectangle(30, 20, 60, 40), rectangle(90, 0, 110, 20)), ""),
    ],
)
def test_the_network_whose_foreground_is_the_target_is_chosen(found, chosen: str) -> None:
    context = RunContext()
    candidates = [
        ForegroundMaps(FixedAnswer(answer, name), context)
        for answer, name in zip(found, ("first", "second"), strict=True)
    ]
    known = choose_network(candidates, ArrayFrames([picture(TARGET)]), [TARGET], 0)
    expected = dict(zip(("first", "second", ""), (*candidates, None), strict=True))
    assert known is expected[chosen]
