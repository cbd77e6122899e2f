"""What the mask loses beside somebody who touches the target, by colours that are given."""

import numpy as np

from engines.onnx.contact import gate_beside_others, without_islands
from engines.onnx.target_colour import Colours
from utils.mask_utils import inner_distance


def gate_with(width):
    """Return the gate where a bay of others' colours, so many pixels wide, goes 8 pixels into the mask; others stand below it."""
    inside = np.zeros((120, 160), bool)
    inside[:60] = True
    fine = np.where(inside, np.float32(0.95), np.float32(0.05))
    fine[52:60, 80 - width // 2 : 80 + width // 2] = 0.05
    distance = inner_distance(~inside)
    others = np.zeros_like(inside)
    others[85:] = True
    return gate_beside_others(np.ones_like(fine), distance, others, Colours(fine, fine), 1.0)


def test_a_wide_bay_in_others_colours_is_taken_from_the_mask():
    assert gate_with(30)[56:58, 76:84].max() < 0.1


def test_a_notch_of_a_few_pixels_is_not():
    assert gate_with(6)[54:57, 78:82].min() > 0.9


def test_beyond_a_bulge_that_the_mask_loses_no_speck_in_the_targets_colours_stays():
    inside = np.zeros((120, 160), bool)
    inside[:60] = True
    fine = np.where(inside, np.float32(0.95), np.float32(0.05))
    inside[60:72, 70:90] = True
    fine[69:76, 76:84] = 0.6
    others = np.zeros_like(inside)
    others[85:] = True
    gate = gate_beside_others(
        np.ones_like(fine), inner_distance(~inside), others, Colours(fine, fine), 1.0
    )
    assert gate[64:85, 66:94].max() < 0.05
    assert gate[:58].min() == 1.0


def _with_a_speck() -> np.ndarray:
    gate = np.zeros((80, 80), np.float32)
    gate[:, :40] = 1.0
    gate[40:44, 50:53] = 1.0
    return gate


def test_a_speck_that_only_the_cut_leaves_of_somebody_goes():
    gate = _with_a_speck()
    alpha = np.ones_like(gate)
    found = without_islands(gate, alpha)
    assert found[:, 45:].max() == 0.0
    assert np.array_equal(found[:, :45], gate[:, :45])


def test_a_strand_that_the_network_shows_apart_stays():
    gate = _with_a_speck()
    assert np.array_equal(without_islands(gate, gate.copy()), gate)


def test_a_limb_that_the_cut_leaves_apart_stays():
    gate = _with_a_speck()
    gate[30:60, 50:60] = 1.0
    assert np.array_equal(without_islands(gate, np.ones_like(gate)), gate)
