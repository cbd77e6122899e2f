"""How an alpha's contour is drawn to the picture's edges."""

import cv2
import numpy as np
import pytest

from engines.onnx.edge_guidance import drawn_to_edges


def picture() -> np.ndarray:
    """A bright square on dark ground, with some noise."""
    levels = np.full((80, 120, 3), 40, np.int16)
    levels[20:60, 30:90] = 200
    levels += np.random.default_rng(0).integers(-2, 3, levels.shape)
    return levels.astype(np.uint8)


def test_a_contour_beside_an_edge_moves_to_it():
    true, found = (np.zeros((80, 120), np.float32) for _ in range(2))
    true[20:60, 30:90] = 1.0
    found[20:60, 30:89] = 1.0
    found = cv2.GaussianBlur(found, (0, 0), 1.0)  # a network's contour is soft
    drawn = drawn_to_edges(found, picture())
    assert np.array_equal(drawn[21:59] > 0.5, true[21:59] > 0.5)  # the soft corners stay round
    assert np.abs(drawn - true).sum() < np.abs(found - true).sum()
    assert drawn.min() >= 0.0
    assert drawn.max() <= 1.0


def test_a_contour_stays_where_colours_do_not_show_it():
    noise = np.random.default_rng(1).integers(0, 256, (80, 120, 3)).astype(np.uint8)
    found = np.zeros((80, 120), np.float32)
    found[20:60, 30:88] = 1.0
    assert np.abs(drawn_to_edges(found, noise) - found).max() < 0.1


def test_what_is_far_from_the_contour_stays():
    found = np.full((80, 120), 0.1, np.float32)
    found[20:60, 30:88] = 0.9
    drawn = drawn_to_edges(found, picture())
    assert np.array_equal(drawn[:14], found[:14])
    assert np.array_equal(drawn[28:52, 38:80], found[28:52, 38:80])


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_an_alpha_without_a_contour_stays(level):
    found = np.full((80, 120), level, np.float32)
    assert drawn_to_edges(found, picture()) is found
