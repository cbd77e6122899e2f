"""The built-in engine with a foreground network: better where it knows the target, the same without."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from config import Settings
from engines.base import (
    ArrayFrames,
    Capability,
    Engine,
    Requirement,
    RunContext,
    check_requirements,
)
from engines.builtin.engine import BuiltinEngine
from engines.device.manager import ModelManager
from engines.foreground import LeasedForeground, connect_foreground, foregrounds
from engines.registry import EngineRegistry
from pipeline.jobs.queue import JobRunner
from pipeline.jobs.upkeep import Upkeep
from pipeline.session.page_mark import PageMark
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from utils.errors import BadRequest
from utils.mask_utils import bounding_box, intersection_over_union
from utils.types import Box, Message, Point, Prompt

COUNT, WIDTH, HEIGHT = 8, 160, 96


def clip() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A disc of the background's own texture moves with a stain on it: colours say little of its outline."""
    noise = np.random.default_rng(5)
    texture = cv2.GaussianBlur(noise.uniform(0, 255, (HEIGHT, WIDTH, 3)), (0, 0), 2)
    texture = (texture - texture.min()) / np.ptp(texture) * 200
    other = np.roll(texture, (31, 47), axis=(0, 1))
    frames, masks = [], []
    for index in range(COUNT):
        mask = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (60 + 4 * index, 48), 22, 1, -1) > 0
        frames.append(np.where(mask[..., None], other, texture).astype(np.uint8))
        masks.append(mask)
    return frames, masks


class Oracle:
    """A network that knows the true masks by their frames and parts of frames.

    One that is `near_sighted` finds nothing on a whole frame.
    """

    network = "oracle"
    answers_quickly = True

    def __init__(
        self,
        frames: list[np.ndarray],
        masks: list[np.ndarray],
        fails_at: int = 99,
        near_sighted: bool = False,
    ):
        self.pairs = list(zip(frames, masks, strict=True))
        self.fails_at = fails_at
        self.near_sighted = near_sighted
        self.calls = 0

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        self.calls += 1
        if self.calls >= self.fails_at:
            raise RuntimeError("no more")
        if self.near_sighted and image.shape == (HEIGHT, WIDTH, 3):
            return np.zeros((HEIGHT, WIDTH), np.float32)
        height, width = image.shape[:2]
        for frame, mask in self.pairs:
            gaps = cv2.matchTemplate(frame, image, cv2.TM_SQDIFF)
            y, x = np.unravel_index(int(gaps.argmin()), gaps.shape)
            if np.array_equal(frame[y : y + height, x : x + width], image):
                return mask[y : y + height, x : x + width].astype(np.float32)
        raise KeyError("a picture of another clip")


def matted(engine: BuiltinEngine, frames, mask, context=None, interval=3) -> list[np.ndarray]:
    options = {"network_interval": interval}
    found = engine.process(ArrayFrames(frames), {0: mask}, 0, options, context or RunContext())
    return [item.alpha for item in found]


def overlap(alphas, masks) -> float:
    return float(
        np.mean(
            [intersection_over_union(a > 0.5, m) for a, m in zip(alphas, masks, strict=True)][1:]
        )
    )


@pytest.fixture(scope="module")
def plain() -> BuiltinEngine:
    engine = BuiltinEngine(Settings(_env_file=None))
    engine.load_model("cpu")
    return engine


def with_network(network) -> BuiltinEngine:
    engine = BuiltinEngine(Settings(_env_file=None))
    engine.use_foreground(network)
    return engine


def test_a_network_that_knows_the_target_makes_the_outline_right(plain) -> None:
    frames, masks = clip()
    found = {
        interval: overlap(
            matted(with_network(Oracle(frames, masks)), frames, masks[0], interval=interval), masks
        )
        for interval in (1, 3)
    }
    without = overlap(matted(plain, frames, masks[0]), masks)
    assert found[1] > 0.94
    assert found[3] > without + 0.3


