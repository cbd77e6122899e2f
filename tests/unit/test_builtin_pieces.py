"""The built-in engine's pieces, each against an answer known beforehand."""

from __future__ import annotations

import threading
from itertools import pairwise

import cv2
import numpy as np
import pytest

from engines.base import ArrayFrames
from engines.builtin.matting.alpha import AlphaEstimator, matte
from engines.builtin.matting.background_plate import BackgroundPlate, Behind, behind
from engines.builtin.matting.colour_samples import BACKGROUND, FOREGROUND, UNKNOWN, sampled_alpha
from engines.builtin.matting.linear_model import ContourError
from engines.builtin.selection.motion_cue import NeighbourMotion
from engines.builtin.selection.ranking import Candidate, CandidateRanking
from engines.builtin.tracking.background_motion import (
    difference_evidence,
    motion_evidence,
    object_motion,
)
from engines.builtin.tracking.bidirectional import ReversePass
from engines.builtin.tracking.camera_motion import background_flow
from engines.builtin.tracking.confidence import (
    ContourZones,
    ExpectedArea,
    NetworkAgreement,
    QualityIndicators,
    predicted_overlap,
    quality_indicators,
    soft_overlap,
)
from engines.builtin.tracking.difference_histogram import DifferenceModel
from engines.builtin.tracking.estimate import Estimate, confirmed
from engines.builtin.tracking.occlusion import search_window
from engines.builtin.tracking.parts import without_pinholes
from engines.builtin.tracking.redetection import redetect
from engines.builtin.tracking.shape import ShapeMemory, contour_evidence, object_frame
from engines.builtin.tracking.steps import read_steps
from engines.builtin.vision.barrier_distance import barrier_distance, barrier_evidence
from engines.builtin.vision.bilateral_grid import blur_grid, local_colour
from engines.builtin.vision.extra_trees import Forest, ForestShape, Samples
from engines.builtin.vision.features import FEATURE_COUNT, Appearance
from engines.builtin.vision.flow import (
    FlowEstimator,
    forward_coverage,
    sample_at,
    sample_window,
)
from engines.builtin.vision.processing_size import processing_size, to_processing_size
from engines.builtin.vision.refined_edges import refine_edges
from engines.builtin.vision.total_variation import regularised
from utils.guided_filter import guided_model
from utils.mask_utils import intersection_over_union
from utils.prefetch import ahead

HEIGHT, WIDTH = 60, 90


@pytest.fixture
def texture() -> np.ndarray:
    noise = np.random.default_rng(1).uniform(0, 255, (HEIGHT + 40, WIDTH + 40, 3))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX).astype(
        np.uint8
    )


def disc(x: int = 45, y: int = 30, radius: int = 14) -> np.ndarray:
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, y), radius, 1, -1) > 0


def flat_lab(mask: np.ndarray) -> np.ndarray:
    lab = np.zeros((*mask.shape, 3), np.float32)
    lab[...] = (40, 10, 10)
    lab[mask] = (70, -20, 30)
    return lab


def test_the_processing_size_keeps_the_shape_and_never_enlarges():
    assert processing_size((1920, 1080)) == (480, 270)
    assert processing_size((1080, 1920)) == (270, 480)
    assert processing_size((320, 180)) == (320, 180)


def test_a_forest_learns_a_rule_that_no_single_feature_shows():
    random = np.random.default_rng(0)
    rows = random.uniform(-1, 1, (3000, 4)).astype(np.float32)
    labels = (rows[:, 0] > 0) ^ (rows[:, 1] > 0)
    samples = Samples(rows, labels, np.ones(len(rows), np.float32))
    forest = Forest(samples, ForestShape(trees=12, depth=8), seed=1)
    fresh = random.uniform(-1, 1, (1000, 4)).astype(np.float32)
    truth = (fresh[:, 0] > 0) ^ (fresh[:, 1] > 0)
    assert ((forest.log_odds(fresh) > 0) == truth).mean() > 0.85


