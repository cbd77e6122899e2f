"""Clicks that correct a mask, on pictures made here."""

from __future__ import annotations

import numpy as np

from engines.builtin.selection.click import Click, apply_click
from engines.builtin.vision.processing_size import to_processing_size


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
