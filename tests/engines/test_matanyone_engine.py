"""The MatAnyone engine on a stand-in core: order, state, options and faults; no torch needed."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.matanyone.engine import MatAnyoneEngine
from engines.matanyone.first_mask import seed_mask
from engines.matanyone.options import processing_size_wh, short_sides
from engines.matanyone.options import working_bytes as engine_bytes
from engines.matanyone.passes import plan_segments
from tests.engines.fake_matanyone import (
    FakeBackend,
    FakeCore,
    FakeNetwork,
    make_fake_engine,
    moving_disc,
    write_fake_weights,
)
from tests.engines.fake_videomama import AskedFrames
from utils.errors import (
    BadRequest,
    Cancelled,
    EngineError,
    EngineUnavailable,
    GpuUnhealthy,
    OutOfGpuMemory,
    UnusablePrompt,
)
from utils.mask_utils import intersection_over_union
from utils.options import resolve_options
from utils.types import Message, Progress

SIZE = (160, 96)
COUNT = 9


@pytest.fixture(scope="module")
def clip() -> tuple[list[np.ndarray], list[np.ndarray]]:
    pairs = [moving_disc(index, SIZE) for index in range(COUNT)]
    return [frame for frame, _ in pairs], [mask for _, mask in pairs]


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def engine(tmp_path: Path, backend: FakeBackend) -> MatAnyoneEngine:
    return make_fake_engine(tmp_path, backend)


def steps(backend: FakeBackend) -> list[str]:
    """What cores did, in order, one letter each: C(ore), b(egin), s(ettle), a(dvance)."""
    letters = {"core": "C", "begin": "b", "settle": "s", "advance": "a", "load": ""}
    return "".join(letters[kind] for kind, _ in backend.log)


def test_every_frame_is_matted_once_backwards_first(engine, clip):
    frames, masks = clip
    result = list(engine.process(ArrayFrames(frames), {4: masks[4]}, 4, {}, RunContext()))
    assert [item.index for item in result] == [3, 2, 1, 0, 4, 5, 6, 7, 8]
    for item in result:
        assert item.alpha.dtype == np.float32
        assert item.alpha.shape == SIZE[::-1]
        assert intersection_over_union(item.alpha > 0.5, masks[item.index]) > 0.8


def test_frames_are_decoded_while_the_network_works(engine, clip, monkeypatch):
    frames, masks = clip
    source, met, advance = AskedFrames(frames), [], FakeCore.advance

    def waiting(core, frame):
        met.append(source.is_asked(len(met) + 2))
        return advance(core, frame)

    plain = engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext())
    expected = [item.alpha for item in plain]
    monkeypatch.setattr(FakeCore, "advance", waiting)
    beside = engine.process(source, {0: masks[0]}, 0, {}, RunContext())
    assert np.array_equal([item.alpha for item in beside], expected)
    assert len(met) == len(frames) - 1 and all(met)


def test_the_first_frame_is_seeded_then_predicted_once_and_again_for_each_warm_up(
    engine, backend, clip
):
    frames, masks = clip
    list(engine.process(ArrayFrames(frames[:3]), {0: masks[0]}, 0, {}, RunContext()))
    assert steps(backend) == "Cb" + "s" * 11 + "aa"


def test_without_warm_up_the_first_frame_is_predicted_once(engine, backend, clip):
    frames, masks = clip
    list(engine.process(ArrayFrames(frames[:2]), {0: masks[0]}, 0, {"warmup": 0}, RunContext()))
    assert steps(backend) == "Cbsa"


def test_each_direction_has_a_core_of_its_own(engine, backend, clip):
    frames, masks = clip
    list(engine.process(ArrayFrames(frames[:4]), {2: masks[2]}, 2, {"warmup": 1}, RunContext()))
    assert steps(backend) == "Cbssaa" + "Cbssa"


def test_a_second_job_is_not_influenced_by_the_first(engine, clip):
    frames, masks = clip
    other = [255 - frame for frame in frames]
    job = {"frames": ArrayFrames(frames), "guide": {0: masks[0]}, "start": 0}
    before = [item.alpha for item in engine.process(**job, options={}, context=RunContext())]
    list(engine.process(ArrayFrames(other), {0: masks[5]}, 0, {}, RunContext()))
    after = [item.alpha for item in engine.process(**job, options={}, context=RunContext())]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_two_jobs_in_turns_do_not_share_state(engine, clip):
    frames, masks = clip
    alone = [
        item.alpha
        for item in engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext())
    ]
    first = engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext())
    second = engine.process(ArrayFrames(frames), {0: masks[6]}, 0, {}, RunContext())
    for expected, item, _ in zip(alone, first, second, strict=True):
        assert np.array_equal(expected, item.alpha)


def test_a_correction_starts_afresh_from_its_frame_away_from_the_start(engine, backend, clip):
    frames, masks = clip
    guide = {1: masks[1], 4: masks[4], 6: masks[6]}
    result = list(engine.process(ArrayFrames(frames), guide, 4, {"warmup": 0}, RunContext()))
    assert [item.index for item in result] == [3, 2, 1, 0, 4, 5, 6, 7, 8]
    assert steps(backend) == "Cbsaa" + "Cbsa" + "Cbsa" + "Cbsaa"


def test_a_corrected_frame_is_matted_as_if_it_were_the_start(engine, clip):
    frames, masks = clip
    corrected = list(
        engine.process(
            ArrayFrames(frames), {0: masks[0], 5: masks[2]}, 0, {"warmup": 1}, RunContext()
        )
    )
    alone = list(
        engine.process(ArrayFrames(frames[5:]), {0: masks[2]}, 0, {"warmup": 1}, RunContext())
    )
    for item, expected in zip(corrected[5:], alone, strict=True):
        assert np.array_equal(item.alpha, expected.alpha)


def test_an_empty_correction_says_that_the_target_is_gone_until_the_next_mask(engine, clip):
    frames, masks = clip
    guide = {0: masks[0], 3: np.zeros_like(masks[0]), 6: masks[6]}
    result = list(engine.process(ArrayFrames(frames), guide, 0, {}, RunContext()))
    assert [bool(item.alpha.any()) for item in result] == [True] * 3 + [False] * 3 + [True] * 3


def test_a_correction_beside_the_start_saves_the_backward_core(engine, backend, clip):
    frames, masks = clip
    result = list(
        engine.process(
            ArrayFrames(frames[:3]), {0: masks[0], 1: masks[1]}, 1, {"warmup": 0}, RunContext()
        )
    )
    assert [item.index for item in result] == [0, 1, 2]
    assert steps(backend) == "Cbs" + "Cbsa"


@given(
    count=st.integers(1, 30),
    picks=st.sets(st.integers(0, 29), max_size=6),
    start=st.integers(0, 29),
    empty=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_any_plan_gives_each_frame_once_in_the_agreed_order(count, picks, start, empty):
    start %= count
    seeds = {index: empty for index in picks if index < count} | {start: False}
    given_frames = []
    for segment in plan_segments(seeds, start, count):
        frames = list(range(segment.first, segment.stop, segment.step))
        assert len(frames) == segment.length
        given_frames += frames[1:] if segment.drops_first else frames
    assert given_frames == [*range(start - 1, -1, -1), *range(start, count)]


def test_progress_counts_warm_up_and_both_directions_and_ends_at_its_total(engine, clip):
    frames, masks = clip
    reports: list[Progress] = []
    context = RunContext(on_progress=reports.append)
    list(engine.process(ArrayFrames(frames), {4: masks[4]}, 4, {"warmup": 3}, context))
    total = (1 + 1 + 3 + 4) + (1 + 1 + 3 + 4)
    assert [report.done for report in reports] == list(range(1, total + 1))
    assert {report.total for report in reports} == {total}


def test_targets_together_are_as_each_alone_and_their_progress_is_one(engine, clip):
    frames, masks = clip
    guides = [{4: masks[4]}, {4: masks[3], 7: masks[7]}, {4: masks[5], 3: masks[3]}]
    seen: list[Progress] = []
    context = RunContext(on_progress=seen.append)
    rows = list(engine.process_together(ArrayFrames(frames), guides, 4, {"warmup": 2}, context))
    units = 0
    for target, guide in enumerate(guides):
        alone: list[Progress] = []
        context = RunContext(on_progress=alone.append)
        items = list(engine.process(ArrayFrames(frames), guide, 4, {"warmup": 2}, context))
        units += alone[-1].total
        for row, item in zip(rows, items, strict=True):
            assert row[target].index == item.index
            assert np.array_equal(row[target].alpha, item.alpha)
    assert [progress.done for progress in seen] == list(range(1, units + 1))
    assert {progress.total for progress in seen} == {units}


def test_cancel_and_closing_end_all_targets_at_the_next_step(engine, backend, clip):
    frames, masks = clip
    context = RunContext()
    guides = [{0: masks[0]}, {0: masks[1]}]
    rows = engine.process_together(ArrayFrames(frames), guides, 0, {"warmup": 0}, context)
    next(rows)
    context.cancel.set()
    with pytest.raises(Cancelled):
        next(rows)
    assert steps(backend) == "CbsCbsa"


def test_an_unusable_mask_of_one_of_several_targets_is_refused_before_any_work(
    engine, backend, clip
):
    frames, masks = clip
    guides = [{0: masks[0]}, {0: np.zeros_like(masks[0])}]
    with pytest.raises(UnusablePrompt):
        next(engine.process_together(ArrayFrames(frames), guides, 0, {}, RunContext()))
    assert steps(backend) == ""


def test_lack_of_memory_sends_all_targets_on_at_the_next_smaller_size(tmp_path, large_clip):
    backend = FakeBackend(memory_short_side=540, memory_step=4)
    engine = make_fake_engine(tmp_path, backend)
    frames, masks = large_clip
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append)
    guides = [{0: masks[0]}, {0: masks[1]}]
    rows = list(engine.process_together(ArrayFrames(frames), guides, 0, {"warmup": 1}, context))
    assert [[item.index for item in row] for row in rows] == [[i, i] for i in range(len(frames))]
    assert [notice.code for notice in notices].count("engine.smaller") == 1


def test_a_further_target_is_declared_with_its_memory_bank_and_not_with_feature_maps(engine):
    one, two, three = (engine.working_bytes_together((1280, 720), count) for count in (1, 2, 3))
    assert one == engine.working_bytes((1280, 720))
    assert three - two == two - one
    # Bank (6 frames held twice) and state of 80 x 45 tokens, float32.
    assert two - one == 4 * 3600 * (6 * 2 * 321 + 769)
    assert two - one < one / 20


def test_cancel_stops_at_the_next_step_also_within_the_warm_up(engine, backend, clip):
    frames, masks = clip
    cancel = threading.Event()

    def cancel_at_third(progress: Progress) -> None:
        if progress.done == 3:
            cancel.set()

    context = RunContext(on_progress=cancel_at_third, cancel=cancel)
    with pytest.raises(Cancelled):
        list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, context))
    assert steps(backend) == "Cbsss"


def test_a_job_that_is_cancelled_before_it_starts_does_no_step(engine, backend, clip):
    frames, masks = clip
    context = RunContext()
    context.cancel.set()
    with pytest.raises(Cancelled):
        list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, context))
    assert steps(backend) == ""


def test_closing_the_iterator_closes_the_frame_reader(engine, clip):
    frames, masks = clip
    closed = []

    class Watched(ArrayFrames):
        def read(self, start: int, stop: int, step: int = 1) -> Iterator[np.ndarray]:
            try:
                yield from super().read(start, stop, step)
            finally:
                closed.append(start)

    stream = engine.process(Watched(frames), {0: masks[0]}, 0, {}, RunContext())
    next(stream)
    stream.close()
    assert closed == [0]


LARGE = (1200, 800)


@pytest.fixture(scope="module")
def large_clip() -> tuple[list[np.ndarray], list[np.ndarray]]:
    pairs = [moving_disc(index, LARGE) for index in range(4)]
    return [frame for frame, _ in pairs], [mask for _, mask in pairs]


def test_out_of_memory_goes_on_once_at_the_next_smaller_size_and_says_so(tmp_path, large_clip):
    frames, masks = large_clip
    backend = FakeBackend(memory_short_side=600, memory_step=6)
    engine = make_fake_engine(tmp_path, backend)
    notices: list[Message] = []
    reports: list[Progress] = []
    context = RunContext(on_notice=notices.append, on_progress=reports.append)
    result = list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {"warmup": 2}, context))
    assert [item.index for item in result] == [0, 1, 2, 3]
    assert all(
        intersection_over_union(item.alpha > 0.5, mask) > 0.8
        for item, mask in zip(result, masks, strict=True)
    )
    assert [value for kind, value in backend.log if kind == "core"] == [720, 540]
    smaller = [notice for notice in notices if notice.code == "engine.smaller"]
    assert [notice.params["used"] for notice in smaller] == ["540 px"]
    done = [report.done for report in reports]
    assert done == sorted(done)
    assert reports[-1].done == reports[-1].total


def test_finished_directions_are_not_run_again_after_lack_of_memory(tmp_path, large_clip):
    frames, masks = large_clip
    backend = FakeBackend(memory_short_side=600, memory_step=3)
    engine = make_fake_engine(tmp_path, backend)
    # Backwards there are 3 steps, which fit; forwards the fourth does not.
    result = list(
        engine.process(ArrayFrames(frames), {1: masks[1]}, 1, {"warmup": 0}, RunContext())
    )
    assert [item.index for item in result] == [0, 1, 2, 3]
    assert steps(backend) == "Cbsa" + "Cbsa" + "Cbsaa"


def test_lack_of_memory_also_at_the_smaller_size_is_an_error(tmp_path, large_clip):
    frames, masks = large_clip
    engine = make_fake_engine(tmp_path, FakeBackend(memory_short_side=100))
    with pytest.raises(OutOfGpuMemory):
        list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext()))


def test_a_dead_gpu_is_not_tried_again(tmp_path, clip, monkeypatch):
    frames, masks = clip
    backend = FakeBackend()
    engine = make_fake_engine(tmp_path, backend)

    def dead(*_args: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr("tests.engines.fake_matanyone.FakeCore.begin", dead)
    with pytest.raises(GpuUnhealthy):
        list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext()))
    assert steps(backend) == "C"


def test_an_alpha_that_is_not_a_number_never_reaches_the_caller(tmp_path, clip):
    frames, masks = clip
    engine = make_fake_engine(tmp_path, FakeBackend(nan_step=4))
    context = RunContext(first=7)
    stream = engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {"warmup": 0}, context)
    assert [next(stream).index, next(stream).index] == [0, 1]
    with pytest.raises(EngineError, match="frame 9"):
        next(stream)


@pytest.mark.parametrize(
    ("guide", "code"),
    [
        ({}, "prompt.mask_missing"),
        ({1: np.ones(SIZE[::-1], bool)}, "prompt.mask_missing"),
        ({0: np.zeros(SIZE[::-1], bool)}, "prompt.mask_empty"),
        ({0: np.ones(SIZE[::-1], bool)}, "prompt.mask_full"),
        ({0: np.ones((50, 60), bool)}, "prompt.mask_size"),
    ],
)
def test_an_unusable_mask_is_refused_before_any_work(engine, backend, clip, guide, code):
    with pytest.raises(UnusablePrompt) as caught:
        engine.process(ArrayFrames(clip[0]), guide, 0, {}, RunContext())
    assert caught.value.code == code
    assert steps(backend) == ""


def test_a_correction_of_another_size_is_refused_before_any_work(engine, backend, clip):
    frames, masks = clip
    guide = {0: masks[0], 5: np.ones((50, 60), bool)}
    with pytest.raises(UnusablePrompt) as caught:
        engine.process(ArrayFrames(frames), guide, 0, {}, RunContext())
    assert caught.value.code == "prompt.mask_size"


def test_each_mask_of_the_guide_is_asked_for_once(engine, clip):
    frames, masks = clip
    asked = []

    class Guide(dict):
        def __getitem__(self, index: int) -> np.ndarray:
            asked.append(index)
            return super().__getitem__(index)

    guide = Guide({2: masks[2], 5: masks[5]})
    list(engine.process(ArrayFrames(frames), guide, 2, {}, RunContext()))
    assert sorted(asked) == [2, 5]


@pytest.mark.parametrize(
    "options",
    [
        {"warmup": -1},
        {"dilate": 101},
        {"inside_size": "480"},
        {"processing_size": "480"},
        {"generation": "3"},
        {"size": 1},
    ],
)
def test_an_option_out_of_its_range_is_refused(engine, clip, options):
    frames, masks = clip
    with pytest.raises(BadRequest):
        engine.process(ArrayFrames(frames), {0: masks[0]}, 0, options, RunContext())


def test_an_erosion_that_leaves_nothing_is_told(engine, clip):
    frames, _ = clip
    thin = np.zeros(SIZE[::-1], bool)
    thin[40:44, 20:60] = True
    options = {"erode": 30, "dilate": 0}
    with pytest.raises(UnusablePrompt, match="mask of frame 7 vanishes"):
        list(engine.process(ArrayFrames(frames), {0: thin}, 0, options, RunContext(first=7)))


def test_the_first_mask_is_dilated_then_eroded_with_elliptical_kernels_of_that_width():
    mask = np.zeros((80, 80), bool)
    mask[30:50, 30:50] = True
    mask[38:40, 38:40] = False
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (10, 10))
    expected = cv2.erode(cv2.dilate(mask.astype(np.float32), kernel), kernel) * 255
    result = seed_mask(mask, 10, 10, frame=0)
    assert result.dtype == np.float32
    assert np.array_equal(result, expected)
    assert np.array_equal(seed_mask(mask, 0, 0, frame=0), mask.astype(np.float32) * 255)


@pytest.mark.parametrize(
    ("size_wh", "short_side", "expected"),
    [
        ((1920, 1080), 720, (1280, 720)),
        ((1080, 1920), 720, (720, 1280)),
        ((1920, 1080), 1080, (1920, 1080)),
        ((640, 360), 720, (640, 360)),
        ((1000, 999), 720, (720, 720)),
    ],
)
def test_the_processing_size_caps_the_short_side_and_never_enlarges(size_wh, short_side, expected):
    assert processing_size_wh(size_wh, short_side) == expected


def test_full_size_falls_back_over_the_smaller_sizes():
    assert short_sides((1920, 1080), None) == [1080, 720, 540, 360]
    assert short_sides((3840, 2160), 1080) == [1080, 720, 540, 360]
    assert short_sides((640, 480), 720) == [480, 360]
    assert short_sides((320, 240), None) == [240]


def test_the_processing_size_is_also_taken_by_its_former_name(engine, backend, large_clip):
    frames, masks = large_clip
    options = {"inside_size": "full", "warmup": 0}
    next(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, options, RunContext()))
    assert [value for kind, value in backend.log if kind == "core"] == [800]


def tracked(masks: list[np.ndarray]) -> dict[int, np.ndarray]:
    return dict(enumerate(masks))


def test_a_crop_computes_on_one_region_around_all_masks_and_gives_whole_pictures(
    tmp_path, large_clip
):
    frames, masks = large_clip
    backend = SizeBackend()
    engine = make_fake_engine(tmp_path, backend)
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append, confirmed=frozenset({1}))
    options = {"crop": True, "warmup": 0, "processing_size": "full"}
    result = list(engine.process(ArrayFrames(frames), tracked(masks), 1, options, context))
    union = np.logical_or.reduce(masks)
    columns, rows = np.flatnonzero(union.any(0)), np.flatnonzero(union.any(1))
    margin = max(48, round(0.1 * max(np.ptp(columns) + 1, np.ptp(rows) + 1)))
    region = (
        columns[0] - margin,
        rows[0] - margin,
        columns[-1] + 1 + margin,
        rows[-1] + 1 + margin,
    )
    assert region[0] > 0 and region[1] > 0 and region[2] < LARGE[0] and region[3] < LARGE[1]
    size_wh = (region[2] - region[0], region[3] - region[1])
    assert set(backend.sizes) == {size_wh}
    outside = np.ones(LARGE[::-1], bool)
    outside[region[1] : region[3], region[0] : region[2]] = False
    for item in result:
        assert item.alpha.shape == LARGE[::-1]
        assert not item.alpha[outside].any()
        assert intersection_over_union(item.alpha > 0.5, masks[item.index]) > 0.8
    assert [notice.code for notice in notices] == ["engine.matanyone.crop"]
    assert (notices[0].params["width"], notices[0].params["height"]) == size_wh


def test_with_a_crop_only_confirmed_masks_seed_the_network(tmp_path, large_clip):
    frames, masks = large_clip
    backend = FakeBackend()
    engine = make_fake_engine(tmp_path, backend)
    context = RunContext(confirmed=frozenset({0, 2}))
    options = {"crop": True, "warmup": 0}
    list(engine.process(ArrayFrames(frames), tracked(masks), 0, options, context))
    assert steps(backend) == "Cbsa" + "Cbsa"


def test_a_crop_that_would_save_little_is_not_made(tmp_path, clip):
    frames, masks = clip
    backend = SizeBackend()
    engine = make_fake_engine(tmp_path, backend)
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append, confirmed=frozenset({0}))
    options = {"crop": True, "warmup": 0}
    list(engine.process(ArrayFrames(frames), tracked(masks), 0, options, context))
    assert set(backend.sizes) == {SIZE}
    assert not notices


def test_only_a_crop_asks_for_tracking_first(engine):
    specs = engine.option_specs()
    assert not engine.wants_tracked_masks(resolve_options(specs, {}))
    assert engine.wants_tracked_masks(resolve_options(specs, {"crop": "yes"}))


def test_a_job_computed_at_a_smaller_size_says_so_and_gives_full_size(engine, large_clip):
    frames, masks = large_clip
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append)
    item = next(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {"warmup": 0}, context))
    assert item.alpha.shape == LARGE[::-1]
    assert [(notice.code, notice.params["used"]) for notice in notices] == [
        ("engine.matanyone.processing_size", 720)
    ]


class SizeBackend(FakeBackend):
    """Notes the size that each core is opened for."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, int]] = []

    def load(self, *_args: object) -> FakeNetwork:
        backend = self

        class Network(FakeNetwork):
            def open_core(self, size_wh: tuple[int, int], short_side: int) -> FakeCore:
                backend.sizes.append(size_wh)
                return super().open_core(size_wh, short_side)

        return Network(self)


