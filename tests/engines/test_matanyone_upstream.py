"""The MatAnyone engine against upstream's own `process_video`: same random weights, same clip, within 1e-6."""

from __future__ import annotations

import copy
import gc
import json
import os
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bench import reference_matanyone as reference
from bench.parity_matanyone import detect_generation
from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.matanyone.engine import MatAnyoneEngine
from tests.engines.fake_matanyone import moving_disc
from utils.errors import ModelFilesError
from utils.mask_utils import bounding_box, grow_box

if reference.missing_reason():
    pytest.skip(reference.missing_reason(), allow_module_level=True)
torch = pytest.importorskip("torch")

SIZE = (208, 120)
SMALL = (128, 80)
COUNT = 6
SEEDS = {"1": 1, "2": 0}
"""Seeds of random weights by generation; with these upstream itself gives no NaN on these clips."""

pytestmark = pytest.mark.models


@cache
def _drawn_network(seed: int) -> Any:
    return reference.random_network(seed)


def random_network(seed: int = 0) -> Any:
    """Return a network of a test's own: a copy, since drawing 35 million weights takes longer."""
    return copy.deepcopy(_drawn_network(seed))


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory) -> Path:
    """Random weights of the full architecture for both generations, in the released formats."""
    folder = tmp_path_factory.mktemp("models")
    random_network(SEEDS["1"]).save_pretrained(folder / "matanyone")
    config = folder / "matanyone" / "config.json"
    config.write_text(config.read_text().replace("matanyone2.pth", "matanyone.pth"))
    (folder / "matanyone2").mkdir()
    network = random_network(SEEDS["2"])
    torch.save(network.state_dict(), folder / "matanyone2" / "matanyone2.pth")
    return folder


@pytest.fixture(scope="module")
def engines(models_dir) -> dict[str, MatAnyoneEngine]:
    made = {}
    for generation in ("1", "2"):
        engine = MatAnyoneEngine(
            Settings(_env_file=None, models_dir=models_dir, matanyone_generation=generation)
        )
        engine.load_model("cpu")
        made[generation] = engine
    return made


def assert_close(alphas: Any, expected: np.ndarray) -> None:
    """Not 0 because memory values are summed over the 30 tokens read, not over all with zeros between."""
    if isinstance(alphas, dict):
        alphas = np.stack([alphas[index] for index in sorted(alphas)])
    assert np.abs(alphas - expected).max() <= 1e-6


def disc_clip(size_wh: tuple[int, int], count: int = COUNT) -> tuple[list[Any], list[Any]]:
    pairs = [moving_disc(index, size_wh) for index in range(count)]
    return [frame for frame, _ in pairs], [mask for _, mask in pairs]


@pytest.fixture(scope="module")
def clip() -> tuple[list[Any], list[Any]]:
    return disc_clip(SIZE)


@pytest.fixture(scope="module")
def small_clip() -> tuple[list[Any], list[Any]]:
    return disc_clip(SMALL)


def upstream(
    generation: str,
    frames: list,
    mask: np.ndarray,
    folder: Path,
    run: reference.Run = reference.Run(),  # noqa: B008
    **options: int,
):
    """Upstream's alphas with the weights that the fixture made."""
    network = random_network(SEEDS[generation])
    return reference.process_video(network, frames, mask, folder, run, **options)


def ours(engine: MatAnyoneEngine, frames: list, mask: np.ndarray, start: int = 0, **options: Any):
    return ours_by_guide(engine, frames, {start: mask}, start, **options)


def ours_by_guide(
    engine: MatAnyoneEngine, frames: list, guide: dict, start: int = 0, **options: Any
):
    stream = engine.process(ArrayFrames(frames), guide, start, options, RunContext())
    return {item.index: item.alpha for item in stream}


@pytest.mark.parametrize("generation", ["1", "2"])
def test_forward_alphas_are_those_of_upstream(engines, clip, generation, tmp_path):
    frames, masks = clip
    expected = upstream(generation, frames, masks[0], tmp_path, n_warmup=2)
    alphas = ours(engines[generation], frames, masks[0], warmup=2)
    assert np.mean((expected > 0.01) & (expected < 0.99)) > 0.01, "the clip shows nothing"
    assert_close(alphas, expected)


def test_the_default_warm_up_and_a_full_memory_equal_upstream(engines, tmp_path):
    """Over 32 frames the memory bank is full and has dropped frames."""
    frames, masks = disc_clip(SMALL, 32)
    expected = upstream("2", frames, masks[0], tmp_path)
    alphas = ours(engines["2"], frames, masks[0])
    assert_close(alphas, expected)


