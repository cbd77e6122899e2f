"""Reading ahead in a thread keeps order, ends early, and passes errors on."""

from __future__ import annotations

import threading

import pytest

from utils.prefetch import ahead


def test_reading_ahead_gives_every_item_in_order():
    assert list(ahead(lambda: iter(range(50)), depth=2)) == list(range(50))


def test_an_error_of_the_maker_reaches_the_reader():
    def make():
        yield 1
        raise OSError("broken")

    items = ahead(make)
    assert next(items) == 1
    with pytest.raises(OSError, match="broken"):
        next(items)


def test_closing_early_ends_the_thread_and_closes_the_maker():
    closed = threading.Event()

    def make():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    items = ahead(make)
    next(items)
    items.close()
    assert closed.is_set()
    assert threading.active_count() == before
