"""The real manager with the product's engines on simulated cards: bench/memory_budget.py."""

from __future__ import annotations

import pytest

from bench import memory_budget


@pytest.mark.parametrize("size_gib", memory_budget.CARDS_GIB)
def test_every_step_is_granted_evicts_or_is_refused_and_clicks_always_fit(size_gib):
    steps, stays = memory_budget.simulate(size_gib)
    assert len(steps) == len(memory_budget.SEQUENCE)
    assert not [step for step in steps if step.startswith("sam3") and step.endswith("refused")]
    assert "sam3" in stays


def test_large_card_keeps_everything_and_a_tiny_one_refuses_the_largest_engine():
    steps, stays = memory_budget.simulate(80)
    assert stays == ["matanyone", "sam3", "videomama"]
    assert not [step for step in steps if not step.split(": ")[1].startswith("fits")]
    steps, _ = memory_budget.simulate(4)
    assert "videomama: refused" in steps


@pytest.mark.parametrize(
    ("size_gib", "step"),
    [
        # The window alone; the decoder then takes 4 frames at once.
        (12, "videomama: fits"),
        # What is left beside the others and a job of each.
        (16, "videomama: fits with 7.6 GiB"),
        # The decoder's whole peak: 8 frames of 1.125 GiB, and 15 % for fragmentation.
        (24, "videomama: fits with 10.3 GiB"),
    ],
)
def test_the_decoder_s_peak_is_reserved_where_it_is_free_and_refuses_nobody(size_gib, step):
    steps, _ = memory_budget.simulate(size_gib)
    assert step in steps
    assert not [step for step in steps if step.endswith("refused")]
