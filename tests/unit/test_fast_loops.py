"""Loops that stand for slower calls of OpenCV and numpy give what those give."""

import cv2
import numpy as np
import pytest

from engines.builtin.tracking.evidence import upsampled_lattice
from engines.builtin.tracking.label_propagation import _Labelled, _votes
from engines.builtin.vision.area_mean import reduce_picture
from engines.builtin.vision.features import FEATURE_COUNT, Appearance
from utils.mask_utils import component_sums, components


@pytest.mark.parametrize("size_wh", [(48, 27), (50, 40), (80, 31), (128, 72)])
def test_a_reduced_picture_is_opencvs_area_mean(size_wh):
    picture = np.random.default_rng(0).integers(0, 256, (72, 128, 3), dtype=np.uint8)
    expected = cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA)
    gaps = np.abs(reduce_picture(picture, size_wh).astype(int) - expected)
    assert gaps.max() <= 1
    assert (gaps > 0).mean() < 0.01


def test_features_of_a_window_are_those_of_the_whole_picture():
    lab = np.random.default_rng(1).normal(50, 20, (120, 160, 3)).astype(np.float32)
    window = (60, 10, 110, 90)
    places = (np.arange(10, 90)[:, None] * 160 + np.arange(60, 110)).ravel()
    appearance = Appearance(lab)
    rows = np.empty((places.size, FEATURE_COUNT), dtype=np.float32)
    appearance.read(places, rows, window)
    whole = Appearance(lab).whole().reshape(-1, FEATURE_COUNT)
    np.testing.assert_allclose(rows, whole[places], rtol=1e-4, atol=1e-3)
    # What lies beyond the window is computed when it is asked for.
    np.testing.assert_array_equal(appearance.whole().reshape(-1, FEATURE_COUNT), whole)


@pytest.mark.parametrize("shape", [(6, 8), (7, 9), (1, 2)])
def test_a_lattice_is_enlarged_bilinearly(shape):
    lattice_shape = -(-shape[0] // 2), -(-shape[1] // 2)
    values = np.random.default_rng(2).normal(size=lattice_shape).astype(np.float32)
    columns, rows = np.meshgrid(
        np.arange(shape[1], dtype=np.float32) / 2, np.arange(shape[0], dtype=np.float32) / 2
    )
    expected = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(upsampled_lattice(values.ravel(), shape), expected, atol=1e-6)


@pytest.mark.parametrize("known_count", [4, 11, 100])
def test_votes_are_the_mean_label_of_the_nearest_descriptors(known_count):
    generator = np.random.default_rng(3)
    rows, known = (
        generator.normal(size=(count, 8)).astype(np.float32) for count in (20, known_count)
    )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    labels = generator.random(known_count).astype(np.float32)
    similarity = rows @ known.T
    nearest = np.argsort(-similarity, axis=1)[:, :10]
    weights = np.exp(np.take_along_axis(similarity, nearest, axis=1) / 0.07)
    expected = (weights * labels[nearest]).sum(axis=1) / weights.sum(axis=1)
    np.testing.assert_allclose(_votes(rows, _Labelled(known, labels)), expected, rtol=1e-3)


def test_components_have_the_areas_and_sums_of_their_pixels():
    generator = np.random.default_rng(4)
    mask = generator.random((60, 81)) < 0.3
    _, expected, statistics, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    labels, areas = components(mask)
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(areas, statistics[:, cv2.CC_STAT_AREA])
    values = generator.random(mask.shape).astype(np.float32)
    sums = np.bincount(labels.ravel(), values.ravel(), minlength=areas.size)
    np.testing.assert_allclose(component_sums(values, labels, areas), sums)
