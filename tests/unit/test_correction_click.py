"""Clicks that correct a mask, on pictures made here."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from engines.builtin.selection.click import Click, apply_click, known_at, loss_by_depth
from engines.builtin.selection.ranking import Candidate
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.builtin.vision.processing_size import to_processing_size
from utils.mask_utils import intersection_over_union
from utils.types import Point, Prompt


def test_a_negative_click_takes_away_less_of_what_is_unlike_it_than_a_positive_one_would_add():
    random = np.random.default_rng(0)
    image = np.full((120, 160, 3), 90.0)
    image[:, 80:] += random.normal(0.0, 20.0, (20, 14, 3)).repeat(6, 0).repeat(6, 1)[:, :80]
    noisy = np.clip(image + random.normal(0.0, 5.0, image.shape), 0, 255).astype(np.uint8)
    picture = to_processing_size(noisy, (160, 120))
    right = np.zeros((120, 160), dtype=bool)
    right[:, 80:] = True
    taken = right & ~apply_click(picture, right, Click(92, 60, positive=False))
    added = right & apply_click(picture, ~right, Click(92, 60, positive=True))
    assert taken[60, 92]
    # With one weight for both, what is added and what is taken away mirror each other.
    assert np.count_nonzero(taken) < np.count_nonzero(added)


def test_a_click_close_to_the_contour_takes_away_a_rim():
    random = np.random.default_rng(0)
    image = np.clip(random.normal(110.0, 6.0, (160, 200, 3)), 0, 255).astype(np.uint8)
    picture = to_processing_size(image, (200, 160))
    mask = np.zeros((160, 200), dtype=bool)
    mask[20:140, 40:160] = True
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    at_rim, deep = (
        mask & ~apply_click(picture, mask, Click(x, 80, positive=False)) for x in (43, 100)
    )
    # Nothing in the picture ends a region: it reaches as far as the click says.
    assert depth[at_rim].max() < 20.0
    assert depth[deep].max() > 50.0


@pytest.mark.parametrize("is_positive", [True, False])
def test_places_lose_by_their_distance_in_multiples_of_the_clicks_distance_to_the_contour(
    is_positive,
):
    side = np.zeros((60, 120), dtype=bool)
    side[:, 20:] = True
    click = Click(29, 30, positive=is_positive)  # 10 pixels from the contour
    rows, columns = np.mgrid[:60, :120].astype(np.float32)
    loss = loss_by_depth(side, np.hypot(columns - click.x, rows - click.y), click, side)
    assert loss[30, 29] == pytest.approx(0.0)
    assert loss[5, 29] == pytest.approx(0.0)
    # 50 pixels away and, of a mask that a click takes away from, 60 deep.
    assert loss[30, 79] == pytest.approx(0.4 * 2.0 + (0.0 if is_positive else 2.0 * 5.0), abs=0.05)


def test_a_negative_click_in_a_hole_deep_in_the_mask_leaves_the_target_that_networks_deny():
    """A gap, a little brighter than the target, with a darker rim around it."""
    hole, rim = np.zeros((2, 160, 200), np.uint8)
    hole = cv2.circle(hole, (100, 80), 8, 1, -1) > 0
    rim = cv2.circle(rim, (100, 80), 11, 1, -1) > 0
    image = np.random.default_rng(0).normal(110.0, 3.0, (160, 200, 3))
    image[rim & ~hole] = 95.0
    image[hole] += 12.0
    picture = to_processing_size(np.clip(image, 0, 255).astype(np.uint8), (200, 160))
    mask = np.zeros((160, 200), dtype=bool)
    mask[10:150, 20:180] = True
    denied = np.full((160, 200), -3.0, dtype=np.float32)
    taken = mask & ~apply_click(picture, mask, Click(100, 80, positive=False), denied)
    assert taken[hole].mean() > 0.9
    # Without the edges around the click it would take 27 times as much.
    assert np.count_nonzero(taken) < 10 * np.count_nonzero(hole)


@pytest.mark.parametrize("is_positive", [True, False])
def test_a_hole_is_as_wide_as_the_edges_around_a_negative_click_are_apart(is_positive):
    side, is_open = np.zeros((2, 120, 120), dtype=bool)
    side[5:115, 5:115] = True
    is_open[53:68, 53:68] = True  # edges 8 pixels from the click, the contour 55
    click = Click(60, 60, positive=is_positive)
    rows, columns = np.mgrid[:120, :120].astype(np.float32)
    loss = loss_by_depth(side, np.hypot(columns - 60, rows - 60), click, is_open)
    assert loss[60, 75] == pytest.approx(0.0)
    assert (loss[60, 90] > 2.0) == (not is_positive)
    # Edges in a quarter of the directions alone are of something else.
    is_open[:, 53:68] = is_open[53:68] = True
    assert not loss_by_depth(side, np.hypot(columns - 60, rows - 60), click, is_open)[60, 90]


@pytest.mark.parametrize(
    ("is_positive", "at_click", "share"),
    [
        (True, 3.0, 1.0),
        (True, -3.0, 1.0),
        (False, -1.0, 1.0),
        (False, 0.25, 0.5),
        (False, 2.0, 0.0),
    ],
)
def test_appearance_on_confirmed_frames_counts_unless_a_negative_click_is_on_what_looks_like_the_target(
    is_positive, at_click, share
):
    known = np.full((40, 60), 2.0, dtype=np.float32)
    known[10:30, 20:40] = at_click
    found = known_at(Click(30, 20, positive=is_positive), known)
    assert found == pytest.approx(share * known)


@pytest.mark.parametrize(("there", "is_whole"), [(-3.0, True), (3.0, False)])
def test_a_negative_click_on_what_is_unlike_the_confirmed_target_takes_all_of_it(
    there, is_whole, monkeypatch
):
    random = np.random.default_rng(0)
    image = np.clip(random.normal(110.0, 6.0, (160, 200, 3)), 0, 255).astype(np.uint8)
    # Something bright, or the picture would be dark and its noise seen exposed.
    image[:, :4] = 230
    picture = BuiltinSegmentation(image, "builtin")
    mask, other = np.zeros((2, 160, 200), dtype=bool)
    mask[20:140, 40:160] = True
    other[20:140, 40:60] = True
    known = np.where(other, np.float32(there), np.float32(3.0))
    monkeypatch.setattr(picture, "_known_log_odds", lambda _: known)
    found = picture._corrected(mask, Click(50, 80, positive=False), Prompt())
    taken = mask & ~found
    assert (intersection_over_union(taken, other) > 0.95) == is_whole


@pytest.mark.parametrize("is_positive", [True, False])
def test_a_later_click_of_the_other_kind_leaves_the_place_of_an_earlier_one(is_positive):
    random = np.random.default_rng(0)
    image = np.clip(random.normal(110.0, 6.0, (160, 200, 3)), 0, 255).astype(np.uint8)
    picture = to_processing_size(image, (200, 160))
    mask = np.zeros((160, 200), dtype=bool)
    mask[:, 100:] = True
    # Both lie on the side that the later one changes: nothing in the picture parts them.
    x, step = (70, 16) if is_positive else (130, -16)
    later = Click(x, 80, positive=is_positive)
    earlier = Click(x + step, 80, positive=not is_positive)
    alone = mask ^ apply_click(picture, mask, later)
    beside = mask ^ apply_click(picture, mask, later, earlier=[earlier])
    same = mask ^ apply_click(
        picture, mask, later, earlier=[Click(earlier.x, earlier.y, is_positive)]
    )
    assert alone[80, earlier.x]
    assert np.array_equal(same, alone)
    assert beside[80, x]
    assert not beside[78:83, earlier.x - 1 : earlier.x + 2].any()


def test_clicks_of_a_prompt_hold_the_places_of_those_before():
    random = np.random.default_rng(0)
    image = np.clip(random.normal(110.0, 6.0, (160, 200, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((160, 200), dtype=bool)
    mask[:, 100:] = True
    image[:, :4] = 230
    first, second = Point(70, 80), Point(86, 80, positive=False)
    found = BuiltinSegmentation(image, "builtin").segment(Prompt(points=(first,), mask=mask))
    assert found[0].mask[80, 70] and found[0].mask[80, 86]
    both = BuiltinSegmentation(image, "builtin").segment(Prompt(points=(first, second), mask=mask))
    assert both[0].mask[80, 70] and not both[0].mask[80, 86]


@pytest.mark.parametrize("is_positive", [True, False])
def test_a_click_on_what_is_thinner_than_a_reduced_pixel_changes_it_there(is_positive):
    random = np.random.default_rng(0)
    image = np.clip(random.normal(110.0, 6.0, (1080, 1920, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((1080, 1920), dtype=bool)
    mask[360:720, 640:1280] = True
    thin = np.s_[500:501, 900:1280] if is_positive else np.s_[500:501, 400:640]
    mask[thin] = not is_positive
    x = thin[1].start + 60
    prompt = Prompt(points=(Point(x, 500, is_positive),), mask=mask)
    found = BuiltinSegmentation(image, "builtin").segment(prompt)[0].mask
    changed = found ^ mask
    assert changed[500, x - 8 : x + 9].all()
    # Nothing but a piece of the line.
    line = np.zeros_like(mask)
    line[thin] = True
    assert not (changed & ~line).any()
    assert np.count_nonzero(changed) < 40


def test_a_click_just_beside_the_contour_at_full_size_takes_no_bite_out_of_the_mask():
    random = np.random.default_rng(0)
    image = np.clip(random.normal(110.0, 6.0, (1080, 1920, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((1080, 1920), dtype=bool)
    # A pixel more than what the reduced mask has.
    mask[360:720, 639:1280] = True
    prompt = Prompt(points=(Point(639, 540, False),), mask=mask)
    found = BuiltinSegmentation(image, "builtin").segment(prompt)[0].mask
    changed = found ^ mask
    assert changed[540, 639]
    assert not changed[:, 641:].any()
    assert np.count_nonzero(changed) < 40


@pytest.mark.parametrize(("rest", "counts"), [(slice(20, 60), True), (slice(40, 60), False)])
def test_a_new_segmentation_counts_only_where_it_agrees_with_the_rest_of_the_mask(
    rest, counts, monkeypatch
):
    picture = BuiltinSegmentation(np.zeros((120, 160, 3), dtype=np.uint8), "builtin")
    mask, again, large_part = np.zeros((3, 120, 160), dtype=bool)
    mask[20:60, 20:60] = True
    large_part[20:60, 60:140] = True
    again[rest, 20:60] = True
    again |= large_part
    changed = mask.copy()
    changed[30:35, 60:65] = True
    candidate = Candidate(again, (0, 0, 160, 120))
    monkeypatch.setattr(picture, "_in_box", lambda *_: candidate)
    found = picture._resegmented(mask, changed, Click(62, 32, positive=True), Prompt())
    assert np.array_equal(found, changed | large_part if counts else changed)


@pytest.mark.parametrize("is_positive", [True, False])
def test_a_click_on_something_narrow_changes_that_alone(is_positive):
    """In 1080p nine pixels, some two of processing size: a slit that was left out, or a strap that was added."""
    random = np.random.default_rng(0)
    narrow, body, true = np.zeros((3, 1080, 1920), dtype=bool)
    body[360:720, 640:1280] = True
    left = 1190 if is_positive else 1280
    narrow[500:509, left : left + 90] = True
    # As narrow, near it, and right as it is.
    beside = np.roll(narrow, 30, axis=0)
    true = body & ~beside if is_positive else body | beside
    image = random.normal(90.0, 3.0, (1080, 1920, 3))
    image[true] += (60.0, -20.0, -20.0)
    image = np.clip(image, 0, 255).astype(np.uint8)
    prompt = Prompt(points=(Point(left + 45, 504, is_positive),), mask=true ^ narrow)
    found = BuiltinSegmentation(image, "builtin").segment(prompt)[0].mask
    assert intersection_over_union(found ^ prompt.mask, narrow) > 0.95


@contextmanager
def tracing_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def test_corrections_of_a_large_picture_keep_little_of_its_masks():
    """Each click's answer is kept for undoing it; the page reads the corrected mask again for every click."""
    random = np.random.default_rng(0)
    body = np.zeros((1080, 1920), dtype=bool)
    body[360:720, 640:1280] = True
    image = random.normal(90.0, 3.0, (1080, 1920, 3))
    image[body] += (60.0, -20.0, -20.0)
    for left in range(700, 1200, 100):
        body[360:420, left : left + 8] = False
    opened = BuiltinSegmentation(np.clip(image, 0, 255).astype(np.uint8), "builtin")
    points = tuple(Point(left + 4, 390) for left in range(700, 1200, 100))
    answers, sizes = [], []
    with tracing_memory():
        for count in range(1, len(points) + 1):
            prompt = Prompt(points=points[:count], mask=body.copy())
            answers.append(np.packbits(opened.segment(prompt)[0].mask))
            del prompt
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    assert sizes[-1] - sizes[1] < (len(points) - 2) * body.size
    undone = opened.segment(Prompt(points=points[:2], mask=body.copy()))[0].mask
    assert np.array_equal(np.packbits(undone), answers[1])
