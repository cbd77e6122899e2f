from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from config import Settings
from engines.base import ArrayFrames, RunContext
from engines.builtin.engine import BuiltinEngine
from utils.errors import BadRequest, Cancelled, UnusablePrompt
from utils.mask_utils import intersection_over_union
from utils.types import Box, Message, Point, Progress, Prompt

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


def matted(engine, frames, guide):
    """Return what a job from frame 0 gives: every frame, in order."""
    found = list(engine.process(ArrayFrames(frames), guide, 0, {}, RunContext()))
    assert [item.index for item in found] == list(range(len(frames)))
    return found


def test_alpha_is_solid_inside_and_clean_outside(engine, clip):
    frames, masks = clip
    for item in matted(engine, frames, {0: masks[0]}):
        inside = cv2.erode(masks[item.index].astype(np.uint8), np.ones((11, 11))) > 0
        outside = cv2.dilate(masks[item.index].astype(np.uint8), np.ones((17, 17))) == 0
        assert item.alpha[inside].min() == 1.0
        assert item.alpha[outside].max() == 0.0


def test_a_box_selects_the_object_and_not_the_box(engine, clip):
    frames, masks = clip
    found = engine.segment_image(frames[0], Prompt(box=Box(26, 20, 74, 68)))
    assert intersection_over_union(found[0].mask, masks[0]) > 0.85


def test_what_moves_in_a_box_is_separated_from_a_background_of_the_same_colours(engine):
    noise = cv2.GaussianBlur(np.random.default_rng(3).uniform(0, 255, (140, 220, 3)), (0, 0), 2)
    noise = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (80, 48), (34, 12), 35, 0, 360, 1, -1)

    def picture(distance: int) -> np.ndarray:
        ground = noise[20 : 20 + HEIGHT, 20 - distance : 20 - distance + WIDTH]
        moved = np.roll(mask, 4 * distance, axis=1) > 0
        thing = noise[40 : 40 + HEIGHT, 30 - 4 * distance : 30 - 4 * distance + WIDTH]
        return np.where(moved[..., None], thing, ground)

    box = Prompt(box=Box(46, 22, 114, 74))
    around = {distance: picture(distance) for distance in engine.neighbour_offsets}
    alone = engine.open_image(picture(0)).segment(box)
    moving = engine.open_image(picture(0), around).segment(box)
    overlaps = [
        intersection_over_union(found[0].mask, mask > 0) if found else 0.0
        for found in (alone, moving)
    ]
    assert overlaps[1] > 0.75
    assert overlaps[1] > overlaps[0] + 0.1


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
        (Prompt(box=Box(10, 10, 11, 50)), "prompt.box_small"),
        (Prompt(mask=np.zeros((HEIGHT, WIDTH), bool)), "prompt.mask_empty"),
        (Prompt(mask=np.ones((HEIGHT, WIDTH), bool)), "prompt.mask_full"),
        (Prompt(mask=np.ones((HEIGHT, WIDTH + 1), bool)), "prompt.mask_size"),
    ],
)
def test_a_prompt_that_selects_nothing_is_refused_with_its_reason(engine, clip, prompt, code):
    with pytest.raises(UnusablePrompt) as caught:
        engine.segment_image(clip[0][0], prompt)
    assert caught.value.code == code


@pytest.mark.parametrize("x0", [-5, 10, WIDTH - 2])
def test_a_box_of_two_pixels_is_taken_wherever_it_lies(engine, clip, x0):
    box = Box(x0, 10, max(x0, 0) + 2, HEIGHT + 9)
    found = engine.segment_image(clip[0][0], Prompt(box=box))
    assert found
    assert {instance.mask.shape for instance in found} == {(HEIGHT, WIDTH)}


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


def test_a_correction_is_kept_as_it_was_given_and_helps_the_frames_before_it(engine, clip):
    """The object has a blue hat that the first mask leaves out and the mask of frame 6 has."""
    frames, masks = [frame.copy() for frame in clip[0]], clip[1]
    bodies = []
    for index, frame in enumerate(frames):
        hat = masks[index].copy()
        hat[40 + 2 * index :] = False
        frame[hat] = (40, 60, 220)
        bodies.append(masks[index] & ~hat)
    alone, both = (
        {
            item.index: item.alpha > 0.5
            for item in engine.process(ArrayFrames(frames), guide, 0, {}, RunContext())
        }
        for guide in ({0: bodies[0]}, {0: bodies[0], 6: masks[6]})
    )
    assert intersection_over_union(both[6], masks[6]) > 0.95
    # Before it too for more than half of the way.
    for index in (2, 3, 5, 7, 8):
        assert intersection_over_union(both[index], masks[index]) > 0.85
        assert intersection_over_union(alone[index], bodies[index]) > 0.8