def test_a_network_that_sees_the_target_on_a_crop_alone_helps_as_well(plain) -> None:
    frames, masks = clip()
    network = Oracle(frames, masks, near_sighted=True)
    found = overlap(matted(with_network(network), frames, masks[0], interval=1), masks)
    assert found > overlap(matted(plain, frames, masks[0]), masks) + 0.2
    assert network.calls == 2 * COUNT


def test_what_comes_to_light_beside_an_occluder_is_not_taken_for_the_target_behind_it() -> None:
    """The network shows both, and the other has neither the target's colours nor its size."""

    class Both:
        network = "both"
        answers_quickly = True

        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            reddish = image[..., 0].astype(np.float32) - image[..., 2]
            return (cv2.blur(reddish, (3, 3)) > 35).astype(np.float32)

    noise = np.random.default_rng(7)
    ground = cv2.GaussianBlur(noise.uniform(0, 255, (96, 240, 3)), (0, 0), 3)
    ground = (ground - ground.min()) / np.ptp(ground) * np.array([60, 120, 180])
    cv2.ellipse(ground, (76, 50), (10, 14), 0, 0, 360, (200, 60, 90), -1)
    grain = noise.uniform(-25, 25, (96, 240, 1))
    frames, masks = [], []
    for index in range(19):
        mask = np.zeros((96, 240), np.uint8)
        cv2.circle(mask, (40 + 8 * index, 50), 20, 1, -1)
        frame = np.where(mask[..., None] > 0, np.array([235.0, 140.0, 40.0]), ground + grain)
        cv2.line(frame, (32 + 8 * index, 50), (48 + 8 * index, 50), (60, 30, 20), 3)
        frame[:, 85:150] = 120, 125, 120
        mask[:, 85:150] = 0
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
        masks.append(mask > 0)
    engine = BuiltinEngine(Settings(_env_file=None))
    engine.use_foreground(Both())
    found = list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext()))
    assert not (found[11].alpha > 0.5).any()
    assert intersection_over_union(found[18].alpha > 0.5, masks[18]) > 0.9


def test_a_network_that_fails_midway_ends_no_job_and_is_told(plain) -> None:
    frames, masks = clip()
    notices: list[Message] = []
    engine = with_network(Oracle(frames, masks, fails_at=2))
    alphas = matted(engine, frames, masks[0], RunContext(on_notice=notices.append))
    assert len(alphas) == COUNT
    assert [notice.code for notice in notices] == ["engine.foreground_failed"]
    assert overlap(alphas, masks) > overlap(matted(plain, frames, masks[0]), masks) - 0.05


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # as outside of tests
def test_a_network_that_gives_other_than_numbers_counts_for_nothing_and_is_told(plain) -> None:
    class Overflowed(Oracle):
        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            answer = super().estimate(image, picture_wh)
            answer[: len(answer) // 2] = np.nan
            return answer

    frames, masks = clip()
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append)
    pairs = zip(
        matted(with_network(Overflowed(frames, masks)), frames, masks[0], context),
        matted(plain, frames, masks[0]),
        strict=True,
    )
    assert all(np.array_equal(*pair) for pair in pairs)
    assert [notice.code for notice in notices] == ["engine.foreground_failed"]
    prompt = Prompt(box=Box(*(bounding_box(masks[0]) or (0, 0, 0, 0))))
    (found,), (without,) = (
        engine.segment_image(frames[0], prompt)
        for engine in (with_network(Overflowed(frames, masks)), plain)
    )
    assert np.array_equal(found.mask, without.mask) and found.score == without.score


def test_without_an_available_network_the_alphas_are_those_of_the_engine_alone(plain) -> None:
    frames, masks = clip()
    oracle = Oracle(frames, masks)
    oracle.network = ""
    pairs = zip(
        matted(with_network(oracle), frames, masks[0]),
        matted(plain, frames, masks[0]),
        strict=True,
    )
    assert all(np.array_equal(*pair) for pair in pairs)
    assert oracle.calls == 0


