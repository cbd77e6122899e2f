"""Segmentation in a box, on pictures whose object is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engines.builtin.selection.box import BoxCrop, Constraints, segment_box
from engines.builtin.selection.box_sides import BoxSides
from engines.builtin.selection.box_window import box_prior
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.builtin.vision.processing_size import to_processing_size
from utils.mask_utils import intersection_over_union
from utils.types import Point, Prompt

HEIGHT, WIDTH = 60, 90
DISC = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (45, 30), 16, 1, -1) > 0
CORNER = np.zeros((HEIGHT, WIDTH), bool)
CORNER[12:22, 12:24] = True


def crop_of(target: np.ndarray) -> BoxCrop:
    """Return a picture of noise with a red target."""
    image = np.random.default_rng(0).normal(90, 6, (HEIGHT, WIDTH, 3))
    image[target] = (200, 60, 60)
    picture = to_processing_size(np.clip(image, 0, 255).astype(np.uint8), (WIDTH, HEIGHT))
    return BoxCrop(picture.lab, picture.features.whole())


def within(box: tuple[int, int, int, int]) -> Constraints:
    x0, y0, x1, y1 = box
    allowed = np.zeros((HEIGHT, WIDTH), bool)
    allowed[y0:y1, x0:x1] = True
    nothing = np.zeros_like(allowed)
    return Constraints(allowed, box_prior((HEIGHT, WIDTH), box), nothing, nothing)


@pytest.mark.parametrize("is_drawn", [True, False])
@pytest.mark.parametrize(
    ("target", "box"),
    [
        pytest.param(DISC, (26, 11, 65, 50), id="a disc that fills its box"),
        pytest.param(CORNER, (10, 10, 85, 50), id="the corner of a box that is mostly empty"),
    ],
)
def test_an_object_in_a_box_is_found_alone(target, box, is_drawn):
    found, stability, margin = segment_box(crop_of(target), within(box), is_drawn)
    assert intersection_over_union(found, target) > 0.85
    assert 0.8 < stability <= 1.0
    assert 0.8 < margin <= 1.0


def test_foreground_that_edges_contradict_counts_for_nothing():
    crop, constraints = crop_of(DISC), within((26, 11, 65, 50))
    wrong = np.where(DISC, -4.0, 4.0).astype(np.float32)
    alone = segment_box(crop, constraints).mask
    misled = segment_box(replace(crop, foreground=wrong), constraints).mask
    assert np.array_equal(misled, alone)


def test_edges_that_contradict_the_box_do_not_silence_a_network_that_agrees_with_it():
    """A dark figure that goes on below its box, before lamps: they are cut off from what lies outside, and it is not."""
    figure, lamps = np.zeros((2, HEIGHT, WIDTH), bool)
    figure[13:, 34:57] = True
    for row in range(16, 46, 8):
        lamps[row : row + 3, 28:63] = True
    image = np.random.default_rng(0).normal(70, 4, (HEIGHT, WIDTH, 3))
    image[lamps] = 230
    image[figure] = 25
    picture = to_processing_size(np.clip(image, 0, 255).astype(np.uint8), (WIDTH, HEIGHT))
    shown = np.where(figure, 3.0, -3.0).astype(np.float32)
    crop, constraints = BoxCrop(picture.lab, picture.features.whole()), within((26, 11, 65, 50))
    found = segment_box(replace(crop, foreground=shown), constraints).mask
    assert intersection_over_union(found, figure & constraints.allowed) > 0.9


def test_a_network_that_shows_a_part_of_what_reaches_the_sides_of_a_drawn_box_denies_no_other_part():
    crop, constraints = crop_of(DISC), within((26, 11, 65, 50))
    upper = DISC & (np.arange(HEIGHT)[:, None] < 28)
    crop = replace(crop, foreground=np.where(upper, 4.0, -4.0).astype(np.float32))
    assert intersection_over_union(segment_box(crop, constraints).mask, DISC) > 0.95
    guessed = segment_box(crop, constraints, is_drawn=False).mask
    assert intersection_over_union(guessed, upper) > 0.9


def test_a_network_that_shows_one_colour_of_an_object_alone_does_not_make_it_that_part():
    stripe = DISC & (np.abs(np.arange(WIDTH) - 45) < 5)
    image = np.random.default_rng(0).normal(90, 6, (HEIGHT, WIDTH, 3))
    image[DISC], image[stripe] = (200, 60, 60), (60, 60, 200)
    picture = to_processing_size(np.clip(image, 0, 255).astype(np.uint8), (WIDTH, HEIGHT))
    shown = np.where(stripe, 4.0, -4.0).astype(np.float32)
    crop = BoxCrop(picture.lab, picture.features.whole(), foreground=shown)
    assert intersection_over_union(segment_box(crop, within((26, 11, 65, 50))).mask, DISC) > 0.95


def test_parts_are_judged_by_what_networks_say_and_what_is_known_without_them():
    box = (26, 11, 65, 50)
    crop, constraints = crop_of(DISC), within(box)
    upper = DISC & (np.arange(HEIGHT)[:, None] < 36)
    crop = replace(crop, foreground=np.where(upper, 2.0, -1.0).astype(np.float32))
    asked = []

    def joined(found: np.ndarray, alone: np.ndarray, evidence: np.ndarray) -> np.ndarray:
        asked.append((found, alone, evidence))
        return DISC

    assert np.array_equal(segment_box(replace(crop, joined=joined), constraints).mask, DISC)
    ((found, alone, evidence),) = asked
    assert np.array_equal(found, segment_box(crop, constraints).mask)
    assert np.array_equal(alone, segment_box(replace(crop, foreground=None), constraints).mask)
    inner = cv2.erode(DISC.astype(np.uint8), np.ones((7, 7))) > 0
    assert evidence[inner & ~upper].mean() > 0.0  # colours speak for what the network denies
    assert evidence[inner & upper].mean() > evidence[inner & ~upper].mean() + 2.0
    assert evidence[~constraints.allowed].max() < -2.0


def test_another_mask_fits_a_box_better_if_it_misses_no_side_and_has_little_in_common():
    def filled(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
        mask = np.zeros((60, 90), bool)
        mask[y0:y1, x0:x1] = True
        return mask

    sides = BoxSides(filled(10, 10, 60, 50))
    part, whole = filled(10, 10, 25, 50), filled(11, 11, 59, 49)
    assert sides.reached_by(whole) and not sides.reached_by(part)
    assert sides.suit_better(whole, part) and sides.suit_better(whole, np.zeros_like(part))
    assert not sides.suit_better(part, whole)
    assert not sides.suit_better(whole, filled(10, 10, 40, 50))  # a part of it
    assert not sides.suit_better(filled(10, 10, 60, 30), part)  # misses a side too
    rim = filled(13, 10, 60, 50) & ~filled(16, 13, 57, 47)
    assert not sides.suit_better(whole, rim)  # reaches the sides nearly as well


def test_a_mask_that_stays_away_from_all_sides_alike_misses_none_of_a_box_drawn_large():
    allowed = np.zeros((100, 100), bool)
    allowed[10:90, 10:90] = True
    target, part = np.zeros_like(allowed), np.zeros_like(allowed)
    target[18:82, 18:82] = True
    part[18:82, 18:60] = True
    sides = BoxSides(allowed)
    sides.compare(target)
    assert sides.trust == 1.0 and not sides.lift.any() and sides.reached_by(target)
    sides.compare(part)
    assert sides.trust == 0.0 and not sides.reached_by(part)
    assert np.array_equal(sides.lift > 0, allowed & (np.arange(100) >= 60))


def test_sides_count_where_a_mask_stays_away_from_them():
    allowed = np.zeros((60, 90), bool)
    allowed[10:50, 20:80] = True
    sides = BoxSides(allowed)
    near = np.zeros_like(allowed)
    near[12:48, 23:77] = True
    sides.compare(near)
    assert sides.trust == 1.0 and not sides.lift.any()
    short = np.zeros_like(allowed)
    short[10:50, 20:68] = True
    short[30, 70] = True  # a speck reaches nothing
    for count in (1, 2):
        sides.compare(short)
        assert sides.trust == 0.0
        assert np.array_equal(sides.lift > 0, allowed & (np.arange(90) >= 68))
        assert sides.lift.max() == count
    sides.compare(near)
    assert sides.trust == 0.0 and not sides.lift.any()
    sides.compare(np.zeros_like(allowed))
    assert sides.trust == 0.0 and not sides.lift.any()


def test_a_box_over_the_whole_picture_and_one_wholly_marked_are_segmented_too():
    crop, constraints = crop_of(DISC), within((0, 0, WIDTH, HEIGHT))
    whole = segment_box(crop, constraints).mask
    assert whole.shape == (HEIGHT, WIDTH)
    marked, stability, _ = segment_box(crop, replace(constraints, inside=DISC, outside=~DISC))
    assert np.array_equal(marked, DISC)
    assert stability == 1.0


def test_a_click_on_a_thin_thing_has_a_lower_score_than_one_on_a_compact_thing():
    scores = []
    for width, height in ((36, 36), (6, 100)):
        image = np.full((120, 160, 3), 90, np.uint8)
        x0, y0 = 80 - width // 2, 60 - height // 2
        image[y0 : y0 + height, x0 : x0 + width] = (220, 60, 60)
        found = BuiltinSegmentation(image, "builtin").segment(Prompt(points=(Point(80, 60),)))
        scores.append(found[0].score)
    assert 0.75 < scores[0] <= 1.0
    assert scores[1] < scores[0] - 0.1