def test_corrections_on_both_sides_of_the_start_are_followed(engine, clip):
    frames, masks = clip
    guide = {4: masks[4], 1: masks[1], 7: masks[7]}
    result = list(engine.process(ArrayFrames(frames), guide, 4, {}, RunContext()))
    assert [item.index for item in result] == [3, 2, 1, 0, 4, 5, 6, 7, 8]
    for item in result:
        assert intersection_over_union(item.alpha > 0.5, masks[item.index]) > 0.85


def test_a_mask_of_every_frame_is_matted_as_it_is(engine, clip):
    frames, masks = clip
    shifted = [np.roll(mask, 30, axis=1) for mask in masks]
    guide = dict(enumerate(shifted))
    for item in matted(engine, frames, guide):
        given = shifted[item.index].astype(np.uint8)
        assert item.alpha[cv2.dilate(given, np.ones((9, 9))) == 0].max() == 0.0
        assert item.alpha[cv2.erode(given, np.ones((9, 9))) > 0].min() == 1.0


def test_a_confirmed_frame_keeps_lines_that_are_thinner_than_tracking_sees(engine):
    """A line one pixel wide on a picture of twice the working size."""
    line = cv2.line(np.zeros((540, 960), np.uint8), (500, 289), (800, 120), 1, 1) > 0
    mask = cv2.circle(line.astype(np.uint8), (400, 300), 80, 1, -1) > 0
    frame = np.where(mask[..., None], np.uint8((120, 110, 100)), np.uint8(60))
    result = list(engine.process(ArrayFrames([frame, frame]), {0: mask}, 0, {}, RunContext()))
    assert (result[0].alpha > 0.5)[line & (frame[..., 0] == 120)].mean() > 0.9


def test_tracked_masks_are_those_that_were_given_where_a_frame_is_confirmed(engine, clip):
    """A notch and a stalk of a pixel are lost where a mask is reduced and enlarged again."""
    frames = [cv2.resize(frame, (960, 576), interpolation=cv2.INTER_NEAREST) for frame in clip[0]]
    given = {}
    for index in (0, 6):
        mask = cv2.resize(clip[1][index].astype(np.uint8), (960, 576)) > 0
        row, column = 6 * (44 + 2 * index), 6 * (50 + 5 * index)
        mask[row, column : column + 200] = True
        mask[row - 60 : row - 58, column - 150 : column] = False
        given[index] = mask
    other = np.zeros_like(given[0])
    other[420:540, 600:900] = True
    keyframes = {0: {1: given[0], 2: other}, 6: {1: given[6]}}
    found = {
        item.index: item.masks
        for item in engine.track_video(ArrayFrames(frames), keyframes, 0, RunContext())
    }
    assert np.array_equal(found[0][1], given[0])
    assert np.array_equal(found[0][2], other)
    assert np.array_equal(found[6][1], given[6])
    assert not (found[6][2] & given[6]).any()
    assert set(found[3]) == {1, 2}


def test_two_objects_keep_apart(engine, clip):
    frames, masks = clip
    other = np.zeros_like(masks[0])
    other[70:90, 110:150] = True
    painted = [np.where(other[..., None], np.uint8(20), frame) for frame in frames]
    keyframes = {0: {1: masks[0], 2: other}}
    found = list(engine.track_video(ArrayFrames(painted), keyframes, 0, RunContext()))
    assert [item.index for item in found] == list(range(COUNT))
    for item in found:
        assert set(item.masks) == {1, 2}
        assert not (item.masks[1] & item.masks[2]).any()
        assert intersection_over_union(item.masks[1], masks[item.index]) > 0.8
        assert intersection_over_union(item.masks[2], other) > 0.8


def test_an_object_that_leaves_is_not_painted_onto_the_background(engine, clip):
    frames, masks = clip
    ground = np.full_like(frames[0], 90)
    gone = [*frames[:4], ground, ground, ground]
    for item in matted(engine, gone, {0: masks[0]}):
        if item.index < 4:
            assert intersection_over_union(item.alpha > 0.5, masks[item.index]) > 0.8
        elif item.index >= 5:
            assert item.alpha.mean() < 0.02
            assert item.confidence < 0.6


@pytest.mark.parametrize("leaves", [True, False])
def test_a_lost_object_is_absent_where_it_moved_out_of_the_picture(engine, clip, leaves):
    """It moves over the left border, or stands still beside it and is covered at once."""
    frames, masks = clip
    rolled, gone = [], np.full_like(frames[0], 90)
    for index in range(COUNT):
        left = 10 * index if leaves else min(30, 10 * index)
        shown = np.pad(frames[0], ((0, 0), (0, left), (0, 0)), mode="edge")[:, left:]
        rolled.append(shown if leaves or index < 6 else gone)
    *_, last = engine.track_video(ArrayFrames(rolled), {0: {1: masks[0]}}, 0, RunContext())
    assert not last.masks[1].any()
    assert (last.confidence > 0.8) == leaves


