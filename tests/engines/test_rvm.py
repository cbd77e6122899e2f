"""Robust Video Matting: order, states, the marked target, and its real weights where they are there."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, ForegroundNetwork, RunContext
from engines.onnx.networks import RVM_NETWORKS
from engines.onnx.target import (
    TargetAgreement,
    TargetRestriction,
    blank_outside,
    compare_with_target,
)
from engines.rvm import engine as engine_module
from engines.rvm import passes, shot_start
from engines.rvm.brightness import brightened
from engines.rvm.engine import RvmEngine
from engines.rvm.options import ratio_for
from engines.rvm.two_views import TwoViews
from pipeline.jobs.automatic import choose_by_looking
from tests.engines.tiny_onnx import install, unpinned_manifest
from utils.errors import (
    BadRequest,
    EngineUnavailable,
    ModelFilesError,
    OutOfGpuMemory,
    UnusablePrompt,
)
from utils.messages import render

SIZE_WH = (96, 64)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("models")
    with unpinned_manifest(folder):
        for seed, name in enumerate(("rvm", "rvm-resnet50")):
            install(RVM_NETWORKS[name], folder, seed=seed)
        yield folder


@pytest.fixture
def engine(models: Path):
    engine = RvmEngine(Settings(_env_file=None, models_dir=models, device="cpu"))
    engine.load_model("cpu")
    yield engine
    engine.unload()


def noise(count: int, size_wh: tuple[int, int] = SIZE_WH, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 256, (size_wh[1], size_wh[0], 3)).astype(np.uint8) for _ in range(count)
    ]


def box_mask(
    size_wh: tuple[int, int] = SIZE_WH, box: tuple[int, int, int, int] = (30, 10, 60, 60)
) -> np.ndarray:
    mask = np.zeros((size_wh[1], size_wh[0]), bool)
    x0, y0, x1, y1 = box
    mask[y0:y1, x0:x1] = True
    return mask


def run(engine: RvmEngine, frames, guide=None, start=0, context=None, **options):
    items = engine.process(
        ArrayFrames(frames), guide or {}, start, options, context or RunContext()
    )
    return {item.index: item.alpha for item in items}


def test_only_a_start_that_was_tracked_may_be_without_the_target(engine):
    masks = {0: np.zeros((64, 96), bool), 1: box_mask()}
    with pytest.raises(UnusablePrompt):
        run(engine, noise(2), masks)
    alphas = run(engine, noise(2), masks, context=RunContext(is_start_tracked=True))
    assert alphas[0].max() == 0.0 < alphas[1].max()


def test_everyone_needs_no_mask(engine):
    alphas = run(engine, noise(4))
    assert list(alphas) == [0, 1, 2, 3]
    assert all(alpha.dtype == np.float32 and alpha.min() >= 0 for alpha in alphas.values())


def test_the_way_it_ran_is_noted(engine):
    context = RunContext()
    run(engine, noise(1), context=context, downsample_ratio="0.5")
    assert context.details["downsample_ratio"] == "0.5"
    assert {"runtime", "precision"} <= context.details.keys()


@pytest.mark.parametrize("size_wh", [(321, 181), (101, 203), (16, 16)])
def test_alphas_of_odd_and_portrait_frames_have_their_size(engine, size_wh):
    alphas = run(engine, noise(2, size_wh), {0: (m := box_mask(size_wh, (3, 3, 12, 14))), 1: m}, 1)
    assert {alpha.shape for alpha in alphas.values()} == {(size_wh[1], size_wh[0])}


def test_what_gives_its_memory_back_mattes_as_before(engine):
    before = run(engine, noise(3))
    engine._first_layers = engine._loaded[1]
    engine.release_memory()
    assert engine._first_layers is None
    after = run(engine, noise(3))
    assert all(np.array_equal(before[index], after[index]) for index in before)


def test_the_result_does_not_depend_on_what_ran_before(engine):
    frames = noise(4)
    before = run(engine, frames)
    run(engine, noise(3, seed=9))
    after = run(engine, frames)
    assert all(np.array_equal(before[index], after[index]) for index in before)


def test_states_are_zero_again_after_a_cut(engine):
    dark = [np.full((64, 96, 3), 10 + 3 * step, np.uint8) for step in range(3)]
    bright = [frame + np.uint8(200) for frame in dark]
    joined = run(engine, dark + bright)
    alone = run(engine, bright)
    assert np.array_equal(joined[3], alone[0])
    assert np.array_equal(joined[5], alone[2])


def test_forwards_from_the_start_frame_is_as_if_the_clip_began_there(engine):
    frames, mask = noise(6), box_mask()
    from_middle = run(engine, frames, dict.fromkeys(range(6), mask), 3)
    assert list(from_middle) == [2, 1, 0, 3, 4, 5]
    tail = run(engine, frames[3:], dict.fromkeys(range(3), mask))
    assert np.array_equal(from_middle[4], tail[1])


class _Recorder:
    """A stream whose alpha counts its steps since the last reset, in hundredths."""

    def __init__(self):
        self.seen = []

    def reset(self):
        self.seen.append([])

    def step(self, frame):
        self.seen[-1].append(int(frame[0, 0, 0]))
        return (np.full((1, 1, 2, 2), len(self.seen[-1]) / 100, np.float32),)


def shots(count, starts):
    return [
        shot_start.Step(index, np.full((2, 2, 3), index, np.uint8), index in starts)
        for index in range(count)
    ]


def test_a_shot_s_first_frames_lead_to_it_and_no_frame_of_the_next_shot_does():
    stream = _Recorder()
    pairs = list(shot_start.matte_shots(shots(16, (0, 12, 15)), stream, 8, lambda: None))
    assert [item.index for item, _ in pairs] == list(range(16))
    assert stream.seen == [
        [8, 7, 6, 5, 4, 3, 2, 1, *range(12)],
        [14, 13, 12, 13, 14],
        [15, 15, 15],
    ]


def test_a_shot_s_first_frames_have_the_alphas_of_the_reverse_run_and_fade_to_those_of_the_forward_run():
    pairs = list(shot_start.matte_shots(shots(10, (0,)), _Recorder(), 8, lambda: None))
    steps = [round(100 * float(alpha[0, 0]), 2) for _, alpha in pairs]
    # Frame n is the reverse run's step 9 - n and the forward run's step 9 + n.
    assert steps[:7] == [9, 8, 7, 6, 5, 4, 3]
    assert steps[7:] == [round(16 + 2 / 3 * (2 - 16), 2), round(17 + 1 / 3 * (1 - 17), 2), 18]


def test_a_shot_s_first_frames_wait_no_longer_than_needed_and_are_gone_before_their_memory_is_given_back(
    monkeypatch,
):
    made: list[weakref.ref[np.ndarray]] = []
    held: list[int] = []

    def frame():
        values = np.zeros((2, 2, 3), np.uint8)
        made.append(weakref.ref(values))
        return values

    def count_held():
        held.append(sum(known() is not None for known in made))

    monkeypatch.setattr(shot_start, "return_free_memory", count_held)
    steps = (shot_start.Step(index, frame(), index == 0) for index in range(12))
    pairs = shot_start.matte_shots(steps, _Recorder(), 8, lambda: None)
    # Held by nobody here, unlike in a loop.
    while next(pairs, None) is not None:
        pass
    # Frames 0 to 8, of which those before 0, 4 and 8 are gone, and frame 9, with which it is known that they are enough.
    assert held == [10, 6, 2, 1]


class _Seeing:
    """A stream whose alpha is a share of the frame's red."""

    def __init__(self, share):
        self.share, self.resets = share, 0

    def reset(self):
        self.resets += 1

    def step(self, frame):
        return (frame[None, None, ..., 0] * np.float32(self.share),)


