"""How large a target is expected to be, and what a click on another frame makes of it."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from engines.builtin.selection import segmentation
from engines.builtin.selection.click import Click
from engines.builtin.selection.click_spread import size_by_clicks
from engines.builtin.selection.ranking import Candidate, CandidateRanking
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.builtin.vision.processing_size import to_processing_size
from pipeline.selection.corrections import has_lost
from pipeline.selection.expected_size import (
    KnownMask,
    expected_size,
    informative_frames,
    size_in_session,
)
from utils.errors import ModelFilesError
from utils.types import Example, ExpectedSize, FloatImage, Frame, Mask, Point, Prompt

HEIGHT, WIDTH = 120, 160


def rectangle(width: int, height: int) -> Mask:
    """Return a mask of a rectangle in the picture's middle."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    mask[top : top + height, left : left + width] = True
    return mask


def test_masks_at_the_same_distance_give_their_geometric_mean():
    known = [KnownMask(rectangle(10, 20), 9), KnownMask(rectangle(40, 80), 9)]
    size = expected_size(known)
    assert size is not None
    assert (size.width, size.height, size.area) == pytest.approx((20, 40, 800))
    # 0.3 of the selection, and of each mask 0.1 times the root of 9 frames.
    assert size.deviation == pytest.approx(np.hypot(0.3, 0.3 / np.sqrt(2)))


def test_a_near_or_confident_mask_counts_for_more_and_an_empty_one_for_nothing():
    near, far = KnownMask(rectangle(10, 10), 1), KnownMask(rectangle(40, 40), 64)
    size = expected_size([near, far, KnownMask(rectangle(0, 0), 1)])
    assert size is not None
    assert size.area == pytest.approx(np.exp((64 * np.log(100) + np.log(1600)) / 65))
    doubtful = KnownMask(rectangle(40, 40), 1, confidence=0.0)
    assert doubtful.variance == pytest.approx(0.01 + 0.25)
    assert expected_size([KnownMask(rectangle(0, 0), 1)]) is None


def test_the_best_known_frame_on_each_side_tells_and_a_lost_one_does_not():
    confidence = [0.9, 0.9, 0.5, 0.1, 0.0, 0.1, 0.3, 0.9, None]
    assert informative_frames(4, confidence) == [1, 7]
    assert informative_frames(0, [1.0, 0.0, None]) == []


@pytest.mark.parametrize(("area", "first"), [(100, 10), (1600, 40)])
def test_the_candidate_of_the_expected_size_comes_first(area: int, first: int):
    picture = to_processing_size(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), (WIDTH, HEIGHT))
    window = 0, 0, WIDTH, HEIGHT
    size = ExpectedSize(area**0.5, area**0.5, area, 0.4)
    ranking = CandidateRanking(picture.lab, None, window, size)
    for side in (10, 20, 40):
        ranking.add(Candidate(rectangle(side, side), window))
    assert np.array_equal(ranking.best_first()[0].mask, rectangle(first, first))


@pytest.mark.parametrize(("inner", "sides"), [(True, (16, 12)), (False, (80, 60))])
def test_a_click_takes_what_is_as_large_as_the_target_was(inner: bool, sides: tuple[int, int]):
    """A red plate on a green board on grey ground: which of them a click on the plate means, its size tells."""
    plate, board = rectangle(16, 12), rectangle(80, 60)
    image = np.random.default_rng(0).integers(100, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[board] = (40, 120, 60)
    image[plate] = (210, 40, 40)
    size = ExpectedSize(*sides, sides[0] * sides[1], 0.4)
    found = BuiltinSegmentation(image, "builtin").segment(
        Prompt(points=(Point(80, 60),), expected=size)
    )
    true = plate if inner else board
    assert (found[0].mask & true).sum() / (found[0].mask | true).sum() > 0.9


def test_of_a_largest_size_smaller_masks_are_as_likely():
    picture = to_processing_size(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), (WIDTH, HEIGHT))
    window = 0, 0, WIDTH, HEIGHT

    def best(size: ExpectedSize | None) -> Mask:
        ranking = CandidateRanking(picture.lab, None, window, size)
        for side in (10, 20, 40):
            ranking.add(Candidate(rectangle(side, side), window))
        return ranking.best_first()[0].mask

    whole = best(None)
    assert np.array_equal(best(ExpectedSize(90, 90, 8100, 0.4, is_largest=True)), whole)
    assert best(ExpectedSize(20, 20, 400, 0.4, is_largest=True)).sum() <= 400