def test_a_score_is_the_overlap_with_a_network_that_knows_the_object_else_of_the_segmentations(
    plain,
) -> None:
    frames, masks = clip()
    box = Box(*(bounding_box(masks[0]) or (0, 0, 0, 0)))
    found = {}
    for name, engine in {
        "plain": plain,
        "knows": with_network(Oracle(frames, masks)),
        "knows nothing": with_network(Oracle(frames, [np.zeros_like(mask) for mask in masks])),
    }.items():
        (found[name],) = engine.segment_image(frames[0], Prompt(box=box))
    truth = intersection_over_union(found["knows"].mask, masks[0])
    assert truth > 0.9
    assert found["knows"].score == pytest.approx(truth, abs=0.07)
    assert found["plain"].score < 0.9
    assert found["knows nothing"].score == found["plain"].score


def test_a_click_takes_the_part_that_a_network_shows_which_agrees_with_the_rest_of_the_mask(
    plain,
) -> None:
    frames, masks = clip()
    cut_off = masks[0].copy()
    cut_off[:, 66:] = False
    left_of_it = np.roll(masks[0], -40, axis=1)

    def after_a_click(engine: BuiltinEngine, x: int, mask: np.ndarray) -> np.ndarray:
        prompt = Prompt(points=(Point(x, 48, positive=not mask[48, x]),), mask=mask)
        return engine.segment_image(frames[0], prompt)[0].mask

    knows = with_network(Oracle(frames, masks))
    without = after_a_click(plain, 73, cut_off)
    for x, mask in ((73, cut_off), (92, masks[0] | np.roll(masks[0], 20, axis=1))):
        found = intersection_over_union(after_a_click(knows, x, mask), masks[0])
        assert found > intersection_over_union(after_a_click(plain, x, mask), masks[0]) + 0.05
    elsewhere = with_network(Oracle(frames[:1], [left_of_it]))
    assert np.array_equal(after_a_click(elsewhere, 73, cut_off), without)


def test_a_click_takes_what_a_network_shows_there_though_edges_speak_for_what_is_beside_it() -> (
    None
):
    """Somebody in black in a dark street between lit windows: a click took a window and its pixel, never the person."""
    frame = np.full((HEIGHT, WIDTH, 3), 30.0)
    for x0, y0, x1, y1 in ((100, 14, 124, 54), (144, 14, 158, 54), (30, 10, 60, 20)):
        frame[y0:y1, x0:x1] = 235, 230, 180
    person = np.zeros((HEIGHT, WIDTH), np.uint8)
    outline = np.array([(134, 6), (128, 30), (100, 95), (159, 95), (140, 30)])
    cv2.fillPoly(person, [outline], 1)
    frame[person > 0] = 26, 24, 30
    frame = np.clip(frame + np.random.default_rng(0).normal(0, 3, frame.shape), 0, 255)
    frame = frame.astype(np.uint8)
    engine = with_network(Oracle([frame], [person > 0]))
    for instance in engine.segment_image(frame, Prompt(points=(Point(134, 60),))):
        assert intersection_over_union(instance.mask, person > 0) > 0.9


