"""Candidate masks of the same clicks are ranked by agreement, stability and contrast."""

from __future__ import annotations

import numpy as np
import pytest

from engines.builtin.selection.ranking import Candidate, CandidateRanking
from engines.builtin.vision.processing_size import to_processing_size
from tests.unit.pictures import HEIGHT, WIDTH, disc


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
