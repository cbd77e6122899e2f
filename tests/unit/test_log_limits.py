"""A flood of equal log lines is cut, each kind by itself, and what was left out is counted."""

from __future__ import annotations

import logging

import pytest

from ui.http.log_limits import LINES, MOST_KINDS, WINDOW_S, RepeatFilter


class Written:
    """What a filter lets through of lines that are logged at a clock's time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._filter = RepeatFilter(lambda: self.now_s)

    def line(self, message: str, *values: object) -> str:
        """Return the line as it is written, "" where it is left out."""
        record = logging.LogRecord("ui", logging.INFO, "", 0, message, values, None)
        return record.getMessage() if self._filter.filter(record) else ""


@pytest.fixture
def written() -> Written:
    return Written()


def test_of_one_kind_the_first_lines_of_a_window_are_written(written: Written) -> None:
    lines = [written.line("refused %s", index) for index in range(LINES + 5)]
    assert lines == [*(f"refused {index}" for index in range(LINES)), *[""] * 5]
    assert written.line("another kind") == "another kind"


def test_the_next_window_begins_with_how_many_were_left_out(written: Written) -> None:
    for index in range(LINES + 7):
        written.line("100 %% of %s", index)
    written.now_s = WINDOW_S + 1
    assert written.line("100 %% of %s", "b") == "100 % of b (7 more like this were left out)"
    assert written.line("100 %% of %s", "c") == "100 % of c"


def test_a_window_in_which_nothing_was_left_out_ends_without_a_word(written: Written) -> None:
    for _ in range(LINES):
        written.line("refused")
    written.now_s = WINDOW_S + 1
    assert written.line("refused") == "refused"


def test_more_kinds_than_are_told_apart_count_as_one_until_old_ones_are_forgotten(
    written: Written,
) -> None:
    for index in range(MOST_KINDS):
        assert written.line(f"kind {index}")
    found = [written.line(f"further kind {index}") for index in range(LINES + 3)]
    assert [bool(line) for line in found] == [True] * LINES + [False] * 3
    written.now_s = WINDOW_S + 1
    assert written.line("a kind of the next window")
