from __future__ import annotations

import numpy as np
import pytest

from utils import mask_utils
from utils.errors import UnusablePrompt


def square(height: int = 20, width: int = 30) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    mask[5:15, 8:20] = True
    return mask


def test_the_bounding_box_is_half_open():
    assert mask_utils.bounding_box(square()) == (8, 5, 20, 15)


def test_an_empty_mask_has_no_bounding_box():
    assert mask_utils.bounding_box(np.zeros((4, 4), bool)) is None


def test_the_convex_hull_holds_all_parts_and_the_gaps_between_them():
    mask = square()
    mask[7:15, 11:17] = False  # two legs
    assert np.array_equal(mask_utils.convex_hull(mask), square())
    mask[0, 0] = True
    hull = mask_utils.convex_hull(mask)
    assert hull[2, 4] and hull[square()].all() and not hull[15:].any() and not hull[10, 2]
    assert not mask_utils.convex_hull(np.zeros((4, 4), bool)).any()


def test_a_grown_box_stays_within_the_picture():
    assert mask_utils.grow_box((8, 5, 20, 15), (30, 20), 0.5, 2) == (2, 0, 26, 20)
    assert mask_utils.grow_box((8, 5, 20, 15), (30, 20), 0.0, 3) == (5, 2, 23, 18)


def test_dilating_then_eroding_returns_a_convex_mask_and_leaves_the_input_alone():
    mask = square()
    before = mask.copy()
    assert np.array_equal(mask_utils.erode(mask_utils.dilate(mask, 3), 3), mask)
    assert np.array_equal(mask, before)


def test_erosion_takes_nothing_at_the_pictures_border():
    mask = np.ones((9, 9), bool)
    assert mask_utils.erode(mask, 2).all()


def test_small_components_and_small_holes_go_and_large_ones_stay():
    mask = square()
    mask[0, 0] = True
    mask[9, 12] = False
    cleaned = mask_utils.drop_small(mask, 5)
    assert np.array_equal(cleaned, square())
    mask = square()
    mask[6:10, 10:14] = False
    assert not mask_utils.drop_small(mask, 5)[7, 11]


def test_keeping_components_never_keeps_the_background():
    mask = square()
    labels, areas = mask_utils.components(mask)
    kept = mask_utils.keep_components(mask, np.ones(areas.size, bool), labels)
    assert np.array_equal(kept, mask)


def test_signed_distance_is_positive_inside_and_half_a_pixel_at_the_contour():
    distance = mask_utils.signed_distance(square())
    assert distance[5, 10] == pytest.approx(0.5, abs=0.1)
    assert distance[4, 10] == pytest.approx(-0.5, abs=0.1)
    assert distance[10, 13] > 3
    assert distance[0, 29] < -8


@pytest.mark.parametrize("value", [True, False])
def test_signed_distance_without_a_contour_is_finite(value):
    distance = mask_utils.signed_distance(np.full((6, 8), value))
    assert np.isfinite(distance).all()
    assert (distance > 0).all() == value


def test_the_overlap_of_equal_masks_is_1_and_of_disjoint_ones_0():
    assert mask_utils.intersection_over_union(square(), square()) == 1.0
    assert mask_utils.intersection_over_union(square(), ~square()) == 0.0
    nothing = np.zeros((3, 3), bool)
    assert mask_utils.intersection_over_union(nothing, nothing) == 1.0


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (np.zeros((20, 30), bool), "prompt.mask_empty"),
        (np.ones((20, 30), bool), "prompt.mask_full"),
        (np.ones((30, 20), bool), "prompt.mask_size"),
        (np.ones((20, 30, 3), bool), "prompt.mask_size"),
    ],
)
def test_a_mask_that_cant_guide_is_refused_with_its_reason(mask, code):
    with pytest.raises(UnusablePrompt) as caught:
        mask_utils.check_keyframe_mask(mask, (30, 20), 3)
    assert caught.value.code == code
