"""Descriptors of a network's inner layers, from its file to the built-in engine's job."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.device.manager import ModelManager
from engines.foreground import LeasedDescriptors, connect_foreground
from engines.onnx.inner_outputs import network_up_to
from engines.onnx.networks import RVM_NETWORKS
from engines.registry import EngineRegistry, build_registry
from engines.rvm.engine import RvmEngine
from tests.engines.tiny_onnx import install, unpinned_manifest
from utils.types import Message

SPEC = RVM_NETWORKS["rvm"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("models")
    with unpinned_manifest(folder):
        install(SPEC, folder)
        yield folder


@pytest.fixture
def registry(models: Path) -> EngineRegistry:
    settings = Settings(_env_file=None, models_dir=models, device="cpu")
    return build_registry(settings)


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (64, 96, 3)).astype(np.uint8)


def test_the_first_layers_of_a_file_compute_what_they_compute_in_the_whole(models) -> None:
    model = next(models.rglob("*.onnx")).read_bytes()
    names = [state.output_name for state in SPEC.states[:2]]
    image = np.random.default_rng(1).random((1, 3, 32, 48), np.float32)
    feeds = {SPEC.image_input: image, "downsample_ratio": np.ones(1, np.float32)}
    states = {state.input_name: np.ones((1, 1, 1, 1), np.float32) for state in SPEC.states}
    providers = ["CPUExecutionProvider"]
    whole = onnxruntime.InferenceSession(model, providers=providers)
    part = onnxruntime.InferenceSession(network_up_to(model, names), providers=providers)
    assert [item.name for item in part.get_outputs()] == names
    assert {item.name for item in part.get_inputs()} == {*feeds, "r1i", "r2i"}
    needed = {name: states[name] for name in ("r1i", "r2i")}
    for mine, true in zip(
        part.run(names, {**feeds, **needed}), whole.run(names, {**feeds, **states}), strict=True
    ):
        assert np.array_equal(mine, true)


@pytest.mark.parametrize("cut", [None, 40])
def test_a_tensor_that_is_not_there_and_a_cut_file_are_refused(models, cut) -> None:
    model = next(models.rglob("*.onnx")).read_bytes()
    with pytest.raises(ValueError, match="no tensor" if cut is None else "cut short"):
        network_up_to(model[:cut], ["nowhere"])


def test_descriptors_lie_on_a_grid_of_eight_pixels(registry) -> None:
    estimator = LeasedDescriptors(registry, ModelManager(registry, device="cpu"), "auto")
    assert estimator.network == "rvm"
    found = estimator.descriptors(picture())
    assert found.shape == (8, 12, 6)
    means = picture().reshape(8, 8, 12, 8, 3).mean(axis=(1, 3)) / 255
    assert np.allclose(found[..., :3], means, atol=1e-5)


@pytest.mark.parametrize("choice", ["auto", "off"])
def test_the_built_in_engine_asks_unless_networks_are_off(registry, monkeypatch, choice) -> None:
    asked = []
    known = RvmEngine.descriptors
    monkeypatch.setattr(RvmEngine, "descriptors", lambda *given: asked.append(1) or known(*given))
    connect_foreground(registry, ModelManager(registry, device="cpu"), choice)
    assert len(matted(registry.get("builtin"), 7)) == 7
    assert len(asked) == (3 if choice == "auto" else 0)


def test_descriptors_that_fail_midway_end_no_job_and_are_told(registry, monkeypatch) -> None:
    def fail(*_given):
        raise RuntimeError("no more")

    monkeypatch.setattr(RvmEngine, "descriptors", fail)
    connect_foreground(registry, ModelManager(registry, device="cpu"), "auto")
    notices: list[Message] = []
    assert len(matted(registry.get("builtin"), 4, RunContext(on_notice=notices.append))) == 4
    assert [notice.code for notice in notices] == ["engine.foreground_failed"]


def matted(engine, count: int, context: RunContext | None = None) -> list[np.ndarray]:
    mask = np.zeros((64, 96), bool)
    mask[16:48, 32:64] = True
    frames = ArrayFrames([picture(number) for number in range(count)])
    found = engine.process(frames, {0: mask}, 0, {}, context or RunContext())
    return [item.alpha for item in found]
