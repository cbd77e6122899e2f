"""VideoMaMa on tiny weights in the real layout: parity, long clips, any size, loading."""

from __future__ import annotations

import copy
import gc
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from bench import parity, parity_videomama  # noqa: E402
from bench.reference_videomama import run_window  # noqa: E402
from engines.base import ArrayFrames  # noqa: E402
from engines.registry import build_registry  # noqa: E402
from engines.videomama import cost  # noqa: E402
from engines.videomama.engine import VideoMaMaEngine  # noqa: E402
from engines.videomama.geometry import frame_to_canvas, mask_to_canvas, plan_geometry  # noqa: E402
from engines.videomama.loading import (  # noqa: E402
    UNET_FILES,
    VAE_FILES,
    ModelFiles,
    build_networks,
    fold_cross_attention,
)
from engines.videomama.networks import Networks, NonFiniteError, frame_noise  # noqa: E402
from engines.videomama.plan import plan_windows  # noqa: E402
from tests.engines.fake_videomama import Recorder, alphas_of  # noqa: E402
from tests.engines.tiny_videomama import (  # noqa: E402
    UNET_CONFIG,
    UNET_FOLDER,
    VAE_FOLDER,
    build_tiny_videomama,
    moving_disc,
    tiny_settings,
)
from utils.errors import (  # noqa: E402
    BadRequest,
    EngineUnavailable,
    ModelFilesError,
    UnusablePrompt,
)

pytestmark = pytest.mark.models

