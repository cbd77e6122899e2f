from __future__ import annotations

import cv2
import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.builtin_engine import BuiltinEngine
from utils.errors import Cancelled, UnusablePrompt
from utils.mask_utils import intersection_over_union
from utils.types import Box, Point, Prompt

COUNT, WIDTH, HEIGHT = 9, 160, 96


@pytest.fixture(scope="module")
def engine() -> BuiltinEngine:
    engine = BuiltinEngine(Settings(_env_file=None))
    engine.load_model("cpu")
    return engine


@pytest.fixture(scope="module")
def clip() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """An orange disc with a dark cross moves over a textured ground; frames and true masks."""
    noise = np.random.default_rng(7)
    ground = cv2.GaussianBlur(noise.uniform(0, 255, (HEIGHT, WIDTH, 3)), (0, 0), 3)
    ground = (ground - ground.min()) / np.ptp(ground) * np.array([60, 120, 180])
    frames, masks = [], []
    for index in range(COUNT):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        centre = 50 + 5 * index, 44 + 2 * index
        cv2.circle(mask, centre, 20, 1, -1)
        frame = ground.copy()
        frame[mask > 0] = (235, 140, 40)
        cv2.line(frame, (centre[0] - 8, centre[1]), (centre[0] + 8, centre[1]), (60, 30, 20), 3)
        frames.append(frame.astype(np.uint8))
        masks.append(mask > 0)
    return frames, masks


def test_a_moving_object_is_matted_in_both_directions_from_the_start_frame(engine, clip):
    frames, masks = clip
    result = list(engine.process(ArrayFrames(frames), {4: masks[4]}, 4, {}, RunContext()))
    assert [item.index for item in result] == [3, 2, 1, 0, 4, 5, 6, 7, 8]
    for item in result:
        assert item.alpha.dtype == np.float32
        assert item.alpha.shape == (HEIGHT, WIDTH)
        assert intersection_over_union(item.alpha > 0.5, masks[item.index]) > 0.85
        assert 0.0 <= item.confidence <= 1.0


def test_alpha_is_solid_inside_and_clean_outside(engine, clip):
    frames, masks = clip
    for item in engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext()):
        inside = cv2.erode(masks[item.index].astype(np.uint8), np.ones((11, 11))) > 0
        outside = cv2.dilate(masks[item.index].astype(np.uint8), np.ones((17, 17))) == 0
        assert item.alpha[inside].min() == 1.0
        assert item.alpha[outside].max() == 0.0


def test_a_box_selects_the_object_and_not_the_box(engine, clip):
    frames, masks = clip
    found = engine.segment_image(frames[0], Prompt(box=Box(26, 20, 74, 68)))
    assert intersection_over_union(found[0].mask, masks[0]) > 0.85


def test_a_click_selects_the_object(engine, clip):
    frames, masks = clip
    found = engine.segment_image(frames[0], Prompt(points=(Point(50, 36),)))
    assert intersection_over_union(found[0].mask, masks[0]) > 0.8


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        (Prompt(), "prompt.empty"),
        (Prompt(text="dog"), "prompt.text_unsupported"),
        (Prompt(exemplars=(Box(0, 0, 9, 9),)), "prompt.exemplars_unsupported"),
        (Prompt(points=(Point(9, 9, positive=False),)), "prompt.no_positive"),
        (Prompt(points=(Point(WIDTH, 9),)), "prompt.point_outside"),
        (Prompt(box=Box(900, 900, 950, 950)), "prompt.box_outside"),
        (Prompt(box=Box(10, 10, 12, 50)), "prompt.box_small"),
        (Prompt(mask=np.zeros((HEIGHT, WIDTH), bool)), "prompt.mask_empty"),
        (Prompt(mask=np.ones((HEIGHT, WIDTH), bool)), "prompt.mask_full"),
        (Prompt(mask=np.ones((HEIGHT, WIDTH + 1), bool)), "prompt.mask_size"),
    ],
)
def test_a_prompt_that_selects_nothing_is_refused_with_its_reason(engine, clip, prompt, code):
    with pytest.raises(UnusablePrompt) as caught:
        engine.segment_image(clip[0][0], prompt)
    assert caught.value.code == code


def test_a_guide_without_the_start_frame_is_refused(engine, clip):
    with pytest.raises(UnusablePrompt) as caught:
        next(iter(engine.process(ArrayFrames(clip[0]), {}, 0, {}, RunContext())))
    assert caught.value.code == "prompt.mask_missing"


def test_a_cancelled_job_stops_at_the_next_frame(engine, clip):
    frames, masks = clip
    context = RunContext()
    result = engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, context)
    next(result)
    context.cancel.set()
    with pytest.raises(Cancelled):
        next(result)
