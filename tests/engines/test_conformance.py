"""One suite that every engine passes, whatever it does inside.

To add an engine, add a `Case`. Models are tiny and random, or stand-ins: these tests look at the
contract of `engines/base`, never at quality.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from config import Settings
from engines.base import (
    ArrayFrames,
    Capability,
    Engine,
    MattingEngine,
    RunContext,
    Segmenter,
    Tracker,
)
from engines.registry import build_registry
from utils.errors import Cancelled, SplazmatteError, UnusablePrompt
from utils.messages import CATALOGUE, render
from utils.types import Box, Point, Prompt

Kind = Literal["track", "matte"]


def make_builtin(_: pytest.FixtureRequest) -> Engine:
    from engines.builtin.engine import BuiltinEngine

    return BuiltinEngine(Settings(_env_file=None))


def make_sam3(request: pytest.FixtureRequest) -> Engine:
    from engines.sam.engine import Sam3Engine

    folder = request.getfixturevalue("tiny_sam3")
    return Sam3Engine(Settings(_env_file=None, sam3_model=str(folder), device="cpu"))


def make_sam2(request: pytest.FixtureRequest) -> Engine:
    from engines.sam.engine import Sam2Engine

    folder = request.getfixturevalue("tiny_sam2")
    return Sam2Engine(Settings(_env_file=None, sam2_model=str(folder), device="cpu"))


def make_matanyone(request: pytest.FixtureRequest) -> Engine:
    from tests.engines.fake_matanyone import make_fake_engine

    return make_fake_engine(request.getfixturevalue("models_folder"))


def make_videomama(request: pytest.FixtureRequest) -> Engine:
    pytest.importorskip("diffusers")
    from engines.videomama.engine import VideoMaMaEngine
    from tests.engines.tiny_videomama import build_tiny_videomama, tiny_settings

    folder = request.getfixturevalue("models_folder")
    return VideoMaMaEngine(tiny_settings(build_tiny_videomama(folder)))


def make_rvm(request: pytest.FixtureRequest) -> Engine:
    from engines.onnx.networks import RVM_NETWORKS
    from engines.rvm.engine import RvmEngine
    from tests.engines.tiny_onnx import install

    folder = request.getfixturevalue("unpinned_models")
    install(RVM_NETWORKS["rvm"], folder)
    return RvmEngine(Settings(_env_file=None, models_dir=folder, device="cpu"))


def make_rvm_on_onnxruntime(request: pytest.FixtureRequest) -> Engine:
    from engines.rvm.engine import RvmEngine

    make_rvm(request)
    folder = request.getfixturevalue("unpinned_models")
    return RvmEngine(Settings(_env_file=None, models_dir=folder, onnx_runtime="onnxruntime"))


def make_frame_model(request: pytest.FixtureRequest) -> Engine:
    from engines.onnx.networks import FRAME_NETWORKS
    from tests.engines.tiny_onnx import install

    folder = request.getfixturevalue("unpinned_models")
    install(FRAME_NETWORKS["u2netp"], folder)
    return build_registry(Settings(_env_file=None, models_dir=folder, device="cpu")).get("u2netp")


def make_process(_: pytest.FixtureRequest) -> Engine:
    from tests.engines.process_engine import StandInEngine

    return StandInEngine()


def make_segmenting_process(_: pytest.FixtureRequest) -> Engine:
    from tests.engines.process_engine import SegmentingStandInEngine

    return SegmentingStandInEngine()


def make_documented(request: pytest.FixtureRequest) -> Engine:
    """The engine that docs/adding-an-engine.md shows."""
    text = (Path(__file__).parents[2] / "docs" / "adding-an-engine.md").read_text(encoding="utf-8")
    module = types.ModuleType("documented_engine")
    sys.modules[module.__name__] = module  # where its dataclass looks its annotations up
    request.addfinalizer(lambda: sys.modules.pop(module.__name__))
    code, texts = (block.split("```")[0] for block in text.split("```python\n")[1:3])
    exec(code, vars(module))
    added = eval(f"{{{texts}}}", vars(module))
    CATALOGUE.update(added)
    request.addfinalizer(lambda: [CATALOGUE.pop(name) for name in added])
    return module.SoftEngine(Settings(_env_file=None))


@dataclass(frozen=True)
class Case:
    """An engine, what is asked of it, and the size of clip that keeps the suite quick.

    `one_at_a_time`: a second job is refused while one runs.
    """

    make: Callable[[pytest.FixtureRequest], Engine]
    kind: Kind
    size_wh: tuple[int, int] = (101, 67)
    count: int = 8
    one_at_a_time: bool = False


CASES = {
    "documented-matte": Case(make_documented, "matte"),
    "builtin-track": Case(make_builtin, "track"),
    "builtin-matte": Case(make_builtin, "matte"),
    "sam3-track": Case(make_sam3, "track"),
    "sam2-track": Case(make_sam2, "track"),
    "matanyone-matte": Case(make_matanyone, "matte"),
    "rvm-matte": Case(make_rvm, "matte"),
    "rvm-matte-onnxruntime": Case(make_rvm_on_onnxruntime, "matte"),
    "frame-model-matte": Case(make_frame_model, "matte"),
    "videomama-matte": Case(make_videomama, "matte", (72, 64), 6),
    "process-matte": Case(make_process, "matte", one_at_a_time=True),
    "process-track": Case(make_segmenting_process, "track", one_at_a_time=True),
}


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory) -> Path:
    return Path(tmp_path_factory.mktemp("conformance"))


@pytest.fixture(scope="module")
def unpinned_models(models_folder) -> Iterator[Path]:
    from tests.engines.tiny_onnx import unpinned_manifest

    with unpinned_manifest(models_folder):
        yield models_folder


@dataclass
class Bench:
    """A loaded engine with a clip: an object over a texture, and its masks."""

    engine: Any
    case: Case

    def clip(self, count: int | None = None, size_wh: tuple[int, int] | None = None, seed: int = 0):
        width, height = size_wh or self.case.size_wh
        rng = np.random.default_rng(seed)
        ground = np.kron(
            rng.integers(20, 120, (height // 8 + 1, width // 8 + 1, 3)), np.ones((8, 8, 1))
        )
        frames, masks = [], {}
        for index in range(count or self.case.count):
            mask = np.zeros((height, width), bool)
            x = width // 5 + 2 * index
            mask[height // 4 : 3 * height // 4, x : x + width // 3] = True
            frame = ground[:height, :width].copy()
            frame[mask] = (230, 150, 60 + 40 * seed)
            frames.append(frame.astype(np.uint8))
            masks[index] = mask
        return frames, masks

    def open(self, frames: Any, masks: dict, start: int, context: RunContext | None = None):
        context = context or RunContext()
        source = frames if hasattr(frames, "read") else ArrayFrames(frames)
        if self.case.kind == "track":
            return self.engine.track_video(source, {start: {1: masks[start]}}, start, context)
        guide = masks if self.engine.guide_kind == "mask_per_frame" else {start: masks[start]}
        return self.engine.process(source, guide, start, {}, context)

    def run(self, frames: Any, masks: dict, start: int = 0) -> dict[int, np.ndarray]:
        return {item.index: values(item) for item in self.open(frames, masks, start)}


def values(item: Any) -> np.ndarray:
    return item.masks[1] if hasattr(item, "masks") else item.alpha


@pytest.fixture(scope="module", params=list(CASES))
def bench(request) -> Iterator[Bench]:
    case = CASES[request.param]
    engine = case.make(request)
    engine.load_model("cpu")
    yield Bench(engine, case)
    engine.unload()


def equal(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[i], other[i]) for i in one)


def test_engine_does_what_it_says(bench):
    assert isinstance(bench.engine, Tracker if bench.case.kind == "track" else MattingEngine)
    assert bench.engine.working_bytes((1920, 1080)) >= 0
    for language in ("en", "zh"):
        assert render(bench.engine.label, language)
        assert render(bench.engine.description, language)


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_every_frame_comes_once_backwards_first_then_forwards(bench, place):
    frames, masks = bench.clip()
    count = len(frames)
    start = {"first": 0, "middle": count // 2, "last": count - 1}[place]
    order = [item.index for item in bench.open(frames, masks, start)]
    contract = [*range(start - 1, -1, -1), *range(start, count)]
    ascending = list(range(count))
    assert order == contract or (bench.case.kind == "matte" and order == ascending)


@pytest.mark.parametrize("size_wh", [(101, 67), (66, 113), (64, 64)])
def test_results_have_the_frame_s_size_and_the_contract_s_type_and_range(bench, size_wh):
    frames, masks = bench.clip(3, size_wh)
    found = list(bench.open(frames, masks, 1))
    assert len(found) == len(frames)
    for item in found:
        result = values(item)
        assert result.shape == (size_wh[1], size_wh[0])
        assert 0.0 <= item.confidence <= 1.0
        if bench.case.kind == "track":
            assert result.dtype == bool
        else:
            assert result.dtype == np.float32
            assert np.isfinite(result).all()
            assert 0.0 <= result.min() <= result.max() <= 1.0


def test_a_clip_of_one_frame_gives_one_alpha(bench):
    frames, masks = bench.clip(1)
    assert list(bench.run(frames, masks)) == [0]


def test_cancel_is_heard_within_a_frame(bench):
    frames, masks = bench.clip()
    cancel = threading.Event()
    running = bench.open(frames, masks, 3, RunContext(cancel=cancel))
    next(running)
    cancel.set()
    with pytest.raises(Cancelled):
        next(running)


def test_job_cancelled_before_it_began_yields_nothing(bench):
    frames, masks = bench.clip()
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        next(bench.open(frames, masks, 0, RunContext(cancel=cancel)))


def test_two_jobs_side_by_side_do_not_touch_each_other(bench):
    one, other = bench.clip(), bench.clip(seed=1)
    if bench.case.one_at_a_time:
        pytest.skip("it refuses a second job: tests/engines/test_process_engine.py")
    alone = bench.run(*one, 2), bench.run(*other, 0)
    first, second = bench.open(*one, 2), bench.open(*other, 0)
    together: tuple[dict, dict] = ({}, {})
    for _ in range(bench.case.count):
        for running, found in zip((first, second), together, strict=True):
            item = next(running)
            found[item.index] = values(item).copy()
    assert equal(together[0], alone[0])
    assert equal(together[1], alone[1])


def test_abandoned_job_leaves_nothing_behind(bench):
    frames, masks = bench.clip()
    fresh = bench.run(frames, masks, 1)
    other = bench.clip(seed=1)
    abandoned = bench.open(*other, 2)
    next(abandoned)
    abandoned.close()
    assert equal(bench.run(frames, masks, 1), fresh)


class CountingFrames(ArrayFrames):
    """Counts readers that are open."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        super().__init__(frames)
        self.open_readers = 0

    def read(self, start: int, stop: int, step: Any = 1) -> Iterator[np.ndarray]:
        self.open_readers += 1
        try:
            yield from super().read(start, stop, step)
        finally:
            self.open_readers -= 1