HALF_STEP = 0.5 / 65535 + 1e-7
"""What keeping alpha in 16 bit may change."""
CASES = [
    "A_mode_5x192x256",
    "C_mode_odd_4x104x184",
    "D_mode_chunk_10x128x128",
    "E_mode_emptymask_3x128x128",
    "F_mode_single_1x128x128",
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_videomama(tmp_path_factory.mktemp("videomama"))


@pytest.fixture(scope="module")
def engine(weights: Path) -> Iterator[VideoMaMaEngine]:
    made = VideoMaMaEngine(tiny_settings(weights))
    made.load_model("cpu")
    yield made
    made.unload()


@pytest.fixture(scope="module")
def networks(weights: Path) -> Networks:
    files = ModelFiles(weights / UNET_FOLDER, weights / VAE_FOLDER)
    return build_networks(files, "cpu", torch.float32)


@pytest.fixture(scope="module")
def official(shared: Path) -> tuple[Path, Networks]:
    folder = shared / "parity" / "videomama"
    if not folder.is_dir():
        pytest.skip("../shared has no parity data of VideoMaMa")
    return folder, parity_videomama.load_networks(folder / "tiny")


def run(engine: VideoMaMaEngine, count: int, start: int = 0, **options: Any) -> np.ndarray:
    frames, masks = moving_disc(count)
    return alphas_of(engine.process(ArrayFrames(frames), masks, start, options, Recorder().context))


@pytest.mark.parametrize("case", CASES)
def test_a_window_equals_the_official_code(official: tuple[Path, Networks], case: str) -> None:
    folder, networks = official
    result = parity_videomama.compare(networks, folder / "ref" / f"{case}.npz")
    assert result.max <= 2e-3
    assert result.mean <= 2e-5


def test_the_parity_benchmark_prints_the_differences(
    shared: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = shared / "parity" / "videomama"
    case = folder / "ref" / "F_mode_single_1x128x128.npz"
    arguments = ["--engine", "videomama", "--weights", str(folder / "tiny"), "--json", "--case"]
    assert parity.main([*arguments, str(case)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert 0 < printed["mean"] <= printed["max"] <= 2e-3
    with np.load(case) as data:
        wrong = {**data, "alpha": data["alpha"] + np.float32(0.01)}
    np.savez(tmp_path / "wrong.npz", **wrong)
    assert parity.main([*arguments, str(tmp_path / "wrong.npz")]) == 1
    assert json.loads(capsys.readouterr().out)["max"] == pytest.approx(0.01, abs=2e-5)


def test_mistakes_in_the_protocol_exceed_the_bounds(official: tuple[Path, Networks]) -> None:
    """The comparison is worth something only where it fails for near misses."""
    folder, networks = official
    with np.load(folder / "ref" / "D_mode_chunk_10x128x128.npz") as data:
        frames, masks, noise, alpha = (data[key] for key in ("frames", "masks", "noise", "alpha"))
    soft = np.where(masks > 127, 254, 0).astype(np.uint8)
    for mistake in (
        run_window(networks, frames[..., ::-1].copy(), masks, noise),
        run_window(networks, frames, soft, noise),
        run_window(networks, frames, masks, noise * np.float32(1.01)),
        np.concatenate(
            [run_window(networks, frames[:8], masks[:8], noise[:8]), alpha[8:]],
        ),
    ):
        difference = np.abs(mistake - alpha)
        assert difference.max() > 2e-3 or difference.mean() > 2e-5


def test_folding_cross_attention_changes_no_bit() -> None:
    from diffusers.models.unets.unet_spatio_temporal_condition import (
        UNetSpatioTemporalConditionModel,
    )

    torch.manual_seed(3)
    plain = UNetSpatioTemporalConditionModel.from_config(UNET_CONFIG).eval()
    folded = copy.deepcopy(plain)
    attentions = [name for name, _ in plain.named_modules() if name.endswith("attn2")]
    assert fold_cross_attention(folded) == len(attentions) > 0
    for dtype in (torch.float32, torch.bfloat16):
        sample = torch.randn(1, 3, 12, 5, 7).to(dtype)
        call = (torch.tensor([1]), torch.zeros(1, 1, 32, dtype=dtype))
        ids = torch.tensor([[7.0, 127.0, 0.0]], dtype=dtype)
        with torch.inference_mode():
            wanted, got = (
                unet.to(dtype)(sample, *call, added_time_ids=ids).sample for unet in (plain, folded)
            )
        assert torch.equal(got, wanted)


def test_cross_attention_that_is_not_constant_is_left_alone() -> None:
    from diffusers.models.unets.unet_spatio_temporal_condition import (
        UNetSpatioTemporalConditionModel,
    )

    unet = UNetSpatioTemporalConditionModel.from_config(UNET_CONFIG)
    blocks = [module for module in unet.modules() if hasattr(module, "attn2")]
    blocks[0].attn2.to_v.bias = torch.nn.Parameter(torch.ones(32))
    assert fold_cross_attention(unet) == len(blocks) - 1


@pytest.mark.parametrize(("count", "context"), [(1, 0), (2, 2), (8, 0), (11, 2), (11, 0), (24, 0)])
def test_a_clip_of_at_most_a_window_equals_one_window(
    engine: VideoMaMaEngine, networks: Networks, count: int, context: int
) -> None:
    frames, masks = moving_disc(count, radius=30)
    options: dict[str, Any] = {"decode_context": context}
    got = alphas_of(engine.process(ArrayFrames(frames), masks, 0, options, Recorder().context))
    geometry = plan_geometry((64, 64), None, 1024 * 576)
    assert got.shape[1:] == geometry.canvas_hw
    noise = np.stack([frame_noise(42, index, (8, 8)) for index in range(count)])
    rgb = np.stack([networks.encode(frame_to_canvas(frame, geometry)) for frame in frames])
    guide = np.stack(
        [networks.encode(mask_to_canvas(masks[index], geometry, False)) for index in range(count)]
    )
    latents = networks.predict(noise, rgb, guide)
    wanted = [
        networks.decode(latents[max(0, first - context) : first + 8 + context])[
            min(first, context) :
        ][:8]
        for first in range(0, count, 8)
    ]
    assert np.abs(got - np.concatenate(wanted)).max() <= HALF_STEP
    if count <= 8 or not context:
        levels = np.stack([masks[index] for index in range(count)]).astype(np.uint8) * 255
        bare = run_window(networks, np.stack(frames), levels, noise)
        assert np.abs(got - bare).max() <= HALF_STEP


def test_a_long_clip_shows_no_seam_and_is_the_same_bit_for_bit_from_any_start(
    engine: VideoMaMaEngine,
) -> None:
    alphas = run(engine, 104)
    change = np.abs(np.diff(alphas, axis=0)).mean(axis=(1, 2))
    edges = {edge for span in plan_windows(104, 24, 4) for edge in (span.start, span.stop)}
    # The decoder takes 8 frames at a time: nor may alpha change more there than elsewhere.
    for at in (edges, *(range(first, 104, 8) for first in range(1, 9))):
        borders = [frame for frame in sorted(at) if 0 < frame < 104]
        inside = [frame for frame in range(1, 104) if frame not in borders]
        ratio = change[np.array(borders) - 1].mean() / change[np.array(inside) - 1].mean()
        assert 0.9 <= ratio <= 1.1
    assert np.array_equal(run(engine, 104, start=57), alphas)
    assert not np.array_equal(run(engine, 30, seed=7), run(engine, 30))


def test_a_resumed_run_gives_the_same_bits(engine: VideoMaMaEngine, tmp_path: Path) -> None:
    frames, masks = moving_disc(40)
    context = Recorder(tmp_path).context
    running = engine.process(ArrayFrames(frames), masks, 0, {}, context)
    for _ in range(20):
        next(running)
    running.close()
    resumed = alphas_of(engine.process(ArrayFrames(frames), masks, 0, {}, context))
    assert np.array_equal(resumed, run(engine, 40))


@pytest.mark.parametrize("size", [(1, 1), (9, 17), (50, 90), (91, 47), (160, 96)])
@pytest.mark.parametrize("subject", ["small", "all"])
def test_any_size_and_orientation_gives_alpha_of_its_own_size(
    engine: VideoMaMaEngine, size: tuple[int, int], subject: str
) -> None:
    width, height = size
    rng = np.random.default_rng(5)
    frames = [rng.integers(0, 255, (height, width, 3)).astype(np.uint8) for _ in range(3)]
    mask = np.ones((height, width), bool)
    if subject == "small":
        mask[1 + height // 10 :] = False
    guide = dict.fromkeys(range(3), mask)
    options = {"pixel_budget": 64 * 64}
    alphas = alphas_of(engine.process(ArrayFrames(frames), guide, 0, options, Recorder().context))
    assert alphas.shape == (3, height, width)
    assert alphas.dtype == np.float32
    assert np.isfinite(alphas).all()
    assert alphas.min() >= 0
    assert alphas.max() <= 1


def test_options_have_the_references_defaults_and_are_checked(engine: VideoMaMaEngine) -> None:
    defaults = {spec.name: spec.default for spec in engine.option_specs()}
    assert defaults == {
        "pixel_budget": 1024 * 576,
        "window": 24,
        "overlap": 4,
        "decode_context": 0,
        "seed": 42,
        "feed_back": False,
        "hard_mask": False,
    }
    for options in ({"window": 8, "overlap": 8}, {"window": 0}, {"steps": 4}):
        with pytest.raises(BadRequest):
            run(engine, 2, **options)


def test_a_missing_mask_is_an_error_and_an_empty_one_gives_zeros(engine: VideoMaMaEngine) -> None:
    frames, masks = moving_disc(6)
    empty = {**masks, 2: masks[2] & False}
    alphas = alphas_of(engine.process(ArrayFrames(frames), empty, 0, {}, Recorder().context))
    assert [bool(alpha.any()) for alpha in alphas] == [True, True, False, True, True, True]
    del masks[4]
    with pytest.raises(UnusablePrompt) as missing:
        alphas_of(engine.process(ArrayFrames(frames), masks, 0, {}, Recorder().context))
    assert missing.value.code == "engine.mask_missing"


def test_infinity_in_the_decoder_is_not_clamped_to_a_quiet_one(networks: Networks) -> None:
    latents = np.zeros((1, 4, 8, 8), np.float32)
    latents[0, 0, 0, 0] = np.inf
    with pytest.raises(NonFiniteError):
        networks.decode(latents)


def test_falling_back_to_bfloat16_happens_once_and_only_from_half(weights: Path) -> None:
    files = ModelFiles(weights / UNET_FOLDER, weights / VAE_FOLDER)
    half = build_networks(files, "cpu", torch.float16)
    assert half.storage_dtype is np.float16
    assert half.fall_back()
    assert half.storage_dtype is np.float32
    assert not half.fall_back()
    assert np.isfinite(half.encode(torch.zeros(3, 16, 16))).all()


def test_the_registry_builds_it_and_unloading_frees_the_weights(weights: Path) -> None:
    engine: Any = build_registry(tiny_settings(weights)).get("videomama")
    assert engine.is_available
    assert engine.guide_kind == "mask_per_frame"
    engine.load_model("cpu")
    alive = weakref.ref(engine._networks._unet)
    engine.unload()
    gc.collect()
    assert alive() is None
    assert 0 < engine.weight_bytes < 20_000_000


def edited(weights: Path, folder: Path) -> Path:
    """Copy the tiny weights without their receipts, to be damaged."""
    for name, files in ((UNET_FOLDER, UNET_FILES), (VAE_FOLDER, VAE_FILES)):
        for file in files:
            target = folder / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((weights / name / file).read_bytes())
    return folder


def retensored(path: Path, change: Any) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(path)
    change(state)
    save_file(state, path)


def test_damaged_or_foreign_files_are_told_apart_and_named(weights: Path, tmp_path: Path) -> None:
    unet_config, unet_file = UNET_FILES
    cases: dict[str, tuple[str, Any]] = {
        "8 channels": (
            unet_config,
            lambda path: path.write_text(json.dumps({**UNET_CONFIG, "in_channels": 8})),
        ),
        "other class": (unet_config, lambda path: path.write_text('{"_class_name": "Other"}')),
        "no json": (unet_config, lambda path: path.write_text("<html>")),
        "bad value": (
            unet_config,
            lambda path: path.write_text(json.dumps({**UNET_CONFIG, "block_out_channels": [32]})),
        ),
        "missing key": (
            unet_file,
            lambda path: retensored(path, lambda state: state.pop("conv_out.bias")),
        ),
        "unexpected key": (
            unet_file,
            lambda path: retensored(path, lambda s: s.update(extra=torch.zeros(1))),
        ),
        "other shape": (
            unet_file,
            lambda path: retensored(path, lambda s: s.update({"conv_in.bias": torch.zeros(3)})),
        ),
        "cut off": (unet_file, lambda path: path.write_bytes(path.read_bytes()[:-100])),
        "empty": (unet_file, lambda path: path.write_bytes(b"")),
    }
    for name, (file, damage) in cases.items():
        folder = edited(weights, tmp_path / name.replace(" ", "_"))
        damage(folder / UNET_FOLDER / file)
        broken = VideoMaMaEngine(tiny_settings(folder, allow_slow_cpu=True))
        with pytest.raises(ModelFilesError) as problem:
            broken.load_model("cpu")
        assert file in problem.value.user_message, name
        assert broken._networks is None


def test_missing_weights_are_told_with_the_command_before_anything_loads(tmp_path: Path) -> None:
    engine = VideoMaMaEngine(tiny_settings(tmp_path))
    missing = [need for need in engine.requirements() if not need.present]
    assert {need.command for need in missing} >= {"bash scripts/download_models.sh videomama"}
    assert not engine.is_available
    assert engine.weight_bytes > 3_000_000_000
    with pytest.raises(ModelFilesError):
        engine.load_model("cpu")


def test_real_weights_are_refused_on_a_cpu_with_the_time_they_would_take(
    weights: Path, tmp_path: Path
) -> None:
    folder = edited(weights, tmp_path)
    path = folder / UNET_FOLDER / UNET_FILES[1]
    count = 2 * cost.TINY_PARAMETERS
    header = json.dumps(
        {"big": {"dtype": "F16", "shape": [count], "data_offsets": [0, 2 * count]}}
    ).encode()
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + 2 * count)
    engine = VideoMaMaEngine(tiny_settings(folder))
    assert [need.present for need in engine.requirements()] == [True, True, True, False]
    with pytest.raises(EngineUnavailable) as refusal:
        engine.load_model("cpu")
    assert refusal.value.code == "engine.videomama.needs_gpu"
    assert int(refusal.value.message.params["hours"]) >= 0
    assert "minutes" in refusal.value.user_message
    allowed = VideoMaMaEngine(tiny_settings(folder, allow_slow_cpu=True))
    assert allowed.is_available


@pytest.mark.parametrize(("reserved", "usable"), [(None, 7), (5, 5), (9, 7)])
def test_a_job_uses_what_is_reserved_for_it_and_no_more_than_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reserved: int | None, usable: int
) -> None:
    monkeypatch.setattr("engines.videomama.engine.free_device_bytes", lambda: 10)
    made = VideoMaMaEngine(tiny_settings(tmp_path).model_copy(update={"gpu_reserve_bytes": 3}))
    on_gpu = type("OnGpu", (), {"device": "cuda"})()
    assert made._free_bytes(on_gpu, reserved) == usable


def test_importing_and_asking_what_is_missing_loads_no_model_library(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from config import Settings;"
        "from engines.videomama.engine import VideoMaMaEngine as E;"
        f"e = E(Settings(_env_file=None, models_dir=Path({str(tmp_path)!r})));"
        "e.requirements(); e.option_specs(); e.weight_bytes; e.working_bytes((64, 64));"
        "print(sorted({'torch', 'diffusers', 'safetensors'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
