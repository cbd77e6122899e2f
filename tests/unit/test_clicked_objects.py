"""A clicked person before a larger one: what crops around a click show apart from the component they are joined in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.selection.clicked_objects import rest_of, separated
from engines.builtin.selection.foreground_cue import ForegroundCue
from engines.builtin.selection.segmentation import BuiltinSegmentation
from utils.mask_utils import intersection_over_union
from utils.types import FloatMap, IntBox, Mask, Point, Prompt

WIDTH, HEIGHT = 240, 160
SCALE = 3
CLICK = (120, 110)
CLOSE, WIDE = (95, 80, 145, 140), (70, 60, 170, 160)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


PERSON = rectangle(108, 90, 132, 130)
LARGER = rectangle(60, 20, 180, 160)
BOTH = PERSON | LARGER


def shown(mask: Mask, window: IntBox) -> tuple[FloatMap, IntBox]:
    return (mask & rectangle(*window)).astype(np.float32), window


def test_a_person_whom_a_crop_shows_alone_is_taken_from_the_larger_one_behind() -> None:
    found = separated(BOTH, [shown(BOTH, WIDE), shown(PERSON, CLOSE)], [CLICK])
    assert found is not None
    np.testing.assert_array_equal(found, PERSON)
    rest = rest_of(BOTH, found)
    assert rest[30, 70]
    assert not (rest & PERSON).any()


@pytest.mark.parametrize(
    "crop",
    [
        shown(BOTH, WIDE),
        shown(LARGER & rectangle(95, 80, 145, 125), WIDE),
        shown(rectangle(95, 80, 145, 112), CLOSE),
        shown(np.zeros_like(BOTH), CLOSE),
        shown(rectangle(97, 82, 106, 90), CLOSE),
    ],
    ids=["all of it", "most of it", "cut as the component is", "nothing", "not at the click"],
)
def test_a_crop_that_shows_a_part_of_one_object_separates_nothing(
    crop: tuple[FloatMap, IntBox],
) -> None:
    component = LARGER if crop[1] == CLOSE else rectangle(90, 75, 150, 130)
    assert separated(component, [crop], [CLICK]) is None


def test_a_component_that_fills_the_picture_is_one_object() -> None:
    face = rectangle(0, 0, 200, HEIGHT)
    assert separated(face, [shown(PERSON, CLOSE)], [CLICK]) is None


def test_every_click_must_be_on_what_a_crop_shows() -> None:
    assert separated(BOTH, [shown(PERSON, CLOSE)], [CLICK, (70, 30)]) is None


def test_the_first_crop_that_shows_the_object_whole_counts_else_the_one_that_cuts_it_least() -> (
    None
):
    cut = rectangle(108, 80, 132, 130)
    larger_crop = shown(rectangle(104, 85, 136, 130), WIDE)
    for first, expected in (
        (shown(PERSON, CLOSE), PERSON),
        (shown(cut, CLOSE), larger_crop[0] > 0),
    ):
        found = separated(BOTH, [first, larger_crop], [CLICK])
        assert found is not None
        np.testing.assert_array_equal(found, expected)


def test_a_speck_at_the_click_is_no_object() -> None:
    """A crop around a goat before a person showed 36 pixels of it, and the rest of the goat was left out."""
    speck = rectangle(119, 109, 122, 112)
    assert separated(BOTH, [shown(speck, CLOSE)], [CLICK]) is None
    found = separated(BOTH, [shown(speck, CLOSE), shown(PERSON, CLOSE)], [CLICK])
    np.testing.assert_array_equal(found, PERSON)


def test_a_wider_crop_counts_without_what_a_closer_one_shows_as_background() -> None:
    """A wider crop showed a tennis player with the hair of the man beside him, which became most of the selection."""
    person, hair = rectangle(108, 95, 132, 145), rectangle(85, 75, 150, 105)
    both = shown(person | hair, WIDE)
    alone = separated(BOTH, [both], [CLICK])
    np.testing.assert_array_equal(alone, person | hair)
    found = separated(BOTH, [shown(person, (95, 80, 145, 125)), both], [CLICK])
    assert found is not None
    np.testing.assert_array_equal(found & rectangle(95, 80, 145, 160), person)


def test_where_the_picture_ends_nothing_is_cut() -> None:
    """The person stands at the lower border of the picture and of the crop."""
    person, window = rectangle(108, 120, 132, HEIGHT), (95, 110, 145, HEIGHT)
    assert separated(LARGER, [shown(person, window)], [(120, 140)]) is not None
    raised = rectangle(108, 60, 132, 100)
    assert separated(LARGER, [shown(raised, (95, 50, 145, 100))], [(120, 80)]) is None


class PersonBeforeLarger:
    """Shows both as one on the picture and on wide crops; on close ones the larger person is background."""

    network = "made-up"
    answers_quickly = True

    def __init__(self, person: Mask, both: Mask) -> None:
        self._person, self._both = person, both

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        shape = image.shape[:2]
        return (image[..., 1] > (127 if shape[0] < 0.6 * SCALE * HEIGHT else 60)).astype(np.float32)


def picture(scale: int = SCALE) -> np.ndarray:
    """Return a picture, uint8 RGB, of a bright person before a darker one, both textured."""
    noise = np.random.default_rng(3).integers(0, 12, (HEIGHT, WIDTH, 1)).astype(np.uint8)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = (30, 20, 90)
    image[LARGER] = (100, 90, 60)
    image[PERSON] = (190, 180, 60)
    image = cv2.resize(image + noise, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(image, (0, 0), 0.7)


def test_what_is_joined_to_the_clicked_person_speaks_against_it() -> None:
    network = PersonBeforeLarger(PERSON, BOTH)
    cue = ForegroundCue([network], picture(), (WIDTH, HEIGHT))
    (clicked,) = cue.components_at([CLICK])
    (joined,) = cue.joined_at([CLICK])
    assert intersection_over_union(joined, BOTH) > 0.9
    assert intersection_over_union(clicked, PERSON) > 0.6
    log_odds = cue.log_odds((40, 10, 200, 158), [CLICK])
    drawn = cue.log_odds((40, 10, 200, 158), [CLICK], is_drawn=True)
    assert log_odds is not None
    assert drawn is not None
    assert log_odds[rectangle(70, 30, 170, 70)].max() < 0.0
    assert drawn[rectangle(70, 30, 170, 70)].min() > 2.0


def test_one_click_selects_the_person_and_not_the_larger_one_behind() -> None:
    session = BuiltinSegmentation(
        picture(), "made-up", foregrounds=[PersonBeforeLarger(PERSON, BOTH)]
    )
    found = session.segment(Prompt(points=(Point(SCALE * CLICK[0], SCALE * CLICK[1]),)))
    person = PERSON.repeat(SCALE, 0).repeat(SCALE, 1)
    assert intersection_over_union(found[0].mask, person) > 0.8


def test_crops_of_a_small_picture_are_too_coarse_to_tell_persons_apart() -> None:
    cue = ForegroundCue([PersonBeforeLarger(PERSON, BOTH)], picture(1), (WIDTH, HEIGHT))
    cue.log_odds((100, 80, 140, 140), [CLICK])
    assert cue._networks[0]._rest is not None
    assert cue._networks[0]._rest[1] is None
