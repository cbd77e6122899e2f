"""MatAnyone's own modules: what the network is given, memory reading, sizes; needs torch alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.base import ArrayFrames, RunContext
from engines.matanyone.engine import MatAnyoneEngine
from tests.engines.fake_matanyone import FakeBackend, make_fake_engine, moving_disc
from utils.messages import render

torch = pytest.importorskip("torch", reason="torch is not installed")

from engines.matanyone.core import TorchNetwork  # noqa: E402
from engines.matanyone.memory import (  # noqa: E402
    MemoryBank,
    similarity,
    softmax_without_underflow,
)
from engines.matanyone.network import decoder  # noqa: E402
from engines.matanyone.network.decoder import StripUpsampleBlock  # noqa: E402
from engines.matanyone.network.network import MatAnyoneNetwork  # noqa: E402
from engines.matanyone.network.object_transformer import PositionalEncoding  # noqa: E402
from engines.matanyone.pixels import PixelMapper  # noqa: E402
from engines.matanyone.steps import record_cuda_graph  # noqa: E402

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def network() -> TorchNetwork:
    torch.manual_seed(0)
    return TorchNetwork(MatAnyoneNetwork().requires_grad_(False).eval(), "cpu")


@pytest.fixture
def calls(network: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Name and second argument of each encoder call, in order."""
    made: list[tuple[str, Any]] = []

    def record(name: str) -> None:
        original = getattr(network.module, name)

        def call(*arguments: Any) -> Any:
            assert torch.is_inference_mode_enabled()
            made.append((name, arguments[-1]))
            return original(*arguments)

        monkeypatch.setattr(network.module, name, call)

    record("encode_image")
    record("encode_alpha")
    return made


def engine_on(network: TorchNetwork, folder: Path) -> MatAnyoneEngine:
    class Backend(FakeBackend):
        def load(self, *_: Any) -> Any:
            return network

    return make_fake_engine(folder, Backend())


def run(network: TorchNetwork, folder: Path, size_wh: tuple[int, int], **options: Any) -> list[Any]:
    engine = engine_on(network, folder)
    pairs = [moving_disc(index, size_wh) for index in range(3)]
    frames = ArrayFrames([frame for frame, _ in pairs])
    return list(engine.process(frames, {0: pairs[0][1]}, 0, options, RunContext()))


def test_the_network_is_given_images_from_0_to_1_and_a_first_alpha_of_0_and_1(
    network, calls, tmp_path
):
    run(network, tmp_path, (160, 96), warmup=1)
    frame, mask = moving_disc(0, (160, 96))
    image = next(value for name, value in calls if name == "encode_image")
    assert torch.equal(image[0] * 255, torch.from_numpy(frame).permute(2, 0, 1).float())
    alpha = next(value for name, value in calls if name == "encode_alpha")
    assert alpha.shape == (1, 1, 96, 160)
    assert set(alpha.unique().tolist()) == {0.0, 1.0}
    assert (alpha[0, 0].numpy() > 0).mean() == pytest.approx(mask.mean(), abs=0.01)


def test_each_image_is_encoded_once_and_each_prediction_too(network, calls, tmp_path):
    run(network, tmp_path, (64, 48), warmup=2)
    assert [name for name, _ in calls] == [
        "encode_image",
        *["encode_alpha"] * (1 + 1 + 2),
        *["encode_image", "encode_alpha"] * 2,
    ]


def test_targets_together_encode_each_image_once_and_equal_runs_of_their_own_to_the_bit(
    network, calls, tmp_path, monkeypatch
):
    monkeypatch.setattr("engines.matanyone.target.MEMORY_INTERVAL", 1)
    attended: list[MemoryBank] = []
    attend = MemoryBank.attend
    monkeypatch.setattr(
        MemoryBank, "attend", lambda bank, *query: attended.append(bank) or attend(bank, *query)
    )
    engine = engine_on(network, tmp_path)
    pairs = [moving_disc(index, (48, 32)) for index in range(5)]
    frames = ArrayFrames([frame for frame, _ in pairs])
    mask = pairs[1][1]
    other = np.roll(mask, 12, axis=1)
    guides = [{1: mask}, {1: other, 3: mask}]
    rows = list(engine.process_together(frames, guides, 1, {"warmup": 0}, RunContext()))
    # The start is encoded for each direction.
    assert [name for name, _ in calls].count("encode_image") == 2 + 4
    # Frames 0 and 2 for both targets; 3 for the first alone, which the second starts on; 4 for each.
    assert len(attended) == 2 + 1 + 2
    for target, guide in enumerate(guides):
        alone = list(engine.process(frames, guide, 1, {"warmup": 0}, RunContext()))
        assert [row[target].index for row in rows] == [item.index for item in alone]
        for row, item in zip(rows, alone, strict=True):
            assert np.array_equal(row[target].alpha, item.alpha)
    assert not np.array_equal(rows[1][0].alpha, rows[1][1].alpha)