def test_declared_memory_grows_with_the_pixels_not_with_their_square(engine):
    small, large = (engine_bytes(*size) for size in ((1280, 720), (2560, 1440)))
    assert large / small < 4.1
    assert engine.working_bytes((1920, 1080)) == engine_bytes(1280, 720)


def settings_for(models_dir: Path, **values: str) -> Settings:
    return Settings(_env_file=None, models_dir=models_dir, **values)


def test_generation_2_is_preferred_where_its_weights_are_there(tmp_path, backend):
    write_fake_weights(tmp_path, "matanyone", "matanyone2")
    MatAnyoneEngine(settings_for(tmp_path), backend).load_model("cpu")
    assert backend.log == [("load", "2")]


def test_generation_1_is_taken_where_only_its_weights_are_there(tmp_path, backend):
    write_fake_weights(tmp_path, "matanyone")
    engine = MatAnyoneEngine(settings_for(tmp_path), backend)
    assert engine.is_available
    engine.load_model("cpu")
    assert backend.log == [("load", "1")]


def test_the_setting_decides_the_generation_and_a_job_may_choose_the_other(tmp_path, backend, clip):
    frames, masks = clip
    write_fake_weights(tmp_path, "matanyone", "matanyone2")
    engine = MatAnyoneEngine(settings_for(tmp_path, matanyone_generation="1"), backend)
    engine.load_model("cpu")
    for options in ({}, {"generation": "2"}, {}):
        next(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, options, RunContext()))
    assert [value for kind, value in backend.log if kind == "load"] == ["1", "2", "1"]


