"""SAM 3 and SAM 2.1 as engines, on tiny random checkpoints in the real layout."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from config import Settings  # noqa: E402
from engines.base import ArrayFrames, RunContext, Segmenter, Tracker  # noqa: E402
from engines.sam import image, tensors, tracking  # noqa: E402
from engines.sam.engine import Sam2Engine, Sam3Engine  # noqa: E402
from engines.sam.parts import connected_parts  # noqa: E402
from utils.errors import (  # noqa: E402
    EngineError,
    EngineUnavailable,
    ModelFilesError,
    UnusablePrompt,
)
from utils.scene_cut import CutDetector  # noqa: E402
from utils.types import Box, Point, Prompt  # noqa: E402

HEIGHT, WIDTH = 90, 121


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def clip(picture) -> list[np.ndarray]:
    return [np.roll(picture, 3 * index, axis=1) for index in range(9)]


def block(x: int, y: int, side: int = 30) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + side, x : x + side] = True
    return mask


@pytest.fixture(params=["sam3", "sam2"])
def engine(request):
    return request.getfixturevalue(request.param)


def track(engine, frames, masks, start, context=None):
    context = context or RunContext()
    return {
        item.index: item for item in engine.track_video(ArrayFrames(frames), masks, start, context)
    }


# Prompts


def test_engines_are_segmenters_and_trackers(engine):
    assert isinstance(engine, Segmenter)
    assert isinstance(engine, Tracker)


def test_text_finds_instances_best_first_with_the_text_as_label(sam3, picture):
    found = sam3.segment_image(picture, Prompt(text="  red   car "))
    scores = [instance.score for instance in found]
    assert scores == sorted(scores, reverse=True)
    assert len(found) > 1
    assert {instance.label for instance in found} == {"red car"}
    assert all(i.mask.shape == (HEIGHT, WIDTH) and i.mask.dtype == bool for i in found)


def test_different_texts_give_different_answers(sam3, picture):
    opened = sam3.open_image(picture)
    one, other = (opened.segment(Prompt(text=text))[0].score for text in ("a dog", "two cats"))
    assert one != other


def test_clicks_on_one_text_instance_refine_it(sam3, picture):
    opened = sam3.open_image(picture)
    found = opened.segment(Prompt(text="car"))
    refined = opened.segment(Prompt(text="car", points=(Point(20, 20),)))
    assert len(found) > 1
    assert len(refined) == 1


def test_clicks_on_a_text_instance_do_not_run_the_detector_again(sam3, picture, monkeypatch):
    calls = []
    detect = image.detection.detect
    monkeypatch.setattr(image.detection, "detect", lambda *a: calls.append(1) or detect(*a))
    opened = sam3.open_image(picture)
    found = opened.segment(Prompt(text="car"))
    for x in (20, 30):
        opened.segment(Prompt(text="car", points=(Point(x, 20),)))
    again = opened.segment(Prompt(text="car"))
    assert len(calls) == 1
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(found, again, strict=True))
    opened.segment(Prompt(text="dog"))
    assert len(calls) == 2


def test_further_prompts_on_one_image_run_the_vision_tower_once(sam3, picture, monkeypatch):
    calls = []
    backbone = sam3._loaded().detector.vision_encoder.backbone
    forward = backbone.forward
    monkeypatch.setattr(backbone, "forward", lambda *a, **k: calls.append(1) or forward(*a, **k))
    opened = sam3.open_image(picture)
    opened.segment(Prompt(text="car"))
    opened.segment(Prompt(points=(Point(20, 20),)))
    opened.segment(Prompt(points=(Point(20, 20), Point(80, 60, positive=False))))
    opened.segment(Prompt(box=Box(10, 10, 60, 60)))
    opened.segment(Prompt(exemplars=(Box(10, 10, 60, 60),)))
    assert len(calls) == 1


def test_answer_depends_on_the_prompt_alone_not_on_the_clicks_before_it(engine, picture):
    points = (Point(20, 20), Point(80, 60, positive=False), Point(40, 70))
    clicked = engine.open_image(picture)
    for count in (1, 2, 3, 1, 3, 2):  # with undo and redo
        answer = clicked.segment(Prompt(points=points[:count]))
        fresh = engine.segment_image(picture, Prompt(points=points[:count]))
        assert [i.score for i in answer] == [i.score for i in fresh]
        assert all(np.array_equal(a.mask, b.mask) for a, b in zip(answer, fresh, strict=True))


def test_second_click_refines_from_the_first_answer(engine, picture):
    points = (Point(20, 20), Point(80, 60, positive=False))
    opened = engine.open_image(picture)
    opened.segment(Prompt(points=points))
    refined = opened._answers[(None, points)][0]
    network = engine._loaded()
    alone, _ = image._decode(
        network, opened._embedding.pyramid, (WIDTH, HEIGHT), points, None, None
    )
    assert not torch.equal(refined, alone)


def test_ready_mask_is_kept_and_clicks_refine_it(engine, picture):
    ready = block(20, 20)
    opened = engine.open_image(picture)
    (kept,) = opened.segment(Prompt(mask=ready))
    assert np.array_equal(kept.mask, ready)
    click = (Point(70, 40),)
    logits = []
    for mask in (ready, block(60, 40), None):
        opened.segment(Prompt(mask=mask, points=click))
        logits.append(opened._answers[(None, click)][0])
    assert not torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[0], logits[2])
    assert not torch.equal(logits[1], logits[2])


@pytest.mark.parametrize("text", ["穿红衣服的人", "person 人", "カメラ", "사람"])
def test_text_that_is_not_english_is_refused(sam3, picture, text):
    with pytest.raises(UnusablePrompt, match="not English"):
        sam3.segment_image(picture, Prompt(text=text))


def test_text_longer_than_the_text_tower_reads_is_refused_with_the_limit(sam3, picture):
    fits = "x" * 30  # one token a letter in the test tokenizer, and two around them
    assert sam3.segment_image(picture, Prompt(text=fits)) is not None
    with pytest.raises(UnusablePrompt, match=r"33 tokens.*at most 32"):
        sam3.segment_image(picture, Prompt(text=fits + "y"))


@pytest.mark.parametrize("prompt", [Prompt(), Prompt(text="   ")])
def test_empty_prompt_is_refused(engine, picture, prompt):
    with pytest.raises(UnusablePrompt):
        engine.segment_image(picture, prompt)


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        (Prompt(points=(Point(WIDTH + 1, 5),)), "prompt.point_outside"),
        (Prompt(points=(Point(float("nan"), 5),)), "prompt.point_outside"),
        (Prompt(points=(Point(5, 5, positive=False),)), "prompt.no_positive"),
        (Prompt(box=Box(500, 500, 600, 600)), "prompt.box_outside"),
        (Prompt(box=Box(5, 5, 5.5, 60)), "prompt.box_small"),
        (Prompt(box=Box(float("nan"), 0, 9, 9)), "prompt.box_outside"),
        (Prompt(mask=np.zeros((HEIGHT, WIDTH), bool)), "prompt.mask_empty"),
        (Prompt(mask=np.ones((HEIGHT, WIDTH - 1), bool)), "prompt.mask_size"),
    ],
)
def test_unusable_prompt_is_refused_before_the_model_runs(sam2, picture, prompt, code):
    opened = sam2.open_image(picture)
    with pytest.raises(UnusablePrompt) as caught:
        opened.segment(prompt)
    assert caught.value.code == code
    assert opened._embedding is None


def test_box_drawn_from_any_corner_and_over_the_edge_is_the_same_box(sam2, picture):
    one = sam2.segment_image(picture, Prompt(box=Box(10, 8, WIDTH, HEIGHT)))
    other = sam2.segment_image(picture, Prompt(box=Box(WIDTH + 40, HEIGHT + 9, 10, 8)))
    assert np.array_equal(one[0].mask, other[0].mask)


@pytest.mark.parametrize("prompt", [Prompt(text="car"), Prompt(exemplars=(Box(1, 1, 50, 50),))])
def test_sam2_refuses_text_and_exemplars_and_says_what_to_do(sam2, picture, prompt):
    with pytest.raises(UnusablePrompt, match="install SAM 3"):
        sam2.segment_image(picture, prompt)


def test_numbers_that_are_none_are_a_fault_not_a_mask(sam2):
    with pytest.raises(EngineError):
        tensors.to_mask(torch.full((4, 4), float("nan")), (8, 8), "SAM 2.1")


# Tracking


def test_confirmed_masks_come_back_exactly_on_their_frames(engine, clip):
    masks = {4: {1: block(10, 10)}, 6: {1: block(40, 30)}, 2: {1: block(60, 20)}}
    found = track(engine, clip, masks, 4)
    for index, given in masks.items():
        assert np.array_equal(found[index].masks[1], given[1])
        assert found[index].confidence == 1.0


def test_correction_wins_from_there_on_as_if_tracking_began_with_it(engine, clip):
    correction = block(60, 40)
    corrected = track(engine, clip, {0: {1: block(10, 10)}, 4: {1: correction}}, 0)
    fresh = track(engine, clip[4:], {0: {1: correction}}, 0)
    plain = track(engine, clip, {0: {1: block(10, 10)}}, 0)
    for index in range(4):
        assert np.array_equal(corrected[index].masks[1], plain[index].masks[1])
    for index in range(4, 9):
        assert np.array_equal(corrected[index].masks[1], fresh[index - 4].masks[1])


def test_correction_before_the_start_wins_on_the_way_back(engine, clip):
    correction = block(60, 40)
    corrected = track(engine, clip, {8: {1: block(10, 10)}, 4: {1: correction}}, 8)
    fresh = track(engine, clip[:5], {4: {1: correction}}, 4)
    for index in range(5):
        assert np.array_equal(corrected[index].masks[1], fresh[index].masks[1])


def test_late_object_joins_and_leaves_the_others_untouched(engine, clip):
    first, late = block(10, 10), block(60, 40)
    alone = track(engine, clip, {0: {1: first}}, 0)
    together = track(engine, clip, {0: {1: first}, 4: {9: late}}, 0)
    only_late = track(engine, clip[4:], {0: {9: late}}, 0)
    assert set(together[3].masks) == {1}
    assert set(together[4].masks) == {1, 9}
    for index in range(9):
        assert np.array_equal(together[index].masks[1], alone[index].masks[1])
    for index in range(4, 9):
        assert np.array_equal(together[index].masks[9], only_late[index - 4].masks[9])


def test_empty_correction_says_that_the_object_left(engine, clip):
    nothing = np.zeros((HEIGHT, WIDTH), bool)
    found = track(engine, clip, {0: {1: block(10, 10)}, 4: {1: nothing}}, 0)
    assert not found[4].masks[1].any()
    assert len(found) == 9


def test_a_mask_of_several_people_is_tracked_as_one_object_for_each(engine, clip):
    left, right = block(10, 10), block(60, 50)
    assert [part.sum() for part in connected_parts(left | right)] == [
        left.sum(),
        right.sum(),
    ]
    both = track(engine, clip[:4], {0: {1: left | right}}, 0)
    apart = track(engine, clip[:4], {0: {1: left, 2: right}}, 0)
    for index in range(4):
        expected = apart[index].masks[1] | apart[index].masks[2]
        assert np.array_equal(both[index].masks[1], expected)
        assert both[index].confidence == apart[index].confidence


def test_specks_and_very_many_parts_are_no_objects_of_their_own():
    person, speck = block(10, 10), np.zeros_like(block(10, 10))
    speck[80:82, 100:102] = True
    (whole,) = connected_parts(person | speck)
    assert np.array_equal(whole, person | speck)
    many = np.zeros((90, 121), bool)
    many[::10, ::10] = True
    assert len(connected_parts(many)) == 1
    assert len(connected_parts(np.zeros((90, 121), bool))) == 1


@pytest.mark.parametrize(
    "masks",
    [
        {},
        {3: {1: block(1, 1)}},
        {0: {}},
        {0: {1: np.zeros((HEIGHT, WIDTH), bool)}},
        {0: {1: np.ones((HEIGHT, WIDTH + 1), bool)}},
        {0: {1: block(1, 1)}, 1: {1: np.ones((5, 5), bool)}},
    ],
)
def test_tracking_without_a_usable_mask_is_refused(sam2, clip, masks):
    with pytest.raises(UnusablePrompt):
        track(sam2, clip[:3], masks, 0)


@pytest.mark.parametrize(
    ("masks", "code"),
    [
        ({}, "prompt.mask_missing"),
        ({1: {1: np.zeros((HEIGHT, WIDTH), bool)}}, "prompt.mask_empty"),
    ],
)
def test_an_unusable_mask_is_named_by_its_frame_s_number_in_the_clip(sam2, clip, masks, code):
    with pytest.raises(UnusablePrompt) as caught:
        track(sam2, clip[:3], masks, 1, RunContext(first=20))
    assert (caught.value.code, caught.value.message.params["frame"]) == (code, 21)


def test_a_tracked_mask_without_numbers_names_its_frame_in_the_clip(sam2, clip, monkeypatch):
    def broken(output):
        return tracking.Answer(torch.full((4, 4), float("nan")), 1.0)

    monkeypatch.setattr(tracking, "_answer", broken)
    with pytest.raises(EngineError) as caught:
        track(sam2, clip[:3], {0: {1: block(10, 10)}}, 0, RunContext(first=20))
    assert caught.value.message.params["frame"] == 21


def state_bytes(value, seen=None) -> int:
    """Bytes of all tensors that an object graph holds."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(state_bytes(item, seen) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(state_bytes(item, seen) for item in value)
    if hasattr(value, "__dict__"):
        return sum(state_bytes(item, seen) for item in vars(value).values())
    return 0