def test_readers_are_closed_when_a_job_stops_early(bench):
    frames, masks = bench.clip()
    source = CountingFrames(frames)
    running = bench.open(source, masks, 3)
    next(running)
    running.close()
    assert source.open_readers == 0


def test_inputs_are_not_written_to(bench):
    frames, masks = bench.clip(4)
    for array in (*frames, *masks.values()):
        array.setflags(write=False)
    assert len(bench.run(frames, masks, 1)) == 4


def test_progress_never_goes_back_and_reaches_its_end(bench):
    frames, masks = bench.clip()
    seen = []
    for _ in bench.open(frames, masks, 2, RunContext(on_progress=seen.append)):
        pass
    shares = [(item.done, item.total) for item in seen]
    assert shares == sorted(shares)
    assert len({item.total for item in seen}) == 1
    assert shares[-1][0] == shares[-1][1]


def test_unloading_and_loading_again_gives_the_same(bench):
    frames, masks = bench.clip(4)
    before = bench.run(frames, masks, 1)
    bench.engine.unload()
    bench.engine.unload()
    bench.engine.load_model("cpu")
    bench.engine.load_model("cpu")
    assert equal(bench.run(frames, masks, 1), before)


def test_empty_start_mask_and_mask_of_another_size_are_refused(bench):
    frames, masks = bench.clip(3)
    wrong = {index: np.pad(mask, 1) for index, mask in masks.items()}
    empty = {index: np.zeros_like(mask) for index, mask in masks.items()}
    # A matter that takes a mask of every frame can't tell an absent target from a mistake.
    refused = (wrong,) if bench.engine.guide_kind == "mask_per_frame" else (wrong, empty)
    for given in refused:
        with pytest.raises(UnusablePrompt):
            list(bench.open(frames, given, 0))


