"""SAM 3 gives what Meta's own code gives on the same weights; how the values were made: meta_sam3/."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from config import Settings  # noqa: E402
from engines.base import ArrayFrames, RunContext  # noqa: E402
from engines.sam import detection, image, tensors, tracking  # noqa: E402
from engines.sam.engine import Sam3Engine  # noqa: E402
from tests.engines.meta_sam3 import model as tiny  # noqa: E402
from utils.types import Box, Point  # noqa: E402

TOLERANCE = 2e-5
"""Of logits within ±10: what summing float32 in another order gives."""
TRACKED_TOLERANCE = 5e-4
"""Memories are kept as bfloat16, where such a difference may round the other way."""


@pytest.fixture(scope="module")
def meta() -> dict[str, np.ndarray]:
    return dict(np.load(Path(__file__).parent / "meta_sam3" / "values.npz"))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tiny.save(tmp_path_factory.mktemp("models") / "sam3")
    engine = Sam3Engine(Settings(_env_file=None, models_dir=folder.parent, device="cpu"))
    engine.load_model("cpu")
    yield engine._loaded()
    engine.unload()


def embedding(network):
    return image._encode(network, tiny.picture())


def test_vision_encoder_gives_meta_s_features(network, meta):
    state = embedding(network).state
    ours = state[0].T.reshape(meta["trunk"].shape).numpy()
    assert np.abs(ours - meta["trunk"]).max() < TOLERANCE


@pytest.mark.parametrize("part", ["text", "exemplar"])
def test_detector_gives_meta_s_masks_scores_and_presence(network, meta, part):
    text = tiny.TEXT if part == "text" else detection.EXEMPLAR_TEXT
    examples = ((Box(*tiny.EXEMPLAR),) if part == "exemplar" else (), ())
    answer = detection.raw_answer(
        network,
        embedding(network).state,
        detection.read_text(network, text),
        examples,
        tiny.SIZE_WH,
    )
    assert np.abs(answer.masks.numpy() - meta[f"{part}_masks"]).max() < TOLERANCE
    assert np.abs(answer.logits.numpy() - meta[f"{part}_logits"]).max() < TOLERANCE
    assert np.abs(answer.presence.numpy() - meta[f"{part}_presence"]).max() < TOLERANCE


def decoded(network, clicks, box, previous):
    points = tuple(Point(x, y, positive=bool(label)) for (x, y), label in clicks)
    pyramid = embedding(network).pyramid
    logits, _ = image._decode(network, pyramid, tiny.SIZE_WH, points, box, previous)
    return logits


def test_each_further_click_gives_meta_s_logits(network, meta):
    previous = None
    for count in range(1, len(tiny.CLICKS) + 1):
        previous = decoded(network, tiny.CLICKS[:count], None, previous)
        assert np.abs(previous[0, 0].numpy() - meta[f"clicks_click{count}"]).max() < TOLERANCE


def test_box_and_a_click_on_it_give_meta_s_logits(network, meta):
    box = Box(*tiny.BOX)
    previous = decoded(network, (), box, None)
    assert np.abs(previous[0, 0].numpy() - meta["clicks_box"]).max() < TOLERANCE
    refined = decoded(network, tiny.CLICKS[:1], box, previous)
    assert np.abs(refined[0, 0].numpy() - meta["clicks_box_click"]).max() < TOLERANCE


@pytest.fixture
def tracked_logits(network, monkeypatch):
    """Track the clip from one end; returns each frame's low-resolution logits by index."""

    def run(start: int) -> dict[int, np.ndarray]:
        logits: dict[int, np.ndarray] = {}
        original = tracking.to_mask

        def keep(values, size_wh, name, frame, specks):
            logits[frame] = values.numpy()
            return original(values, size_wh, name, frame, specks)

        monkeypatch.setattr(tracking, "to_mask", keep)
        # Hiding the object looks like a cut; what we do at cuts Meta's code doesn't.
        monkeypatch.setattr(tracking.CutDetector, "is_cut", lambda *_: False)
        mask = np.roll(tiny.object_mask(), 2 * start, axis=1)
        frames = ArrayFrames(tiny.clip())
        found = tracking.track(network, "SAM 3", frames, {start: {1: mask}}, start, RunContext())
        assert len(list(found)) == tiny.FRAMES
        return logits

    return run


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_tracking_through_an_absence_gives_meta_s_logits(tracked_logits, meta, direction):
    order = list(range(tiny.FRAMES) if direction == "forward" else range(tiny.FRAMES)[::-1])
    absent = meta[f"{direction}_scores"] < 0
    assert absent.sum() == len(tiny.HIDDEN_FRAMES)
    assert not absent[-1]
    logits = tracked_logits(order[0])
    for place, index in enumerate(order[1:], 1):
        difference = np.abs(logits[index] - meta[f"{direction}_masks"][place])
        assert difference.max() < TRACKED_TOLERANCE, index


def test_memory_of_a_clip_stays_at_what_later_frames_read(tracked_logits, monkeypatch):
    kept: list[tuple[int, int]] = []
    original = tracking.prune

    def count(session, clock, *frames):
        original(session, clock, *frames)
        outputs = session.output_dict_per_obj[0]["non_cond_frame_outputs"]
        kept.append((len(outputs), sum("maskmem_features" in value for value in outputs.values())))

    monkeypatch.setattr(tracking, "prune", count)
    tracked_logits(0)
    assert max(outputs for outputs, _ in kept) <= 16
    assert max(memories for _, memories in kept) == 6


def test_small_holes_and_specks_go_as_in_meta_s_video_path(meta):
    for before, after in zip(meta["text_masks"], meta["filled_masks"], strict=True):
        ours = tensors.without_specks(torch.from_numpy(before), 16).numpy()
        assert np.array_equal(ours, after)
    assert not np.array_equal(meta["text_masks"], meta["filled_masks"])


def test_epsilon_of_a_config_is_overruled(network):
    norms = [
        module
        for module in network.detector.vision_encoder.backbone.modules()
        if isinstance(module, torch.nn.LayerNorm)
    ]
    assert len(norms) == 5
    assert {module.eps for module in norms} == {1e-5}


def test_float16_that_overflows_goes_on_in_bfloat16(tmp_path, caplog):
    folder = tiny.save(tmp_path / "sam3")
    engine = Sam3Engine(
        Settings(_env_file=None, models_dir=tmp_path, device="cpu", dtype="float16")
    )
    assert folder.is_dir()
    engine.load_model("cpu")
    network = engine._loaded()
    frames = tiny.clip()[:4]
    quiet = list(
        tracking.track(network, "SAM 3", ArrayFrames(frames), first_mask(), 0, RunContext())
    )
    assert network.dtype is torch.float16
    backbone = network.detector.vision_encoder.backbone
    seen: list[torch.dtype] = []

    def overflow(module, given, output):
        seen.append(network.dtype)
        if network.dtype is torch.float16 and len(seen) > 2:
            output.last_hidden_state = output.last_hidden_state * float("inf")
        return output

    with backbone.register_forward_hook(overflow):
        found = list(
            tracking.track(network, "SAM 3", ArrayFrames(frames), first_mask(), 0, RunContext())
        )
    assert network.dtype is torch.bfloat16
    assert "float16 overflowed" in caplog.text
    for one, other in zip(quiet, found, strict=True):
        same = one.masks[1] == other.masks[1]
        assert same.mean() > 0.97


def first_mask():
    return {0: {1: tiny.object_mask()}}
