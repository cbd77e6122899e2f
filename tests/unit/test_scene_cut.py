from __future__ import annotations

import cv2
import numpy as np
import pytest

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


def detailed(seed: int) -> np.ndarray:
    """Return a picture (90, 160, 3) of blots of 5 to 40 pixels, levels 5 to 75."""
    layers = [
        cv2.GaussianBlur(
            np.random.default_rng(seed + number).standard_normal((90, 160, 3)), (0, 0), sigma
        )
        * sigma
        for number, sigma in enumerate((2.0, 5.0, 15.0))
    ]
    total = np.sum(layers, axis=0)
    return (5 + 70 * (total - total.min()) / np.ptp(total)).astype(np.uint8)


def lit(frame: np.ndarray, where: tuple[slice, slice]) -> np.ndarray:
    result = frame.copy()
    result[where] = cv2.convertScaleAbs(frame[where], alpha=3.2, beta=12)
    return result


@pytest.mark.parametrize(
    "where",
    [
        (slice(None), slice(100, None)),  # A door opens.
        (slice(0, 42), slice(None)),  # A flash, seen by a rolling shutter.
    ],
)
@pytest.mark.parametrize("seed", range(10, 60, 10))
def test_light_on_a_part_of_the_picture_is_no_cut_and_nor_is_the_end_of_it(where, seed) -> None:
    frame = detailed(seed)
    detector, other = CutDetector(), CutDetector()
    assert [detector.is_cut(one) for one in (frame, lit(frame, where), frame)] == [False] * 3
    # As large a change to other things is one.
    assert not other.is_cut(frame)
    assert other.is_cut(lit(detailed(seed + 5), where))


def letterboxed(frame: np.ndarray, rows: int, columns: int = 0) -> np.ndarray:
    result = np.zeros_like(frame)
    inner = np.s_[rows : 90 - rows, columns : 160 - columns]
    result[inner] = frame[inner]
    return result


@pytest.mark.parametrize(("rows", "columns"), [(12, 0), (11, 0), (0, 30), (12, 20)])
def test_cuts_are_found_and_light_is_none_between_black_bars(rows: int, columns: int) -> None:
    detector = CutDetector()
    one = cv2.convertScaleAbs(detailed(10), alpha=2.0, beta=60)
    other = 255 - cv2.convertScaleAbs(detailed(20), alpha=2.0)
    shown = [letterboxed(frame, rows, columns) for frame in (one, one, other)]
    assert [detector.is_cut(frame) for frame in shown] == [False, False, True]
    flash = letterboxed(lit(one // 3, (slice(0, 42), slice(None))), rows, columns)
    detector = CutDetector()
    assert not detector.is_cut(letterboxed(one // 3, rows, columns))
    assert not detector.is_cut(flash)


def test_pictures_that_are_as_good_as_black_are_compared_whole() -> None:
    detector = CutDetector()
    black = np.zeros((90, 160, 3), np.uint8)
    assert [detector.is_cut(frame) for frame in (black, black, detailed(10))] == [False, False, True]  # fmt: skip


GREY = (130, 130, 130)


def captioned(frame: np.ndarray, kind: str) -> np.ndarray:
    result = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_LINEAR)
    if kind == "lower third":
        result[260:] = (20, 30, 90)
        cv2.putText(result, "LIVE: MARKETS AT NOON", (20, 330), 0, 1.4, (255, 255, 255), 4)
    elif kind == "subtitles":
        cv2.putText(result, "and then he said to me:", (50, 295), 0, 1.4, GREY, 4)
        cv2.putText(result, "we should not be here", (60, 335), 0, 1.4, GREY, 4)
    else:
        result[:, 450:] = (240, 240, 235)
        for row in range(6):
            where = (465, 54 * row + 54)
            cv2.putText(result, f"item {row} 17", where, 0, 1.0, (20, 20, 20), 3)
    return result


@pytest.mark.parametrize("kind", ["lower third", "subtitles", "side panel"])
@pytest.mark.parametrize("seed", range(10, 60, 10))
def test_a_cut_below_what_stays_over_it_is_found_and_light_there_is_none(kind, seed) -> None:
    one = detailed(seed)
    bright, other = 1 * one, 255 - detailed(seed + 5)
    detector = CutDetector()
    shown = [captioned(frame, kind) for frame in (bright, bright, other)]
    assert [detector.is_cut(frame) for frame in shown] == [False, False, True]
    detector = CutDetector()
    lamp = lit(one, (slice(None), slice(0, 80)))
    assert not any(detector.is_cut(captioned(frame, kind)) for frame in (one, lamp, one))