class _Net(Engine):
    name = "net"
    answers_quickly = False
    label = Message("engine.builtin.label")
    description = Message("engine.builtin.description")
    capabilities = frozenset({Capability.MATTE})
    weight_bytes = 0
    loaded = False

    def __init__(self, settings: Settings) -> None:
        """Nothing to prepare."""

    def requirements(self):
        return ()

    def working_bytes(self, size_wh):
        return 0

    def load_model(self, device):
        self.loaded = True

    def unload(self):
        self.loaded = False

    def foreground(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        assert self.loaded
        return np.full(image.shape[:2], 0.25, np.float32)


class _PeopleNet(_Net):
    name = "rvm"
    answers_quickly = True


class _MissingNet(_Net):
    name = "missing"

    def requirements(self):
        return (Requirement(Message("engine.builtin.label"), False, "get it"),)

    def load_model(self, device):
        check_requirements(self.name, self.requirements())


@pytest.fixture
def registry(monkeypatch) -> EngineRegistry:
    monkeypatch.setattr(
        "engines.registry.ENGINES",
        {
            "builtin": "engines.builtin.engine:BuiltinEngine",
            "rvm": f"{__name__}:_PeopleNet",
            "net": f"{__name__}:_Net",
            "missing": f"{__name__}:_MissingNet",
        },
    )
    return EngineRegistry(Settings(_env_file=None))


def test_the_network_is_leased_for_the_length_of_a_call(registry) -> None:
    foreground = LeasedForeground(registry, ModelManager(registry, device="cpu"), ("net",))
    assert foreground.network == "net"
    assert (foreground.estimate(np.zeros((4, 6, 3), np.uint8)) == 0.25).all()


def test_a_lent_network_says_whether_it_answers_quickly(registry) -> None:
    manager = ModelManager(registry, device="cpu")
    lent = [LeasedForeground(registry, manager, names) for names in (("net",), ("rvm",), ())]
    assert [foreground.answers_quickly for foreground in lent] == [False, True, True]


def test_auto_lends_a_network_for_any_object_and_the_one_for_people(registry) -> None:
    lent = foregrounds(registry, ModelManager(registry, device="cpu"), "auto")
    assert [foreground.network for foreground in lent] == ["net", "rvm"]


def test_off_lends_no_network_and_a_wrong_name_is_refused(registry) -> None:
    manager = ModelManager(registry, device="cpu")
    assert foregrounds(registry, manager, "off") == ()
    with pytest.raises(BadRequest) as unknown:
        foregrounds(registry, manager, "nobody")
    said = unknown.value.text("en")
    assert "SPLAZMATTE_FOREGROUND_NETWORK" in said, "the setting was not named"
    with pytest.raises(BadRequest) as no_network:
        foregrounds(registry, manager, "builtin")
    assert no_network.value.code == "engine.not_a_foreground_network"


def test_the_application_gives_the_network_to_the_engines_that_use_one(registry) -> None:
    connect_foreground(registry, ModelManager(registry, device="cpu"), "net")
    frames, masks = clip()
    found = matted(registry.get("builtin"), frames[:3], masks[0])
    assert len(found) == 3
    assert registry.get("net").loaded


@pytest.mark.parametrize(
    ("choice", "codes"), [("missing", ["engine.foreground_failed"]), ("off", [])]
)
def test_a_named_network_without_its_files_ends_no_job_and_is_told(
    registry, plain, choice, codes
) -> None:
    connect_foreground(registry, ModelManager(registry, device="cpu"), choice)
    frames, masks = clip()
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append)
    pairs = zip(
        matted(registry.get("builtin"), frames, masks[0], context),
        matted(plain, frames, masks[0]),
        strict=True,
    )
    assert all(np.array_equal(*pair) for pair in pairs)
    assert [notice.code for notice in notices] == codes
    assert all("get it" in str(notice.params["reason"]) for notice in notices)


def test_auto_asks_no_network_whose_files_are_missing(registry) -> None:
    manager = ModelManager(registry, device="cpu")
    assert LeasedForeground(registry, manager, ("missing",)).network == ""
    assert LeasedForeground(registry, manager, ("missing", "net")).network == "net"


def test_loading_the_engine_asks_no_network_and_the_start_of_the_page_loads_them(
    registry, tmp_path
) -> None:
    manager = ModelManager(registry, device="cpu")
    connect_foreground(registry, manager, "auto")
    with manager.lease("builtin"):
        assert not registry.get("net").loaded
    settings = Settings(_env_file=None)
    store = SessionStore(tmp_path)
    page = PageMark(settings.workspace_dir)
    Upkeep(settings, store, VideoIO(settings), manager, JobRunner(), page).warm_up("builtin")
    for _ in range(1200):
        if registry.get("net").loaded and registry.get("rvm").loaded:
            return
        threading.Event().wait(0.05)
    raise AssertionError("the networks were not loaded")