def test_clicks_on_and_beside_an_object_tell_how_large_it_may_be():
    on, other, near, far = (
        Click(40, 40, True),
        Click(70, 40, True),
        Click(70, 80, False),
        Click(150, 110, False),
    )
    assert size_by_clicks([on, other]) is None
    assert size_by_clicks([near]) is None
    size = size_by_clicks([on, other, far, near])
    assert size == size_by_clicks([near, other, on])
    assert size is not None and size.is_largest
    assert size.area == pytest.approx((0.91 * 50) ** 2)
    farther = size_by_clicks([on, other, far])
    assert farther is not None and farther.area > size.area


def test_a_click_beside_a_small_thing_keeps_the_one_behind_it_out():
    image = np.random.default_rng(0).integers(100, 120, (240, 320, 3), dtype=np.uint8)
    plate = np.zeros((240, 320), dtype=bool)
    plate[115:125, 153:167] = True
    image[100:140, 130:190] = (190, 60, 60)
    image[plate] = (210, 40, 40)
    clicks = Point(160, 120), Point(172, 128, positive=False)
    found = BuiltinSegmentation(image, "builtin").segment(Prompt(points=clicks))[0].mask
    assert (found & plate).sum() / (found | plate).sum() > 0.9


@pytest.mark.parametrize(
    "clicks",
    [((405, 180), (415, 180)), ((380, 180), (402, 180), (418, 180))],
)
def test_clicks_close_to_both_sides_of_an_edge_select_the_whole_object(
    clicks: tuple[tuple[int, int], ...],
):
    """They were taken for signs of a thing of a few pixels, and found nothing of the disc."""
    random = np.random.default_rng(0)
    noise = cv2.GaussianBlur(random.uniform(0, 255, (360, 640, 3)), (0, 0), 6)
    image = cv2.normalize(noise, None, 60, 170, cv2.NORM_MINMAX)
    disc = cv2.circle(np.zeros((360, 640), np.uint8), (320, 180), 90, 1, -1) > 0
    image[disc] = (200, 50, 40)
    image = cv2.GaussianBlur(image + random.normal(0, 6, image.shape), (0, 0), 0.8)
    *on, beside = clicks
    points = *(Point(*place) for place in on), Point(*beside, positive=False)
    opened = BuiltinSegmentation(np.clip(image, 0, 255).astype(np.uint8), "builtin")
    found = opened.segment(Prompt(points=points))[0].mask
    assert (found & disc).sum() / (found | disc).sum() > 0.8


