"""Clicks that correct a mask, on pictures made here."""

from __future__ import annotations

import numpy as np
import pytest

from engines.builtin.selection.click import Click, apply_click
from engines.builtin.selection.ranking import Candidate
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.builtin.vision.processing_size import to_processing_size
from utils.types import Prompt


def test_a_negative_click_takes_away_less_of_what_is_unlike_it_than_a_positive_one_would_add():
    random = np.random.default_rng(0)
    image = np.full((120, 160, 3), 90.0)
    image[:, 80:] += random.normal(0.0, 20.0, (20, 14, 3)).repeat(6, 0).repeat(6, 1)[:, :80]
    noisy = np.clip(image + random.normal(0.0, 5.0, image.shape), 0, 255).astype(np.uint8)
    picture = to_processing_size(noisy, (160, 120))
    right = np.zeros((120, 160), dtype=bool)
    right[:, 80:] = True
    taken = right & ~apply_click(picture, right, Click(92, 60, positive=False))
    added = right & apply_click(picture, ~right, Click(92, 60, positive=True))
    assert taken[60, 92]
    # With one weight for both, what is added and what is taken away mirror each other.
    assert np.count_nonzero(taken) < np.count_nonzero(added)


@pytest.mark.parametrize(("rest", "counts"), [(slice(20, 60), True), (slice(40, 60), False)])
def test_a_new_segmentation_counts_only_where_it_agrees_with_the_rest_of_the_mask(
    rest, counts, monkeypatch
):
    picture = BuiltinSegmentation(np.zeros((120, 160, 3), dtype=np.uint8), "builtin")
    mask, again, large_part = np.zeros((3, 120, 160), dtype=bool)
    mask[20:60, 20:60] = True
    large_part[20:60, 60:140] = True
    again[rest, 20:60] = True
    again |= large_part
    changed = mask.copy()
    changed[30:35, 60:65] = True
    candidate = Candidate(again, (0, 0, 160, 120))
    monkeypatch.setattr(picture, "_in_box", lambda *_: candidate)
    found = picture._resegmented(mask, changed, Click(62, 32, positive=True), Prompt())
    assert np.array_equal(found, changed | large_part if counts else changed)
