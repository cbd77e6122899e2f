"""What is tracked, lost and found again: shape, parts, redetection, and reverse passes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.tracking.bidirectional import ReversePass
from engines.builtin.tracking.estimate import Estimate, confirmed
from engines.builtin.tracking.occlusion import search_window
from engines.builtin.tracking.parts import without_pinholes
from engines.builtin.tracking.redetection import redetect
from engines.builtin.tracking.shape import ShapeMemory, contour_evidence, object_frame
from tests.unit.pictures import HEIGHT, WIDTH, disc
from utils.mask_utils import intersection_over_union


def test_a_pinhole_is_closed_where_the_inside_was_expected_and_a_window_stays_open():
    found = np.zeros((HEIGHT, WIDTH), bool)
    found[5:55, 10:80] = True
    pinhole, new, window = np.s_[20:22, 30:32], np.s_[40:42, 30:32], np.s_[25:35, 50:60]
    for hole in (pinhole, new, window):
        found[hole] = False
    expected = found.copy()
    expected[pinhole] = expected[window] = True
    closed = without_pinholes(found, expected)
    assert closed[pinhole].all()
    assert not closed[new].any()
    assert not closed[window].any()
    assert np.count_nonzero(closed) == np.count_nonzero(found) + 4


def test_the_shape_memory_moves_and_grows_with_the_object():
    memory = ShapeMemory(disc().astype(np.float32))
    moved = disc(60, 25, 20).astype(np.float32)
    place = object_frame(moved)
    assert place is not None
    expected = memory.expected(moved.shape, (0, 0), place) > 0
    assert np.count_nonzero(expected ^ (moved > 0)) < 0.1 * np.count_nonzero(moved)
    crop = memory.expected((20, 30), (40, 10), place) > 0
    assert crop.any()
    assert np.array_equal(crop, expected[10:30, 40:70])


def test_an_empty_mask_has_no_object_frame():
    assert object_frame(np.zeros((9, 9), np.float32)) is None


def test_contour_evidence_is_signed_and_bounded():
    evidence = contour_evidence(disc().astype(np.float32))
    assert evidence[30, 45] > 2
    assert evidence[0, 0] < -2
    assert np.abs(evidence).max() <= 6.0


def returned(arrived: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Half-way between keyframes 0 and 10: nothing from the front, a disc from a returning pass."""
    nothing, there = np.zeros((HEIGHT, WIDTH), np.float32), disc().astype(np.float32)
    kept = ReversePass(0, 10)
    kept.keep(5, 1, Estimate(there, 0.9))
    kept.compare_with_confirmed(1, Estimate(arrived.astype(np.float32), 0.9), confirmed(known))
    return kept.fused(5, 1, Estimate(nothing, 0.8)).probability > 0.5


def test_a_reverse_pass_weighs_by_its_overlap_with_the_confirmed_frame():
    assert np.array_equal(returned(disc(), disc()), disc())
    assert not returned(disc(x=15), disc()).any()


@pytest.mark.parametrize(
    ("colours", "described", "is_found"),
    [(0.5, 0.0, True), (-0.5, 2.0, True), (-0.5, 0.0, False), (-2.5, 3.0, False)],
)
def test_a_network_does_not_find_a_lost_object_in_what_does_not_look_like_it(
    colours, described, is_found
):
    there = disc()
    appearance = np.where(there, colours, -3.0).astype(np.float32)
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    shown = np.where(there, 4.0, 0.0).astype(np.float32)
    area = float(np.count_nonzero(there))
    found = redetect(appearance, described * there.astype(np.float32), shown, lab, area)
    assert np.any(found > 0.5) == is_found


def test_what_a_network_shows_joined_to_a_lost_object_is_not_taken_along():
    """Another scene's camel has the dancer's colours, and descriptors deny it: the network shows both as one."""
    there, joined = disc(x=30), disc(x=50)
    own = np.where(there, 3.0, np.where(joined, 0.2, -4.0)).astype(np.float32)
    shown = np.where(there | joined, 4.0, -4.0).astype(np.float32)
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    found = redetect(own, 0.0, shown, lab, float(np.count_nonzero(there))) > 0.5
    assert intersection_over_union(found, there) > 0.85


@pytest.mark.parametrize(
    ("clear", "is_occluded", "is_found"),
    [(2.6, True, True), (2.6, False, False), (1.6, True, False)],
)
def test_a_clear_part_of_an_occluded_object_is_found_before_the_rest(clear, is_occluded, is_found):
    there = disc(radius=7)
    appearance = np.where(there, clear, -3.0).astype(np.float32)
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    area = 8.0 * np.count_nonzero(there)
    found = redetect(appearance, 0.0, 0.0, lab, area, is_occluded=is_occluded)
    assert np.any(found > 0.5) == is_found


@pytest.mark.parametrize(
    ("x", "is_outside", "is_found"), [(50, False, True), (50, True, False), (5, True, True)]
)
def test_an_object_that_left_the_picture_comes_back_over_its_border(x, is_outside, is_found):
    there = disc(x=x)
    appearance = np.where(there, 1.6, -3.0).astype(np.float32)
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    found = redetect(appearance, 0.0, 0.0, lab, float(np.count_nonzero(there)), is_outside)
    assert np.any(found > 0.5) == is_found


@pytest.mark.parametrize(("temporal_overlap", "is_trusted"), [(0.8, True), (0.0, False)])
def test_what_a_reverse_pass_tracked_before_a_redetection_weighs_little(
    temporal_overlap, is_trusted
):
    wall, nothing = disc(x=15), np.zeros((HEIGHT, WIDTH), np.float32)
    kept = ReversePass(0, 10)
    kept.keep(6, 1, Estimate(wall.astype(np.float32), 0.9))
    kept.keep(4, 1, Estimate(disc().astype(np.float32), 0.9, temporal_overlap))
    kept.compare_with_confirmed(1, confirmed(disc()), confirmed(disc()))
    before = kept.fused(6, 1, Estimate(nothing, 0.8)).probability > 0.5
    after = kept.fused(4, 1, Estimate(nothing, 0.2)).probability > 0.5
    assert before.any() == is_trusted
    assert np.array_equal(after, disc())


@pytest.mark.parametrize(("reach", "is_nearer_one_taken"), [(38, True), (20, False)])
def test_before_half_of_the_way_a_reverse_pass_counts_for_more_only_where_the_passes_differ(
    reach, is_nearer_one_taken
):
    forward, back = (
        cv2.circle(np.zeros((120, 160), np.uint8), (80, 60), radius, 1, -1) > 0
        for radius in (reach, 40)
    )
    kept = ReversePass(0, 10)
    kept.keep(4, 1, Estimate(back.astype(np.float32), 0.9))
    found = kept.fused(4, 1, Estimate(forward.astype(np.float32), 0.9)).probability > 0.5
    assert np.array_equal(found, forward if is_nearer_one_taken else back)


def test_where_the_object_was_marked_absent_a_reverse_pass_is_trusted():
    assert np.array_equal(returned(disc(), np.zeros_like(disc())), disc())


def test_the_search_window_of_an_occluded_object_is_as_large_as_the_object():
    seen = np.zeros((HEIGHT, WIDTH), dtype=bool)
    seen[20:30, 40:44] = True
    x0, y0, x1, y1 = search_window(seen, (34, 10))
    assert (x0, x1) == (0, 44 + 30 + 12)
    assert (y0, y1) == (8, 42)
    assert search_window(np.zeros_like(seen), (34, 10)) is None
