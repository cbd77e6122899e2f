"""Changes of light that a pass of the tracker does not see, on pictures whose light is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.base import ArrayFrames
from engines.builtin.tracking.relighting import Relighting
from engines.builtin.tracking.steps import read_steps
from engines.builtin.vision.processing_size import to_processing_size
from utils.types import Frame

HEIGHT, WIDTH = 270, 480
SIZE = WIDTH, HEIGHT


def scene(seed: int = 1, shift: int = 0, largest: int = 110) -> Frame:
    """Return blots of 4 to 60 pixels, levels 5 to `largest`, that a camera moves over."""
    random = np.random.default_rng(seed)
    total = sum(
        sigma * cv2.GaussianBlur(random.standard_normal((HEIGHT, WIDTH + 60, 3)), (0, 0), sigma)
        for sigma in (4.0, 12.0, 40.0)
    )
    total = (total - total.min()) / np.ptp(total)
    return (5 + (largest - 5) * total[:, shift : shift + WIDTH]).astype(np.uint8)


def multiplied(frame: Frame, gain: np.ndarray | float | tuple[float, ...]) -> Frame:
    return np.clip(np.rint(frame * np.asarray(gain)), 0, 255).astype(np.uint8)


ACROSS = np.linspace(0.0, 1.0, WIDTH)[None, :, None]
DOWN = np.linspace(0.0, 1.0, HEIGHT)[:, None, None]
LIGHTS = {
    "flash": 2.2,
    "door": 1.0 + 1.2 * (ACROSS > 0.6),
    "rolling shutter": 1.0 + 1.2 * (DOWN < 0.4),
    "near the camera": 1.0 + 1.2 * np.exp(-((ACROSS - 0.3) ** 2) / 0.1),
    "red lamp": (2.2, 1.2, 1.0),
    "lights off": 0.4,
}


def difference(first: Frame, second: Frame) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


@pytest.mark.parametrize("light", LIGHTS)
def test_a_change_of_light_is_undone_and_its_end_is_too(light: str):
    frames = [scene(shift=shift) for shift in (0, 4, 8, 12)]
    lit = multiplied(frames[1], LIGHTS[light])
    relighting = Relighting()
    assert relighting.relit(frames[0], 1.0, False) is None
    found = relighting.relit(lit, 1.0, False)
    assert found is not None
    assert difference(found, frames[1]) < 0.2 * difference(lit, frames[1])
    assert relighting.relit(frames[2], 1.0, False) is None


@pytest.mark.parametrize("light", ["door", "flash"])
def test_light_that_stays_is_undone_as_long_as_it_does(light: str):
    relighting = Relighting()
    for index, shift in enumerate(range(0, 60, 4)):
        frame = scene(shift=shift)
        lit = multiplied(frame, LIGHTS[light]) if index else frame
        found = relighting.relit(lit, 1.0, False)
        if index:
            assert found is not None
            assert difference(found, frame) < 0.3 * difference(lit, frame)


def test_light_that_comes_back_after_a_fade_to_black_is_seen_as_it_is():
    """What was too dark to be undone stayed the light before: the rest of a shot was seen as good as black."""
    relighting = Relighting()
    shares = (1.0, 0.75, 0.5, 0.25, 0.08, 0.02, 0.08, 0.25, 0.5, 0.75, 1.0, 1.0)
    seen = []
    for index, share in enumerate(shares):
        frame = scene(shift=4 * index, largest=220)
        faded = multiplied(frame, share)
        found = relighting.relit(faded, 1.0, False)
        seen.append(float((faded if found is None else found).mean() / frame.mean()))
    assert min(seen[:4]) > 0.95, "undone while it could be"
    assert seen[-4:] == pytest.approx(shares[-4:], rel=0.05)


def test_motion_is_no_change_of_light():
    relighting = Relighting()
    frames = [scene(shift=shift) for shift in (0, 20, 45)]
    frames[1][100:200, 50:150] = 200
    frames[2][100:200, 120:220] = 200
    assert all(relighting.relit(frame, 1.0, False) is None for frame in frames)


def test_another_scene_has_a_light_of_its_own():
    relighting = Relighting()
    relighting.relit(scene(), 1.0, False)
    assert relighting.relit(multiplied(scene(), 2.2), 1.0, True) is None
    assert relighting.relit(multiplied(scene(shift=4), 2.2), 1.0, False) is None


def test_what_an_exposure_would_cut_is_not_lost_where_the_light_is_undone():
    dark = [scene(shift=shift, largest=40) for shift in (0, 4)]
    lit = multiplied(dark[1], LIGHTS["door"] * 1.0 + 3.0 * (ACROSS > 0.6))
    relighting = Relighting()
    relighting.relit(dark[0], 5.0, False)
    found = relighting.relit(lit, 5.0, False)
    assert found is not None
    # By five alone the lit part would be white.
    assert np.mean(multiplied(lit, 5.0)[:, 320:] == 255) > 0.4
    assert difference(found[:, 320:], multiplied(dark[1], 5.0)[:, 320:]) < 8.0


def test_a_flash_in_the_dark_is_seen_by_the_exposure_before_whatever_its_own_is():
    dark = [scene(shift=shift, largest=40) for shift in (0, 4, 8)]
    flash = multiplied(dark[1], 1.8)
    relighting = Relighting()
    relighting.relit(dark[0], 5.0, False)
    found = relighting.relit(flash, 2.2, False)
    assert found is not None
    # By its own exposure the change was small, and would have stayed.
    assert difference(found, multiplied(dark[1], 5.0)) < 3.0
    assert difference(multiplied(flash, 2.2), multiplied(dark[1], 5.0)) > 10.0
    assert relighting.relit(dark[2], 5.0, False) is None


def test_a_pass_sees_a_flash_in_the_light_before_and_its_frames_stay_as_they_are():
    frames = [scene(shift=shift) for shift in (0, 4, 8)]
    shown = [frames[0], multiplied(frames[1], LIGHTS["rolling shutter"]), frames[2]]
    steps = list(read_steps(ArrayFrames(shown), 0, 3, 1))
    expected = list(read_steps(ArrayFrames(frames), 0, 3, 1))
    assert all(np.array_equal(step.frame, frame) for step, frame in zip(steps, shown, strict=True))
    assert difference(steps[1].working.rgb, expected[1].working.rgb) < 4.0
    for index in (0, 2):
        assert np.array_equal(steps[index].working.rgb, expected[index].working.rgb)
    # Flow follows the camera in spite of it.
    inner = np.s_[40:-40, 40:-40]
    assert np.abs(steps[1].flow.to_previous[inner] - (4.0, 0.0)).mean() < 0.8  # type: ignore[union-attr]


def test_a_clip_whose_light_stays_is_seen_as_it_is():
    frames = [scene(shift=shift, largest=220) for shift in (0, 9, 18)]
    steps = list(read_steps(ArrayFrames(frames), 0, 3, 1))
    assert [step.index for step in steps] == [0, 1, 2]
    for step in steps:
        plain = to_processing_size(frames[step.index], SIZE)
        assert np.array_equal(step.working.rgb, plain.rgb)
        assert np.array_equal(step.working.lab, plain.lab)


@pytest.mark.parametrize("light", ["door", "lights off"])
def test_what_moves_into_the_picture_keeps_its_own_brightness_while_the_light_stays(light: str):
    relighting = Relighting()
    plain = frame = scene()
    relighting.relit(frame, 1.0, False)
    for place in range(1, 25):
        # A bright wall comes in from the left, a few pixels in each frame.
        plain = scene()
        plain[:, : 8 * place] = 60 + plain[:, : 8 * place]
        frame = multiplied(plain, LIGHTS[light])
        found = relighting.relit(frame, 1.0, False)
        assert found is not None
    assert difference(found, plain) < 0.15 * difference(frame, plain)


@pytest.mark.parametrize("first", [0.3, 2.2])
def test_a_camera_that_takes_a_change_of_light_back_ends_at_the_picture_as_it_was(first: float):
    relighting = Relighting()
    relighting.relit(scene(), 1.0, False)
    for index in range(30):
        level = first ** max(0.0, 1.0 - index / 20.0)
        found = relighting.relit(multiplied(scene(), level), 1.0, False)
    seen = scene() if found is None else found
    assert difference(seen, scene()) < 4.0
