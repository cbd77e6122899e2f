"""What an upstream core is given, step by step, on a stand-in package: runs wherever torch is installed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines.base import ArrayFrames, RunContext
from engines.matanyone.attention import careful_similarity
from engines.matanyone.core import Package, TorchNetwork
from engines.matanyone.engine import MatAnyoneEngine
from engines.matanyone.upstream import fill
from tests.engines.fake_matanyone import FakeBackend, make_fake_engine, moving_disc
from utils.errors import ModelFilesError

torch = pytest.importorskip("torch", reason="torch is not installed")


class RecordingCore:
    """Upstream's `InferenceCore` as far as it is called; the alpha is the image's first channel."""

    made: list[RecordingCore]

    def __init__(self, network: Any, cfg: Any, *, image_feature_store: Any, device: str) -> None:
        self.cfg, self.network, self.device = cfg, network, device
        self.store = image_feature_store
        self.curr_ti = 0
        self.steps: list[dict[str, Any]] = []
        type(self).made.append(self)

    def step(self, image: Any, mask: Any = None, objects: Any = None, **flags: Any) -> Any:
        assert torch.is_inference_mode_enabled()
        assert self.network.globals.device == torch.device(self.device)
        self.steps.append({"image": image, "mask": mask, "objects": objects, **flags})
        return torch.stack([1 - image[0], image[0]])

    def output_prob_to_mask(self, probability: Any) -> Any:
        return probability[1:].squeeze(0)


class Store:
    def __init__(self, network: Any, no_warning: bool) -> None:
        assert no_warning
        self.deleted: list[int] = []

    def delete(self, index: int) -> None:
        self.deleted.append(index)


@pytest.fixture
def network() -> TorchNetwork:
    RecordingCore.made = []
    module, memory = ModuleType("network"), ModuleType("memory")
    module.device = "the device guessed at import"  # type: ignore[attr-defined]
    memory.get_similarity = abs  # type: ignore[attr-defined]
    package = Package(RecordingCore, Store, None, module, memory, Path())
    part = SimpleNamespace(cached_penc="of another job")
    weights = SimpleNamespace(
        cfg=SimpleNamespace(top_k=30), globals=module, modules=lambda: [part], part=part
    )
    return TorchNetwork(package, weights, "cpu")


def run(network: TorchNetwork, folder: Path, size_wh: tuple[int, int], **options: Any) -> list[Any]:
    class Backend(FakeBackend):
        def load(self, *_: Any) -> Any:
            return network

    engine: MatAnyoneEngine = make_fake_engine(folder, Backend())
    pairs = [moving_disc(index, size_wh) for index in range(3)]
    frames = ArrayFrames([frame for frame, _ in pairs])
    return list(engine.process(frames, {0: pairs[0][1]}, 0, options, RunContext()))


def test_a_core_is_given_images_from_0_to_1_and_a_mask_of_0_and_255(network, tmp_path):
    result = run(network, tmp_path, (160, 96), warmup=2)
    (core,) = RecordingCore.made
    frame = moving_disc(0, (160, 96))[0]
    first = core.steps[0]
    assert torch.equal(first["image"] * 255, torch.from_numpy(frame).permute(2, 0, 1).float())
    assert first["image"].is_contiguous() and first["image"].dtype == torch.float32
    assert first["mask"].shape == (96, 160) and set(first["mask"].unique().tolist()) == {0.0, 255.0}
    assert first["objects"] == [1]
    assert all(step["mask"] is None for step in core.steps[1:])
    assert np.array_equal(result[0].alpha, frame[..., 0].astype(np.float32) / np.float32(255))


def test_only_the_first_frame_is_predicted_as_first_and_its_features_are_kept_until_the_last(
    network, tmp_path
):
    run(network, tmp_path, (160, 96), warmup=2)
    (core,) = RecordingCore.made
    assert [step.get("first_frame_pred", False) for step in core.steps] == [
        *(False, True, True, True),
        *(False, False),
    ]
    assert [step.get("delete_buffer", True) for step in core.steps] == [False] * 4 + [True] * 2
    assert core.store.deleted == [0]


def test_large_frames_are_scaled_down_inside_and_the_alpha_back_up(network, tmp_path):
    result = run(network, tmp_path, (1600, 900), warmup=0)
    (core,) = RecordingCore.made
    assert core.steps[0]["image"].shape == (3, 720, 1280)
    assert core.steps[0]["mask"].shape == (720, 1280)
    assert set(core.steps[0]["mask"].unique().tolist()) == {0.0, 255.0}
    assert [item.alpha.shape for item in result] == [(900, 1600)] * 3


def test_tiny_frames_ask_attention_for_no_more_tokens_than_there_are(network, tmp_path):
    run(network, tmp_path, (50, 34), warmup=0)
    (core,) = RecordingCore.made
    assert core.cfg.top_k == 4 * 3
    assert network.module.cfg.top_k == 30


def test_what_the_job_before_left_in_the_network_is_dropped(network, tmp_path):
    run(network, tmp_path, (64, 64), warmup=0)
    assert network.module.part.cached_penc is None


def test_the_package_s_globals_are_put_back_also_after_an_error(network):
    with pytest.raises(KeyError), network.running(amp=False):
        assert network.package.network_module.device == torch.device("cpu")
        raise KeyError
    assert network.package.network_module.device == "the device guessed at import"
    assert network.package.memory_module.get_similarity is abs
    assert not torch.is_inference_mode_enabled()


def test_half_precision_is_torch_s_own_or_the_one_that_is_set(network):
    with network.running(amp=True):
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
    half = TorchNetwork(network.package, network.module, "cpu", torch.float16)
    with half.running(amp=True):
        assert torch.get_autocast_dtype("cpu") == torch.float16
    with network.running(amp=False):
        assert not torch.is_autocast_enabled("cpu")


def similarity(mk: Any, ms: Any, qk: Any, qe: Any, *_: Any) -> Any:
    """The distance as the paper writes it, -(mk - qk)² weighted by qe, then scaled."""
    difference = mk[:, :, :, None] - qk[:, :, None, :]
    distance = (difference.pow(2) * qe[:, :, None, :]).sum(1)
    return -distance * ms.transpose(1, 2) / mk.shape[1] ** 0.5


def random_keys(scale: float) -> list[Any]:
    generator = torch.Generator().manual_seed(5)
    shapes = ((64, 40), (1, 40), (64, 12), (64, 12))
    keys = [torch.rand(1, *shape, generator=generator) for shape in shapes]
    return [keys[0], keys[1] * scale, keys[2], keys[3]]


def test_attention_in_place_is_the_anisotropic_distance():
    keys = random_keys(1)
    result = careful_similarity(similarity)(*keys)
    assert torch.allclose(result, similarity(*keys), atol=1e-5)


def test_attention_never_divides_0_by_0_and_touches_no_other_column():
    keys = random_keys(1)
    keys[2][..., 3] += 60
    plain = similarity(*keys)
    weights = plain.exp() / plain.exp().sum(1, keepdim=True)
    assert weights[..., 3].isnan().all() and weights[..., :3].isfinite().all()
    careful = careful_similarity(similarity)(*keys)
    weights = careful.exp() / careful.exp().sum(1, keepdim=True)
    assert torch.allclose(weights, plain.softmax(1), atol=1e-3)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda state: state.pop("bias"), "1 tensors missing, e.g. bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "1 tensors unknown, e.g. extra"),
        (lambda state: state.update(bias=torch.zeros(3)), "1 tensors of another shape, e.g. bias"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change, problem):
    module = torch.nn.Linear(4, 2)
    state = dict(module.state_dict())
    change(state)
    with pytest.raises(ModelFilesError, match=problem):
        fill(module, state, Path("model.safetensors"), "bash get.sh")


def test_constants_that_the_network_makes_itself_may_be_in_the_file():
    module = torch.nn.Linear(4, 2)
    state = {key: torch.ones_like(tensor) for key, tensor in module.state_dict().items()}
    fill(module, state | {"pixel_mean": torch.zeros(3)}, Path("old.pth"), "bash get.sh")
    assert module.bias.tolist() == [1.0, 1.0]