@pytest.mark.parametrize("generation", ["1", "2"])
def test_a_correction_equals_upstream_started_afresh_at_its_frame(
    engines, clip, generation, tmp_path
):
    frames, masks = clip
    first = upstream(generation, frames[:2], masks[0], tmp_path / "first", n_warmup=0)
    second = upstream(generation, frames[2:4], masks[1], tmp_path / "second", n_warmup=0)
    guide = {0: masks[0], 2: masks[1]}
    alphas = ours_by_guide(engines[generation], frames[:4], guide, warmup=0)
    assert_close(alphas, np.concatenate([first, second]))


@pytest.mark.parametrize("generation", ["1", "2"])
def test_a_start_in_the_middle_equals_upstream_on_the_reversed_frames_and_on_the_rest(
    engines, clip, generation, tmp_path
):
    frames, masks = clip
    frames, start = frames[:4], 2
    options = {"n_warmup": 0}
    backward = upstream(
        generation, frames[start::-1], masks[start], tmp_path / "backward", **options
    )
    forward = upstream(generation, frames[start:], masks[start], tmp_path / "forward", **options)
    alphas = ours(engines[generation], frames, masks[start], start, warmup=0)
    assert list(alphas) == [1, 0, 2, 3]
    for index in range(start):
        assert_close(alphas[index], backward[start - index])
    for index in range(start, len(frames)):
        assert_close(alphas[index], forward[index - start])


def test_two_targets_together_equal_two_runs_of_upstream(engines, clip, tmp_path):
    frames, masks = clip
    second = np.zeros_like(masks[0])
    second[14:54, 136:196] = True
    guides = [{0: masks[0]}, {0: second}]
    rows = list(
        engines["2"].process_together(
            ArrayFrames(frames[:3]), guides, 0, {"warmup": 0}, RunContext()
        )
    )
    for number, guide in enumerate(guides):
        expected = upstream("2", frames[:3], guide[0], tmp_path / str(number), n_warmup=0)
        assert_close(np.stack([row[number].alpha for row in rows]), expected)


def test_a_crop_equals_upstream_run_on_the_same_crop(engines, tmp_path):
    frames, masks = disc_clip((480, 240), 4)
    expected_region = []
    masks = [mask & (np.arange(480)[None] < 200) for mask in masks]
    context = RunContext(on_notice=expected_region.append, confirmed=frozenset({0}))
    options = {"crop": True, "warmup": 1}
    stream = engines["2"].process(ArrayFrames(frames), dict(enumerate(masks)), 0, options, context)
    alphas = {item.index: item.alpha for item in stream}
    box = bounding_box(np.logical_or.reduce(masks))
    x0, y0, x1, y1 = grow_box(box, (480, 240), 0.1, 48)
    assert (x1 - x0) * (y1 - y0) < 0.8 * 480 * 240
    assert [notice.code for notice in expected_region] == ["engine.matanyone.crop"]
    cropped = [np.ascontiguousarray(frame[y0:y1, x0:x1]) for frame in frames]
    expected = upstream("2", cropped, masks[0][y0:y1, x0:x1], tmp_path, n_warmup=1)
    for index, alpha in alphas.items():
        assert_close(alpha[y0:y1, x0:x1], expected[index])


def test_other_kernels_and_no_warm_up_equal_upstream(engines, small_clip, tmp_path):
    frames, masks = small_clip
    expected = upstream("2", frames[:3], masks[0], tmp_path, n_warmup=0, r_erode=7, r_dilate=0)
    alphas = ours(engines["2"], frames[:3], masks[0], warmup=0, erode=7, dilate=0)
    assert_close(alphas, expected)


def test_half_precision_stays_within_its_error_of_upstream_with_and_without_autocast(
    engines, small_clip, tmp_path
):
    frames, masks = small_clip
    alphas = ours(engines["2"], frames[:4], masks[0], warmup=1, amp=True)
    found = np.stack(list(alphas.values()))
    assert not np.array_equal(
        found, np.stack(list(ours(engines["2"], frames[:4], masks[0], warmup=1).values()))
    )
    for name, run in (("full", reference.Run()), ("half", reference.Run(amp=True))):
        expected = upstream("2", frames[:4], masks[0], tmp_path / name, run=run, n_warmup=1)
        assert np.abs(found - expected).mean() <= 2e-3


