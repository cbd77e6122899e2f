"""Amounts of a client, such as bytes sent or wrong passwords, count for as long as the window is."""

from __future__ import annotations

from ui.http.clients import RecentAmounts


class Clock:
    """Tells the time that it is set to, in seconds."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_an_amount_counts_until_the_window_has_passed_it() -> None:
    clock = Clock()
    amounts = RecentAmounts(100.0, clock)
    amounts.add("a", 5)
    clock.now_s = 60.0
    amounts.add("a", 7)
    amounts.add("b", 1)
    totals = []
    for clock.now_s in (99.0, 101.0, 161.0):
        totals.append((amounts.total("a"), amounts.total("b")))
    assert totals == [(12, 1), (7, 1), (0, 0)]


def test_what_is_forgotten_is_what_has_the_label() -> None:
    amounts = RecentAmounts(100.0, Clock())
    amounts.add("a", 2, "ada")
    amounts.add("a", 3, "bob")
    amounts.clear("a", "ada")
    assert amounts.total("a") == 3
    amounts.clear("a", "bob")
    assert amounts.total("a") == 0
