"""Grounding DINO finds boxes by text for SAM 2.1: on a tiny random model, which knows nothing."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from config import Settings  # noqa: E402
from engines.base import Capability  # noqa: E402
from engines.sam import text_boxes  # noqa: E402
from engines.sam.engine import Sam2Engine  # noqa: E402
from engines.weights import FileVerifier  # noqa: E402
from tests.engines.tiny_sam3 import build_tiny_grounding_dino  # noqa: E402
from utils.errors import ModelFilesError, UnusablePrompt  # noqa: E402
from utils.types import Box, Prompt  # noqa: E402

COMMAND = "bash scripts/download_models.sh grounding-dino"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny_grounding_dino(tmp_path_factory.mktemp("models") / "grounding-dino")


@pytest.fixture(scope="module")
def detector(folder):
    return text_boxes.load_text_detector(folder, FileVerifier("grounding-dino", COMMAND), "cpu")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (90, 121, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def engine(tiny_sam2, folder):
    settings = Settings(
        _env_file=None, sam2_model=str(tiny_sam2), grounding_dino_model=str(folder), device="cpu"
    )
    engine = Sam2Engine(settings)
    engine.load_model("cpu")
    yield engine
    engine.unload()


def test_boxes_are_those_of_transformers_own_processing(detector, picture, monkeypatch):
    processors = pytest.importorskip(
        "transformers.models.grounding_dino.image_processing_pil_grounding_dino"
    )
    inputs = processors.GroundingDinoImageProcessorPil()(images=picture, return_tensors="pt")
    ours = text_boxes._pixels(picture)
    assert ours.shape == inputs["pixel_values"].shape
    # A Pillow resize rounds otherwise than torch's, by at most one level of 255.
    assert (ours - inputs["pixel_values"]).abs().max() < 1.01 / 255 / 0.224
    tokens = detector.tokenizer(["red car."], return_tensors="pt")
    with torch.inference_mode():
        output = detector.model(**inputs, **tokens)
    scores = output.logits[0].sigmoid().max(dim=-1).values
    centre = output.pred_boxes[0]
    corners = torch.cat([centre[:, :2] - centre[:, 2:] / 2, centre[:, :2] + centre[:, 2:] / 2], -1)
    corners = corners * torch.tensor([121.0, 90.0, 121.0, 90.0])
    monkeypatch.setattr(text_boxes, "_pixels", lambda _: inputs["pixel_values"])
    found = text_boxes.find_boxes(detector, picture, "Red car.")
    assert len(found) > 3
    for box, score in found:
        row = corners[(scores - score).abs().argmin()].tolist()
        assert float((scores - score).abs().min()) < 1e-6
        assert box.x0 == pytest.approx(max(row[0], 0.0), abs=1e-3)
        assert box.y1 == pytest.approx(min(row[3], 90.0), abs=1e-3)


def test_boxes_that_nearly_coincide_are_one():
    boxes = np.array([[0.5, 0.5, 0.4, 0.4], [0.5, 0.5, 0.41, 0.4], [0.2, 0.2, 0.2, 0.2]])
    found = text_boxes._distinct(boxes, np.array([0.5, 0.9, 0.4]), (100, 50))
    assert [score for _, score in found] == [0.9, 0.4]
    box = found[1][0]
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((10, 5, 30, 15))


def test_scores_below_the_threshold_are_left_out():
    boxes = np.array([[0.5, 0.5, 0.4, 0.4]])
    assert text_boxes._distinct(boxes, np.array([0.29]), (100, 50)) == []


def test_text_gives_the_masks_of_the_boxes_it_finds(engine, detector, picture):
    assert Capability.TEXT in engine.capabilities
    assert engine.label.code == "engine.sam2.label_text"
    found = engine.open_image(picture).segment(Prompt(text="red car"))
    boxes = text_boxes.find_boxes(detector, picture, "red car")
    assert 0 < len(found) <= len(boxes)
    for instance in found:
        (box,) = [box for box, score in boxes if score == instance.score]
        (cut,) = engine.open_image(picture).segment(Prompt(box=box))
        assert np.array_equal(instance.mask, cut.mask)
        assert instance.label == "red car"


def test_a_click_chooses_one_of_the_instances_and_refines_it(engine, picture):
    opened = engine.open_image(picture)
    instance = opened.segment(Prompt(text="red car"))[0]
    rows, columns = np.nonzero(instance.mask)
    from utils.types import Point

    point = Point(float(columns[0]), float(rows[0]))
    (refined,) = opened.segment(Prompt(text="red car", points=(point,)))
    assert refined.mask.any()


def test_example_boxes_are_refused_with_the_engine_s_name(engine, picture):
    with pytest.raises(UnusablePrompt, match=r"SAM 2\.1"):
        engine.open_image(picture).segment(Prompt(exemplars=(Box(1, 1, 20, 20),)))


def test_without_its_weights_sam2_has_no_text(tiny_sam2, tmp_path):
    settings = Settings(_env_file=None, sam2_model=str(tiny_sam2), models_dir=tmp_path)
    engine = Sam2Engine(settings)
    assert Capability.TEXT not in engine.capabilities
    assert engine.label.code == "engine.sam2.label"


def test_text_over_the_limit_is_refused(detector, picture):
    with pytest.raises(UnusablePrompt, match="64"):
        text_boxes.find_boxes(detector, picture, "very " * 80 + "red car")


def test_its_weights_are_counted_before_and_after_loading(engine, tiny_sam2, folder):
    settings = Settings(
        _env_file=None, sam2_model=str(tiny_sam2), grounding_dino_model=str(folder), device="cpu"
    )
    assert Sam2Engine(settings).weight_bytes > 4 * text_boxes.PARAMETERS
    network = engine._loaded()
    assert engine.weight_bytes > network.text_detector.weight_bytes > 500_000


@pytest.mark.parametrize("damage", ["flip", "truncate"])
def test_damaged_weights_are_named_and_nothing_stays_loaded(tiny_sam2, folder, tmp_path, damage):
    import shutil

    copy = tmp_path / "grounding-dino"
    shutil.copytree(folder, copy)
    data = bytearray((copy / "model.safetensors").read_bytes())
    if damage == "flip":
        data[-50] ^= 1
    (copy / "model.safetensors").write_bytes(data if damage == "flip" else data[:-10])
    settings = Settings(
        _env_file=None, sam2_model=str(tiny_sam2), grounding_dino_model=str(copy), device="cpu"
    )
    broken = Sam2Engine(settings)
    with pytest.raises(ModelFilesError, match=r"download_models\.sh grounding-dino"):
        broken.load_model("cpu")
    with pytest.raises(RuntimeError):
        broken._loaded()
