"""By which factor Robust Video Matting sees dark shots, on frames whose highlights are known."""

import numpy as np
import pytest

from engines.rvm.brightness import AUTOMATIC_GAMMA, ShotGain, brightened, first_gain


def flat(level: int) -> np.ndarray:
    return np.full((40, 60, 3), level, np.uint8)


@pytest.mark.parametrize(
    ("highlights", "gain"),
    [
        (255, 1.0),
        (80, 1.0),
        (79, 1.1195),  # A sixteenth of the way from 79 to 230.
        (72, 2.0972),  # Half of the way from 72 to 230.
        (64, 3.5938),
        (46, 5.0),
        (23, 10.0),
        (0, 10.0),
    ],
)
def test_very_dark_frames_alone_are_exposed_without_a_jump(highlights: int, gain: float):
    assert first_gain(flat(highlights)) == pytest.approx(gain, abs=1e-4)


def gains(levels: list[int], cuts: tuple[int, ...] = (0,)) -> list[float]:
    shot_gain = ShotGain()
    return [
        round(shot_gain.of(flat(level), index in cuts), 3) for index, level in enumerate(levels)
    ]


def test_the_gain_of_a_shot_stays_while_its_brightness_varies_a_little():
    assert gains([46, 44, 49, 46, 30, 0, 46]) == [5.0] * 7


def test_it_falls_for_good_where_a_frame_would_be_cut_and_no_frame_is():
    found = gains([46, 50, 46, 60, 46])
    assert found == [5.0, 4.96, 4.96, 4.117, 4.117]
    assert all(level * gain <= 255 for level, gain in zip([46, 50, 46, 60], found, strict=False))


def test_after_a_fade_from_black_a_bright_shot_is_seen_as_it_is_and_a_dark_one_by_its_own_gain():
    assert gains([0, 40, 90, 160, 220, 20])[2:] == [1.0] * 4
    assert gains([0, 20, 46, 46, 46])[-3:] == [5.4] * 3


def test_each_shot_has_a_gain_of_its_own():
    assert gains([200, 46, 46, 46], cuts=(0, 2)) == [1.0, 1.0, 5.0, 5.0]


def test_a_gamma_that_is_chosen_small_is_at_least_three_tenths_and_the_automatic_one_changes_nothing():
    frame = flat(16)
    assert np.array_equal(brightened(frame, 0.1), brightened(frame, 0.3))
    assert brightened(frame, AUTOMATIC_GAMMA) is frame