def test_a_forest_of_the_same_samples_and_seed_is_the_same():
    rows = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    samples = Samples(rows, rows[:, 0] > 0, np.ones(400, np.float32))
    first, second = (Forest(samples, ForestShape(), seed=5).log_odds(rows) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("count", range(1, 10))
def test_a_forest_returns_the_same_of_a_row_whatever_rows_are_asked_with_it(count):
    rows = np.random.default_rng(2).normal(size=(400, 3)).astype(np.float32)
    forest = Forest(Samples(rows, rows[:, 0] > 0, np.ones(400, np.float32)), ForestShape(), seed=5)
    assert np.array_equal(forest.log_odds(rows[:count]), forest.log_odds(rows)[:count])


def test_a_forest_is_not_swayed_by_how_many_samples_a_class_has():
    rows = np.zeros((1000, 2), np.float32)
    labels = np.zeros(1000, bool)
    labels[:50] = True
    forest = Forest(Samples(rows, labels, np.ones(1000, np.float32)), ForestShape(), seed=0)
    assert abs(float(forest.log_odds(rows[:1])[0])) < 0.01


@pytest.mark.parametrize("value", [True, False])
def test_a_forest_of_one_class_is_refused(value):
    samples = Samples(np.zeros((9, 2), np.float32), np.full(9, value), np.ones(9, np.float32))
    with pytest.raises(ValueError, match="both classes"):
        Forest(samples, ForestShape(), seed=0)


def test_local_colour_tells_colours_apart_and_gives_0_for_unseen_ones():
    mask = disc()
    lab = flat_lab(mask)
    ones = np.ones(mask.shape, np.float32)
    answer = local_colour(lab, mask.astype(np.float32), ones, lab)
    assert answer[30, 45] > 2
    assert answer[5, 5] < -2
    unseen = np.full_like(lab, (5.0, 40.0, -40.0))
    assert np.abs(local_colour(lab, mask.astype(np.float32), ones, unseen)).max() < 0.1


def test_local_colour_is_the_same_whatever_range_of_colours_the_grid_spans():
    random = np.random.default_rng(4)
    lab = random.uniform((20, -10, 0), (60, 20, 30), (40, 60, 3)).astype(np.float32)
    probability = random.uniform(0, 1, (40, 60)).astype(np.float32)
    weight = np.ones_like(probability)
    weight[0, :2] = 0.0
    asked = random.uniform((0, -60, -60), (100, 60, 60), (40, 60, 3)).astype(np.float32)
    asked[10:] = lab[10:]
    wide = lab.copy()
    wide[0, 0], wide[0, 1] = (0, -60, -60), (100, 60, 60)
    narrow = local_colour(lab, probability, weight, asked)
    assert np.abs(narrow).max() > 0.1
    assert np.allclose(narrow, local_colour(wide, probability, weight, asked), atol=1e-5)


def test_a_blur_that_passes_over_empty_rows_is_that_of_the_whole_grid():
    random = np.random.default_rng(2)
    grid = np.zeros((5, 6, 7, 4, 8, 2), dtype=np.float32)
    used = (random.random(grid.shape[:4]) < 0.03).astype(np.uint8)
    grid[used > 0] = random.random((int(used.sum()), 8, 2))
    whole = grid.astype(np.float64)
    for axis in range(5):
        whole = np.apply_along_axis(np.convolve, axis, whole, [0.25, 0.5, 0.25], mode="same")
    blur_grid(grid, used)
    assert np.allclose(grid, whole, rtol=1e-5, atol=0)
    assert (used[..., None, None] * grid == grid).all()


def test_local_colour_knows_the_place_of_a_colour():
    """Left, red is the object's; right, the same red is the ground's."""
    lab = np.zeros((40, 200, 3), np.float32)
    lab[...] = (50, 40, 20)
    probability = np.zeros((40, 200), np.float32)
    probability[:, :70] = 1.0
    answer = local_colour(lab, probability, np.ones_like(probability), lab)
    assert answer[20, 15] > 1
    assert answer[20, 185] < -1


def test_regularisation_drops_specks_and_keeps_the_region():
    mask = disc()
    log_odds = np.where(mask, 1.0, -1.0).astype(np.float32)
    log_odds[5, 5] = 2.0
    log_odds[30, 45] = -2.0
    region = regularised(log_odds, np.zeros((*mask.shape, 3), np.float32), smoothness=1.0) > 0.5
    assert not region[5, 5]
    assert region[30, 45]
    assert np.count_nonzero(region ^ mask) < 0.05 * np.count_nonzero(mask)


def test_regularisation_moves_a_vague_contour_to_the_pictures_edge():
    mask = disc()
    distance = cv2.GaussianBlur(disc(45, 30, 10).astype(np.float32), (0, 0), 5)
    log_odds = np.where(disc(45, 30, 7), 4.0, np.where(disc(45, 30, 20), 0.02, -4.0))
    region = regularised(log_odds.astype(np.float32), flat_lab(mask), 1.0, 300) > 0.5
    assert distance.max() > 0
    assert np.count_nonzero(region ^ mask) < 0.12 * np.count_nonzero(mask)


def test_the_barrier_is_crossed_only_by_what_an_edge_surrounds():
    mask = disc()
    lab = flat_lab(mask)
    lab[..., 0] += np.linspace(0, 3, WIDTH, dtype=np.float32)
    outside = np.ones(mask.shape, bool)
    outside[8:52, 20:70] = False
    distance = barrier_distance(lab, outside)
    assert distance[30, 45] > 40
    assert distance[12, 24] < 6
    evidence = barrier_evidence(lab, outside)
    assert evidence[30, 45] > 1
    assert evidence[12, 24] < -1


def test_flow_follows_a_shift_and_is_trusted_there(texture):
    before = to_processing_size(
        np.ascontiguousarray(texture[10 : 10 + HEIGHT, 10 : 10 + WIDTH]), (WIDTH, HEIGHT)
    )
    after = to_processing_size(
        np.ascontiguousarray(texture[8 : 8 + HEIGHT, 7 : 7 + WIDTH]), (WIDTH, HEIGHT)
    )
    flow = FlowEstimator().between(before, after)
    middle = np.s_[20:40, 30:60]
    assert np.allclose(np.median(flow.to_previous[middle], axis=(0, 1)), (-3, -2), atol=0.3)
    assert flow.reliability[middle].mean() > 0.6
    assert flow.reliability.min() >= 0.25


def test_sampling_along_a_flow_moves_values_and_fills_the_outside():
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    flow = np.zeros((3, 4, 2), np.float32)
    flow[..., 0] = 1.0
    assert np.allclose(sample_at(values, flow, outside=-1.0)[:, :3], values[:, 1:])
    assert np.allclose(sample_at(values, flow, outside=-1.0)[:, 3], -1.0)


def test_a_window_is_sampled_like_the_whole_picture():
    random = np.random.default_rng(6)
    values = random.uniform(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    flow = random.uniform(-9, 9, (HEIGHT, WIDTH, 2)).astype(np.float32)
    part = sample_window(values, flow, (7, 3, 50, 41))
    assert np.allclose(part, sample_at(values, flow)[3:41, 7:50], atol=1e-5)


def test_coverage_is_one_where_all_stays_and_zero_where_background_is_disoccluded():
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    assert np.allclose(forward_coverage(flow), 1.0)
    flow[:, WIDTH // 2 :, 0] = 6.0
    coverage = forward_coverage(flow)
    assert np.allclose(coverage[:, WIDTH // 2 : WIDTH // 2 + 5], 0.0)


def test_the_backgrounds_flow_is_found_although_an_object_moves_otherwise():
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[..., 0] = 2.0
    flow[disc()] = (-4.0, 3.0)
    ground = background_flow(flow, ~disc(45, 30, 8))
    assert np.allclose(ground[5, 5], (2.0, 0.0), atol=0.2)
    blank = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    motion = object_motion(blank, blank, flow, ~disc(45, 30, 16))
    length = np.linalg.norm(motion.vector, axis=2)
    assert length[30, 45] > 3
    assert length[5, 5] < 0.5
    window = object_motion(blank, blank, flow, ~disc(45, 30, 16), (20, 10, 70, 50))
    assert np.allclose(window.vector[10:50, 20:70], motion.vector[10:50, 20:70], atol=0.05)
    assert not window.vector[:10].any()
    assert np.abs(motion.vector).max() <= 4.0
    assert motion.pixels[30, 45] == pytest.approx(np.hypot(6.0, 3.0), abs=0.3)


def moved_disc(texture: np.ndarray, ground: int, disc_by: int) -> np.ndarray:
    """A patterned disc on a textured ground, each moved so many pixels to the right."""
    picture = texture[:HEIGHT, 20 - ground : 20 - ground + WIDTH].copy()
    pattern = 255 - texture[40:, 20 - disc_by : 20 - disc_by + WIDTH]
    return np.where(disc(45 + disc_by)[..., None], pattern, picture)


def test_the_compensated_difference_is_sharp_where_an_object_moves_over_the_background(texture):
    size = WIDTH, HEIGHT
    here = to_processing_size(moved_disc(texture, 0, 0), size)
    there = to_processing_size(moved_disc(texture, 3, -3), size)
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[...] = (3.0, 0.0)
    motion = object_motion(here.lab, there.lab, flow, ~disc(45, 30, 20))
    found = difference_evidence(motion.difference)
    assert np.median(motion.difference[~disc(45, 30, 22)]) < 1.0
    assert found[30, 45 + 12] > 1.0
    assert found[5, 70] < 0.0
    assert found.min() >= -1.0
    assert found.max() <= 1.5


def test_the_difference_histogram_learns_how_well_differences_separate_the_object():
    inside = disc(45)
    random = np.random.default_rng(3)
    water, swan = random.uniform(2, 6, inside.shape), random.uniform(0, 0.5, inside.shape)
    apart = np.where(inside, swan, water).astype(np.float32)
    model = DifferenceModel()
    assert not model.evidence(apart).any()
    model.learn(apart, inside)
    learned = model.evidence(apart)
    assert learned[inside].min() > 1.0
    assert learned[~inside].max() < -1.0
    assert np.abs(learned).max() <= 2.0

    model.learn(apart, ~inside)
    assert model.evidence(apart)[inside].mean() > 1.0, "one frame that went wrong is not believed"
    model.learn(apart, np.zeros_like(inside))
    assert np.isfinite(model.evidence(apart)).all()

    alike = DifferenceModel()
    alike.learn(water.astype(np.float32), inside)
    assert np.abs(alike.evidence(water.astype(np.float32))).mean() < 0.3


def test_disoccluded_background_shows_no_difference_to_the_frame_after(texture):
    pictures = [
        to_processing_size(moved_disc(texture, k, -6 * k), (WIDTH, HEIGHT)).lab for k in (-1, 0, 1)
    ]
    flows = [np.zeros((HEIGHT, WIDTH, 2), np.float32) for _ in range(2)]
    flows[0][...], flows[1][...] = (-1.0, 0.0), (1.0, 0.0)
    ground = ~disc(45, 30, 24)
    before, after = (
        object_motion(pictures[1], other, flow, ground)
        for other, flow in zip(pictures[::2], flows, strict=True)
    )
    both = before.with_other_side(after)
    uncovered = disc(45 + 6) & ~disc(45, 30, 17)
    assert before.difference[uncovered].mean() > 3.0
    assert both.difference[uncovered].mean() < 1.5
    cut = object_motion(pictures[1], 100.0 - pictures[2][::-1], flows[1], ground)
    assert before.with_other_side(cut) is before


def test_a_pass_gives_each_frame_the_flow_to_both_its_neighbours(texture):
    frames = ArrayFrames([moved_disc(texture, 2 * k, 0) for k in range(3)])
    for step in (1, -1):
        first, stop = (0, 3) if step > 0 else (2, -1)
        steps = list(read_steps(frames, first, stop, step))
        assert [one.index for one in steps] == list(range(first, stop, step))
        assert steps[0].flow is None
        assert steps[-1].next_frame is None
        for one, after in pairwise(steps):
            assert one.next_frame is not None
            assert after.flow is not None
            assert np.array_equal(one.next_frame.lab, after.working.lab)
            assert np.array_equal(one.next_frame.flow, after.flow.from_previous)


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


def test_what_a_box_leaves_out_changes_nothing_of_its_total_variation(texture):
    picture = to_processing_size(texture[:HEIGHT, :WIDTH], (WIDTH, HEIGHT))
    open_box = np.s_[10:40, 20:60]
    log_odds = np.full((HEIGHT, WIDTH), -8.0, np.float32)
    log_odds[open_box] = np.random.default_rng(0).normal(0.0, 3.0, (30, 40))
    whole = regularised(log_odds, picture.lab, 0.9)
    window = np.s_[9:41, 19:61]
    assert np.allclose(
        regularised(log_odds[window], picture.lab[window], 0.9), whole[window], atol=1e-5
    )
    assert np.count_nonzero(whole) == np.count_nonzero(whole[open_box]) > 0


def test_edges_are_refined_alike_with_and_without_the_reduced_picture(texture):
    image = cv2.resize(moved_disc(texture, 0, 0), (3 * WIDTH, 3 * HEIGHT))
    reduced = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    mask = disc(radius=12)
    found = refine_edges(image, mask)
    assert np.array_equal(found, refine_edges(image, mask, reduced))
    model = guided_model(reduced.astype(np.float32) / 255.0, mask.astype(np.float32), 2, 1e-3)
    enlarged = cv2.resize(model, (3 * WIDTH, 3 * HEIGHT))
    whole = (enlarged[..., :3] * (image / 255.0)).sum(axis=2) + enlarged[..., 3] > 0.5
    assert intersection_over_union(found, whole) > 0.98


def test_motion_in_a_box_speaks_for_what_moves_and_against_what_stays(texture):
    size = WIDTH, HEIGHT
    here, before, after = (moved_disc(texture, k, -4 * k) for k in (0, -1, 1))
    around = NeighbourMotion(to_processing_size(here, size), {-1: before, 1: after})
    found = around.inside((25, 8, 65, 52))
    assert found is not None
    assert found.strength > 0.9
    assert found.evidence[disc(45, 30, 12)].mean() > 0.2
    assert found.evidence[8:16, 25:33].mean() < -0.5


def test_a_still_picture_gives_no_motion_cue(texture):
    still = moved_disc(texture, 0, 0)
    here = to_processing_size(still, (WIDTH, HEIGHT))
    found = NeighbourMotion(here, {1: still, 3: still}).inside((25, 8, 65, 52))
    assert found is not None
    assert found.strength == 0.0
    assert not found.evidence.any()


def test_a_neighbour_beyond_a_cut_gives_no_motion_cue(texture):
    here = to_processing_size(moved_disc(texture, 0, 0), (WIDTH, HEIGHT))
    other = 255 - texture[20 : 20 + HEIGHT, :WIDTH]
    assert NeighbourMotion(here, {1: other}).inside((25, 8, 65, 52)) is None
    assert NeighbourMotion(here, {}).inside((25, 8, 65, 52)) is None


def test_a_box_around_the_whole_picture_leaves_no_background(texture):
    here = to_processing_size(moved_disc(texture, 0, 0), (WIDTH, HEIGHT))
    around = NeighbourMotion(here, {1: moved_disc(texture, 1, -4)})
    assert around.inside((0, 0, WIDTH, HEIGHT)) is None


def test_motion_says_nothing_where_object_and_background_move_alike():
    mask = disc().astype(np.float32)
    ones = np.ones_like(mask)
    alike = np.full((HEIGHT, WIDTH, 2), 1.5, np.float32)
    assert np.abs(motion_evidence(alike, mask, ones)).max() < 0.6
    apart = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    apart[disc()] = (3.0, 0.0)
    evidence = motion_evidence(apart, mask, ones)
    assert evidence[30, 45] > 1.0
    assert evidence[5, 5] < -1.0


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


def test_the_guided_filters_model_keeps_a_line_that_is_linear_in_colour():
    guide = np.random.default_rng(2).uniform(0, 1, (40, 50, 3)).astype(np.float32)
    values = guide @ np.array([0.5, -0.2, 0.3], np.float32) + 0.1
    model = guided_model(guide, values, 4, 1e-6)
    assert np.allclose((model[..., :3] * guide).sum(2) + model[..., 3], values, atol=2e-3)


def test_a_coarse_mask_takes_the_pictures_contour():
    true = cv2.circle(np.zeros((240, 360), np.uint8), (180, 120), 60, 1, -1) > 0
    image = np.where(true[..., None], (220, 180, 40), (30, 60, 90)).astype(np.uint8)
    small = cv2.resize(true.astype(np.float32), (90, 60), interpolation=cv2.INTER_AREA) > 0.5
    coarse = cv2.resize(small.astype(np.float32), (360, 240), interpolation=cv2.INTER_NEAREST) > 0.5
    fine = refine_edges(image, small)
    assert np.count_nonzero(fine ^ true) < 0.5 * np.count_nonzero(coarse ^ true)


def test_matting_finds_the_share_of_a_mixed_edge():
    """A soft disc of one colour over another: alpha is exactly the mixture."""
    hard = cv2.circle(np.zeros((160, 200), np.float32), (100, 80), 40, 1.0, -1)
    true = cv2.GaussianBlur(hard, (0, 0), 1.5)
    image = true[..., None] * (230, 60, 50) + (1 - true[..., None]) * (20, 90, 160)
    alpha, band = matte(image.round().astype(np.uint8), hard)
    assert np.abs(alpha - true).mean() < 0.004
    assert band.any() and not band.all()
    assert alpha[80, 100] == 1.0 and alpha[5, 5] == 0.0


def test_matting_at_a_reduced_size_loses_no_sharpness():
    hard = cv2.circle(np.zeros((700, 900), np.float32), (450, 350), 200, 1.0, -1)
    true = cv2.GaussianBlur(hard, (0, 0), 1.5)
    image = true[..., None] * (230, 60, 50) + (1 - true[..., None]) * (20, 90, 160)
    alpha, band = matte(image.round().astype(np.uint8), hard)
    assert np.abs(alpha - true)[band].mean() < 0.02
    assert np.count_nonzero(band) < 0.1 * band.size
    assert np.array_equal(alpha[~band], hard[~band])


def sampled(
    rgb: np.ndarray, prior: float, deviation: float, behind: Behind | None = None
) -> np.ndarray:
    """Alpha of a strip of unknown pixels between foreground on the left and background on the right."""
    trimap = np.full(rgb.shape[:2], UNKNOWN, np.uint8)
    trimap[:, :20] = FOREGROUND
    trimap[:, -20:] = BACKGROUND
    places = np.flatnonzero(trimap == UNKNOWN)
    priors = np.full(places.size, prior, np.float32)
    return sampled_alpha(rgb, trimap, places, priors, deviation, 40, behind or unseen(places.size))


def unseen(count: int) -> Behind:
    return Behind(np.zeros((count, 3), np.float32), np.full(count, np.inf, np.float32))


def strip(front: tuple[float, ...], back: tuple[float, ...], share: float) -> np.ndarray:
    rgb = np.empty((30, 50, 3), np.float32)
    rgb[:, :20], rgb[:, -20:] = front, back
    rgb[:, 20:-20] = share * np.float32(front) + (1 - share) * np.float32(back)
    return rgb


def test_unknown_pixels_go_by_colour_where_it_tells_and_by_the_contour_where_not() -> None:
    orange, blue = (0.8, 0.5, 0.1), (0.1, 0.2, 0.6)
    np.testing.assert_allclose(sampled(strip(orange, blue, 0.3), 0.9, 0.3), 0.3, atol=0.01)
    np.testing.assert_allclose(sampled(strip(blue, blue, 0.3), 0.9, 0.3), 0.9, atol=1e-4)
    # Colours 0.05 apart in one channel, with a noise of 0.025: the weights are 4 and 1 / 0.5 squared.
    near = strip((0.525, 0.5, 0.5), (0.475, 0.5, 0.5), 0.0)
    np.testing.assert_allclose(sampled(near, 1.0, 0.5), 4.0 / 8.0, atol=1e-3)


def test_of_several_colours_those_count_that_explain_the_pixel() -> None:
    """Two colours in rows on either side, and a mixture of one pair, which their means can't explain."""
    rgb = strip((0.9, 0.1, 0.1), (0.1, 0.1, 0.9), 0.3)
    rgb[::2, :20] = 0.1, 0.9, 0.1
    rgb[1::2, -20:] = 0.9, 0.9, 0.9
    found = sampled(rgb, 0.5, 0.3).reshape(30, 10)
    # The few rays of some pixels meet one of the colours only.
    np.testing.assert_allclose(np.median(found[8:-8], axis=1), 0.3, atol=0.02)


def test_a_clean_plate_counts_as_far_as_it_is_exact() -> None:
    """Red before green, beside which the background is blue: half red and half blue would explain nothing."""
    rgb = strip((0.8, 0.1, 0.1), (0.1, 0.1, 0.8), 0.5)
    rgb[:, 20:-20] = 0.45, 0.45, 0.1
    green = np.broadcast_to(np.float32((0.1, 0.8, 0.1)), (300, 3)).copy()
    exact = Behind(green, np.full(300, 1e-4, np.float32))
    vague = Behind(green, np.full(300, 1e4, np.float32))
    np.testing.assert_allclose(sampled(rgb, 0.2, 0.3, exact), 0.5, atol=0.01)
    np.testing.assert_allclose(sampled(rgb, 0.2, 0.3, vague), 0.2, atol=0.01)


def test_a_clean_plate_shows_what_the_target_hides_as_the_camera_moves(texture: np.ndarray) -> None:
    """The camera pans by three pixels a frame, the target by six: it hides what was seen before it."""
    plate = BackgroundPlate((WIDTH, HEIGHT))
    camera = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    for index in range(3):
        frame = texture[:HEIGHT, 3 * index : 3 * index + WIDTH]
        hidden = disc(30 + 6 * index, 30, 7)
        seen = plate.move(camera, (WIDTH, HEIGHT), (10, 10, 80, 50))
        assert (seen is None) == (index == 0)
        if seen is not None:
            kept = seen.copy()
        plate.remember(np.where(hidden[..., None], np.uint8(0), frame), ~hidden)
    view = np.s_[25:36, 42:48]
    assert hidden[view].any() and kept[view][..., 3].min() == 255
    assert np.abs(kept[view][..., :3].astype(int) - frame[view]).max() <= 2
    # What the target hid in both frames is not known.
    assert kept[30, 28, 3] == 0
    rgb = frame.astype(np.float32) / 255
    places = np.array([30 * WIDTH + 44, 30 * WIDTH + 28])
    known = behind(rgb, kept, ~hidden, places, 10)
    assert known.variance[0] < 1e-4 and np.isinf(known.variance[1])
    # After a cut nothing is known of what the target hides.
    plate.move(camera, (WIDTH, HEIGHT), (10, 10, 80, 50))
    plate.remember(255 - frame, ~hidden)
    kept = plate.move(np.eye(3), (WIDTH, HEIGHT), (0, 0, WIDTH, HEIGHT))
    assert kept is not None and np.array_equal(kept[..., 3] == 255, ~hidden)


def test_pixels_that_no_ray_leads_to_known_colours_from_keep_the_contours_alpha() -> None:
    places = np.arange(12)
    prior = np.linspace(0.0, 1.0, 12, dtype=np.float32)
    plain = np.full((3, 4, 3), 0.4, np.float32)
    found = sampled_alpha(
        plain, np.full((3, 4), UNKNOWN, np.uint8), places, prior, 0.2, 9, unseen(12)
    )
    assert np.array_equal(found, prior)


def test_matting_erodes_what_is_solid_and_leaves_what_is_thin():
    """Without colours to go by, the contour alone decides."""
    plain = np.full((120, 200, 3), 90, np.uint8)
    rough = cv2.circle(np.zeros((120, 200), np.float32), (60, 60), 30, 1.0, -1)
    rough[59:62, 60:] = 1.0
    line = np.s_[60, 110:190]
    as_told, _ = matte(plain, rough)
    set_in, _ = matte(plain, rough, ContourError(bias=2.0))
    assert np.array_equal(set_in[line], as_told[line])
    disc = np.s_[:, :92]
    assert np.count_nonzero(as_told[disc] > 0.5) == pytest.approx(np.pi * 30**2, rel=0.03)
    assert np.count_nonzero(set_in[disc] > 0.5) == pytest.approx(np.pi * 28**2, rel=0.03)


def test_matting_an_absent_object_gives_nothing():
    estimator = AlphaEstimator((64, 48))
    alpha = estimator.alpha(np.zeros((48, 64, 3), np.uint8), np.zeros((24, 32), np.float32), None)
    assert alpha.shape == (48, 64)
    assert not alpha.any()


def test_the_candidate_that_others_agree_with_comes_first():
    picture = to_processing_size(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), (WIDTH, HEIGHT))
    window = 0, 0, WIDTH, HEIGHT
    ranking = CandidateRanking(picture.lab, None, window)
    for radius in (4, 15, 14, 29, 0):
        mask = disc(radius=radius) if radius else np.zeros((HEIGHT, WIDTH), bool)
        ranking.add(Candidate(mask, window))
    ranked = ranking.best_first()
    first, second, third = (int(np.count_nonzero(one.mask)) for one in ranked[:3])
    assert {first, second} == {np.count_nonzero(disc(radius=radius)) for radius in (14, 15)}
    assert third in {np.count_nonzero(disc(radius=radius)) for radius in (4, 29)}
    assert len(ranked) == 4


def test_of_two_alike_the_more_stable_candidate_comes_first():
    picture = to_processing_size(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), (WIDTH, HEIGHT))
    window = 0, 0, WIDTH, HEIGHT
    ranking = CandidateRanking(picture.lab, None, window)
    for radius, stability in ((15, 0.5), (14, 0.9), (16, 0.7)):
        ranking.add(Candidate(disc(radius=radius), window, stability))
    assert [one.stability for one in ranking.best_first()] == [0.9, 0.7, 0.5]


def test_a_candidate_agrees_with_the_others_by_the_median_overlap_and_fully_where_it_is_alone():
    picture = to_processing_size(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), (WIDTH, HEIGHT))
    window = 0, 0, WIDTH, HEIGHT
    ranking = CandidateRanking(picture.lab, None, window)
    ranking.add(Candidate(disc(radius=20), window))
    assert [one.agreement for one in ranking.best_first()] == [1.0]
    for radius in (20, 10, 4):
        ranking.add(Candidate(disc(radius=radius), window))
    found = {np.count_nonzero(one.mask): one.agreement for one in ranking.best_first()}
    areas = sorted(found, reverse=True)
    assert found[areas[0]] == pytest.approx(areas[1] / areas[0])
    assert found[areas[2]] == pytest.approx(areas[2] / areas[0])


def test_of_two_candidates_the_one_of_higher_colour_contrast_comes_first():
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    image[disc(radius=20)] = (200, 60, 60)
    window = 0, 0, WIDTH, HEIGHT
    ranking = CandidateRanking(to_processing_size(image, (WIDTH, HEIGHT)).lab, None, window)
    for radius in (9, 20):
        ranking.add(Candidate(disc(radius=radius), window))
    assert np.array_equal(ranking.best_first()[0].mask, disc(radius=20))


def test_reading_ahead_gives_every_item_in_order():
    assert list(ahead(lambda: iter(range(50)), depth=2)) == list(range(50))


def test_an_error_of_the_maker_reaches_the_reader():
    def make():
        yield 1
        raise OSError("broken")

    items = ahead(make)
    assert next(items) == 1
    with pytest.raises(OSError, match="broken"):
        next(items)


def test_closing_early_ends_the_thread_and_closes_the_maker():
    closed = threading.Event()

    def make():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    items = ahead(make)
    next(items)
    items.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_the_features_of_a_flat_picture_are_finite():
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    lab[:, : WIDTH // 2] = (99.7, 0.3, -0.2)
    features = Appearance(lab).whole()
    assert features.shape == (HEIGHT, WIDTH, FEATURE_COUNT)
    assert np.isfinite(features).all()


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


def test_the_expected_area_falls_by_what_left_the_picture():
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[20:40, 70:90] = True
    area = ExpectedArea(mask)
    assert area.missing(400) == 0.0
    assert area.missing(300) == pytest.approx(100)
    area.follow(mask, np.full((HEIGHT, WIDTH, 2), (10.0, 0.0), np.float32))
    assert area.missing(200) == pytest.approx(0.0, abs=1)


def test_confidence_is_less_the_less_the_mask_resembles_the_confirmed_frames():
    mask = disc()
    log_odds = np.where(mask, 4.0, -4.0).astype(np.float32)
    found = []
    for unlike in (0, 45):
        key = np.where(mask, 3.0, -3.0).astype(np.float32)
        key[:, :unlike] = -3.0
        found.append(
            predicted_overlap(
                quality_indicators(ContourZones.of(mask), mask, log_odds, key, 1.0), mask
            )
        )
    assert found[0] > 0.8
    assert found[1] < 0.95 * found[0]
    nothing = np.zeros_like(mask)
    assert (
        quality_indicators(ContourZones.of(nothing), mask, log_odds, log_odds, 0.0).appearance_match
        == 0.0
    )


def test_confidence_is_less_for_a_thin_mask_and_where_a_network_sees_another():
    compact = disc()
    thin = np.zeros_like(compact)
    thin[::6] = True
    good = QualityIndicators(1.0, 1.0, 1.0, 1.0, 1.0)
    assert predicted_overlap(good, compact) > 0.8
    assert predicted_overlap(good, thin) < predicted_overlap(good, compact) - 0.05
    agreed, disputed = (
        predicted_overlap(good, compact, NetworkAgreement(overlap, 1.0, 0.0))
        for overlap in (1.0, 0.5)
    )
    assert disputed == pytest.approx(agreed - 0.75 * 0.5 / 5)
    assert predicted_overlap(good, np.zeros_like(compact), NetworkAgreement(1.0, 1.0, 1.0)) == 0.0


def test_confidence_falls_with_the_distance_from_the_confirmed_frame_and_less_and_less():
    good = QualityIndicators(0.9, 0.9, 0.9, 1.0, 0.9)
    near, far, farther = (
        predicted_overlap(good, disc(), frames_since_confirmed=frames) for frames in (1, 21, 41)
    )
    assert near > far > farther
    assert near - far > 4.0 * (far - farther)


def test_confidence_is_less_where_evidence_or_propagated_labels_show_more_than_the_mask():
    whole, part = disc(), disc()
    part[:, :45] = False
    shown = np.where(whole, 4.0, -4.0).astype(np.float32)
    found = [
        quality_indicators(ContourZones.of(mask), mask, shown, shown, 1.0) for mask in (whole, part)
    ]
    assert found[0].expected_overlap > 0.9
    assert found[1].expected_overlap < 0.8
    good = QualityIndicators(1.0, 1.0, 1.0, 1.0, 1.0)
    alike, other = (
        predicted_overlap(
            good, whole, None, soft_overlap(whole.astype(np.float32), ContourZones.of(mask))
        )
        for mask in (whole, part)
    )
    assert alike == pytest.approx(predicted_overlap(good, whole))
    assert other < alike - 0.03


def test_confidence_does_not_follow_a_network_that_suddenly_misses_the_target():
    good = QualityIndicators(1.0, 1.0, 1.0, 1.0, 1.0)
    missed = predicted_overlap(good, disc(), NetworkAgreement(0.0, 0.0, 0.8))
    assert missed == pytest.approx(predicted_overlap(good, disc()))


def test_a_smaller_area_costs_no_confidence_where_a_trusted_network_or_labels_agree():
    smaller = QualityIndicators(1.0, 1.0, 1.0, 0.4, 1.0)
    doubted, trusted = (
        predicted_overlap(smaller, disc(), NetworkAgreement(1.0, 1.0, trust))
        for trust in (0.0, 1.0)
    )
    assert doubted < trusted - 0.08
    labelled = [
        predicted_overlap(QualityIndicators(1.0, 1.0, 1.0, share, 1.0), disc(), None, 1.0)
        for share in (0.4, 1.0)
    ]
    assert labelled[0] == labelled[1]
