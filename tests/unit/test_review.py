"""The review list leads to planted faults and leaves a steady matte alone."""

import numpy as np

from pipeline.postprocess.review import (
    FrameMeasure,
    disagreement,
    measure,
    places_to_review,
)
from utils.alpha_levels import OPAQUE

STEADY = [FrameMeasure(0.2, 0.001)] * 60
CONFIDENT = [0.9] * 60


def ring(hole: int) -> np.ndarray:
    rows, columns = np.mgrid[:96, :160]
    away = np.hypot(rows - 48, columns - 80)
    return np.where((away < 30) & (away >= hole), OPAQUE, 0).astype(np.uint16)


def test_area_and_holes_are_measured_in_shares() -> None:
    disc = measure(ring(0))
    assert abs(disc.area - np.pi * 30**2 / (96 * 160)) < 0.01
    assert disc.holes == 0.0
    assert abs(measure(ring(15)).holes - 0.25) < 0.02
    assert measure(np.zeros((96, 160), np.uint16)) == FrameMeasure(0.0, 0.0)
    large = np.kron(ring(15), np.ones((8, 8), np.uint16))
    assert abs(measure(large).holes - 0.25) < 0.02


def test_what_the_background_reaches_from_the_border_is_no_hole() -> None:
    open_ring = ring(15)
    open_ring[40:56, 80:] = 0
    assert measure(open_ring).holes == 0.0


def test_alpha_that_leaves_out_a_part_of_the_mask_is_found() -> None:
    mask = ring(0) > 0
    alpha = (ring(0) / OPAQUE).astype(np.float32)
    assert disagreement(alpha, mask) == 0.0
    alpha[:, 80:] = 0.0
    assert abs(disagreement(alpha, mask) - 0.5) < 0.03
    assert disagreement(np.zeros_like(alpha), np.zeros_like(mask)) == 0.0
    measures = list(STEADY)
    measures[30] = FrameMeasure(0.2, 0.001, 0.4)
    (place,) = places_to_review(measures, CONFIDENT, 0)
    assert (place.frame, place.reason, place.amount) == (30, "disagreement", 0.4)


def test_a_steady_matte_has_nothing_to_review() -> None:
    assert places_to_review(STEADY, CONFIDENT, 0) == []
    growing = [FrameMeasure(0.1 + 0.005 * index, 0.0) for index in range(60)]
    assert places_to_review(growing, CONFIDENT, 0) == []


def test_planted_faults_are_found_with_their_reason_and_close_ones_are_one_place() -> None:
    measures, confidence = list(STEADY), list(CONFIDENT)
    measures[20] = FrameMeasure(0.05, 0.001)
    measures[40] = FrameMeasure(0.2, 0.08)
    for index, value in ((50, 0.4), (51, 0.2), (52, 0.45)):
        confidence[index] = value
    places = places_to_review(measures, confidence, 100)
    assert [(place.frame, place.reason) for place in places] == [
        (120, "area"),
        (140, "holes"),
        (151, "confidence"),
    ]
    assert abs(places[0].amount - 0.75) < 0.01


def test_frames_with_marks_are_not_asked_for_again() -> None:
    measures = list(STEADY)
    measures[20] = FrameMeasure(0.05, 0.001)
    assert places_to_review(measures, CONFIDENT, 0, {20}) == []