def test_a_frame_and_its_mirror_image_are_seen_and_their_mean_lies_the_right_way_round():
    plain, mirrored = _Seeing(0.001), _Seeing(0.003)
    views = TwoViews(plain, mirrored)
    views.reset()
    frame = noise(1)[0]
    (alpha,) = views.step(frame)
    assert alpha.dtype == np.float32
    assert np.allclose(alpha[0, 0], frame[..., 0] * 0.002)
    assert plain.resets == mirrored.resets == 1


@pytest.mark.parametrize(
    ("guide", "mirrored", "ratios"),
    [({}, "true", {0.4}), ({0: box_mask()}, "true", {0.4, 0.5}), ({0: box_mask()}, "false", {0.4})],
)
def test_only_a_marked_target_is_seen_at_two_sizes(engine, monkeypatch, guide, mirrored, ratios):
    opened, open_stream = [], engine_module._open_stream

    def opening(session, name, size_wh, ratio):
        opened.append(ratio)
        return open_stream(session, name, size_wh, ratio)

    monkeypatch.setattr(engine_module, "_open_stream", opening)
    run(engine, noise(1), guide, downsample_ratio="0.4", mirrored=mirrored)
    assert set(opened) == ratios


def test_a_gamma_brightens_dark_levels_and_leaves_black_and_white():
    frame = np.repeat(np.array([[[0], [16], [64], [255]]], np.uint8), 3, axis=2)
    assert brightened(frame, 0.5)[0, :, 1].tolist() == [0, 64, 128, 255]
    assert brightened(frame, 1.0) is frame


