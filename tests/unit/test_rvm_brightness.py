"""By which factor Robust Video Matting sees dark shots, on frames whose highlights are known."""

import numpy as np
import pytest

from engines.rvm.brightness import AUTOMATIC_GAMMA, VERY_DARK, brightened
from utils.exposure import exposure_gain


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
    assert exposure_gain(flat(highlights), VERY_DARK) == pytest.approx(gain, abs=1e-4)


def test_a_gamma_that_is_chosen_small_is_at_least_three_tenths_and_the_automatic_one_changes_nothing():
    frame = flat(16)
    assert np.array_equal(brightened(frame, 0.1), brightened(frame, 0.3))
    assert brightened(frame, AUTOMATIC_GAMMA) is frame
