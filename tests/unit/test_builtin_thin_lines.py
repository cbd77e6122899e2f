"""Straight thin parts of a target: found in a mask, tracked along a clip, drawn into its alpha and masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.builtin.engine import BuiltinEngine
from engines.builtin.foreground import ForegroundMaps
from engines.builtin.tracking import thin_line_tracking
from engines.builtin.tracking.clip import Clip
from engines.builtin.tracking.passes import track
from engines.builtin.tracking.thin_line_tracking import ThinLineTracker, without_lines
from engines.builtin.tracking.thin_lines import drawn, find_lines
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import dilate, intersection_over_union

SIZE_WH = 854, 480


def picture(shift: int = 0, rise: int = 0, is_shown: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return a frame and mask: a block and a cord from it to the right border, which ends `rise` pixels higher."""
    rows, columns = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]]
    waves = 12 * np.sin(columns / 9) + 12 * np.sin(rows / 5)
    frame = np.dstack([70 + waves, 110 + waves, 130 + waves]).astype(np.uint8)
    mask = np.zeros(SIZE_WH[::-1], dtype=np.uint8)
    cv2.rectangle(mask, (100 + shift, 250), (220 + shift, 400), 1, -1)
    frame[mask > 0] = 40, 30, 30
    cord = np.zeros_like(mask)
    cv2.line(cord, (200 + shift, 300), (853, 150 - rise), 1, 2)
    if is_shown:
        frame[cord > 0] = 220, 215, 205
    return frame, (mask | cord) > 0


def flow_of(shift: float) -> FlowPair:
    """Return the flow of a whole picture that moves right by `shift` pixels at full size."""
    width, height = processing_size(SIZE_WH)
    forward = np.zeros((height, width, 2), dtype=np.float32)
    forward[..., 0] = shift * width / SIZE_WH[0]
    return FlowPair(-forward, forward, np.ones((height, width), dtype=np.float32))


def small(mask: np.ndarray) -> np.ndarray:
    reduced = cv2.resize(
        mask.astype(np.float32), processing_size(SIZE_WH), interpolation=cv2.INTER_AREA
    )
    return reduced > 0.5


def test_a_cord_is_a_line_and_a_bar_along_the_contour_is_none():
    _, mask = picture()
    mask[245:248, 100:220] = True  # a rail a few pixels above the block
    (line,) = find_lines(mask)
    assert line.is_endless
    assert line.near[0] == pytest.approx(222, abs=4)
    assert 1.0 <= np.median(line.widths) <= 3.0
    assert find_lines(np.zeros_like(mask)) == []


def test_lines_are_found_in_a_large_picture_and_none_in_a_net():
    _, mask = picture()
    large = cv2.resize(mask.astype(np.uint8), (2562, 1440), interpolation=cv2.INTER_NEAREST) > 0
    (line,) = find_lines(large)
    assert np.median(line.widths) == pytest.approx(
        3.0 * np.median(find_lines(mask)[0].widths), rel=0.3
    )
    net = np.zeros_like(mask)
    net[::10] = net[:, ::10] = True
    assert find_lines(net) == []


def test_a_line_is_followed_as_it_moves_and_turns():
    frame, mask = picture()
    tracker = ThinLineTracker(frame, mask)
    for step in range(1, 4):
        tracker.remember(small(mask))
        frame, mask = picture(4 * step, 10 * step)
        tracker.follow(frame, flow_of(4))
        coverage = drawn(tracker.lines, SIZE_WH)
        assert coverage is not None
        right = np.s_[:, 300:]
        assert intersection_over_union(coverage[right] > 0.5, mask[right]) > 0.6


def test_a_line_that_is_no_longer_seen_is_not_drawn_until_it_is():
    frame, mask = picture()
    tracker = ThinLineTracker(frame, mask)
    tracker.remember(small(mask))
    tracker.follow(picture(is_shown=False)[0], flow_of(0))
    assert tracker.lines == ()
    assert drawn(tracker.lines, SIZE_WH) is None
    tracker.follow(frame, flow_of(0))
    assert len(tracker.lines) == 1


def test_a_line_that_the_confirmed_frame_does_not_show_is_not_tracked():
    frame, _ = picture(is_shown=False)
    assert ThinLineTracker(frame, picture()[1]).lines == ()


def test_a_corrected_mask_keeps_the_lines_that_it_shows_as_they_were_confirmed():
    frame, mask = picture()
    tracker = ThinLineTracker(frame, mask)
    (confirmed,) = tracker.lines
    tracker.amend(dilate(mask, 1), ThinLineTracker(frame, dilate(mask, 1)))
    assert tracker.lines == (confirmed,)
    coverage = drawn(tracker.lines, SIZE_WH)
    assert coverage is not None
    without = mask & ~dilate(coverage > 0.1, 2)
    tracker.amend(without, ThinLineTracker(frame, without))
    assert tracker.lines == ()
    tracker.amend(mask, ThinLineTracker(frame, mask))
    assert len(tracker.lines) == 1


def test_the_lines_of_confirmed_frames_are_left_out_of_the_rest_that_is_tracked():
    frames, masks = zip(*(picture(3 * step, 3 * step) for step in range(3)), strict=True)
    context = RunContext()
    clip = Clip(ArrayFrames(list(frames)), context, ForegroundMaps(None, context))
    keyframes = {0: {1: masks[0]}, 2: {1: masks[2]}}
    right = np.s_[:, 150:]
    tracked = list(track(clip, keyframes, 0))
    assert [step.index for step, _ in tracked] == [0, 1, 2]
    for step, estimates in tracked:
        assert len(estimates[1].thin_lines) == 1
        assert not estimates[1].probability[right].any(), step.index


def test_a_confirmed_mask_is_searched_for_lines_once(monkeypatch):
    searched = []
    monkeypatch.setattr(
        thin_line_tracking, "find_lines", lambda mask: searched.append(1) or find_lines(mask)
    )
    frame, mask = picture()
    context = RunContext()
    clip = Clip(ArrayFrames([frame, frame]), context, ForegroundMaps(None, context))
    assert len(list(track(clip, {0: {1: mask}}, 0))) == 2
    assert len(searched) == 1


def test_a_target_of_lines_alone_is_tracked_whole():
    frame, mask = picture()
    mask[:, :225] = False
    lines = ThinLineTracker(frame, mask).lines
    assert len(lines) == 1
    np.testing.assert_array_equal(without_lines(mask, lines), mask)


def test_tracked_masks_and_alphas_have_the_lines():
    frames, masks = zip(*(picture(3 * step, 3 * step) for step in range(2)), strict=True)
    engine, source = BuiltinEngine(Settings()), ArrayFrames(list(frames))
    alphas = {
        found.index: found.alpha
        for found in engine.process(source, {1: masks[1]}, 1, {}, RunContext())
    }
    tracked = {
        found.index: found.masks[1]
        for found in engine.track_video(source, {1: {1: masks[1]}}, 1, RunContext())
    }
    right = np.s_[:, 300:]
    for index, mask in enumerate(masks):
        assert intersection_over_union(alphas[index][right] > 0.5, mask[right]) > 0.5
        assert intersection_over_union(tracked[index][right], mask[right]) > 0.5
