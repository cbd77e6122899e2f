"""Frame networks as engines: what goes in and out, over a clip, and equal to rembg where that is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, ForegroundNetwork, RunContext
from engines.frame_models.marked_target import MarkedTarget
from engines.onnx.filling_loss import FillingLoss
from engines.onnx.flow_smoothing import FlowSmoother, Sample
from engines.onnx.guide import TargetGuide
from engines.onnx.networks import FRAME_NETWORKS
from engines.onnx.pictures import input_size_wh, to_alpha, to_input
from engines.onnx.rembg_compatible import rembg_input
from engines.onnx.robust_mean import robust_mean, without_haze
from engines.onnx.spec import ShortSide, Square
from engines.registry import build_registry
from tests.engines.tiny_onnx import install, unpinned_manifest
from utils.errors import BadRequest
from utils.exposure import exposure_gain
from utils.messages import render
from utils.motion import Motion, with_target_motion

ROOT = Path(__file__).resolve().parents[2]
REMBG = ROOT / ".venv" / "reference"
REMBG_SESSIONS = {
    "isnet-general-use": "isnet-general-use",
    "u2netp": "u2netp",
    "silueta": "silueta",
    "isnet-anime": "isnet-anime",
    "birefnet-lite": "birefnet-general-lite",
}
"""Our names of networks with small tiny files, and rembg's."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("models")
    with unpinned_manifest(folder):
        yield folder


def loaded(models: Path, name: str):
    install(FRAME_NETWORKS[name], models)
    settings = Settings(_env_file=None, models_dir=models, onnx_runtime="onnxruntime")
    engine = build_registry(settings).get(name)
    engine.load_model("cpu")
    return engine


def noise(count: int, size_wh: tuple[int, int] = (90, 60), seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 256, (size_wh[1], size_wh[0], 3)).astype(np.uint8) for _ in range(count)
    ]


def run(engine, frames, guide=None, **options):
    items = engine.process(ArrayFrames(frames), guide or {}, 0, options, RunContext())
    return [item.alpha for item in items]


def test_working_memory_is_given_back_by_a_loaded_network_and_an_answer_stays_the_same(
    models: Path, monkeypatch: pytest.MonkeyPatch
):
    engine, image = loaded(models, "isnet-general-use"), noise(1)[0]
    before = engine.foreground(image)
    released = []
    release = engine._session.release_memory
    monkeypatch.setattr(
        engine._session, "release_memory", lambda: (release(), released.append("memory"))
    )
    engine.release_memory()
    assert released == ["memory"]
    assert np.array_equal(engine.foreground(image), before)
    engine.unload()
    engine.release_memory()


def test_is_net_sees_a_dark_picture_exposed_where_it_is_asked_for_the_foreground(models: Path):
    engine = loaded(models, "isnet-general-use")
    image = noise(1)[0]
    dark = (image // 5).astype(np.uint8)
    # The brightest hundredth of the dark picture's luma is near 43: times 230 / 43.
    brightened = np.minimum(np.rint(dark * exposure_gain(dark)), 255).astype(np.uint8)
    assert 180 < brightened.max() <= 255
    assert np.array_equal(engine.foreground(dark), engine.foreground(brightened))
    as_it_is = engine._alpha(dark)
    assert np.abs(engine.foreground(dark) - as_it_is).max() > 0.05
    # A matte is of the frames as they are, and so is the foreground of a bright picture.
    assert np.allclose(run(engine, [dark])[0], as_it_is, atol=1e-3)
    assert np.array_equal(engine.foreground(image), engine._alpha(image))


def test_a_network_that_does_not_declare_it_sees_a_dark_picture_as_it_is(models: Path):
    engine = loaded(models, "u2netp")
    dark = (noise(1)[0] // 5).astype(np.uint8)
    assert not engine.spec.exposes_dark
    assert np.array_equal(engine.foreground(dark), engine._alpha(dark))


@pytest.mark.parametrize("name", ["modnet", "u2netp", "isnet-general-use"])
def test_a_foreground_has_the_image_s_size_and_range(models: Path, name: str):
    engine = loaded(models, name)
    assert isinstance(engine, ForegroundNetwork)
    for size_wh in ((90, 60), (61, 203)):
        alpha = engine.foreground(noise(1, size_wh)[0])
        assert alpha.shape == (size_wh[1], size_wh[0])
        assert alpha.dtype == np.float32
        assert alpha.min() >= 0
        assert alpha.max() <= 1


def test_two_threads_get_what_one_gets(models: Path):
    from concurrent.futures import ThreadPoolExecutor

    engine = loaded(models, "u2netp")
    images = noise(6)
    alone = [engine.foreground(image) for image in images]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(engine.foreground, images))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [
        ((1920, 1080), (896, 512)),
        ((400, 300), (672, 512)),
        ((700, 400), (672, 384)),
        ((600, 1200), (512, 1024)),
    ],
)
def test_modnet_works_at_multiples_of_32_pixels(size_wh, expected):
    assert input_size_wh(ShortSide(512, 32), size_wh) == expected
    assert input_size_wh(Square(320), size_wh) == (320, 320)


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [
        ((1920, 1080), (1024, 1024)),
        ((640, 480), (1024, 1024)),
        ((500, 500), (768, 1024)),
        ((360, 480), (576, 1024)),
        ((1080, 1920), (448, 1024)),
        ((10, 900), (64, 1024)),
    ],
)
def test_what_is_narrower_than_a_photo_goes_in_as_much_narrowed_as_one(size_wh, expected):
    spec = FRAME_NETWORKS["isnet-general-use"]
    assert input_size_wh(spec.size, size_wh) == expected
    crop = noise(1, (40, 30))[0]
    assert to_input(spec, crop, "float32", size_wh).shape[:1:-1] == expected
    assert rembg_input(spec, noise(1, (30, 40))[0], "float32").shape == (1, 3, 1024, 1024)


