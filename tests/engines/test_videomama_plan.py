"""VideoMaMa's arithmetic: windows, blending, chunks, crops and sizes, masks, batch limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.videomama import cost
from engines.videomama.batch_size import BatchLimits, decode_sizes
from engines.videomama.geometry import plan_geometry
from engines.videomama.masks import ClipMasks
from engines.videomama.options import JobOptions
from engines.videomama.plan import (
    ShotPlan,
    Span,
    blend_weights,
    normalised_weights,
    plan_shot,
    plan_windows,
    split_at_cuts,
)
from utils.errors import UnusablePrompt


def plan_clip(empty: list[bool], *values: int) -> ShotPlan:
    """The plan of a clip of one shot."""
    return plan_shot(empty, Span(0, len(empty)), *values)


plans = st.integers(1, 300), st.integers(1, 40), st.integers(0, 39)


@settings(max_examples=200, deadline=None)
@given(*plans)
def test_windows_cover_the_clip_in_one_length_and_share_little_more_than_the_overlap(
    frames: int, window: int, overlap: int
) -> None:
    overlap = min(overlap, window - 1)
    windows = plan_windows(frames, window, overlap)
    assert windows[0].start == 0
    assert windows[-1].stop == frames
    assert len({len(span) for span in windows}) == 1
    assert len(windows[0]) <= window
    count = len(windows)
    least = frames + (count - 1) * overlap
    assert least <= count * len(windows[0]) < least + count
    for left, right in itertools.pairwise(windows):
        assert left.start < right.start
        assert left.stop - right.start >= overlap
    gaps = np.diff([span.start for span in windows])
    assert not gaps.size or gaps.max() - gaps.min() <= 1


@settings(max_examples=100, deadline=None)
@given(*plans)
def test_weights_of_a_frame_sum_to_one(frames: int, window: int, overlap: int) -> None:
    windows = plan_windows(frames, window, min(overlap, window - 1))
    everyone = range(len(windows))
    for frame in range(frames):
        weights = normalised_weights(windows, everyone, frame)
        assert sum(share for _, share in weights) == pytest.approx(1.0, abs=1e-12)
        assert all(share > 0 for _, share in weights)


def test_a_clip_of_at_most_one_window_is_one_window() -> None:
    for frames in (1, 7, 23, 24):
        assert plan_windows(frames, 24, 8) == (Span(0, frames),)
    assert len(plan_windows(25, 24, 8)) == 2


def test_the_blend_runs_linearly_over_the_overlap() -> None:
    windows = (Span(0, 24), Span(16, 40))
    weights = [dict(normalised_weights(windows, (0, 1), frame))[1] for frame in range(16, 24)]
    assert weights == pytest.approx([step / 9 for step in range(1, 9)])
    assert blend_weights(windows, 0)[:16].tolist() == [1.0] * 16


def test_a_window_next_to_a_skipped_one_keeps_its_full_weight() -> None:
    windows = (Span(0, 24), Span(16, 40))
    assert normalised_weights(windows, (0,), 23) == [(0, 1.0)]


def test_windows_without_a_target_are_neither_encoded_nor_predicted_nor_decoded() -> None:
    empty = [not 40 <= frame < 44 for frame in range(120)]
    plan = plan_clip(empty, 24, 8)
    held = {frame for index in plan.active for frame in plan.windows[index]}
    assert {40, 41, 42, 43} <= held
    assert plan.encoded_frames == len(held) < 120
    assert {frame for chunk in plan.chunks for frame in chunk.kept} <= held
    assert plan_clip([True] * 50, 24, 8).units == 0


def test_a_shot_has_windows_and_chunks_of_its_own_between_its_cuts() -> None:
    assert split_at_cuts(40, (0, 30, 12, 40, 55)) == (Span(0, 12), Span(12, 30), Span(30, 40))
    whole = plan_shot([False] * 40, Span(12, 40), 10, 4)
    alone = plan_clip([False] * 28, 10, 4)
    assert [span.start - 12 for span in whole.windows] == [span.start for span in alone.windows]
    assert [chunk.kept.start - 12 for chunk in whole.chunks] == [0, 8, 16, 24]
    assert {chunk.run for chunk in whole.chunks} == {Span(12, 40)}
    assert whole.units == alone.units


def test_chunks_cover_the_clip_once_with_two_context_frames_inside_it() -> None:
    plan = plan_clip([False] * 30, 24, 8, 2)
    assert [frame for chunk in plan.chunks for frame in chunk.kept] == list(range(30))
    assert [(chunk.with_context.start, chunk.with_context.stop) for chunk in plan.chunks] == [
        (0, 10),
        (6, 18),
        (14, 26),
        (22, 30),
    ]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(4096, 2_000_000), st.data())
def test_any_size_gets_a_canvas_of_multiples_of_8_with_the_aspect_ratio_kept(
    width: int, height: int, budget: int, data: st.DataObject
) -> None:
    x0 = data.draw(st.integers(0, width - 1))
    y0 = data.draw(st.integers(0, height - 1))
    box = (
        x0,
        y0,
        data.draw(st.integers(x0 + 1, width)),
        data.draw(st.integers(y0 + 1, height)),
    )
    geometry = plan_geometry((width, height), box, budget)
    left, top, right, bottom = geometry.crop
    assert 0 <= left <= box[0] < box[2] <= right <= width
    assert 0 <= top <= box[1] < box[3] <= bottom <= height
    inner_h, inner_w = geometry.inner_hw
    assert all(side % 8 == 0 for side in geometry.canvas_hw)
    for canvas, inner in zip(geometry.canvas_hw, geometry.inner_hw, strict=True):
        assert canvas == max(16, -(-inner // 8) * 8)
    assert inner_h <= bottom - top
    assert inner_w <= right - left
    scale = inner_w / (right - left)
    if min(inner_h, inner_w) > 8:
        assert inner_h / (bottom - top) == pytest.approx(scale, abs=1 / inner_h + 1 / inner_w)
        assert inner_h * inner_w <= budget * 1.15


def test_a_small_subject_is_cropped_with_a_margin_and_a_large_one_is_not() -> None:
    small = plan_geometry((1920, 1080), (600, 300, 1000, 700), 1024 * 576)
    assert small.crop == (560, 260, 1040, 740)
    assert small.inner_hw == (480, 480)
    near = plan_geometry((1920, 1080), (0, 0, 100, 1080), 1024 * 576)
    assert near.crop == (0, 0, 136, 1080)
    assert plan_geometry((1920, 1080), (60, 20, 1900, 1060), 1024 * 576).canvas_hw == (576, 1024)
    portrait = plan_geometry((1080, 1920), None, 1024 * 576)
    assert portrait.canvas_hw == (1024, 576)


def test_masks_are_kept_exactly_and_asked_for_once() -> None:
    rng = np.random.default_rng(1)
    guide = {index: rng.random((37, 53)) > 0.5 for index in range(5)}
    guide[3] = np.zeros((37, 53), bool)
    clip_masks = ClipMasks(guide, 5, (53, 37))
    assert all(np.array_equal(clip_masks.mask(index), guide[index]) for index in range(5))
    assert [clip_masks.is_empty(index) for index in range(5)] == [False, False, False, True, False]
    single = np.zeros((37, 53), bool)
    single[10:12, 20:25] = True
    boxed = ClipMasks({0: single, 1: single & False, 2: np.roll(single, 3)}, 3, (53, 37))
    assert boxed.box_around(range(3)) == (20, 10, 28, 12)
    assert boxed.box_around([0, 1]) == (20, 10, 25, 12)
    assert boxed.box_around([1]) is None


def test_a_missing_mask_and_one_of_another_size_are_refused() -> None:
    masks = {0: np.ones((8, 8), bool), 1: np.ones((8, 9), bool)}
    with pytest.raises(UnusablePrompt) as missing:
        ClipMasks({0: masks[0]}, 2, (8, 8))
    assert (missing.value.code, missing.value.message.params["frame"]) == ("engine.mask_missing", 1)
    with pytest.raises(UnusablePrompt) as sized:
        ClipMasks(masks, 2, (8, 8))
    assert sized.value.code == "prompt.mask_size"


def test_batch_limits_take_what_fits_and_halve_from_there() -> None:
    limits = BatchLimits(24, cost.REFERENCE_PIXELS, 2, 40 * 1024**3)
    assert (limits.window, limits.decode) == (24, decode_sizes(0)[0])
    tight = BatchLimits(24, cost.REFERENCE_PIXELS, 2, 7 * 1024**3)
    assert tight.window == 24
    assert tight.decode_bytes <= 7 * 1024**3
    assert tight.is_reduced(24)
    starved = BatchLimits(24, cost.REFERENCE_PIXELS, 2, 0)
    assert (starved.window, starved.decode.decoded) == (1, 1)
    assert not starved.shrink_window()
    assert not starved.shrink_decode()


@pytest.mark.parametrize("context", [0, 1, 2, 4])
def test_each_smaller_decode_takes_less_memory_down_to_one_frame(context: int) -> None:
    sizes = decode_sizes(context)
    decoded = [size.decoded for size in sizes]
    assert decoded[0] == 8 + 2 * context
    assert decoded == sorted(set(decoded), reverse=True)
    assert decoded[-1] == 1


def test_a_long_clip_costs_little_more_than_the_official_windows_of_16() -> None:
    options = JobOptions()
    plan = plan_clip([False] * 1800, options.window, options.overlap, options.decode_context)
    official = 1800 * (2 * cost.ENCODE_FLOP + cost.UNET_FLOP + cost.DECODE_FLOP)
    ours = cost.shot_flop(cost.REFERENCE_PIXELS, plan)
    assert ours / official == pytest.approx(1.042, abs=1e-3)
    assert cost.frame_flop() * 1800 == pytest.approx(ours, rel=0.01)


def test_the_cost_of_a_minute_agrees_with_the_published_count() -> None:
    plan = plan_clip([False] * 1800, 24, 8)
    without_context = cost.shot_flop(cost.REFERENCE_PIXELS, plan) - cost.DECODE_FLOP * (
        sum(len(chunk.with_context) for chunk in plan.chunks) - 1800
    )
    assert without_context == pytest.approx(30.5e15, rel=0.02)