def test_sixty_frames_keep_memory_flat(engine, picture):
    network = engine._loaded()
    memory = tracking.ObjectMemory(network, 60)
    sizes = []
    for index in range(60):
        frame = np.roll(picture, index, axis=1)
        features = tracking._vision_features(network, frame)
        memory.step(features, index, block(20, 20) if index == 0 else None)
        sizes.append(state_bytes(memory._session))
    assert sizes[-1] == sizes[20]
    assert max(sizes) < 2_000_000


def test_scene_cut_is_told_and_drops_what_was_tracked(engine, picture):
    quiet = [np.full((HEIGHT, WIDTH, 3), 30, np.uint8) + index for index in range(4)]
    bright = [np.full((HEIGHT, WIDTH, 3), 220, np.uint8) - index for index in range(4)]
    notices = []
    context = RunContext(on_notice=notices.append, first=20)
    found = track(engine, [*quiet, *bright], {0: {1: block(10, 10)}}, 0, context)
    told = [(notice.code, notice.params["frame"]) for notice in notices]
    assert told == [("track.scene_cut", 24)], "not by the clip's number"
    # Only the confirmed frame is remembered: the same answer as if nothing lay between.
    network = engine._loaded()
    memory = tracking.ObjectMemory(network, 8)
    memory.step(tracking._vision_features(network, quiet[0]), 0, block(10, 10))
    answer = memory.step(tracking._vision_features(network, bright[0]), 4, None)
    specks = network.kind.speck_area
    expected = tensors.to_mask(answer.logits, (WIDTH, HEIGHT), "test", speck_area=specks)
    assert np.array_equal(found[4].masks[1], expected)