def test_pixels_are_normalised_as_declared():
    image = np.full((8, 8, 3), (255, 0, 51), np.uint8)
    modnet = to_input(FRAME_NETWORKS["modnet"], image, "float32")
    assert modnet[0, :, 0, 0] == pytest.approx([1.0, -1.0, -0.6])
    isnet = to_input(FRAME_NETWORKS["isnet-general-use"], image, "float32")
    assert isnet[0, :, 0, 0] == pytest.approx([0.5, -0.5, -0.3])
    u2net = to_input(FRAME_NETWORKS["u2net"], image, "float32")
    assert u2net[0, :, 0, 0] == pytest.approx([2.2489083, -2.0357143, -0.9155556])
    anime = to_input(FRAME_NETWORKS["isnet-anime"], image, "float32")
    assert anime[0, :, 0, 0] == pytest.approx([0.515, -0.456, -0.206])


def test_logits_become_probabilities_and_the_range_is_kept():
    values = np.array([[[[0.0, 2.0], [-2.0, 0.0]]]], np.float32)
    assert to_alpha(FRAME_NETWORKS["birefnet-lite"], values, (2, 2)) == pytest.approx(
        np.array([[0.5, 0.880797], [0.119203, 0.5]])
    )
    quiet = np.full((1, 1, 4, 4), 0.03, np.float32)
    assert to_alpha(FRAME_NETWORKS["u2net"], quiet, (4, 4)).max() == pytest.approx(0.03)


def test_every_second_frame_is_carried_along_the_motion(models: Path):
    engine = loaded(models, "u2netp")
    calls = []
    original = engine._alpha
    engine._alpha = lambda image, *_, as_rembg: calls.append(1) or original(image)
    still = noise(1) * 6
    alphas = run(engine, still, every="3", temporal_smoothing="off")
    assert len(calls) == 2
    assert np.abs(alphas[1] - alphas[0]).max() < 0.05


def test_the_network_is_not_run_on_frames_that_show_the_same(models: Path):
    engine = loaded(models, "u2netp")
    calls = []
    original = engine._alpha
    engine._alpha = lambda image, *_, as_rembg: calls.append(1) or original(image)
    one, other = noise(2)
    alphas = run(engine, [one, one, one, other, other], skip_unchanged="on")
    assert len(calls) == 2
    assert len(alphas) == 5
    assert np.array_equal(alphas[0], alphas[2])
    assert np.array_equal(alphas[3], alphas[4])


