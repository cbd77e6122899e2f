from __future__ import annotations

import cv2
import numpy as np

from utils.scene_cut import CutDetector


def picture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 1, (90, 160, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 9)
    return (20 + 120 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)


def test_another_picture_of_other_colours_is_a_cut() -> None:
    detector = CutDetector()
    frames = [picture(1), picture(1), 255 - picture(2), 255 - picture(2)]
    assert [detector.is_cut(frame) for frame in frames] == [False, False, True, False]


def test_a_flash_and_the_end_of_it_are_no_cuts() -> None:
    detector = CutDetector()
    frames = [picture(1), cv2.convertScaleAbs(picture(1), alpha=1.6, beta=30), picture(1)]
    assert not any(detector.is_cut(frame) for frame in frames)
