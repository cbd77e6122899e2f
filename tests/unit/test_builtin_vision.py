"""Forests, colour grid, flow and regularisation of the built-in engine, each against an answer known beforehand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

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
from tests.unit.pictures import HEIGHT, WIDTH, disc, flat_lab, moved_disc, noise_texture
from utils.guided_filter import guided_model
from utils.mask_utils import intersection_over_union


@pytest.fixture
def texture() -> np.ndarray:
    return noise_texture()


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


def test_the_guided_filters_model_keeps_a_line_that_is_linear_in_colour():
    guide = np.random.default_rng(2).uniform(0, 1, (40, 50, 3)).astype(np.float32)
    values = guide @ np.array([0.5, -0.2, 0.3], np.float32) + 0.1
    model = guided_model(guide, values, 4, 1e-6)
    assert np.allclose((model[..., :3] * guide).sum(2) + model[..., 3], values, atol=2e-3)


def test_the_features_of_a_flat_picture_are_finite():
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    lab[:, : WIDTH // 2] = (99.7, 0.3, -0.2)
    features = Appearance(lab).whole()
    assert features.shape == (HEIGHT, WIDTH, FEATURE_COUNT)
    assert np.isfinite(features).all()


@pytest.mark.parametrize(
    "second",
    [(20, 70, 110, 90), (90, 10, 110, 90), (90, 70, 180, 90), (90, 70, 110, 150)],
    ids=["left", "above", "right", "below"],
)
def test_features_are_those_of_the_whole_picture_also_beyond_the_window_read_first(second):
    height, width = 160, 200
    lab = np.random.default_rng(3).uniform(0, 90, (height, width, 3)).astype(np.float32)
    whole = Appearance(lab).whole().reshape(-1, FEATURE_COUNT)
    features = Appearance(lab)
    for x0, y0, x1, y1 in ((90, 70, 110, 90), second):
        inside = np.zeros((height, width), dtype=bool)
        inside[y0:y1, x0:x1] = True
        places = np.flatnonzero(inside)
        rows = np.empty((places.size, FEATURE_COUNT), np.float32)
        features.read(places, rows, (x0, y0, x1, y1))
        assert np.allclose(rows, whole[places], atol=1e-3)