@pytest.mark.parametrize("masks", [{}, dict.fromkeys(range(3), box_mask())])
def test_the_network_alone_sees_the_gamma(engine, monkeypatch, masks):
    frames, seen, pictures = [frame // 4 for frame in noise(3)], [], []
    matte_shots, reduced = passes.matte_shots, passes.reduced_picture

    def recording(steps, *rest):
        def each():
            for step in steps:
                seen.append(step.seen)
                yield step

        return matte_shots(each(), *rest)

    def reducing(frame):
        pictures.append(frame)
        return reduced(frame)

    monkeypatch.setattr(passes, "matte_shots", recording)
    monkeypatch.setattr(passes, "reduced_picture", reducing)
    alphas = run(engine, frames, masks, network_gamma="0.5")
    assert len(alphas) == len(seen) == 3
    at = (slice(20, 50), slice(35, 55))  # within the box that nothing is blanked in
    assert all(
        np.array_equal(shown[at], brightened(frame, 0.5)[at])
        for shown, frame in zip(seen, frames, strict=True)
    )
    assert all(np.array_equal(*pair) for pair in zip(pictures, frames, strict=False))
    assert len(pictures) == len(masks)


def dark(count: int, highlights: int = 46, seed: int = 0) -> list[np.ndarray]:
    """Return noise whose brightest hundredth has a luma of `highlights`: a band of a tenth of the rows."""
    frames = [
        (frame.astype(np.uint16) * highlights // 300).astype(np.uint8)
        for frame in noise(count, seed=seed)
    ]
    for frame in frames:
        frame[:6] = highlights
    return frames


@pytest.mark.parametrize("masks", [{}, dict.fromkeys(range(3), box_mask())])
def test_the_network_alone_sees_dark_frames_exposed_and_the_details_tell_the_gain(
    engine, monkeypatch, masks
):
    frames, pictures = dark(3), []
    reduced = passes.reduced_picture

    def reducing(frame):
        pictures.append(frame)
        # What follows the network is the same for both jobs.
        return reduced(np.zeros_like(frame))

    monkeypatch.setattr(passes, "reduced_picture", reducing)
    context, as_it_is = RunContext(), RunContext()
    found = run(engine, frames, masks, 1, context)
    assert context.details["network_gain"] == "5"
    assert all(
        np.array_equal(*pair) for pair in zip(pictures, [frames[1], frames[0]], strict=False)
    )
    bright = [np.minimum(frame.astype(np.uint16) * 5, 255).astype(np.uint8) for frame in frames]
    compared = passes.compare_once
    monkeypatch.setattr(
        passes,
        "compare_once",
        lambda stream, _, mask, bounds: compared(stream, frames[1], mask, bounds),
    )
    expected = run(engine, bright, masks, 1, as_it_is)
    assert all(np.array_equal(found[index], expected[index]) for index in range(3))
    assert "network_gain" not in as_it_is.details


@pytest.mark.parametrize("gamma", ["1", "0.6"])
def test_a_gamma_that_is_chosen_takes_the_place_of_exposing(engine, gamma):
    frames, context = dark(3), RunContext()
    found = run(engine, frames, context=context, network_gamma=gamma)
    seen = [brightened(frame, float(gamma)) for frame in frames]
    expected = run(engine, seen, network_gamma="1")
    assert "network_gain" not in context.details
    assert all(np.array_equal(found[index], expected[index]) for index in range(3))


def test_a_frame_that_is_compared_with_its_mask_is_not_exposed(engine, monkeypatch):
    seen = []

    def comparing(_, frame, *masks):
        seen.append(int(frame[0, 0, 0]))
        return compare_with_target(masks[0].astype(np.float32), *masks)

    monkeypatch.setattr(passes, "compare_once", comparing)
    monkeypatch.setattr(engine_module, "compare_once", comparing)
    frames, masks = dark(2), dict.fromkeys(range(2), box_mask())
    run(engine, frames, masks)
    engine.agrees_with_target(ArrayFrames(frames), masks, RunContext())
    assert seen == [46, 46, 46]


def test_a_shot_s_first_frames_have_no_larger_gain_than_may_follow_the_last_of_them():
    stream, gains, lasting = _Recorder(), [10.0, 1.0, 3.0, 2.0, 2.0, 1.5], [10.0] * 3 + [2.0] * 3
    steps = [
        shot_start.Step(
            index, np.full((2, 2, 3), 10, np.uint8), index == 0, gain=gain, lasting=most
        )
        for index, (gain, most) in enumerate(zip(gains, lasting, strict=True))
    ]
    pairs = list(shot_start.matte_shots(steps, stream, 3, lambda: None))
    assert stream.seen == [[20, 20, 10, 20, 10, 20, 20, 20, 15]]
    assert [item.gain for item, _ in pairs] == [2.0, 1.0, 2.0, 2.0, 2.0, 1.5]
    assert all((item.seen == 10).all() for item, _ in pairs)


def test_a_large_picture_has_a_shorter_lead_in_and_everyone_the_least():
    assert shot_start.lead_in_frames((1920, 1080), marked=True) == 24
    assert 8 < shot_start.lead_in_frames((2560, 1440), marked=True) < 24
    assert shot_start.lead_in_frames((3840, 2160), marked=True) == 8
    assert shot_start.lead_in_frames((640, 360), marked=False) == 8


def test_the_target_s_alpha_is_zero_away_from_its_mask(engine):
    size_wh = (256, 128)
    mask = box_mask(size_wh, (20, 20, 80, 110))
    alphas = run(engine, noise(2, size_wh), {0: mask, 1: mask}, 0, fill="off")
    assert alphas[1][:, 150:].max() == 0.0


def test_an_absent_target_has_no_alpha(engine):
    mask = box_mask()
    alphas = run(engine, noise(3), {0: mask, 1: np.zeros_like(mask), 2: mask})
    assert alphas[1].max() == 0.0


def test_a_frame_without_a_mask_is_told(engine):
    with pytest.raises(UnusablePrompt, match="Frame 1 has no"):
        run(engine, noise(3), {0: box_mask(), 2: box_mask()})


def test_a_clip_without_a_person_is_told(engine, monkeypatch):
    monkeypatch.setattr(shot_start, "alpha_of", lambda outputs: np.zeros((64, 96), np.float32))
    notices = []
    run(engine, noise(2), context=RunContext(on_notice=notices.append))
    assert [notice.code for notice in notices] == ["engine.rvm.nobody"]


def test_short_memory_falls_to_half_the_ratio_once_and_tells(engine, monkeypatch):
    opened, notices = [], []

    def open_stream(session, name, size_wh, ratio):
        opened.append(ratio)
        if ratio > 0.3 or failing:
            raise MemoryError("bad allocation")
        return original(session, name, size_wh, ratio)

    original, failing = engine_module._open_stream, False
    monkeypatch.setattr(engine_module, "_open_stream", open_stream)
    context = RunContext(on_notice=notices.append)
    alphas = run(engine, noise(3), context=context, downsample_ratio="0.5")
    assert len(alphas) == 3
    assert [render(notice) for notice in notices][:1] == [
        "Not enough memory for Robust Video Matting at downsample_ratio=0.5; this run continues at downsample_ratio=0.25."
    ]
    assert opened == [0.5, 0.25]
    assert context.details["downsample_ratio"] == "0.25"
    failing = True
    with pytest.raises(OutOfGpuMemory):
        run(engine, noise(3))


def test_another_network_can_be_chosen_and_the_first_comes_back(engine):
    frames = noise(2)
    mobile = run(engine, frames)
    assert not np.array_equal(run(engine, frames, network="resnet50")[0], mobile[0])
    assert np.array_equal(run(engine, frames)[0], mobile[0])


def test_a_network_that_is_not_there_is_told_before_anything_is_tracked(engine):
    engine.check_options({"network": "resnet50"})
    with pytest.raises(EngineUnavailable, match=r"download_models\.sh effnetv2-human-matting"):
        engine.check_options({"network": "effnetv2"})


def test_wrong_options_are_refused(engine):
    for options in ({"downsample_ratio": "1.5"}, {"network": "vgg"}, {"speed": "1"}):
        with pytest.raises(BadRequest):
            run(engine, noise(1), **options)


@pytest.mark.parametrize(
    ("size_wh", "ratio"),
    [((320, 180), 1.0), ((1280, 720), 0.4), ((1080, 1920), 512 / 1920), ((3840, 2160), 512 / 3840)],
)
def test_the_ratio_brings_the_longer_side_to_512(size_wh, ratio):
    assert ratio_for(size_wh, 0.0) == pytest.approx(ratio)
    assert ratio_for(size_wh, 0.7) == 0.7


def test_one_image_by_itself_has_a_foreground_of_its_own_size_whatever_came_before(engine):
    assert isinstance(engine, ForegroundNetwork)
    (image,), (large,) = noise(1, (41, 23)), noise(1, (700, 300), seed=4)
    alone = engine.foreground(image)
    assert alone.shape == (23, 41) and alone.dtype == np.float32
    assert 0.0 <= alone.min() < alone.max() <= 1.0
    assert engine.foreground(large).shape == (300, 700)
    assert np.array_equal(engine.foreground(image), alone)


# --- the marked target -----------------------------------------------------------------------------


def two_people() -> tuple[np.ndarray, np.ndarray]:
    """An alpha with two people, and the mask of the left one."""
    mask = box_mask((400, 240), (60, 40, 140, 220))
    alpha = mask.astype(np.float32)
    alpha[40:220, 260:330] = 1.0
    return alpha, mask


def test_a_look_tells_others_from_the_target():
    alpha, mask = two_people()
    agreement = compare_with_target(alpha, mask)
    assert agreement.sees_others
    assert not agreement.drops_parts
    assert agreement.overlap > 0.95
    assert not compare_with_target(np.where(mask, alpha, 0.0).astype(np.float32), mask).sees_others


def test_a_look_tells_that_a_part_is_dropped():
    alpha, mask = two_people()
    alpha[40:100, 60:140] = 0.0
    assert compare_with_target(alpha, mask).drops_parts


def test_others_are_removed_and_the_target_s_edge_is_untouched():
    alpha, mask = two_people()
    alpha[60:200, 140:146] = 0.4  # hair beside the mask
    found = TargetRestriction((400, 240), fills=False)(alpha, mask)
    assert found[:, 250:].max() == 0.0
    assert np.array_equal(found[:, :200], alpha[:, :200])


def test_what_the_tracker_lost_of_the_target_stays_where_it_hangs_together():
    alpha, mask = two_people()
    mask[170:] = False  # the tracker, or the mask found from a box, lost the legs
    assert not compare_with_target(alpha, mask).others_touch
    found = TargetRestriction((400, 240), fills=False)(alpha, mask)
    assert found[210, 100] == 1.0
    assert found[:, 250:].max() == 0.0


def test_somebody_who_touches_the_target_is_cut_off():
    alpha, mask = two_people()
    alpha[100:120, 140:260] = 1.0  # an arm's length joins the two
    restriction = TargetRestriction((400, 240), fills=False)
    for _ in range(10):
        found = restriction(alpha, mask)
    assert found[:, 260:].max() == 0.0


def test_somebody_who_was_apart_from_the_target_stays_another_where_he_touches_it_later():
    alpha, mask = two_people()
    alpha[:, 200:] = 0.0
    alpha[100:140, 170:190] = 1.0  # a passer-by, too small to be told by his area
    restriction = TargetRestriction((400, 240), fills=False)
    for touch in (170,) * 5 + (160, 140):
        alpha[100:140, touch:190] = 1.0
        found = restriction(alpha, mask)
        assert found[:, 165:].max() == 0.0
    assert found[110, 135] == 1.0


def test_somebody_who_touches_the_target_from_the_start_is_cut_off_at_the_mask():
    alpha, mask = two_people()
    alpha[60:180, 140:260] = 1.0  # shoulder to shoulder
    agreement = compare_with_target(alpha, mask)
    assert agreement.others_touch
    found = TargetRestriction((400, 240), fills=False, joins=False)(alpha, mask)
    assert found[:, 150:].max() == 0.0
    assert found[100, 135] == 1.0


@pytest.mark.parametrize("box", [None, (60, 40, 140, 220), (60, 40, 166, 220), (60, 40, 200, 220)])
def test_who_reaches_out_of_the_users_box_or_own_mask_touches_the_target(box):
    alpha, mask = two_people()
    alpha[:, 200:] = 0.0
    alpha[60:180, 140:180] = (
        1.0  # half somebody, behind the target: a sixth of its area is out of the mask's reach
    )
    bounds = None if box is None else box_mask((400, 240), box)
    agreement = compare_with_target(alpha, mask, bounds)
    assert 0.1 < agreement.joined < 0.4
    assert agreement.others_touch == (box == (60, 40, 140, 220))
    assert agreement.out_of_bounds == pytest.approx(
        {None: 0.0, 140: agreement.joined, 166: 0.05, 200: 0.0}[box and box[2]], abs=1e-3
    )


def test_legs_that_a_mask_lacks_are_the_targets_own_where_the_box_holds_them():
    alpha, mask = two_people()
    alpha[:, 200:] = 0.0
    whole = mask.copy()
    mask[160:] = False
    for bounds in (None, whole):
        assert not compare_with_target(alpha, mask, bounds).others_touch
    assert compare_with_target(alpha, mask, mask).others_touch


@pytest.mark.parametrize("gap", [0, 50, 80])
def test_where_much_is_in_gaps_of_the_mask_its_bounds_cut_nobody_off(gap):
    """Beside a dancer, a shirt that the mask lacked was lost, and so was who came out from behind somebody."""
    alpha, whole = two_people()
    alpha[:, 200:] = 0.0
    alpha[60:180, 140:180] = 1.0
    mask = whole.copy()
    mask[80 : 80 + gap, 60:110] = False
    agreement = compare_with_target(alpha, mask, box_mask((400, 240), (60, 40, 140, 220)))
    assert 0.1 < agreement.out_of_bounds < 0.3 and agreement.joined < 0.5
    lacking = max(0, 47 * (gap - 6)) / np.count_nonzero(mask)
    assert agreement.in_gaps == pytest.approx(lacking, abs=0.01)
    assert agreement.others_touch == (gap < 80)


def test_others_whom_the_bounds_told_from_the_target_stay_others_after_a_correction(
    engine, monkeypatch
):
    alpha = box_mask().astype(np.float32)
    alpha[20:50, 60:96] = 1.0
    monkeypatch.setattr(passes, "alpha_of", lambda _: alpha)
    monkeypatch.setattr(shot_start, "alpha_of", lambda _: alpha)
    masks = dict.fromkeys(range(4), box_mask())
    there = {}
    for name, bounds in {"none": {}, "first": {0: box_mask()}}.items():
        context = RunContext(confirmed=frozenset({0, 2}), bounds=bounds)
        found = run(engine, noise(4), masks, 0, context)
        there[name] = [found[index][35, 90] > 0.5 for index in range(4)]
    assert there == {"none": [True] * 4, "first": [False] * 4}
    # A corrected mask that holds all that hangs together with it doesn't tell of later frames; the user's own mask does.
    whole = box_mask() | box_mask(box=(60, 20, 96, 50))
    masks |= {2: whole, 3: box_mask()}
    for later, stays in (({}, False), ({2: whole}, True)):
        context = RunContext(confirmed=frozenset({0, 2}), bounds={0: box_mask()} | later)
        found = run(engine, noise(4), masks, 0, context)
        assert [found[index][35, 90] > 0.5 for index in range(4)] == [False, False, True, stays]


@pytest.mark.parametrize("start", [0, 2])
def test_the_users_bounds_decide_on_confirmed_frames_who_is_cut_off(engine, monkeypatch, start):
    alpha = box_mask().astype(np.float32)
    alpha[20:50, 60:96] = 1.0
    monkeypatch.setattr(passes, "alpha_of", lambda _: alpha)
    monkeypatch.setattr(shot_start, "alpha_of", lambda _: alpha)
    masks = dict.fromkeys(range(3), box_mask())
    found = {}
    for name, bounds in {"own": {}, "cut": {start: box_mask()}}.items():
        context = RunContext(confirmed=frozenset({start}), bounds=bounds)
        found[name] = run(engine, noise(3), masks, start, context)
    for index in range(3):
        assert found["own"][index][35, 90] > 0.9 > 0.1 > found["cut"][index][35, 68:].max()
        assert found["cut"][index][35, 45] > 0.9


def test_what_the_mask_takes_from_others_apart_from_the_target_stays_theirs():
    alpha, mask = two_people()
    alpha[60:80, 140:260] = 1.0  # an arm round the target's shoulder
    grown = mask.copy()
    grown[140:200, 270:310] = True  # the tracker takes the other's legs for the target's
    cut_off = mask.copy()
    cut_off[170:180] = False  # somebody passes in front of the target's legs
    restriction = TargetRestriction((400, 240), fills=False, joins=False)
    for tracked in (mask, grown, grown, mask | grown & cut_off):
        found = restriction(alpha, tracked)
        assert found[:, 265:].max() == 0.0
        assert found[60:160, 70:130].min() == 1.0
    found = restriction(alpha, cut_off)
    assert found[185:215, 70:130].min() == 1.0
    restriction.decide(TargetAgreement(1.0, 1.0, 1.0, joined=1.0))
    assert restriction(alpha, grown)[150:190, 280:300].min() == 1.0
    assert restriction(alpha, grown)[150:190, 280:300].min() == 1.0


@pytest.mark.parametrize("others_move", [False, True])
def test_what_comes_into_sight_on_the_other_side_of_somebody_is_the_targets_own(others_move):
    """All of the target was lost behind somebody narrower, up to the frame in which its mask was one part again."""
    restriction = TargetRestriction((400, 240), fills=False, joins=False)
    for moved in range(0, 132, 6):
        shift = (0, moved) if others_move else (moved, 0)
        target = box_mask((400, 240), (100 + shift[0], 60, 160 + shift[0], 190))
        if others_move:
            others = box_mask((400, 240), (60 + shift[1], 40, 80 + shift[1], 190))
        else:
            others = box_mask((400, 240), (180, 40, 200, 190))
        seen = target & ~others
        found = restriction((target | others).astype(np.float32), seen)
        assert found[seen].mean() > 0.99


def test_a_mask_that_is_corrected_on_a_confirmed_frame_is_taken_as_it_is(engine, monkeypatch):
    alpha = box_mask().astype(np.float32)
    alpha[20:50, 60:96] = 1.0
    monkeypatch.setattr(passes, "alpha_of", lambda _: alpha)
    monkeypatch.setattr(shot_start, "alpha_of", lambda _: alpha)
    grown = box_mask() | box_mask(box=(80, 20, 96, 50))
    masks = {0: box_mask(), 1: box_mask(), 2: grown, 3: grown}
    bounds = {0: box_mask()}
    opaque = {}
    for confirmed in ({0}, {0, 2}):
        context = RunContext(confirmed=frozenset(confirmed), bounds=bounds | {2: box_mask()})
        found = run(engine, noise(4), masks, 0, context)
        opaque[len(confirmed)] = [found[index][25:45, 84:94].min() > 0.9 for index in range(4)]
    assert opaque == {1: [False] * 4, 2: [False, False, True, True]}


def test_a_crowd_that_is_larger_than_the_target_and_touches_it_is_cut_off_at_the_mask():
    alpha, mask = two_people()
    mask[:, :100] = False
    alpha[:, 120:] = 1.0  # six times the target's area, in one part with it
    assert compare_with_target(alpha, mask).others_touch
    found = TargetRestriction((400, 240), fills=False, joins=False)(alpha, mask)
    assert found[:, 146:].max() == 0.0
    assert found[100, 135] == 1.0


def test_people_apart_do_not_touch():
    alpha, mask = two_people()
    agreement = compare_with_target(alpha, mask)
    assert agreement.sees_others
    assert not agreement.others_touch


def test_a_dropped_hand_is_filled_from_the_mask_only_where_it_is_asked():
    alpha, mask = two_people()
    alpha[40:90, 60:140] = 0.0
    filled = TargetRestriction((400, 240), fills=True)(alpha, mask)
    assert filled[45:85, 65:135].min() > 0.9
    assert TargetRestriction((400, 240), fills=False)(alpha, mask)[45:85, 65:135].max() == 0.0


def test_the_picture_is_black_outside_the_target_s_box():
    _, mask = two_people()
    frame = np.full((240, 400, 3), 200, np.uint8)
    blanked = blank_outside(frame, mask)
    assert blanked[mask].min() == 200
    assert blanked[:, 200:].max() == 0
    assert blank_outside(frame, np.zeros_like(mask)).max() == 0


# --- chosen by looking -------------------------------------------------------------------------------


class Lender:
    """Lends one engine as the model manager does."""

    def __init__(self, engine) -> None:
        self._engine = engine

    @contextmanager
    def lease(self, name, **_):
        yield self._engine


def choose(engine, alphas, monkeypatch, count=4):
    """Choose by looking where the network's alphas of marked and tracked frames are these."""
    given = iter(alphas)
    monkeypatch.setattr(
        engine_module, "compare_once", lambda *_: compare_with_target(next(given), box_mask())
    )
    tracked = []

    def track():
        tracked.append(1)
        return dict.fromkeys(range(count), box_mask())

    found = choose_by_looking(
        Lender(engine),
        "rvm",
        engine.label,
        ArrayFrames(noise(count)),
        {0: box_mask()},
        0,
        track,
        RunContext(),
    )
    return found.agrees, len(tracked), found.reason.code


def test_a_person_whom_the_network_finds_is_matted_by_it(engine, monkeypatch):
    person = box_mask().astype(np.float32)
    assert choose(engine, [person] * 4, monkeypatch) == (True, 1, "engine.rvm.agrees")


def test_what_the_network_does_not_find_is_left_to_others_before_anything_is_tracked(
    engine, monkeypatch
):
    nothing = np.zeros((64, 96), np.float32)
    assert choose(engine, [nothing], monkeypatch) == (False, 0, "engine.rvm.disagrees")


def test_a_target_whom_the_network_mattes_as_one_with_others_is_left_to_others(engine, monkeypatch):
    alpha, mask = two_people()
    assert compare_with_target(alpha, mask).surrounded == 0.0
    alpha[:, 100:] = 1.0
    surrounded = compare_with_target(alpha, mask).surrounded
    assert 0.4 < surrounded < 0.8
    merged = TargetAgreement(recall=1.0, overlap=0.8, others=2.0, surrounded=surrounded)
    monkeypatch.setattr(engine_module, "compare_once", lambda *_: merged)
    found = engine.agrees_with_target(ArrayFrames(noise(1)), {0: box_mask()}, RunContext())
    assert (found.agrees, found.reason.code) == (False, "engine.rvm.merges")


def test_a_target_that_the_network_loses_later_is_left_to_others(engine, monkeypatch):
    person, nothing = box_mask().astype(np.float32), np.zeros((64, 96), np.float32)
    found = choose(engine, [person, person, nothing, person], monkeypatch)
    assert found == (False, 1, "engine.rvm.disagrees")


@pytest.mark.parametrize("failing_look", [1, 2])
@pytest.mark.parametrize("problem", ["damaged", "memory"])
def test_a_network_that_can_not_be_asked_is_left_to_others_and_the_notice_says_why(
    engine, monkeypatch, problem, failing_look
):
    """Nobody has asked for it: the built-in engine does the job."""
    looks = []

    def lease(self, name, **_):
        looks.append(name)
        if len(looks) == failing_look and problem == "damaged":
            raise ModelFilesError(
                "engine.files_damaged", file="rvm.onnx", problem="9 bytes", command="fetch"
            )
        if len(looks) == failing_look:
            raise OutOfGpuMemory("engine.no_memory", name="rvm", needed_mb=9, free_mb=1)
        return lent(self, name)

    lent = Lender.lease
    monkeypatch.setattr(Lender, "lease", lease)
    person = box_mask().astype(np.float32)
    agrees, tracked, code = choose(engine, [person] * 4, monkeypatch)
    assert (agrees, tracked, code) == (False, failing_look - 1, "engine.not_compared")


def test_a_runtime_s_own_error_about_memory_is_one_of_memory_in_a_comparison(engine, monkeypatch):
    def allocate(*_):
        raise Exception("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer")

    monkeypatch.setattr(engine_module, "compare_once", allocate)
    with pytest.raises(MemoryError):
        engine.agrees_with_target(ArrayFrames(noise(1)), {0: box_mask()}, RunContext())


# --- the real weights ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_engine(installed_models: Path):
    engine = RvmEngine(Settings(_env_file=None, models_dir=installed_models, device="cpu"))
    if not engine.is_available:
        pytest.skip("RVM's weights are not here: bash scripts/download_models.sh rvm")
    engine.load_model("cpu")
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def clip(shared: Path):
    """The beginning of a clip with exact alphas, at 640x360."""
    from pipeline.video_io import VideoIO

    folder = shared / "data" / "dev" / "synth_woman_robot_360p"
    video = VideoIO(Settings())

    def read(name: str) -> list[np.ndarray]:
        info = video.probe(folder / name)
        return [frame.copy() for frame in video.open(folder / name, info).read(0, 6)]

    alphas = [frame[..., 0].astype(np.float32) / np.float32(255.0) for frame in read("alpha.mkv")]
    return read("clip.mp4"), alphas


def mad(found, true) -> float:
    return 1e3 * float(
        np.mean([np.abs(found[index] - alpha).mean() for index, alpha in enumerate(true)])
    )


def test_real_weights_matte_a_person(real_engine, clip):
    frames, true = clip
    assert mad(run(real_engine, frames), true) < 4.5


def test_real_weights_matte_the_marked_person_both_ways(real_engine, clip):
    frames, true = clip
    guide = {index: alpha > 0.5 for index, alpha in enumerate(true)}
    assert mad(run(real_engine, frames, guide, 3), true) < 4.5


def test_real_weights_matte_at_4k_and_upright(real_engine, clip):
    """Both from the clip of 640x360: a frame enlarged six times, and the upright middle of two."""
    import cv2

    (frame, *_), (alpha, *_) = clip
    large = cv2.resize(frame, (3840, 2160), interpolation=cv2.INTER_CUBIC)
    expected = cv2.resize(alpha, (3840, 2160), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    assert mad(run(real_engine, [large]), [expected]) < 4.5
    upright = [np.ascontiguousarray(one[:, 219:421]) for one in clip[0][:2]]
    assert mad(run(real_engine, upright), [one[:, 219:421] for one in clip[1][:2]]) < 12.0


def test_real_weights_expect_rgb(real_engine, clip):
    frames, true = clip
    turned = [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]
    assert mad(run(real_engine, turned), true) > 1.1 * mad(run(real_engine, frames), true)


def test_real_weights_give_the_same_bits_twice(real_engine, clip):
    frames = clip[0][:4]
    one, other = run(real_engine, frames), run(real_engine, frames)
    assert all(np.array_equal(one[index], other[index]) for index in one)


def test_real_weights_find_nobody_in_an_empty_room(real_engine):
    room = np.full((180, 320, 3), 120, np.uint8)
    room[120:] = 80
    notices = []
    run(real_engine, [room] * 3, context=RunContext(on_notice=notices.append))
    assert [notice.code for notice in notices] == ["engine.rvm.nobody"]
