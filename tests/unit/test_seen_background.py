"""Doubt about background that earlier frames showed, on painted frames before a camera that pans."""

import cv2
import numpy as np
import pytest

from engines.base import ArrayFrames, RunContext
from engines.onnx.guide import TargetGuide
from engines.onnx.target import TargetRestriction
from engines.rvm.passes import Runner

HEIGHT, WIDTH, FRAMES = 360, 640, 6
COAT, SKIN = (70, 30, 30), (205, 150, 120)
PAN, STEP = 4, 12
"""Pixels a frame by which the camera and the target move to the right."""
GAP, THUMB = (60, 150, 76, 250), (20, 150, 36, 250)
"""Boxes of a gap that opens in the coat on the last frame and of a thumb on it, from the coat's left side."""


@pytest.fixture(scope="module")
def wall():
    """Return a wall wider than the picture, with soft patches, bluish: uint8 (H, W, 3)."""
    low, high = (60, 80, 120), (110, 150, 220)
    noise = np.random.default_rng(1).integers(low, high, (36, 80, 3)).astype(np.uint8)
    return cv2.resize(noise, (800, HEIGHT), interpolation=cv2.INTER_CUBIC)


def place(box, index):
    x0, y0, x1, y1 = box
    left = 200 + STEP * index
    return np.s_[y0:y1, left + x0 : left + x1]


def moment(wall, index, gap_colour=None, gap_offset=0):
    """Return a frame, the network's alpha and the mask; gap and thumb are doubted, and the gap shows the wall or a colour."""
    frame = wall[:, PAN * index : PAN * index + WIDTH].copy()
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[place((0, 60, 100, HEIGHT), index)] = True
    behind = frame.copy()
    frame[mask] = COAT
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)
    frame[place(THUMB, index)] = SKIN
    alpha[place(THUMB, index)] = 0.6
    if index == FRAMES - 1:
        gap = place(GAP, index)
        frame[gap] = behind[gap] + gap_offset if gap_colour is None else gap_colour
        alpha[gap] = 0.6
    noise = np.random.default_rng(index).integers(-2, 3, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8), alpha, mask


def found_of(wall, remembers=True, first=0, cut_before=None, **last):
    """Return the last frame's result."""
    restrict = TargetRestriction((WIDTH, HEIGHT), fills=False, remembers=remembers)
    for index in range(first, FRAMES):
        frame, alpha, mask = moment(wall, index, **last)
        if index == cut_before:
            restrict.begin_scene()
        found = restrict(alpha, mask, frame)
    return found


def within(box):
    x0, y0, x1, y1 = box
    return place((x0 + 4, y0 + 4, x1 - 4, y1 - 4), FRAMES - 1)


def test_a_gap_that_shows_the_wall_of_earlier_frames_opens_and_a_thumb_stays(wall):
    found, plain = found_of(wall), found_of(wall, remembers=False)
    assert found[within(GAP)].mean() < 0.1 < 0.4 < plain[within(GAP)].mean()
    assert found[within(THUMB)].min() > 0.5
    assert np.abs(found - plain)[within(THUMB)].max() < 0.01
    assert found[within((36, 150, 60, 250))].min() > 0.9


def test_a_gap_stays_where_no_earlier_frame_showed_what_is_behind(wall):
    plain = found_of(wall, remembers=False)
    for found in (found_of(wall, first=FRAMES - 1), found_of(wall, cut_before=FRAMES - 1)):
        assert np.array_equal(found, plain)


def test_somebody_who_has_come_behind_the_gap_is_not_the_wall(wall):
    """The plate can't tell him: it shows what was there before."""
    found, plain = (
        found_of(wall, remembers, gap_colour=(20, 60, 20)) for remembers in (True, False)
    )
    assert np.abs(found - plain)[within(GAP)].max() < 0.01