def test_an_error_about_a_mask_names_its_frame_by_the_number_in_the_clip(bench):
    frames, masks = bench.clip(3)
    needs_all = bench.engine.guide_kind == "mask_per_frame" and bench.case.kind == "matte"
    given = {0: masks[0]} if needs_all else {1: np.zeros_like(masks[1])}
    context = RunContext(first=20)
    source = ArrayFrames(frames)
    with pytest.raises(UnusablePrompt) as caught:
        if bench.case.kind == "track":
            given = {index: {1: mask} for index, mask in given.items()}
            list(bench.engine.track_video(source, given, 1, context))
        else:
            list(bench.engine.process(source, given, 1, {}, context))
    assert caught.value.message.params["frame"] == 21


def test_an_empty_guide_is_for_engines_that_need_no_mark(bench):
    if bench.case.kind != "matte":
        pytest.skip("not a matting engine")
    frames, _ = bench.clip(3)

    def indices() -> list[int]:
        stream = bench.engine.process(ArrayFrames(frames), {}, 0, {}, RunContext())
        return sorted(item.index for item in stream)

    if Capability.EVERYONE in bench.engine.capabilities:
        assert indices() == [0, 1, 2]
    else:
        with pytest.raises(SplazmatteError):
            indices()


def test_segmenters_answer_clicks_and_boxes_with_masks_of_the_image_s_size(bench):
    if not isinstance(bench.engine, Segmenter):
        pytest.skip("not a segmenter")
    (frame,), masks = bench.clip(1)
    height, width = frame.shape[:2]
    rows, columns = np.nonzero(masks[0])
    centre = Point(float(columns.mean()), float(rows.mean()))
    box = Box(columns.min() - 2, rows.min() - 2, columns.max() + 2, rows.max() + 2)
    neighbours = dict.fromkeys(bench.engine.neighbour_offsets or (-1, 1), frame)
    for prompt, around in product(
        (Prompt(points=(centre,)), Prompt(box=box)), (None, {}, neighbours)
    ):
        opened = bench.engine.open_image(frame, around)
        found = opened.segment(prompt)
        again = opened.segment(prompt)
        assert len(found) >= 1
        assert all(i.mask.shape == (height, width) and i.mask.dtype == bool for i in found)
        assert all(0.0 <= instance.score <= 1.0 for instance in found)
        assert np.array_equal(found[0].mask, again[0].mask)
    with pytest.raises(UnusablePrompt):
        bench.engine.segment_image(frame, Prompt())


def test_every_registered_engine_introduces_itself_without_loading_a_library():
    code = (
        "import sys; from config import Settings; from engines.registry import build_registry\n"
        "from utils.messages import render\n"
        "for e in build_registry(Settings(_env_file=None)):\n"
        "    assert e.name and e.capabilities and e.weight_bytes >= 0\n"
        "    for r in e.requirements():\n"
        "        assert render(r.label, 'zh'); assert r.present or r.command or 'gpu' in r.label.code, r\n"
        "    e.option_specs(); e.working_bytes((1280, 720)); print(e.name)\n"
        "heavy = {'torch', 'transformers', 'diffusers', 'onnxruntime', 'openvino'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(build_registry(Settings(_env_file=None)).names)