def panned(count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames of a picture that moves by 3 pixels each time, and the alpha of a thing in it, which is bright."""
    coarse = np.random.default_rng(1).integers(0, 255, (12, 33, 3)).astype(np.uint8)
    texture = cv2.resize(coarse, (264, 96), interpolation=cv2.INTER_CUBIC)[:90] // 2
    texture[20:70, 80:120] += 127
    frames = [np.ascontiguousarray(texture[:, 3 * step : 3 * step + 160]) for step in range(count)]
    alphas = [np.zeros((90, 160), np.float32) for _ in range(count)]
    for step, alpha in enumerate(alphas):
        alpha[20:70, 80 - 3 * step : 120 - 3 * step] = 1.0
    return frames, alphas


def smoothed(samples: list[Sample], **how) -> list[np.ndarray]:
    return list(FlowSmoother((160, 90), **how).run(samples))


def test_smoothing_steadies_a_flickering_alpha_and_follows_what_moves():
    frames, solid = panned(12)
    true = [0.25 + 0.5 * alpha for alpha in solid]
    rng = np.random.default_rng(2)
    raw = [(alpha + rng.normal(0, 0.08, alpha.shape)).astype(np.float32) for alpha in true]
    found = smoothed([Sample(*pair) for pair in zip(frames, raw, strict=True)])
    errors = [np.abs(one - alpha).mean() for one, alpha in zip(found, true, strict=True)]
    raw_errors = [np.abs(one - alpha).mean() for one, alpha in zip(raw, true, strict=True)]
    assert len(found) == 12
    assert np.mean(errors) < 0.5 * np.mean(raw_errors)


def test_a_part_that_two_frames_miss_is_taken_from_the_others():
    frames, raw = panned(12)
    true = [alpha.copy() for alpha in raw]
    for index in (4, 5):
        raw[index][45:] = 0.0
    found = smoothed([Sample(*pair) for pair in zip(frames, raw, strict=True)])
    assert np.abs(found[4] - true[4]).mean() < 0.1 * np.abs(raw[4] - true[4]).mean()


def test_the_edge_moves_with_the_target_and_not_with_what_is_behind():
    rng = np.random.default_rng(4)

    def texture(side: int) -> np.ndarray:
        coarse = rng.integers(0, 255, (side // 8, side // 8)).astype(np.uint8)
        return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)

    behind, disc = texture(160), texture(80)
    inside = cv2.circle(np.zeros((80, 80), np.uint8), (40, 40), 36, 1, -1).astype(bool)
    greys, alphas = [], []
    for left in (20, 26):
        grey, alpha = behind.copy(), np.zeros((160, 160), np.float32)
        grey[40:120, left : left + 80][inside] = disc[inside]
        alpha[40:120, left : left + 80][inside] = 1.0
        greys.append(grey)
        alphas.append(alpha)
    motion = Motion((160, 160))
    _, step = motion.both_ways(greys[0], greys[1])
    errors = [
        np.abs(motion.warped(alphas[0], flow) - alphas[1]).sum()
        for flow in (step.flow, with_target_motion(step, alphas[1]).flow)
    ]
    assert errors[1] < 0.5 * errors[0]
    assert errors[1] < 100  # of 900 pixels that change


def swinging_limb(angle: float) -> Sample:
    """Return a body with a limb at an angle, in radians, before soft dark blobs, with the true alpha."""
    blobs = np.random.default_rng(0).integers(40, 110, (120, 160)).astype(np.uint8)
    behind = cv2.GaussianBlur(blobs, (0, 0), 2)[..., None]
    alpha = np.zeros((120, 160), np.float32)
    cv2.rectangle(alpha, (55, 20), (95, 60), 1.0, -1)
    end = round(75 + 50 * np.sin(angle)), round(58 + 50 * np.cos(angle))
    cv2.line(alpha, (75, 58), end, 1.0, 7)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.7)
    picture = behind * (1 - alpha[..., None]) + np.array([220, 190, 170]) * alpha[..., None]
    return Sample(picture.astype(np.uint8), alpha)


def test_a_limb_that_swings_too_fast_for_the_flow_keeps_its_own_alpha():
    samples = [swinging_limb(0.7 * np.sin(1.3 * index)) for index in range(9)]
    results = FlowSmoother((160, 120)).run(samples)
    errors = [
        np.abs(result - sample.alpha).mean()
        for result, sample in zip(results, samples, strict=True)
    ]
    assert np.mean(errors) < 0.004  # 0.0078 where the mean is taken everywhere


def test_the_mean_of_several_frames_leaves_out_what_few_of_them_show():
    values = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], np.float32)[:, None, None]
    assert robust_mean(values, np.ones_like(values)).item() < 0.01
    near = np.array([0.4, 0.5, 0.6], np.float32)[:, None, None]
    assert robust_mean(near, np.ones_like(near)).item() == pytest.approx(0.5, abs=1e-6)
    # Two that are certain and one in doubt: odds of 1.05 / 0.05 twice and 0.95 / 0.15 have a mean of 14.1.
    mostly = np.array([1.0, 1.0, 0.9], np.float32)[:, None, None]
    assert robust_mean(mostly, np.ones_like(mostly)).item() == pytest.approx(0.977, abs=1e-3)
    levels = np.array([[0.0, 0.04, 0.05, 0.09, 0.15, 0.6, 1.0]], np.float32)
    assert without_haze(levels) == pytest.approx(
        np.array([[0.0, 0.0, 0.0, 0.06, 0.15, 0.6, 1.0]]), abs=1e-6
    )


def test_frames_between_are_carried_from_both_sides():
    frames, true = panned(7)
    alphas = [true[0], None, None, true[3], None, None, None]
    pairs = zip(frames, alphas, strict=True)
    found = smoothed([Sample(*pair) for pair in pairs], every=4, smooths=False)
    assert all(np.abs(one - alpha).mean() < 0.02 for one, alpha in zip(found, true, strict=True))
    assert np.abs(found[3] - true[3]).max() < 1e-4


def test_frames_between_are_smoothed_as_those_that_the_network_saw():
    frames, true = panned(12)
    raw: list[np.ndarray | None] = [
        alpha.copy() if index % 2 == 0 else None for index, alpha in enumerate(true)
    ]
    raw[4][45:] = 0.0
    found = smoothed([Sample(*pair) for pair in zip(frames, raw, strict=True)], every=2)
    errors = [np.abs(one - alpha).mean() for one, alpha in zip(found, true, strict=True)]
    assert max(errors[3:6]) < 0.1 * np.abs(raw[4] - true[4]).mean()


def test_what_filling_costs_is_measured_on_the_clip_itself():
    frames, true = panned(9)
    alphas = [alpha if index % 2 == 0 else None for index, alpha in enumerate(true)]
    wrong = alphas.copy()
    wrong[4] = np.zeros_like(true[4])
    for given, least in ((alphas, (0.95, 1.0)), (wrong, (0.0, 0.0))):
        loss = FillingLoss()
        pairs = zip(frames, given, strict=True)
        smoothed([Sample(*pair) for pair in pairs], every=2, smooths=False, loss=loss)
        assert len(loss.overlaps) == 3  # frames 2, 4 and 6 have matted ones on both sides
        assert least[0] <= min(loss.overlaps) <= least[1]
    message = loss.message(2)
    assert message is not None
    assert "0.0 % at worst" in render(message)
    assert FillingLoss().message(2) is None


def test_nothing_is_carried_over_a_cut():
    frames, true = panned(6)
    nothing = np.zeros_like(true[0])
    samples = [Sample(frame, alpha) for frame, alpha in zip(frames[:3], true[:3], strict=True)]
    samples += [Sample(frame, nothing, index == 3) for index, frame in enumerate(frames[3:], 3)]
    found = smoothed(samples)
    assert np.abs(found[2] - true[2]).mean() < 0.01
    assert max(alpha.max() for alpha in found[3:]) == 0.0


def test_an_unsmoothed_alpha_is_the_network_s():
    frames, _ = panned(2)
    raw = noise(1, (160, 90))[0][..., 0].astype(np.float32) / np.float32(255)
    found = smoothed([Sample(frame, raw) for frame in frames], smooths=False)
    assert all(np.array_equal(alpha, raw) for alpha in found)


@pytest.mark.parametrize("how", [{}, {"every": 2, "smooths": False}, {"smooths": False}])
def test_a_frame_that_shows_the_same_takes_the_alpha_before(how):
    frames, true = panned(3)
    samples = [Sample(frame, alpha) for frame, alpha in zip(frames, true, strict=True)]
    found = smoothed([samples[0], None, None, *samples[1:], None], **how)
    assert [np.array_equal(found[0], found[i]) for i in (1, 2, 3)] == [True, True, False]
    assert np.array_equal(found[4], found[5])
    assert len(found) == 6


def test_who_touches_a_marked_target_is_left_out_and_a_lost_mask_is_bridged(models: Path):
    engine = loaded(models, "u2netp")
    frames, true = panned(7)
    networks = []
    for step, alpha in enumerate(true):
        seen = alpha.copy()
        seen[40:60, 35 - 3 * step : 80 - 3 * step] = 1.0  # somebody beside it, a quarter as large
        networks.append(seen)
    answers = iter(networks)
    engine._alpha = lambda *_, as_rembg: next(answers)
    masks = {step: alpha > 0.5 for step, alpha in enumerate(true)}
    masks[3] = np.zeros((90, 160), bool)  # the tracker lost it on one frame
    found = run(engine, frames, masks)
    for step, (alpha, expected) in enumerate(zip(found, true, strict=True)):
        assert alpha[40:60, : 55 - 3 * step].max() == 0.0
        assert np.abs(alpha - expected).mean() < 0.02


def test_carrying_needs_an_alpha_before():
    with pytest.raises(ValueError, match="first frame"):
        smoothed([Sample(noise(1, (160, 90))[0], None)], every=2)


def test_as_rembg_is_refused_for_a_network_that_rembg_has_not(models: Path):
    with pytest.raises(BadRequest):
        run(loaded(models, "modnet"), noise(1), as_rembg="on")


def test_a_job_as_rembg_gives_each_frame_as_rembg_does(models: Path):
    """Smoothing, which is on by default, made a mean of several frames of it."""
    engine, frames = loaded(models, "u2netp"), noise(4)
    found = run(engine, frames, as_rembg="true")
    assert all(
        np.array_equal(alpha, engine._alpha(frame, as_rembg=True))
        for alpha, frame in zip(found, frames, strict=True)
    )
    smoothed = run(engine, frames)
    assert np.abs(smoothed[1] - engine._alpha(frames[1])).max() > 0.01


# --- rembg -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rembg_python() -> str:
    if sys.version_info < (3, 11):
        pytest.skip("rembg 2.0.86 needs Python 3.11")
    if not (REMBG / "rembg").is_dir():
        pytest.skip("rembg is not in .venv/reference: bash scripts/test.sh puts it there")
    return sys.executable


SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from rembg import new_session
asked = json.loads(sys.argv[1])
for ours, theirs in asked["sessions"].items():
    session = new_session(theirs, providers=["CPUExecutionProvider"])
    for picture in asked["pictures"]:
        (mask,) = session.predict(Image.open(picture).convert("RGB"))
        np.save(Path(picture).with_suffix(f".{ours}.npy"), np.asarray(mask.convert("L")))
"""


@pytest.mark.parametrize("kind", ["random", "real"])
def test_equal_to_rembg_within_one_level(
    models, tmp_path, rembg_python, shared, installed_models, kind
):
    from PIL import Image

    if kind == "real":
        names = ["isnet-general-use"]
        settings = Settings(
            _env_file=None, models_dir=installed_models, onnx_runtime="onnxruntime", device="cpu"
        )
        engines = {name: build_registry(settings).get(name) for name in names}
        if not engines[names[0]].is_available:
            pytest.skip("IS-Net is not here: bash scripts/download_models.sh isnet-general-use")
        engines[names[0]].load_model("cpu")
    else:
        names = list(REMBG_SESSIONS)
        engines = {name: loaded(models, name) for name in names}
    home = tmp_path / "u2net"
    home.mkdir()
    rembg_files = {"birefnet-lite": "birefnet-general-lite"}
    for name, engine in engines.items():
        link = home / f"{rembg_files.get(name, name)}.onnx"
        link.symlink_to(engine._file.path)
    pictures = []
    sources = [shared / "data" / "people" / "test-sample1.png"] if kind == "real" else []
    images = [np.asarray(Image.open(path).convert("RGB")) for path in sources]
    images += [noise(1, (90, 60))[0], noise(1, (61, 130), 5)[0] // 3]
    for number, image in enumerate(images):
        pictures.append(tmp_path / f"{number}.png")
        Image.fromarray(image).save(pictures[-1])
    asked = {
        "sessions": {name: REMBG_SESSIONS[name] for name in names},
        "pictures": [str(path) for path in pictures],
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(REMBG),
        "U2NET_HOME": str(home),
        "MODEL_CHECKSUM_DISABLED": "1",
        "NUMBA_DISABLE_JIT": "1",
    }
    subprocess.run(
        [rembg_python, "-c", SCRIPT, json.dumps(asked)],
        check=True,
        env=environment,
        timeout=280,
        capture_output=True,
    )
    for name, engine in engines.items():
        for path, image in zip(pictures, images, strict=True):
            theirs = np.load(path.with_suffix(f".{name}.npy")).astype(int)
            ours = np.rint(engine._alpha(image, as_rembg=True) * 255).astype(int)
            assert np.abs(ours - theirs).max() <= 1, (name, path.name)


@pytest.mark.parametrize("is_cut", [True, False])
def test_where_others_were_before_a_cut_says_nothing_of_the_next_scene(is_cut: bool) -> None:
    mask = np.zeros((240, 400), bool)
    mask[40:220, 60:140] = True
    guide = TargetGuide(dict.fromkeys(range(9), mask), (400, 240))
    target = MarkedTarget(guide, (400, 240), confirmed=())
    frame = np.zeros((240, 400, 3), np.uint8)
    frame[:, ::2] = 40
    apart = mask.astype(np.float32)
    apart[100:140, 170:190] = 1.0
    for index in range(8):
        target(index, frame, apart)
    joined = apart.copy()
    joined[100:140, 140:170] = 1.0
    after = frame.copy()
    if is_cut:
        after[:120] = 230
    found = target(8, after, joined)
    assert (found[110:130, 176:184].max() > 0.5) == is_cut
