"""First masks in dark pictures: what of the built-in engine sees them exposed, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.builtin.engine import BuiltinEngine
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.builtin.tracking.steps import read_steps
from engines.builtin.vision.processing_size import to_processing_size
from utils.exposure import Exposure, exposure_gain, exposure_of, gain_beside, multiplied
from utils.mask_utils import intersection_over_union
from utils.types import Box, Example, Frame, Mask, Point, Prompt

HEIGHT, WIDTH = 120, 160
BOX = Box(50, 40, 110, 90)


def plate(shift: int = 0) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[40:90, 50 + shift : 110 + shift] = True
    return mask


def dark(shift: int = 0) -> Frame:
    """Return a plate of three levels above its ground, and a brighter stripe that is 40 of 255."""
    noise = np.random.default_rng(shift + 10).integers(-1, 2, (HEIGHT, WIDTH, 3))
    frame = np.full((HEIGHT, WIDTH, 3), 12) + noise
    frame[plate(shift)] += (4, 1, 3)
    frame[:10] = 40
    return frame.astype(np.uint8)


CLICK = Prompt(points=(Point(70, 60), Point(20, 70, positive=False)))
CORRECTION = Prompt(points=(Point(100, 60),), mask=plate() & (np.arange(WIDTH) < 80))


@pytest.mark.parametrize("prompt", [Prompt(box=BOX), CLICK, CORRECTION], ids=["box", "clicks", "correction"])  # fmt: skip
@pytest.mark.parametrize("is_known", [False, True], ids=["alone", "known on another frame"])
def test_a_dark_picture_is_segmented_like_the_same_one_exposed(prompt: Prompt, is_known: bool):
    gain = exposure_gain(dark())
    assert gain == pytest.approx(230 / 40)
    masks = []
    for factor in (1.0, gain):
        pictures = {shift: multiplied(dark(shift), factor) for shift in (-4, 0, 4)}
        examples = (Example(9, plate(4), lambda seen=pictures[4]: seen),) if is_known else ()
        around = {distance: pictures[4 * distance] for distance in (-1, 1)}
        opened = BuiltinSegmentation(pictures[0], "builtin", around)
        given = Prompt(points=prompt.points, box=prompt.box, mask=prompt.mask, examples=examples)
        masks.append(opened.segment(given)[0].mask)
    assert masks[0].any()
    assert np.array_equal(masks[0], masks[1])


def test_a_box_finds_what_differs_from_the_dark_around_it_by_a_few_levels():
    found = BuiltinSegmentation(dark(), "builtin").segment(Prompt(box=BOX))
    assert intersection_over_union(found[0].mask, plate()) > 0.9


def test_networks_get_the_picture_as_it_is():
    seen = []

    class Network:
        network = "recording"
        answers_quickly = True

        def estimate(self, image: Frame, picture_wh: object = None) -> np.ndarray:
            seen.append(image)
            return np.zeros(image.shape[:2], np.float32)

        def descriptors(self, image: Frame) -> np.ndarray:
            seen.append(image)
            return np.ones((8, 10, 4), np.float32)

    examples = (Example(9, plate(4), lambda: dark(4)),)
    opened = BuiltinSegmentation(dark(), "builtin", {1: dark(4)}, (Network(),), Network())  # type: ignore[arg-type]
    opened.segment(Prompt(box=BOX, examples=examples))
    assert any(np.array_equal(image, dark()) for image in seen)
    assert any(np.array_equal(image, dark(4)) for image in seen)
    assert max(image.max() for image in seen) == 40


def test_a_dark_clip_is_tracked_exposed_with_one_gain_and_its_frames_stay_as_they_are():
    frames = [dark(0), dark(4), (dark(8) * 0.97).astype(np.uint8)]
    steps = list(read_steps(ArrayFrames(frames), 0, 3, 1, Exposure(5.0, 14.0)))
    for step, frame in zip(steps, frames, strict=True):
        shown = to_processing_size(multiplied(frame, 5.0), (WIDTH, HEIGHT))
        assert np.array_equal(step.working.rgb, shown.rgb)
        assert np.array_equal(step.working.lab, shown.lab)
        assert np.array_equal(step.frame, frame)


def test_what_is_brighter_later_in_a_dark_clip_is_not_washed_out_but_seen_in_the_light_before():
    gain = exposure_gain(dark())
    bright = multiplied(dark(4), 5.0)
    steps = list(read_steps(ArrayFrames([dark(), bright]), 0, 2, 1, exposure_of(dark())))
    assert steps[0].working.rgb.max() == 230 and steps[1].working.rgb.max() < 240
    in_the_dark = multiplied(dark(4), gain).astype(float)
    assert np.abs(steps[1].working.rgb - in_the_dark).mean() < 3.0


def test_the_start_frame_tells_whether_a_clip_is_tracked_exposed(monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []

    def record(frame: Frame, size_wh: tuple[int, int]) -> object:
        seen.append(int(frame.max()))
        return to_processing_size(frame, size_wh)

    monkeypatch.setattr("engines.builtin.tracking.steps.to_processing_size", record)
    engine = BuiltinEngine(Settings(_env_file=None))  # type: ignore[call-arg]
    bright = [multiplied(dark(shift), 5.0) for shift in (0, 4)]
    for frames, shown in (([dark(), dark(4)], {230}), (bright, {200})):
        seen.clear()
        list(engine.process(ArrayFrames(frames), {0: plate()}, 0, {}, RunContext()))
        assert set(seen) == shown
        seen.clear()
        list(engine.track_video(ArrayFrames(frames), {0: {1: plate()}}, 0, RunContext()))
        assert set(seen) == shown


def test_a_lamp_that_appears_leaves_the_other_colours_of_a_dark_clip_as_they_are():
    lit = dark(4)
    lit[-20:, -20:] = 250  # A fiftieth of the picture.
    steps = list(read_steps(ArrayFrames([dark(), lit]), 0, 2, 1, exposure_of(dark())))
    away = np.s_[20:90, :130]
    ratio = steps[1].working.rgb[away].mean() / steps[0].working.rgb[away].mean()
    assert 0.9 < ratio < 1.1


def test_a_bright_confirmed_frame_tells_of_the_target_in_a_dark_picture():
    gain = exposure_gain(dark())
    by_daylight = multiplied(dark(4), gain)
    assert gain_beside(by_daylight, exposure_of(dark())) < 1.3
    examples = (Example(9, plate(4), lambda: by_daylight),)
    opened = BuiltinSegmentation(dark(), "builtin")
    log_odds = opened._known_log_odds(Prompt(points=(Point(70, 60),), examples=examples))
    assert log_odds is not None
    assert log_odds[plate()].mean() > log_odds[~plate()].mean() + 2.0