def test_a_job_that_asks_for_a_generation_without_weights_gets_the_command(tmp_path, backend, clip):
    frames, masks = clip
    write_fake_weights(tmp_path, "matanyone2")
    engine = MatAnyoneEngine(settings_for(tmp_path), backend)
    engine.load_model("cpu")
    with pytest.raises(EngineUnavailable, match=r"download_models\.sh matanyone$"):
        next(
            engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {"generation": "1"}, RunContext())
        )
    next(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext()))


def test_missing_weights_are_told_with_the_command_that_gets_them(tmp_path, backend):
    engine = MatAnyoneEngine(settings_for(tmp_path), backend)
    packages, weights = engine.requirements()
    assert packages.present and not weights.present
    assert weights.command == "bash scripts/download_models.sh matanyone2"
    with pytest.raises(EngineUnavailable, match=r"matanyone2/model\.safetensors"):
        engine.load_model("cpu")


def test_missing_packages_are_told_with_the_command_that_gets_them(tmp_path):
    write_fake_weights(tmp_path, "matanyone2")
    engine = MatAnyoneEngine(settings_for(tmp_path), FakeBackend(missing=("torch",)))
    assert not engine.is_available
    with pytest.raises(EngineUnavailable, match=r"setup_env\.sh --models"):
        engine.load_model("cpu")


