"""What the mask loses beside somebody who touches the target, by colours that are given."""

import numpy as np

from engines.onnx.contact import gate_beside_others
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