def test_motion_noise_and_a_pan_are_no_cuts(picture):
    detector = CutDetector()
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(0, 255, (12, 60, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    for step in range(20):
        frame = wide[:, 12 * step : 12 * step + 200]
        noisy = np.clip(frame + rng.normal(0, 8, frame.shape), 0, 255).astype(np.uint8)
        assert not detector.is_cut(noisy)


# Files


def test_requirements_are_light_and_name_the_command(tmp_path):
    code = (
        "import sys; from config import Settings; from engines.registry import build_registry\n"
        f"r = build_registry(Settings(_env_file=None, models_dir={str(tmp_path)!r}))\n"
        "missing = [q for n in ('sam3', 'sam2') for q in r.get(n).requirements() if not q.present]\n"
        "assert not r.get('sam3').is_available; r.get('sam3').weight_bytes\n"
        "r.get('sam3').working_bytes((1920, 1080))\n"
        "assert not {'torch', 'transformers', 'safetensors'} & set(sys.modules)\n"
        "print(*[q.command for q in missing], sep='\\n')"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "bash scripts/download_models.sh sam3" in shown
    assert "bash scripts/download_models.sh sam2" in shown


def test_missing_weights_are_an_error_with_the_command(tmp_path):
    made = Sam3Engine(Settings(_env_file=None, models_dir=tmp_path))
    with pytest.raises(EngineUnavailable, match=r"download_models\.sh sam3"):
        made.load_model("cpu")


def copy_of(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def load_sam2(folder: Path) -> Sam2Engine:
    made = Sam2Engine(Settings(_env_file=None, sam2_model=str(folder), device="cpu"))
    made.load_model("cpu")
    return made


def flip_byte(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1000] ^= 0x10
    path.write_bytes(data)


def truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    (folder / "receipt.json").unlink()


def huge_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + path.read_bytes()[8:])
    (folder / "receipt.json").unlink()


def rename_a_key(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    state = load_file(path)
    key = "memory_encoder.projection.weight"
    state["memory_encoder.projected.weight"] = state.pop(key)
    save_file(state, path, metadata={"format": "pt"})
    (folder / "receipt.json").unlink()


def other_model(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"sam2_video"', '"sam3_video"'))
    (folder / "receipt.json").unlink()


def html_instead(folder: Path) -> None:
    (folder / "model.safetensors").write_text("<html>Please log in</html>")
    (folder / "receipt.json").unlink()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (flip_byte, "model.safetensors"),
        (truncate, "model.safetensors"),
        (huge_header, "model.safetensors"),
        (rename_a_key, "model.safetensors"),
        (html_instead, "model.safetensors"),
        (other_model, "config.json"),
    ],
)
def test_damaged_or_wrong_files_are_named_with_the_command(tiny_sam2, tmp_path, damage, named):
    folder = copy_of(tiny_sam2, tmp_path)
    damage(folder)
    with pytest.raises(ModelFilesError) as caught:
        load_sam2(folder)
    assert str(folder / named) in caught.value.user_message
    assert "bash scripts/download_models.sh sam2" in caught.value.user_message


def test_evil_pickle_beside_missing_safetensors_is_never_opened(tiny_sam2, tmp_path):
    folder = copy_of(tiny_sam2, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EngineUnavailable):
        load_sam2(folder)


def test_sharded_weights_give_the_same_masks(tiny_sam2, tmp_path, sam2, picture):
    import json

    from safetensors.torch import load_file, save_file

    folder = copy_of(tiny_sam2, tmp_path)
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(state)
    shards = {
        "model-00001-of-00002.safetensors": names[::2],
        "model-00002-of-00002.safetensors": names[1::2],
    }
    weight_map = {}
    for shard, keys in shards.items():
        save_file({key: state[key] for key in keys}, folder / shard, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(keys, shard)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    prompt = Prompt(points=(Point(20, 20),))
    one, other = (e.segment_image(picture, prompt)[0] for e in (sam2, load_sam2(folder)))
    assert np.array_equal(one.mask, other.mask)


def test_open_image_survives_unloading_and_loading_again(tiny_sam2, picture):
    made = load_sam2(tiny_sam2)
    opened = made.open_image(picture)
    before = opened.segment(Prompt(points=(Point(20, 20),)))[0]
    made.unload()
    with pytest.raises(RuntimeError):
        opened.segment(Prompt(points=(Point(20, 20),)))
    made.load_model("cpu")
    fresh = made.segment_image(picture, Prompt(points=(Point(20, 20),)))[0]
    again = opened.segment(Prompt(points=(Point(20, 20),)))[0]
    assert np.array_equal(again.mask, before.mask)
    assert np.array_equal(fresh.mask, before.mask)


def test_half_precision_runs_every_path(tiny_sam3, picture, clip):
    made = Sam3Engine(Settings(_env_file=None, sam3_model=str(tiny_sam3), dtype="bfloat16"))
    made.load_model("cpu")
    opened = made.open_image(picture)
    for prompt in (
        Prompt(text="car"),
        Prompt(exemplars=(Box(10, 10, 60, 60),)),
        Prompt(points=(Point(20, 20), Point(80, 60, positive=False)), box=Box(5, 5, 90, 80)),
    ):
        opened.segment(prompt)
    assert len(track(made, clip[:4], {2: {1: block(10, 10)}}, 2)) == 4
    assert made.weight_bytes < 8_000_000


def test_half_precision_does_not_round_clicks_before_they_are_normalised(tiny_sam2, picture):
    made = Sam2Engine(Settings(_env_file=None, sam2_model=str(tiny_sam2), dtype="bfloat16"))
    made.load_model("cpu")
    opened = made.open_image(picture)
    found = []
    for x in (100.0, 100.2):  # 105.8 and 106.0 of 128: the same number in bf16
        opened.segment(Prompt(points=(Point(x, 50),)))
        found.append(opened._answers[(None, (Point(x, 50),))][0])
    assert not torch.equal(*found)


def test_hub_id_that_was_never_fetched_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    made = Sam3Engine(Settings(_env_file=None, models_dir=tmp_path, sam3_model="facebook/sam3"))
    weights = made.requirements()[1]
    assert not weights.present
    assert weights.command.startswith("hf download facebook/sam3")


def test_hub_id_in_the_hub_s_cache_counts_as_present(tiny_sam3, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    shutil.copytree(tiny_sam3, tmp_path / "hub" / "models--facebook--sam3" / "snapshots" / "abc")
    made = Sam3Engine(Settings(_env_file=None, models_dir=tmp_path, sam3_model="facebook/sam3"))
    assert made.is_available


class Gate(BaseHTTPRequestHandler):
    """A hub whose repositories are refused with the status that their names end in."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        code = 403 if "sam3-403" in self.path else 401
        self.send_response(code)
        if code == 403:
            self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD


def test_gated_hub_model_explains_the_steps(tmp_path):
    """In a process of its own: the hub's address is read at import."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    program = (
        "from config import Settings; from engines.sam.engine import Sam3Engine\n"
        "from utils.errors import EngineUnavailable\n"
        "for code in (401, 403):\n"
        f"    settings = Settings(_env_file=None, models_dir={str(tmp_path)!r}, sam3_model=f'facebook/sam3-{{code}}')\n"
        "    try: Sam3Engine(settings).load_model('cpu')\n"
        "    except EngineUnavailable as error: print(error.code, error.user_message.replace('\\n', ' '))"
    )
    environment = {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PATH": "/usr/bin:/bin",
        "no_proxy": "*",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    answers = done.stdout.splitlines()
    assert len(answers) == 2, done.stderr[-2000:]
    for answer in answers:
        assert answer.startswith("engine.gated") and "hf auth login" in answer
