"""What colours decide of a target's alpha, on painted frames."""

import cv2
import numpy as np
import pytest

from engines.onnx.contact import gate_beside_others
from engines.onnx.target import TargetRestriction, reduced_picture
from engines.onnx.target_colour import Colours, colour_probability
from utils.mask_utils import inner_distance

SIZE_WH = (240, 160)
COAT, SKIN, WALL = (70, 30, 30), (200, 140, 110), (60, 110, 160)


def painted(*areas):
    """Return a frame of wall with rectangles (x0, y0, x1, y1, colour), with some noise."""
    frame = np.full((SIZE_WH[1], SIZE_WH[0], 3), WALL, np.int16)
    for x0, y0, x1, y1, colour in areas:
        frame[y0:y1, x0:x1] = colour
    noise = np.random.default_rng(0).integers(-3, 4, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def area(x0, y0, x1, y1):
    mask = np.zeros((SIZE_WH[1], SIZE_WH[0]), bool)
    mask[y0:y1, x0:x1] = True
    return mask


BODY, FACE = area(60, 40, 120, 150), area(75, 10, 105, 40)
FOUND = (BODY | FACE).astype(np.float32)
FRAME = painted((60, 40, 120, 150, COAT), (75, 10, 105, 40, SKIN))


def test_of_what_the_network_doubts_in_the_mask_a_hand_is_filled_and_a_gap_is_not():
    hand, gap = area(120, 110, 140, 130), area(120, 130, 140, 150)
    # The mask also takes the wall below the hand for the target, and a coat that hangs on it.
    coat = area(40, 60, 60, 100)
    frame = painted(
        (60, 40, 120, 150, COAT),
        (75, 10, 105, 40, SKIN),
        (120, 110, 140, 130, SKIN),
        (40, 60, 60, 100, COAT),
    )
    mask = BODY | FACE | hand | gap | coat
    network = FOUND + np.float32(0.3) * (hand | gap)
    restrict = TargetRestriction(SIZE_WH, fills=False)
    assert np.array_equal(restrict(network, mask), network)
    found = restrict(network, mask, reduced_picture(frame))
    assert found[115:125, 125:133].min() > 0.9
    assert found[138:148, 125:138].max() < 0.4
    assert found[65:95, 42:57].max() < 0.05
    assert np.abs(found - FOUND)[BODY].max() < 0.1


def test_beside_somebody_who_touches_the_target_its_own_colours_are_kept_beyond_the_mask():
    # A neighbour in another colour, with a badge and a strap in the coat's, stands to the right, and the mask lacks the
    # coat's last 14 pixels.
    frame = painted(
        (60, 40, 120, 150, COAT),
        (75, 10, 105, 40, SKIN),
        (120, 30, 200, 150, (190, 190, 60)),
        (123, 90, 131, 98, COAT),
        (120, 120, 150, 124, COAT),
    )
    matted = np.maximum(FOUND, area(120, 30, 200, 150))
    mask = (BODY | FACE) & ~area(106, 40, 120, 150)
    restrict = TargetRestriction(SIZE_WH, fills=False, joins=False)
    assert restrict(matted, mask)[100, 114:118].max() < 0.1
    found = restrict(matted, mask, reduced_picture(frame))
    assert found[60:140, 108:117].min() > 0.9
    assert found[60:140, 126:].max() < 0.1


def test_beside_somebody_who_touches_the_target_the_mask_gives_up_what_is_clearly_his_or_the_walls():
    # He stands to the right; the mask also takes some pixels of him and of the wall above the coat for the target.
    frame = painted(
        (60, 40, 120, 150, COAT), (75, 10, 105, 40, SKIN), (120, 50, 200, 150, (190, 190, 60))
    )
    matted = np.maximum(FOUND, area(105, 28, 200, 150))
    mask = BODY | FACE | area(105, 28, 120, 40) | area(120, 60, 128, 100)
    restrict = TargetRestriction(SIZE_WH, fills=False, joins=False)
    assert restrict(matted, mask)[70:90, 122:126].min() > 0.9
    found = restrict(matted, mask, reduced_picture(frame))
    assert found[64:96, 123:].max() < 0.1
    assert found[31:37, 109:117].max() < 0.15
    assert found[45:145, 64:116].min() > 0.9


def test_a_gap_in_another_dark_colour_is_not_filled_from_the_mask():
    # Under a bright ceiling: even bins take both dark colours for one.
    coat, wall = (46, 28, 22), (34, 30, 22)
    frame = painted((0, 0, 240, 160, wall), (60, 40, 120, 150, coat), (75, 10, 105, 40, SKIN))
    frame[:8] = 250
    gap = area(85, 90, 95, 150)
    frame[gap] = frame[90:150, 130:140].reshape(-1, 3)
    network = np.where(gap, np.float32(0.3), FOUND)
    found = TargetRestriction(SIZE_WH, fills=False)(network, BODY | FACE, reduced_picture(frame))
    assert found[100:140, 87:93].max() < 0.4


@pytest.mark.parametrize("alpha", [FOUND, np.zeros_like(FOUND)])
def test_without_surroundings_or_target_to_learn_from_nothing_is_decided(alpha):
    everywhere = np.ones_like(BODY)
    distance = np.zeros(BODY.shape, np.float32)
    found = colour_probability(FRAME, alpha, everywhere, distance, others_matted=False)
    for values in (found.even, found.fine):
        assert np.isfinite(values).all()
        assert values.min() >= 0.0
        assert values.max() <= 1.0
        if not alpha.any():
            assert np.allclose(values, 0.5)


def test_the_contour_of_what_is_found_is_drawn_to_the_pictures_edge():
    # A network's contour is soft; this one is a pixel off.
    soft = cv2.GaussianBlur(np.roll(FOUND, -1, axis=1), (0, 0), 1.0)
    restrict = TargetRestriction(SIZE_WH, fills=False)
    plain, drawn = (restrict(soft, BODY | FACE, seen) for seen in (None, reduced_picture(FRAME)))
    rows = slice(60, 140)
    errors = [np.abs(found - FOUND)[rows].sum() for found in (plain, drawn)]
    assert errors[1] < 0.85 * errors[0]


def test_what_a_network_of_one_image_leaves_out_far_inside_is_filled_but_not_a_gap():
    # It leaves out a dark part of the coat, which the walls have in places too, and rightly a gap that the mask takes in.
    dark, gap = area(75, 75, 105, 110), area(75, 110, 105, 140)
    ink = (20, 20, 24)
    frame = painted(
        (60, 40, 120, 150, COAT),
        (75, 10, 105, 40, SKIN),
        (62, 42, 118, 70, ink),
        (75, 75, 105, 110, ink),
        (75, 110, 105, 140, WALL),
        (20, 40, 40, 80, ink),
    )
    network = FOUND * ~(dark | gap)
    restrict = TargetRestriction(SIZE_WH, fills=False, trusts_interior=True)
    found = restrict(network, BODY | FACE, reduced_picture(frame))
    assert found[80:104, 80:100].min() > 0.9
    assert found[116:134, 80:100].max() < 0.1
    plain = TargetRestriction(SIZE_WH, fills=False)(network, BODY | FACE, reduced_picture(frame))
    assert plain[80:104, 80:100].max() < 0.1


def test_what_colours_take_only_in_part_leaves_no_specks_away_from_the_target():
    # The mask has a spur up the neighbour's shoulder, whose colours are not quite clearly his.
    spur = area(100, 20, 120, 40)
    inside = BODY | spur
    probability = np.where(BODY, np.float32(0.9), np.float32(0.2))
    distance = inner_distance(~inside)
    gate = gate_beside_others(
        np.ones_like(distance),
        distance,
        area(125, 10, 200, 150),
        Colours(probability, probability),
        1.0,
    )
    assert gate[22:36, 104:116].max() < 0.05
    assert gate[45:145, 64:112].min() > 0.9


def test_a_gap_between_arm_and_body_is_not_filled_but_a_thing_held_before_the_body_is():
    # The mask takes in the wall under the arm and a book; the network shows both as background.
    arm, gap, book = area(130, 40, 150, 150), area(120, 50, 130, 150), area(78, 80, 98, 100)
    frame = painted(
        (60, 40, 150, 150, COAT),
        (75, 10, 105, 40, SKIN),
        (120, 50, 130, 150, WALL),
        (78, 80, 98, 100, (40, 160, 40)),
    )
    mask = BODY | FACE | arm | area(120, 40, 130, 150)
    network = (mask & ~gap & ~book).astype(np.float32)
    restrict = TargetRestriction(SIZE_WH, fills=True)
    assert restrict(network, mask)[60:140, 122:128].min() > 0.9
    found = restrict(network, mask, reduced_picture(frame))
    assert found[60:140, 122:128].max() < 0.1
    assert found[82:98, 80:96].min() > 0.9