def test_confidence_falls_when_the_object_is_occluded(engine, clip):
    frames, masks = clip
    elsewhere = frames[0].copy()
    elsewhere[masks[0]] = elsewhere[~masks[0]].mean(axis=0)
    hidden = [*frames[:4], *([np.roll(elsewhere, 70, axis=1)] * len(frames[4:]))]
    shown = list(engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext()))
    lost = list(engine.process(ArrayFrames(hidden), {0: masks[0]}, 0, {}, RunContext()))
    assert min(item.confidence for item in lost[4:]) < min(item.confidence for item in shown) - 0.1


def test_an_object_is_found_where_the_whole_picture_jumps(engine, clip):
    frames, masks = clip
    jumping = [*frames[:4], *(np.roll(frame, -50, axis=1) for frame in frames[4:])]
    for item in matted(engine, jumping, {0: masks[0]}):
        true = np.roll(masks[item.index], -50 if item.index >= 4 else 0, axis=1)
        assert intersection_over_union(item.alpha > 0.5, true) > 0.8


def test_a_second_click_corrects_near_itself_and_leaves_the_rest(engine, clip):
    frames, _ = clip
    image = frames[0].copy()
    image[72:88, 118:142] = (20, 200, 60)
    session = engine.open_image(image)
    first = session.segment(Prompt(points=(Point(50, 36),)))[0].mask
    both = session.segment(Prompt(points=(Point(50, 36), Point(130, 80))))[0].mask
    assert both[74:86, 120:140].mean() > 0.7
    assert intersection_over_union(both[:, :95], first[:, :95]) > 0.98
    less = session.segment(
        Prompt(points=(Point(50, 36), Point(130, 80), Point(130, 80, positive=False)))
    )[0].mask
    assert less[74:86, 120:140].mean() < 0.2
    assert intersection_over_union(less[:, :95], first[:, :95]) > 0.98


def test_a_second_click_adds_all_of_a_part_of_another_colour(engine):
    noise = np.random.default_rng(0).normal(0.0, 40.0, (270, 480, 3))
    grain = 4.0 * cv2.GaussianBlur(noise, (0, 0), 2)
    whole = cv2.ellipse(np.zeros((270, 480), np.uint8), (240, 135), (130, 70), 0, 0, 360, 1, -1) > 0
    jacket = whole.copy()
    jacket[:, 250:] = False
    image = np.full((270, 480, 3), (70.0, 110.0, 60.0))
    image[whole], image[jacket] = (60, 70, 190), (200, 60, 50)
    session = engine.open_image(np.clip(image + grain, 0, 255).astype(np.uint8))
    clicks = Point(175, 135), Point(315, 135)
    first = session.segment(Prompt(points=clicks[:1]))[0].mask
    both = session.segment(Prompt(points=clicks))[0].mask
    assert intersection_over_union(first, jacket) > 0.95
    assert intersection_over_union(both, whole) > 0.9
    assert np.count_nonzero(first & ~both) == 0


def test_clicks_taken_back_and_made_again_restore_the_same_masks(engine, clip):
    frames, _ = clip
    image = frames[0].copy()
    image[72:88, 118:142] = (20, 200, 60)
    clicks = Point(50, 36), Point(130, 80), Point(60, 54, positive=False), Point(120, 20)
    counts = 1, 2, 3, 4, 3, 2, 1, 2, 4
    session = engine.open_image(image)
    answers: dict[int, list[np.ndarray]] = {}
    for count in counts:
        found = [item.mask for item in session.segment(Prompt(points=clicks[:count]))]
        before = answers.setdefault(count, found)
        assert len(before) == len(found)
        assert all(np.array_equal(*pair) for pair in zip(before, found, strict=True))
    firsts = [answers[count][0] for count in (1, 2, 3, 4)]
    assert not any(np.array_equal(*pair) for pair in pairwise(firsts))


def test_a_click_that_the_mask_already_agrees_with_changes_nothing(engine, clip):
    frames, _ = clip
    session = engine.open_image(frames[0])
    box = Box(26, 20, 74, 68)
    first = session.segment(Prompt(box=box))[0].mask
    agreed = (Point(50, 40), Point(5, 5, positive=False))
    assert np.array_equal(session.segment(Prompt(box=box, points=agreed))[0].mask, first)


def test_a_mask_with_a_click_is_that_mask_corrected(engine, clip):
    frames, masks = clip
    half = masks[0].copy()
    half[:44] = False
    fixed = engine.segment_image(frames[0], Prompt(mask=half, points=(Point(50, 33),)))[0].mask
    assert intersection_over_union(fixed, masks[0]) > intersection_over_union(half, masks[0]) + 0.2