def test_clicks_near_one_edge_of_a_large_object_say_nothing_of_its_size():
    """The one beside it lies in nothing that the others select: only stripes between them were found."""
    random = np.random.default_rng(0)
    noise = cv2.GaussianBlur(random.uniform(0, 255, (360, 640, 3)), (0, 0), 6)
    image = cv2.normalize(noise, None, 60, 170, cv2.NORM_MINMAX)
    body = cv2.ellipse(np.zeros((360, 640), np.uint8), (320, 180), (170, 110), 0, 0, 360, 1, -1) > 0
    stripes = (np.arange(640) // 22 % 2 == 0)[None, :] & body
    image[body] = (170, 90, 40)
    image[stripes] = (200, 60, 50)
    image = cv2.GaussianBlur(image + random.normal(0, 6, image.shape), (0, 0), 0.8)
    points = Point(410, 180), Point(440, 180), Point(500, 180, positive=False)
    opened = BuiltinSegmentation(np.clip(image, 0, 255).astype(np.uint8), "builtin")
    found = opened.segment(Prompt(points=points))[0].mask
    assert (found & body).sum() / (found | body).sum() > 0.5


class FailingDescriptors:
    """A descriptor network whose file is damaged."""

    network = "failing"

    def descriptors(self, image: Frame) -> FloatImage:
        raise ModelFilesError("model.damaged")


@pytest.mark.parametrize("descriptors", [None, FailingDescriptors()])
def test_a_click_takes_what_looks_like_the_target_on_a_confirmed_frame(descriptors):
    """A red plate beside a blue one on grey ground: on the confirmed frame the target is the red one."""
    pair = rectangle(48, 16)
    left = pair.copy()
    left[:, WIDTH // 2 :] = False
    noise = np.random.default_rng(0).integers(100, 120, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    noise[:, pair], noise[:, left] = (40, 60, 200), (210, 40, 40)
    # Something bright, or the picture would be dark and seen exposed, where the click tells both plates apart.
    noise[:, :4] = 230
    here, there = noise[0], np.roll(noise[1], 20, axis=1)
    found = []
    for examples in ((), (Example(0, np.roll(left, 20, axis=1), lambda: there),)):
        image = BuiltinSegmentation(here, "builtin", descriptors=descriptors)
        prompt = Prompt(points=(Point(68, 60),), examples=examples)
        mask = image.segment(prompt)[0].mask
        found.append((mask & left).sum() / (mask | left).sum())
    assert found[0] < 0.6
    assert found[1] > 0.9


def test_what_looks_like_the_target_counts_at_clicks_on_a_mask_but_not_at_a_negative_one_on_its_like(
    monkeypatch,
):
    plate = rectangle(48, 16)
    image = np.random.default_rng(0).integers(100, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[plate] = (210, 40, 40)
    half = plate.copy()
    half[:, WIDTH // 2 :] = False
    given = []

    def record(picture, mask, click, evidence, earlier):
        given.append(evidence)
        return mask

    monkeypatch.setattr(segmentation, "apply_click", record)
    most = np.ones_like(plate)
    most[-10:] = False
    for point, mask in (
        (Point(95, 60), half),
        (Point(95, 60, positive=False), plate),
        (Point(20, 20, positive=False), most),
    ):
        prompt = Prompt(points=(point,), mask=mask, examples=(Example(0, plate, lambda: image),))
        BuiltinSegmentation(image, "builtin").segment(prompt)
    for evidence in (given[0], given[2]):
        assert np.median(evidence[plate]) > 1.0
        assert np.median(evidence[~plate]) < -1.0
    assert not given[1].any()


def test_pictures_of_other_frames_are_not_kept():
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[rectangle(48, 16)] = 200
    there = image.copy()
    kept = weakref.ref(there)
    opened = BuiltinSegmentation(image, "builtin")
    opened.segment(Prompt(points=(Point(80, 60),), examples=(Example(0, rectangle(48, 16), kept),)))
    del there
    gc.collect()
    assert kept() is None


def test_a_confirmed_frame_is_read_once_for_several_clicks():
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[rectangle(48, 16)] = 200
    reads = []

    def read() -> Frame:
        reads.append(0)
        return image

    opened = BuiltinSegmentation(image, "builtin")
    for points in ((Point(80, 60),), (Point(80, 60), Point(5, 5, positive=False))):
        examples = (Example(0, rectangle(48, 16), read),)
        opened.segment(Prompt(points=points, examples=examples))
    assert len(reads) == 1


class Result:
    """A result that is confident of every frame, and has nothing on the second one: the target left the picture."""

    def confidence(self, session: object) -> tuple[float | None, ...]:
        return 0.8, 0.9, 0.8

    def shows_target(self, session: object) -> tuple[bool | None, ...]:
        return True, False, None

    def mask(self, session: object, frame: int, target: int) -> Mask:
        return rectangle(10, 20) if frame == 0 else rectangle(0, 0)


def test_the_frame_beside_one_without_the_target_tells_its_size():
    session = SimpleNamespace(state=SimpleNamespace(keyframes_of=lambda target: {}))
    size = size_in_session(session, 2, {}, Result())  # type: ignore[arg-type]
    assert size is not None
    assert size.area == pytest.approx(200)


@pytest.mark.parametrize(("confidence", "is_lost"), [(0.9, False), (0.1, True)])
def test_a_positive_click_on_a_frame_without_the_target_begins_a_new_selection(confidence, is_lost):
    click = Point(5, 5)
    assert has_lost(rectangle(0, 0), confidence, [click])
    assert has_lost(rectangle(10, 20), confidence, [click]) == is_lost
