"""The confidence of a tracked frame follows what its indicators say of the mask."""

from __future__ import annotations

import numpy as np
import pytest

from engines.builtin.tracking.confidence import (
    ContourZones,
    ExpectedArea,
    NetworkAgreement,
    QualityIndicators,
    predicted_overlap,
    quality_indicators,
    soft_overlap,
)
from tests.unit.pictures import HEIGHT, WIDTH, disc


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