def test_a_job_on_an_unloaded_engine_is_a_fault_of_the_caller(engine, clip):
    frames, masks = clip
    engine.unload()
    with pytest.raises(RuntimeError, match="load_model"):
        engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext())


def test_asking_what_is_missing_loads_no_model_library(tmp_path):
    code = (
        "import sys; from config import Settings; from engines.registry import build_registry;"
        f"engine = build_registry(Settings(models_dir={str(tmp_path)!r})).get('matanyone');"
        "engine.requirements(); engine.option_specs(); engine.working_bytes((1920, 1080));"
        "heavy = {'torch', 'safetensors', 'huggingface_hub'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


class EndlessFrames:
    """A long clip that is drawn when it is read."""

    size_wh = SIZE

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, stop: int, step: int = 1) -> Iterator[np.ndarray]:
        for index in range(start, stop, step):
            yield moving_disc(index, SIZE)[0]


def test_memory_does_not_grow_over_400_frames(engine):
    mask = moving_disc(200, SIZE)[1]
    stream = engine.process(EndlessFrames(401), {200: mask}, 200, {}, RunContext())
    peaks = []
    tracemalloc.start()
    try:
        for done, _ in enumerate(stream, start=1):
            if done % 100 == 0:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    frame_bytes = SIZE[0] * SIZE[1] * 3
    assert len(peaks) == 4
    assert max(peaks[1:]) < peaks[0] + 4 * frame_bytes