def test_a_half_precision_job_leaves_nothing_to_the_next_job(engines, small_clip):
    frames, masks = small_clip
    before = ours(engines["2"], frames[:2], masks[0], warmup=0)
    ours(engines["2"], frames[:2], masks[0], warmup=0, amp=True)
    after = ours(engines["2"], frames[:2], masks[0], warmup=0)
    assert all(np.array_equal(before[index], after[index]) for index in before)


def test_a_smaller_processing_size_equals_upstreams_scaled_back(engines, tmp_path, monkeypatch):
    monkeypatch.setattr("engines.matanyone.engine.short_sides", lambda size_wh, inside: [72])
    pairs = [moving_disc(index, (162, 98)) for index in range(3)]
    frames, mask = [frame for frame, _ in pairs], pairs[0][1]
    expected = upstream("2", frames, mask, tmp_path, n_warmup=1, max_size=72)
    alphas = ours(engines["2"], frames, mask, warmup=1)
    assert expected.shape[1:] == (72, 119)
    for index, alpha in alphas.items():
        scaled = cv2.resize(expected[index], (162, 98), interpolation=cv2.INTER_LINEAR)
        assert np.abs(alpha - scaled).max() < 1e-4


@pytest.mark.parametrize("size_wh", [(50, 34), (161, 99), (33, 200)])
def test_odd_and_tiny_frames_are_matted_at_their_own_size(engines, size_wh):
    pairs = [moving_disc(index, size_wh) for index in range(7)]
    alphas = ours(engines["2"], [frame for frame, _ in pairs], pairs[0][1], warmup=1)
    assert len(alphas) == 7
    for alpha in alphas.values():
        assert alpha.shape == size_wh[::-1]
        assert np.isfinite(alpha).all() and alpha.min() >= 0 and alpha.max() <= 1


def test_read_only_frames_are_taken_without_a_warning(engines, small_clip):
    frames, masks = small_clip
    locked = [frame.copy() for frame in frames[:2]]
    for frame in locked:
        frame.setflags(write=False)
    assert len(ours(engines["2"], locked, masks[0], warmup=0)) == 2


def test_a_job_that_ends_between_two_steps_leaves_no_warning_and_no_grad_mode(engines, small_clip):
    frames, masks = small_clip
    stream = engines["2"].process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext())
    next(stream)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stream.close()
        del stream
        gc.collect()


def test_two_jobs_in_turns_are_as_each_alone(engines, small_clip):
    frames, masks = small_clip
    options = {"warmup": 0}
    jobs = [(frames[:3], masks[0]), (frames[:2:-1], masks[5])]
    alone = [list(ours(engines["2"], *job, **options).values()) for job in jobs]
    streams = [
        engines["2"].process(ArrayFrames(given), {0: mask}, 0, options, RunContext())
        for given, mask in jobs
    ]
    for turn, pair in enumerate(zip(*streams, strict=True)):
        for item, expected in zip(pair, alone, strict=True):
            assert np.array_equal(item.alpha, expected[turn])


def test_where_nothing_in_memory_is_alike_the_alpha_stays_finite(tmp_path):
    """Upstream's softmax divides 0 by 0 there; up to that frame the alphas are the same."""
    size, seed = (161, 99), 2
    pairs = [moving_disc(index, size) for index in range(3)]
    frames, mask = [frame for frame, _ in pairs], pairs[0][1]
    network = random_network(seed)
    expected = reference.process_video(network, frames, mask, tmp_path, n_warmup=1)
    assert [bool(np.isfinite(alpha).all()) for alpha in expected] == [True, False, False]
    torch.save(network.state_dict(), tmp_path / "matanyone2.pth")
    engine = MatAnyoneEngine(
        Settings(_env_file=None, matanyone2_model=str(tmp_path), matanyone_generation="2")
    )
    engine.load_model("cpu")
    alphas = ours(engine, frames, mask, warmup=1)
    assert_close(alphas[0], expected[0])
    assert all(np.isfinite(alpha).all() for alpha in alphas.values())