def test_what_was_behind_the_target_before_it_was_out_of_view_is_no_background_any_more():
    """The camera pans to a lighter wall meanwhile: the one before was laid behind the target, and took its thumb."""
    size = height, width = 270, 480
    noise = np.random.default_rng(1).uniform(0, 255, (height, 2 * width, 3))
    texture = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, -12, 12, cv2.NORM_MINMAX)

    def frame_of(level, pan):
        return (texture[:, pan : pan + width] + level).astype(np.uint8)

    restrict = TargetRestriction((width, height), fills=False, remembers=True)
    coat, thumb, nowhere = np.s_[80:240, 200:280], np.s_[120:160, 230:250], np.zeros(size, bool)
    body = nowhere.copy()
    body[coat] = True
    first = frame_of(110, 0)
    first[body] = (200, 40, 40)
    for _ in range(3):
        restrict(body.astype(np.float32), body, first)
    for index in range(5):
        restrict(np.zeros(size, np.float32), nowhere, frame_of(110 + 4 * index, 20 * index))
    body[:] = False
    body[80:240, 150:230] = True
    last = frame_of(138, 100)
    last[body] = (200, 40, 40)
    last[thumb] = 120
    alpha = body.astype(np.float32)
    alpha[thumb] = 0.8
    body[thumb] = True
    assert restrict(alpha, body, last)[125:155, 235:245].min() > 0.79


def test_in_the_dark_a_smaller_difference_tells_a_part_of_the_target_from_the_wall(wall):
    """A cuff's shadow and a passer-by's trousers differ by a few levels; as much is noise on a bright wall."""
    dark = (wall // 8).astype(np.uint8)
    results = [
        found_of(shown, gap_offset=np.uint8(7))[within(GAP)].mean() for shown in (wall, dark)
    ]
    assert results[0] < 0.2 < 0.5 < results[1]
    assert found_of(dark)[within(GAP)].mean() < 0.2


def test_a_dropped_part_in_the_colours_of_the_wall_and_of_the_coat_stays():
    plain_wall = np.full((HEIGHT, 800, 3), (74, 34, 30), np.uint8)
    plain_wall[::12, ::12] = 255
    gap = found_of(plain_wall, gap_colour=COAT)[within(GAP)]
    assert np.median(gap) > 0.5


def test_strands_of_hair_before_the_wall_stay(wall):
    """Twice the size: the alpha has strands that the reduced one hasn't."""
    restrict = TargetRestriction((2 * WIDTH, 2 * HEIGHT), fills=False, remembers=True)
    for index in range(FRAMES):
        frame, alpha, mask = moment(wall, index)
        alpha = cv2.resize(alpha, (2 * WIDTH, 2 * HEIGHT))
        if index == FRAMES - 1:
            rows, columns = place(GAP, index)
            hair = np.s_[2 * rows.start : 2 * rows.stop, 2 * columns.start : 2 * columns.stop]
            alpha[hair] = np.where(np.arange(alpha[hair].shape[1]) // 2 % 2 == 0, 0.9, 0.2)
        large = np.kron(mask, np.ones((2, 2))).astype(bool)
        found = restrict(alpha, large, frame)
    assert found[hair][:, 8:-8].mean() > 0.4


class _Network:
    """A stream whose alphas of some frames are given."""

    def __init__(self, moments):
        self._alphas = {frame.tobytes(): alpha for frame, alpha, _ in moments}

    def reset(self):
        pass

    def step(self, frame):
        return (self._alphas[frame.tobytes()][None, None],)


@pytest.mark.parametrize("start", [0, FRAMES - 1])
def test_a_job_remembers_the_background_in_the_direction_that_it_mattes_in(wall, start):
    """From the last frame on, backwards, no frame before it has shown what its gap shows."""
    moments = [moment(wall, index) for index in range(FRAMES)]
    runner = Runner(
        frames=ArrayFrames([frame for frame, _, _ in moments]),
        guide=TargetGuide(
            {index: mask for index, (*_, mask) in enumerate(moments)}, (WIDTH, HEIGHT)
        ),
        start=start,
        confirmed=frozenset({start}),
        bounds={},
        fill="off",
        gamma=1.0,
        open_stream=lambda: _Network(moments),
        open_target=lambda: _Network(moments),
        context=RunContext(),
    )
    found = {item.index: item.alpha for item in runner.run(0)}
    assert sorted(found) == list(range(FRAMES))
    assert (found[FRAMES - 1][within(GAP)].mean() < 0.1) == (start == 0)
