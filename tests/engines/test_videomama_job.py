"""VideoMaMa's run over a clip, with networks that count, fail and drift on demand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.videomama.cache import WorkCache, make_key
from engines.videomama.options import JobOptions
from tests.engines.fake_videomama import (
    AskedFrames,
    CountedMasks,
    FakeNetworks,
    Recorder,
    WatchedFrames,
    alphas_of,
    make_job,
)
from tests.engines.tiny_videomama import moving_disc
from utils.errors import Cancelled, EngineError, GpuUnhealthy, OutOfGpuMemory
from utils.types import Frame, Mask

pytest.importorskip("torch")

Clip = tuple[list[Frame], dict[int, Mask]]


def test_each_frame_and_mask_is_read_and_encoded_once_and_each_window_predicted_once() -> None:
    frames, masks = moving_disc(70)
    watched, guide, networks = WatchedFrames(frames), CountedMasks(masks), FakeNetworks()
    alphas_of(make_job(networks, watched, guide).run())
    assert watched.reads == list(range(70))
    assert sorted(guide.asked) == list(range(70))
    assert networks.encoded == 2 * 70
    assert networks.predicted == [24] * 4
    assert networks.decoded == [10] + [12] * 7 + [8]


def test_frames_are_decoded_while_the_networks_work() -> None:
    frames, masks = moving_disc(12)
    source = AskedFrames(frames)
    met = []

    class Waiting(FakeNetworks):
        def encode(self, image: Any) -> np.ndarray:
            met.append(source.is_asked(self.encoded // 2 + 1))
            return super().encode(image)

    beside = alphas_of(make_job(Waiting(), source, masks).run())
    assert all(met)
    assert np.array_equal(beside, alphas_of(make_job(FakeNetworks(), frames, masks).run()))


def test_memory_does_not_grow_with_the_clip() -> None:
    seen = []
    for count in (72, 248):
        frames, masks = moving_disc(count)
        watched = WatchedFrames(frames)
        job = make_job(FakeNetworks(), watched, masks)
        most = max(job.cache.records_in_memory for _ in job.run())
        seen.append((watched.most_alive, most))
        assert job.cache.records_in_memory <= 1
    assert seen[0] == seen[1]
    # Two frames wait to be encoded, and one is being decoded.
    assert seen[0][0] <= 6
    assert seen[0][1] <= 2 * 24 + 3


def seam_metric(alphas: np.ndarray, job: Any) -> float:
    """Mean |alpha change| at the borders of windows over that elsewhere."""
    change = np.abs(np.diff(alphas, axis=0)).mean(axis=(1, 2))
    windows = [span for shot in job.shots for span in shot.plan.windows]
    edges = {edge for span in windows for edge in (span.start, span.stop)}
    borders = sorted(edges - {0, len(alphas)})
    inside = [frame for frame in range(1, len(alphas)) if frame not in edges]
    return float(change[np.array(borders) - 1].mean() / change[np.array(inside) - 1].mean())


@pytest.mark.parametrize(
    ("overlap", "low", "high"), [(JobOptions().overlap, 0.9, 1.1), (8, 0.9, 1.1), (0, 1.5, 99.0)]
)
def test_windows_that_drift_apart_meet_without_a_seam_where_they_overlap(
    overlap: int, low: float, high: float
) -> None:
    # Five windows of 24 that share 4 frames, six that share 8, or four that share none.
    frames, masks = moving_disc(104 if overlap else 96)
    networks = FakeNetworks()
    networks.gain = 0.3  # nothing is clipped: each pixel shows the drift
    networks.drift = lambda call: 0.04 * (call % 2)
    job = make_job(networks, frames, masks, overlap=overlap)
    assert low < seam_metric(alphas_of(job.run()), job) < high


@pytest.mark.parametrize("stop_after", [1, 8, 9, 41, 99])
def test_an_interrupted_run_goes_on_and_redoes_nothing(tmp_path: Path, stop_after: int) -> None:
    frames, masks = moving_disc(100)
    whole = FakeNetworks()
    wanted = alphas_of(make_job(whole, frames, masks).run())
    first, second = FakeNetworks(), FakeNetworks()
    running = make_job(first, frames, masks, Recorder(tmp_path)).run()
    for _ in range(stop_after):
        next(running)
    running.close()
    resumed = alphas_of(make_job(second, frames, masks, Recorder(tmp_path)).run())
    assert np.array_equal(resumed, wanted)
    calls = np.add(first.calls, second.calls)
    assert tuple(calls) == whole.calls
    assert first.calls[0] > 0


def test_a_run_that_was_finished_costs_nothing_the_second_time(tmp_path: Path) -> None:
    frames, masks = moving_disc(50)
    alphas_of(make_job(FakeNetworks(), frames, masks, Recorder(tmp_path)).run())
    again, recorder = FakeNetworks(), Recorder(tmp_path)
    alphas_of(make_job(again, frames, masks, recorder).run())
    assert again.calls == (0, 0, 0)
    assert recorder.progress[-1].done == recorder.progress[-1].total


def test_a_changed_frame_redoes_only_what_depends_on_it(tmp_path: Path) -> None:
    frames, masks = moving_disc(100)
    alphas_of(make_job(FakeNetworks(), frames, masks, Recorder(tmp_path)).run())
    changed = [*frames[:90], frames[90] // 2, *frames[91:]]
    again = FakeNetworks()
    got = alphas_of(make_job(again, changed, masks, Recorder(tmp_path)).run())
    assert np.array_equal(got, alphas_of(make_job(FakeNetworks(), changed, masks).run()))
    assert again.encoded == 2
    assert again.predicted == [24]
    assert 0 < len(again.decoded) < 5


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 43},
        {"window": 20},
        {"overlap": 6},
        {"decode_context": 1},
        {"pixel_budget": 5000},
        {"hard_mask": True},
        {"feed_back": True},
    ],
)
def test_changed_options_never_take_old_results(tmp_path: Path, change: dict[str, Any]) -> None:
    frames, masks = moving_disc(40, 96, 80)
    alphas_of(make_job(FakeNetworks(), frames, masks, Recorder(tmp_path)).run())
    fresh = alphas_of(make_job(FakeNetworks(), frames, masks, **change).run())
    reused = alphas_of(make_job(FakeNetworks(), frames, masks, Recorder(tmp_path), **change).run())
    assert np.array_equal(reused, fresh)


def test_two_targets_of_a_clip_keep_their_work_side_by_side(tmp_path: Path) -> None:
    frames, masks = moving_disc(30)
    other = {index: np.roll(mask, 3, axis=0) for index, mask in masks.items()}
    for guide in (masks, other):
        alphas_of(make_job(FakeNetworks(), frames, guide, Recorder(tmp_path)).run())
    for guide in (masks, other):
        again = FakeNetworks()
        alphas_of(make_job(again, frames, guide, Recorder(tmp_path)).run())
        assert again.calls == (0, 0, 0)


@pytest.mark.parametrize("damage", [b"", b"SMV1", None])
def test_damaged_records_are_made_again(tmp_path: Path, damage: bytes | None) -> None:
    frames, masks = moving_disc(30)
    wanted = alphas_of(make_job(FakeNetworks(), frames, masks, Recorder(tmp_path)).run())
    files = sorted(tmp_path.rglob("*.bin"))
    assert files
    for path in files[::2]:
        whole = path.read_bytes()
        path.write_bytes(whole[:-3] + b"abc" if damage is None else damage)
    again = FakeNetworks()
    assert np.array_equal(
        alphas_of(make_job(again, frames, masks, Recorder(tmp_path)).run()), wanted
    )
    assert again.calls != (0, 0, 0)


def test_a_full_disk_costs_the_resume_but_not_the_job(tmp_path: Path) -> None:
    frames, masks = moving_disc(30)
    blocked = tmp_path / "videomama"
    blocked.write_text("a file where the folder should be")
    alphas = alphas_of(make_job(FakeNetworks(), frames, masks, Recorder(tmp_path)).run())
    assert np.array_equal(alphas, alphas_of(make_job(FakeNetworks(), frames, masks).run()))
    cache = WorkCache(tmp_path / "small", keep_free_bytes=1 << 60)
    cache.put("latents", 0, make_key("a"), np.zeros(4))
    assert not list((tmp_path / "small").rglob("*.bin"))


def test_a_cancel_stops_within_one_unit_and_the_next_run_goes_on(tmp_path: Path) -> None:
    frames, masks = moving_disc(60)
    for units in (0, 5, 24, 25, 40):
        networks = FakeNetworks()
        recorder = Recorder(tmp_path / str(units), cancel_at=units)
        with pytest.raises(Cancelled):
            alphas_of(make_job(networks, frames, masks, recorder).run())
        assert recorder.progress[-1].done == units
        assert networks.encoded <= 2 * (units + 1)


def test_progress_counts_encoded_frames_windows_and_decoded_frames() -> None:
    frames, masks = moving_disc(60)
    recorder = Recorder()
    alphas_of(make_job(FakeNetworks(), frames, masks, recorder).run())
    done = [progress.done for progress in recorder.progress]
    assert done == list(range(60 + 4 + 60 + 1))
    assert {progress.total for progress in recorder.progress} == {60 + 4 + 60}


def test_out_of_memory_goes_on_with_half_the_frames_and_says_so() -> None:
    frames, masks = moving_disc(60)
    networks, recorder = FakeNetworks(), Recorder()
    networks.window_limit, networks.decode_limit = 7, 4
    alphas = alphas_of(make_job(networks, frames, masks, recorder).run())
    assert max(networks.predicted) == 6
    assert max(networks.decoded) == 4
    assert [message.code for message in recorder.notices] == ["engine.videomama.smaller"] * 5
    whole = alphas_of(make_job(FakeNetworks(), frames, masks).run())
    assert np.abs(alphas - whole).max() < 0.02


def test_little_free_memory_starts_smaller_and_says_so() -> None:
    frames, masks = moving_disc(30)
    networks, recorder = FakeNetworks(), Recorder()
    alphas_of(make_job(networks, frames, masks, recorder, free_bytes=0).run())
    assert set(networks.predicted) == set(networks.decoded) == {1}
    assert [message.code for message in recorder.notices] == ["engine.videomama.smaller"]


@pytest.mark.parametrize("limit", ["window_limit", "decode_limit"])
def test_memory_too_small_for_one_frame_is_told(limit: str) -> None:
    frames, masks = moving_disc(12)
    networks = FakeNetworks()
    setattr(networks, limit, 0)
    with pytest.raises(OutOfGpuMemory):
        alphas_of(make_job(networks, frames, masks).run())


def test_a_dead_gpu_and_an_internal_error_are_not_taken_for_lack_of_memory() -> None:
    frames, masks = moving_disc(4)
    networks = FakeNetworks()
    networks.window_limit = 0
    networks.error = "CUDA error: an illegal memory access was encountered"
    with pytest.raises(GpuUnhealthy):
        alphas_of(make_job(networks, frames, masks).run())
    networks.error = "shapes do not match"
    with pytest.raises(RuntimeError, match="shapes do not match"):
        alphas_of(make_job(networks, frames, masks).run())


def test_half_precision_that_overflows_goes_on_in_bfloat16_and_says_so() -> None:
    frames, masks = moving_disc(30)
    networks, recorder = FakeNetworks(), Recorder()
    recorder.context.first = 20
    networks.overflow_until_fallbacks = 1
    alphas_of(make_job(networks, frames, masks, recorder).run())
    assert networks.fallbacks == 1
    told = [(message.code, message.params["frame"]) for message in recorder.notices]
    assert told == [("engine.videomama.bf16", 20)], "not by the clip's number"


def test_numbers_that_stay_infinite_are_an_error_naming_the_frame() -> None:
    frames, masks = moving_disc(30)
    networks = FakeNetworks()
    networks.overflow_until_fallbacks = 2
    with pytest.raises(EngineError) as fault:
        alphas_of(make_job(networks, frames, masks).run())
    assert fault.value.code == "engine.bad_alpha"
    assert fault.value.message.params["frame"] == 0


def test_a_clip_that_ends_early_is_an_error_naming_the_frame_by_its_number_in_the_clip() -> None:
    frames, masks = moving_disc(30)
    recorder = Recorder()
    recorder.context.first = 20

    class Short(WatchedFrames):
        def read(self, start: int, stop: int, step: Any = 1) -> Iterator[Frame]:
            return super().read(start, min(stop, 9), step)

    with pytest.raises(EngineError) as fault:
        alphas_of(make_job(FakeNetworks(), Short(frames), masks, recorder).run())
    params = fault.value.message.params
    assert (params["problem"], params["frame"]) == ("the clip ended early", 29)


def test_empty_masks_give_zeros_and_windows_of_them_are_not_touched() -> None:
    frames, masks = moving_disc(100)
    target = {index: mask if 60 <= index < 64 else mask & False for index, mask in masks.items()}
    watched, networks = WatchedFrames(frames), FakeNetworks()
    networks.drift = lambda call: 0.5
    job = make_job(networks, watched, target)
    alphas = alphas_of(job.run())
    present = [index for index in range(100) if alphas[index].any()]
    assert present == [60, 61, 62, 63]
    assert len(networks.predicted) == len(job.shots[0].plan.active) == 2
    # Up to three more are decoded ahead.
    assert 0 <= len(watched.reads) - job.shots[0].plan.encoded_frames <= 3
    assert len(watched.reads) < 100
    # Each frame, the four masks, and the empty one before and after them.
    assert networks.encoded == job.shots[0].plan.encoded_frames + 6
    assert len(networks.decoded) <= 2


def test_a_clip_without_any_target_needs_no_network() -> None:
    frames, masks = moving_disc(30)
    networks, recorder = FakeNetworks(), Recorder()
    empty = {index: mask & False for index, mask in masks.items()}
    assert not alphas_of(make_job(networks, frames, empty, recorder).run()).any()
    assert networks.calls == (0, 0, 0)


def test_alpha_is_zero_outside_the_crop_and_placed_exactly_inside() -> None:
    mask = np.zeros((200, 300), bool)
    mask[80:112, 120:160] = True
    frames = [np.zeros((200, 300, 3), np.uint8)] * 3
    job = make_job(FakeNetworks(), frames, dict.fromkeys(range(3), mask))
    assert job.shots[0].geometry.crop == (88, 48, 192, 144)
    alpha = alphas_of(job.run())[1]
    assert alpha.shape == (200, 300)
    outside = np.ones_like(mask)
    outside[48:144, 88:192] = False
    assert not alpha[outside].any()
    assert np.abs(alpha - mask).max() < 0.05


def two_shots(cut: int, count: int) -> Clip:
    """A disc at the left, and after the cut one at the right, in pictures three times as wide as high."""
    frames, masks = moving_disc(count, 64, 64)
    wide = [np.zeros((64, 192, 3), np.uint8) for _ in range(count)]
    wide_masks = {index: np.zeros((64, 192), bool) for index in range(count)}
    for index in range(count):
        left = slice(0, 64) if index < cut else slice(128, 192)
        wide[index][:, left] = frames[index]
        wide_masks[index][:, left] = masks[index]
    return wide, wide_masks


def test_each_shot_has_a_crop_and_windows_of_its_own(tmp_path: Path) -> None:
    frames, masks = two_shots(30, 60)
    watched, networks = WatchedFrames(frames), FakeNetworks()
    networks.gain, networks.drift = 0.3, lambda call: 0.2 * call
    job = make_job(networks, watched, masks, Recorder(tmp_path, cuts=(30,)), overlap=4)
    assert [shot.frames.start for shot in job.shots] == [0, 30]
    crops = [shot.geometry.crop for shot in job.shots]
    assert crops[0][2] < 128
    assert crops[1][0] > 64
    alphas = alphas_of(job.run())
    assert watched.reads == list(range(60))
    # Each shot is what it is as a clip of its own.
    for first, stop, windows_before in ((0, 30, 0), (30, 60, 2)):
        alone = FakeNetworks()
        alone.gain, alone.drift = 0.3, lambda call, before=windows_before: 0.2 * (call + before)
        own = {index - first: masks[index] for index in range(first, stop)}
        expected = alphas_of(make_job(alone, frames[first:stop], own, overlap=4).run())
        assert np.array_equal(expected, alphas[first:stop])
    # One crop around both shots costs more than twice as much.
    whole = make_job(FakeNetworks(), frames, masks, overlap=4)
    assert whole.flop > 2 * job.flop
    again = FakeNetworks()
    resumed = make_job(again, frames, masks, Recorder(tmp_path, cuts=(30,)), overlap=4)
    assert np.array_equal(alphas_of(resumed.run()), alphas)
    assert again.calls == (0, 0, 0)


def test_a_window_may_be_conditioned_on_the_result_before_it() -> None:
    frames, masks = moving_disc(40)
    given: list[np.ndarray] = []

    class Noting(FakeNetworks):
        def predict(self, noise: np.ndarray, rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
            given.append(mask.copy())
            return super().predict(noise, rgb, mask)

    networks = Noting()
    networks.scaling, networks.gain, networks.drift = 0.5, 0.5, lambda call: 0.1
    job = make_job(networks, frames, masks, overlap=4, window=22, feed_back=True)
    fed = alphas_of(job.run())
    first, second = job.shots[0].plan.windows
    assert (first.stop - second.start, len(given)) == (4, 2)
    # The prediction is half of the mask's latents and 0.1; the latents it stands for are twice that.
    assert np.abs(given[1][:4] - (given[0][-4:] + 0.2)).max() < 0.1
    plain = alphas_of(make_job(FakeNetworks(), frames, masks, overlap=4, window=22).run())
    assert fed.shape == plain.shape


def test_a_clip_that_ends_early_is_an_error_and_no_partial_result() -> None:
    frames, masks = moving_disc(30)

    class Short(WatchedFrames):
        def read(self, start: int, stop: int, step: Any = 1) -> Any:
            return super().read(start, min(stop, 20), step)

    with pytest.raises(EngineError):
        alphas_of(make_job(FakeNetworks(), Short(frames), masks).run())


def test_a_frame_or_mask_like_the_one_before_is_not_encoded_again() -> None:
    frames, masks = moving_disc(30)
    still = dict.fromkeys(masks, masks[0])
    networks = FakeNetworks()
    moving = alphas_of(make_job(networks, frames, still).run())
    assert networks.encoded == 30 + 1
    again, stopped = FakeNetworks(), [*frames[:10], *[frames[9]] * 20]
    halted = alphas_of(make_job(again, stopped, masks).run())
    assert again.encoded == 10 + 30
    assert np.array_equal(halted[:4], alphas_of(make_job(FakeNetworks(), frames, masks).run())[:4])
    assert moving.shape == halted.shape
