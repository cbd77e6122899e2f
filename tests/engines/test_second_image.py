"""Frame networks with a second image: the clean plate of a clip, and depth of the same frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, ForegroundNetwork, RunContext
from engines.frame_models.clean_plate import MISFIT_LEVELS, misfit, sampled, temporal_median
from engines.onnx.networks import DEPTH_NETWORKS, FRAME_NETWORKS
from engines.registry import build_registry
from tests.engines.tiny_onnx import install, unpinned_manifest
from utils.errors import BadRequest

SIZE_WH = (402, 301)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("models")
    with unpinned_manifest(folder):
        install(FRAME_NETWORKS["background-matting"], folder)
        install(FRAME_NETWORKS["pdfnet"], folder)
        install(DEPTH_NETWORKS["depth-anything-v2"], folder)
        yield folder


def loaded(models: Path, name: str):
    settings = Settings(_env_file=None, models_dir=models, onnx_runtime="onnxruntime")
    engine = build_registry(settings).get(name)
    engine.load_model("cpu")
    return engine


def scene(size_wh: tuple[int, int] = SIZE_WH) -> np.ndarray:
    import cv2

    coarse = np.random.default_rng(4).integers(0, 255, (9, 12, 3)).astype(np.uint8)
    return cv2.resize(coarse, size_wh, interpolation=cv2.INTER_LINEAR)


def passing(count: int, step_px: int = 40) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """A white thing that passes before the scene, whose noise is of 2 levels, and its masks."""
    rng = np.random.default_rng(5)
    frames, masks = [], {}
    for index in range(count):
        mask = np.zeros(SIZE_WH[::-1], bool)
        mask[60:240, 20 + step_px * index : 100 + step_px * index] = True
        noisy = scene().astype(np.int16) + rng.integers(-2, 3, (*mask.shape, 3))
        frame = np.clip(noisy, 0, 255).astype(np.uint8)
        frame[mask] = 255
        frames.append(frame)
        masks[index] = mask
    return frames, masks


def run(engine, frames, guide=None, context=None, **options):
    options = {"temporal_smoothing": False, **options}
    items = engine.process(ArrayFrames(frames), guide or {}, 0, options, context or RunContext())
    return [item.alpha for item in items]


def samples_of(frames, masks):
    return sampled(ArrayFrames(frames), masks.get, lambda: None)


def test_the_plate_is_the_scene_behind_what_passes():
    frames, masks = passing(7)
    plate, covered = temporal_median(samples_of(frames, masks))
    assert np.abs(plate.astype(int) - scene()).max() <= 3
    assert covered == 0


def test_without_its_masks_a_thing_that_mostly_stays_would_be_in_the_plate():
    frames, masks = passing(7, step_px=6)
    plate, covered = temporal_median(samples_of(frames, masks))
    unmasked, _ = temporal_median(samples_of(frames, {}))
    shown = ~np.logical_and.reduce([sample.occluded for sample in samples_of(frames, masks)])
    assert np.abs(plate.astype(int) - scene())[shown].max() <= 3
    assert np.abs(unmasked.astype(int) - scene())[shown].max() > 50
    assert 0 < covered < 0.2
    # What is always hidden is filled from around it, not left white.
    assert np.abs(plate.astype(int) - scene())[~shown].mean() < 60
    assert plate[~shown].min() < 200


def test_a_plate_of_another_place_or_light_is_told_from_a_fitting_one():
    frames, masks = passing(5)
    samples = samples_of(frames, masks)
    assert misfit(scene(), samples) < 0.5 * MISFIT_LEVELS
    assert misfit(np.roll(scene(), 30, axis=1), samples) > MISFIT_LEVELS
    assert (
        misfit(np.clip(scene().astype(int) + 20, 0, 255).astype(np.uint8), samples) > MISFIT_LEVELS
    )


def test_the_network_sees_the_picture_or_else_the_median(models):
    engine = loaded(models, "background-matting")
    frames, masks = passing(3, step_px=120)
    median, picture = RunContext(), RunContext(clean_plate=scene())
    other = RunContext(clean_plate=np.roll(scene(), 60, axis=0), on_notice=(notices := []).append)
    found = {
        "median": run(engine, frames, masks, median),
        "picture": run(engine, frames, masks, picture),
        "other": run(engine, frames, masks, other),
        "chosen": run(engine, frames, masks, other, clean_plate="median"),
    }
    assert median.details["clean_plate"] == "median of 3 frames"
    assert picture.details["clean_plate"] == "picture"
    assert all(alpha.shape == SIZE_WH[::-1] for alpha in found["median"])
    assert "engine.clean_plate_misfit" in {message.code for message in notices}
    distance = {
        name: max(np.abs(a - b).mean() for a, b in zip(found[name], alphas, strict=True))
        for name, alphas in (
            ("picture", found["median"]),
            ("other", found["median"]),
            ("chosen", found["median"]),
        )
    }
    assert distance["chosen"] == 0
    assert distance["other"] > 2 * distance["picture"]


def test_what_a_clean_plate_can_not_be_made_of_is_refused(models):
    engine = loaded(models, "background-matting")
    frames, masks = passing(2)
    for guide, options in (
        ({}, {}),
        (masks, {"clean_plate": "picture"}),
        ({}, {"clean_plate": "median"}),
    ):
        with pytest.raises(BadRequest) as caught:
            run(engine, frames, guide, **options)
        assert caught.value.code == "engine.no_clean_plate"
    assert len(run(engine, frames, {}, RunContext(clean_plate=scene()))) == 2
    with pytest.raises(BadRequest) as caught:
        run(engine, [np.zeros((200, 300, 3), np.uint8)], {0: np.eye(200, 300) > 0})
    assert "80000" in caught.value.user_message


def test_only_networks_that_need_no_plate_find_the_main_object(models):
    assert not isinstance(loaded(models, "background-matting"), ForegroundNetwork)
    assert isinstance(loaded(models, "pdfnet"), ForegroundNetwork)


def test_depth_of_the_same_frame_goes_in_beside_it(models):
    engine = loaded(models, "pdfnet")
    depth = engine._depth(scene((90, 60)))
    assert depth.shape == (60, 90)
    (alpha,) = run(engine, [scene((90, 60))])
    engine._depth_session = None
    with pytest.raises(RuntimeError, match="load_model"):
        engine.foreground(scene((90, 60)))
    assert alpha.shape == (60, 90)
    missing = build_registry(Settings(_env_file=None, models_dir=models / "none")).get("pdfnet")
    assert [item.command for item in missing.requirements()[1:]] == [
        "bash scripts/download_models.sh pdfnet",
        "bash scripts/download_models.sh depth-anything-v2",
    ]