def test_selecting_on_a_full_hd_picture_and_on_a_tiny_one_works(engine, clip):
    frames, masks = clip
    large = cv2.resize(frames[0], (1920, 1152), interpolation=cv2.INTER_NEAREST)
    found = engine.segment_image(large, Prompt(box=Box(312, 240, 888, 816)))[0].mask
    true = cv2.resize(masks[0].astype(np.uint8), (1920, 1152), interpolation=cv2.INTER_NEAREST) > 0
    assert found.shape == (1152, 1920)
    assert intersection_over_union(found, true) > 0.85
    tiny = cv2.resize(frames[0], (20, 12), interpolation=cv2.INTER_AREA)
    engine.segment_image(tiny, Prompt(box=Box(3, 2, 10, 9)))


def test_the_same_job_gives_the_same_alphas(engine, clip):
    frames, masks = clip
    first, second = (
        [
            item.alpha
            for item in engine.process(ArrayFrames(frames[:4]), {0: masks[0]}, 0, {}, RunContext())
        ]
        for _ in range(2)
    )
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))


def test_an_object_that_reappears_behind_a_pole_is_redetected(engine):
    size = (240, 120)
    noise = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    ground = cv2.GaussianBlur(noise, (0, 0), 3) // 3 + 90
    coat = cv2.GaussianBlur(noise[::-1], (0, 0), 2) // 2 + np.uint8([90, 0, 0])
    frames, masks = [], []
    for index in range(26):
        thing = np.zeros((size[1], size[0]), np.uint8)
        cv2.ellipse(thing, (40 + 4 * index, 60), (30, 16), 0, 0, 360, 1, -1)
        frame = np.where(thing[..., None] > 0, np.roll(coat, 4 * index, axis=1), ground)
        frame[:, 90:98] = (40, 40, 40)
        thing[:, 90:98] = 0
        frames.append(frame)
        masks.append(thing > 0)
    found = engine.process(ArrayFrames(frames), {0: masks[0]}, 0, {}, RunContext())
    overlaps = [
        intersection_over_union(item.alpha > 0.5, masks[item.index])
        for item in sorted(found, key=lambda item: item.index)
    ]
    assert min(overlaps) > 0.6
    assert min(overlaps[-4:]) > 0.85


def test_requests_with_the_former_smoothing_options_still_run(engine, clip):
    frames, masks = clip
    options = {"steady": False, "temporal_smoothing": True}
    run = engine.process(ArrayFrames(frames[:2]), {0: masks[0]}, 0, options, RunContext())
    assert len(list(run)) == 2
    with pytest.raises(BadRequest):
        list(engine.process(ArrayFrames(frames[:2]), {0: masks[0]}, 0, {"x": 1}, RunContext()))


def test_a_target_is_redetected_in_another_scene_and_what_is_there_instead_is_not_taken(
    engine, clip
):
    """Flow leads nowhere over a cut: the mask isn't carried to what lies there in the next scene."""
    frames, masks = clip
    ground = cv2.GaussianBlur(255 - cv2.flip(frames[0], 0), (0, 0), 30) // 3
    elsewhere = np.roll(masks[0], 60, axis=1)
    without = np.where(masks[0][..., None], np.uint8(200), ground)
    with_target = np.where(elsewhere[..., None], np.roll(frames[0], 60, axis=1), ground)
    scenes = [*frames[:3], without, without, with_target, with_target]
    notices: list[Message] = []
    context = RunContext(on_notice=notices.append)
    found = list(engine.process(ArrayFrames(scenes), {0: masks[0]}, 0, {}, context))
    assert [(notice.code, notice.params) for notice in notices] == [
        ("track.scene_cut", {"frame": 3})
    ]
    for item in found[3:5]:
        assert not (item.alpha > 0.5).any()
    for item in found[5:]:
        assert intersection_over_union(item.alpha > 0.5, elsewhere) > 0.85


@pytest.mark.parametrize("stage", ["track", "matte"])
def test_progress_goes_on_in_the_passes_between_key_frames(engine, clip, stage):
    """It stood still until all of them were over."""
    frames, masks = clip
    seen: list[Progress] = []
    context = RunContext(on_progress=seen.append)
    guide = {0: masks[0], COUNT - 1: masks[COUNT - 1]}
    if stage == "track":
        given = {index: {1: mask} for index, mask in guide.items()}
        results = engine.track_video(ArrayFrames(frames), given, 0, context)
    else:
        results = engine.process(ArrayFrames(frames), guide, 0, {}, context)
    next(results)
    assert {(item.stage, item.total) for item in seen} == {(stage, COUNT)}
    assert len({item.done for item in seen}) > COUNT // 2, "the way there and back, before a frame"
    list(results)
    done = [item.done for item in seen]
    assert done == sorted(done)
    assert done[-1] == COUNT
