"""What a network doubts beyond the mask, on a painted frame of two pixels to a reduced one."""

import cv2
import numpy as np

from engines.onnx.broad_doubt import not_the_target
from engines.onnx.target import TargetRestriction, reduced_picture
from engines.onnx.target_colour import Colours

HEIGHT, WIDTH = 720, 1280
COAT, WALL, OTHER = (70, 30, 30), (60, 110, 160), (40, 60, 60)


def area(x0, y0, x1, y1):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y0:y1, x0:x1] = True
    return mask


BODY, LEG, FLAP = area(500, 200, 700, 720), area(700, 640, 780, 720), area(440, 500, 500, 600)


def found_of(network, beside):
    """Return the result where beside the coat (COAT) stands a leg (OTHER), as elsewhere in the picture."""
    frame = np.full((HEIGHT, WIDTH, 3), WALL, np.int16)
    frame[area(800, 560, 900, 720) | beside] = OTHER
    frame[BODY | FLAP] = COAT
    frame += np.random.default_rng(0).integers(-3, 4, frame.shape).astype(np.int16)
    picture = reduced_picture(np.clip(frame, 0, 255).astype(np.uint8))
    return TargetRestriction((WIDTH, HEIGHT), fills=False)(network, BODY, picture)


def test_broad_smooth_doubt_in_others_colours_is_taken_and_the_targets_own_stays():
    network = cv2.GaussianBlur(np.maximum(BODY, np.float32(0.5) * (LEG | FLAP)), (0, 0), 2.0)
    found = found_of(network, LEG)
    assert found[660:, 710:730].max() < 0.1
    assert found[520:580, 480:495].min() > 0.4
    assert np.abs(found - network)[300:480, 480:720].max() < 0.3


def test_broad_doubt_that_has_strands_in_full_size_stays():
    strands = np.where(np.arange(WIDTH) // 2 % 3 == 0, 0.9, 0.3)
    network = np.where(LEG, strands, BODY).astype(np.float32)
    assert found_of(network, LEG)[660:700, 710:730].mean() > 0.4


def test_a_narrow_soft_edge_stays_in_whatever_colours():
    edge = area(700, 200, 708, 600)
    network = np.maximum(BODY, np.float32(0.5) * edge)
    plain = TargetRestriction((WIDTH, HEIGHT), fills=False)(network, BODY)
    assert found_of(network, edge)[300:500, 702:706].mean() > 0.6 * plain[300:500, 702:706].mean()


def beside_the_body(alpha):
    """Return the result where a narrow smooth thing in others' colours leads away from the body, at a share of alpha."""
    thing = area(696, 300, 780, 316)
    soft = cv2.GaussianBlur(thing.astype(np.float32), (0, 0), 4.0)
    return found_of(np.maximum(BODY, np.float32(alpha) * soft), thing)


def test_faint_smooth_haze_that_hangs_together_with_the_target_ends_at_the_masks_reach():
    found = beside_the_body(0.35)
    assert found[304:312, 726:].max() < 0.05
    assert found[304:312, 702:706].mean() > 0.15


def test_what_is_more_than_haze_or_in_the_targets_colours_stays_beyond_the_masks_reach():
    shape = 40, 40
    for alpha, probability, taken in ((0.35, 0.75, 1.0), (0.7, 0.75, 0.0), (0.35, 0.98, 0.0)):
        colours = Colours(*[np.full(shape, probability, np.float32)] * 2)
        found = not_the_target(
            np.full(shape, alpha, np.float32),
            np.zeros(shape, bool),
            np.full(shape, 25.0, np.float32),
            colours,
            lambda: np.zeros(shape, np.float32),
        )
        assert np.allclose(found, taken)