def test_large_frames_are_scaled_down_inside_and_the_alpha_back_up(
    network, calls, tmp_path, monkeypatch
):
    monkeypatch.setattr("engines.matanyone.engine.short_sides", lambda size_wh, inside: [72])
    result = run(network, tmp_path, (160, 90), warmup=0)
    shapes = {name: value.shape for name, value in calls}
    assert shapes["encode_image"] == (1, 3, 80, 128)
    assert [item.alpha.shape for item in result] == [(90, 160)] * 3


def test_frames_are_padded_on_all_sides_and_alphas_are_cropped_where_they_were():
    mapper = PixelMapper((21, 18), (21, 18), "cpu")
    frame = np.full((18, 21, 3), 255, np.uint8)
    image = mapper.image(frame)
    assert image.shape == (1, 3, 32, 32)
    assert image[0, 0, 7:25, 5:26].eq(1).all()
    assert image.sum() == 3 * 18 * 21
    assert np.array_equal(mapper.clip_alpha(image[:, :1]), np.ones((18, 21), np.float32))


def test_masks_are_scaled_by_nearest_pixel_so_that_they_stay_0_and_1():
    mapper = PixelMapper((160, 90), (128, 72), "cpu")
    mask = np.zeros((90, 160), np.float32)
    mask[20:70, 30:101] = 255
    assert set(mapper.seed_alpha(mask).unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("size_wh", [(50, 34), (16, 16), (5, 3)])
def test_tiny_frames_with_fewer_tokens_than_attention_reads_from_are_matted(
    network, tmp_path, size_wh
):
    result = run(network, tmp_path, size_wh, warmup=0, dilate=0, erode=0)
    assert [item.alpha.shape for item in result] == [size_wh[::-1]] * 3
    assert all(np.isfinite(item.alpha).all() for item in result)


def test_steps_out_of_order_are_refused(network):
    core = network.open_cores((32, 32), 32, amp=False)()
    frame, mask = moving_disc(0, (32, 32))
    with pytest.raises(RuntimeError, match="begin"):
        core.advance(frame)
    with pytest.raises(RuntimeError, match="begin"):
        core.settle()
    core.begin(frame, mask.astype(np.float32) * 255)
    with pytest.raises(RuntimeError, match="settle"):
        core.first_alpha()


def test_half_precision_is_torch_s_own_or_the_one_that_is_set(network):
    with network.running(amp=True):
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
    half = TorchNetwork(network.module, "cpu", torch.float16)
    with half.running(amp=True):
        assert torch.get_autocast_dtype("cpu") == torch.float16
    with network.running(amp=False):
        assert not torch.is_autocast_enabled("cpu")
    assert not torch.is_inference_mode_enabled()


def test_a_checkpoint_has_the_published_number_of_tensors_and_values():
    state = MatAnyoneNetwork().state_dict()
    assert len(state) == 562
    assert sum(tensor.numel() for tensor in state.values()) == 35_284_647


def test_positions_are_sines_and_cosines_over_32_units_a_direction():
    encoding = PositionalEncoding()((3, 5))
    assert encoding.shape == (3, 5, 256)
    last = 32 * (2 / (2 + 1e-6))
    frequency = 1 / 128 ** (2 / 128)
    assert encoding[2, 0, 128].item() == pytest.approx(np.sin(last), abs=1e-4)
    assert encoding[2, 0, 131].item() == pytest.approx(np.cos(last * frequency), abs=1e-4)
    assert torch.equal(encoding[0, :, :128], encoding[2, :, :128])
    assert torch.equal(encoding[:, 0, 128:], encoding[:, 4, 128:])


def distance(key: Any, shrinkage: Any, query: Any, selection: Any) -> Any:
    """The similarity as the paper writes it, -(key - query)² weighted by the selection, then scaled."""
    difference = key[:, :, :, None] - query[:, :, None, :]
    weighted = (difference.pow(2) * selection[:, :, None, :]).sum(1)
    return -weighted * shrinkage.transpose(1, 2) / key.shape[1] ** 0.5


def random_keys() -> list[Any]:
    generator = torch.Generator().manual_seed(5)
    shapes = ((64, 40), (1, 40), (64, 12), (64, 12))
    return [torch.rand(1, *shape, generator=generator) for shape in shapes]


def test_similarity_is_the_anisotropic_distance_and_changes_no_argument():
    keys = random_keys()
    kept = [tensor.clone() for tensor in keys]
    assert torch.allclose(similarity(*keys).transpose(1, 2), distance(*keys), atol=1e-5)
    assert all(torch.equal(tensor, before) for tensor, before in zip(keys, kept, strict=True))


def test_attention_never_divides_0_by_0_and_touches_no_other_query():
    keys = random_keys()
    keys[2][..., 3] += 60
    plain = distance(*keys)[0].T
    weights = plain.exp() / plain.exp().sum(1, keepdim=True)
    assert weights[3].isnan().all() and weights[:3].isfinite().all()
    best = similarity(*keys)[0].topk(30, dim=1).values
    weights = softmax_without_underflow(best.clone())
    assert torch.allclose(weights, best.softmax(1), atol=1e-5)


def test_memory_is_read_in_chunks_with_the_result_of_one_piece(monkeypatch):
    generator = torch.Generator().manual_seed(2)
    bank = MemoryBank()
    key, shrinkage, value = (torch.rand(1, size, 70, generator=generator) for size in (64, 1, 256))
    bank.add(key, shrinkage + 1, value.unflatten(2, (7, 10)))
    query = [torch.rand(1, 64, 70, generator=generator) for _ in range(2)]
    whole = bank.read(bank.attend(*query))
    monkeypatch.setattr("engines.matanyone.memory.QUERY_CHUNK", 8)
    assert whole.shape == (1, 256, 70)
    assert torch.allclose(bank.read(bank.attend(*query)), whole, atol=1e-6)


@pytest.mark.parametrize("channels", [(64, 16, 3), (128, 64, 64)])
def test_upsampling_in_strips_equals_the_whole_picture(channels, monkeypatch):
    monkeypatch.setattr(decoder, "_STRIP_VALUES", 1)  # strips of 16 rows
    torch.manual_seed(3)
    width, out, skip_channels = channels
    block = StripUpsampleBlock(width, out)
    projection = torch.nn.Conv2d(skip_channels, width, 1)
    for height in (16, 37, 48):
        features = torch.randn(1, width, height, 20)
        skip = torch.randn(1, skip_channels, 2 * height, 40)
        with torch.inference_mode():
            strips = block.upsample(features, skip, projection)
            whole = block(features, projection(skip))
        assert torch.allclose(strips, whole, atol=1e-5)


def test_memory_keeps_the_first_frame_and_the_last_four_and_reads_the_30_best_tokens():
    bank = MemoryBank()
    generator = torch.Generator().manual_seed(1)
    frames = [
        [torch.randn(1, size, 12, generator=generator) for size in (64, 1, 256)] for _ in range(8)
    ]
    for key, shrinkage, value in frames:
        bank.add(key, shrinkage.abs() + 1, value.unflatten(2, (3, 4)))
    query, selection = (torch.rand(1, 64, 5, generator=generator) for _ in range(2))
    kept = [frames[0], *frames[-4:]]
    key, shrinkage, value = (torch.cat(parts, dim=-1) for parts in zip(*kept, strict=True))
    scores = distance(key, shrinkage.abs() + 1, query, selection)
    allowed = scores >= scores.topk(30, dim=1).values[:, -1:]
    affinity = scores.masked_fill(~allowed, -torch.inf).softmax(1)
    assert torch.allclose(bank.read(bank.attend(query, selection)), value @ affinity, atol=1e-4)


def replaying(added: float = 0.0) -> tuple[Any, list[str]]:
    """A stand-in for CUDA graphs that keeps its tensors in place like them, and what was recorded and replayed."""
    log: list[str] = []

    def record(step: Any, inputs: Any) -> Any:
        held = [tensor.clone() for tensor in inputs]
        log.append("record")

        def replay(*new: Any) -> Any:
            log.append("replay")
            for place, tensor in zip(held, new, strict=True):
                place.copy_(tensor)
            return tuple(result.clone() + added for result in step(*held))

        return replay

    return record, log


def matted(network: TorchNetwork) -> tuple[np.ndarray, list[Any]]:
    notices: list[Any] = []
    pairs = [moving_disc(index, (48, 32)) for index in range(4)]
    open_core = network.open_cores((48, 32), 32, False, notices.append)
    core = open_core()
    core.begin(pairs[0][0], pairs[0][1].astype(np.float32) * 255)
    core.settle()
    core.first_alpha()
    return np.stack([core.advance(frame) for frame, _ in pairs[1:]]), notices


def test_recorded_steps_are_replayed_from_their_second_call_on_and_give_the_same_bits(network):
    record, log = replaying()
    alphas, notices = matted(replace(network, record=record))
    # Four images, the first one's encoding recorded; three later frames, the first one's step recorded.
    assert log == ["record", "replay", "replay", "record", "replay", *["replay"] * 4]
    assert np.array_equal(alphas, matted(network)[0])
    assert not notices


def test_a_recording_that_fails_or_differs_is_not_used_and_the_user_is_told(network):
    def failing(step: Any, inputs: Any) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    expected = matted(network)[0]
    differing, log = replaying(added=1e-6)
    for record, reason in (
        (failing, "operation not permitted when stream is capturing"),
        (differing, "the replayed result differs"),
    ):
        alphas, notices = matted(replace(network, record=record))
        assert np.array_equal(alphas, expected)
        assert [notice.params["reason"] for notice in notices] == [reason] * 2
    # Each step once; none is tried again.
    assert log == ["record", "replay"] * 2


def test_cuda_graphs_say_on_a_cpu_that_they_need_a_gpu(network):
    _, notices = matted(replace(network, record=record_cuda_graph))
    assert {render(notice) for notice in notices} == {
        "MatAnyone runs without CUDA graphs: CUDA graphs need an NVIDIA GPU. Its result is the same."
    }