def tensor_bytes(core: Any) -> int:
    """Bytes of all tensors that a core's state and the last frame's features hold."""
    seen: set[int] = set()
    total = 0
    waiting: list[Any] = [
        *(core._target._memory, core._target._state, core._first, core._alpha),
        core._encoder._last,
    ]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or item is None:
            continue
        seen.add(id(item))
        if isinstance(item, torch.Tensor):
            total += item.untyped_storage().nbytes()
        elif isinstance(item, (list, tuple)):
            waiting += list(item)
        elif type(item).__module__.startswith("engines.matanyone"):
            slots = getattr(type(item), "__slots__", ())
            waiting += [getattr(item, name) for name in slots] or list(vars(item).values())
    return total


def test_the_real_cores_state_stops_growing_once_its_five_memory_frames_are_full(engines):
    network = engines["2"]._loaded[1]
    size = (64, 48)
    core = network.open_cores(size, min(size), amp=False)()
    frame, mask = moving_disc(0, size)
    core.begin(frame, mask.astype(np.float32) * 255)
    core.settle()
    core.first_alpha()
    sizes = []
    for index in range(1, 51):
        core.advance(moving_disc(index, size)[0])
        if index % 5 == 0:
            sizes.append(tensor_bytes(core))
    assert sizes[0] > 0
    assert set(sizes[6:]) == {sizes[6]}


def test_loading_needs_no_network_and_no_model_package(models_dir):
    """In a fresh process: both generations, one again, with every socket refused."""
    code = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("no network in this test")
socket.socket.connect = refuse
socket.create_connection = refuse
for name in ("torchvision", "omegaconf", "hydra", "matanyone", "matanyone2", "imageio"):
    sys.modules[name] = None
from config import Settings
from engines.matanyone.engine import MatAnyoneEngine
for generation in ("1", "2", "1"):
    engine = MatAnyoneEngine(
        Settings(_env_file=None, models_dir=sys.argv[1], matanyone_generation=generation)
    )
    engine.load_model("cpu")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code, str(models_dir)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def load_from(folder: Path) -> None:
    settings = Settings(
        _env_file=None, matanyone_generation="1", matanyone_model=str(folder), device="cpu"
    )
    MatAnyoneEngine(settings).load_model("cpu")


def renamed(state: dict) -> None:
    state["pixel_encoder.conv2.weight"] = state.pop("pixel_encoder.conv1.weight")


def with_extra(state: dict) -> None:
    state["head.weight"] = torch.zeros(2)


def reshaped(state: dict) -> None:
    state["mask_encoder.conv1.weight"] = torch.zeros(64, 5, 7, 7)


@pytest.mark.parametrize(
    ("change", "problem"),
    [(renamed, "missing"), (with_extra, "unexpected"), (reshaped, "another shape")],
)
def test_weights_of_another_model_are_refused_by_name(tmp_path, change, problem):
    state = random_network().state_dict()
    change(state)
    torch.save(state, tmp_path / "matanyone.pth")
    with pytest.raises(ModelFilesError, match=problem):
        load_from(tmp_path)


class Evil:
    def __reduce__(self) -> tuple:
        return os.system, ("touch pwned",)


def test_a_pickle_that_would_run_code_is_refused_and_nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Evil()}, tmp_path / "matanyone.pth")
    with pytest.raises(ModelFilesError, match=r"matanyone\.pth"):
        load_from(tmp_path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["matanyone.pth", "model.safetensors"])
@pytest.mark.parametrize("content", [b"x", b"\xff" * 4096], ids=["short", "noise"])
def test_a_damaged_file_is_named_with_the_command_that_fetches_it(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFilesError, match=r"download_models\.sh matanyone") as caught:
        load_from(tmp_path)
    assert name in caught.value.user_message


def test_a_damaged_configuration_is_named(tmp_path):
    network = random_network()
    network.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelFilesError, match=r"config\.json"):
        load_from(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("mem_every", 10), ("use_long_term", True), ("top_k", 20)]
)
def test_a_configuration_of_another_recurrence_is_refused_by_name(tmp_path, name, value):
    random_network().save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert name in config["cfg"]
    config["cfg"][name] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFilesError, match=name):
        load_from(tmp_path)


def test_the_generation_is_told_from_files_and_names(tmp_path, models_dir):
    assert detect_generation(models_dir / "matanyone") == "1"
    assert detect_generation(models_dir / "matanyone2") == "2"
    random_network().save_pretrained(tmp_path / "weights")
    assert detect_generation(tmp_path / "weights") == "2"
    (tmp_path / "MatAnyone-2").mkdir()
    assert detect_generation(tmp_path / "MatAnyone-2") == "2"
    (tmp_path / "other").mkdir()
    assert detect_generation(tmp_path / "other") == "1"
