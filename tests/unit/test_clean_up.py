"""The thread that cleans up goes on for as long as the server runs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ui.http import cleanup


def test_the_clean_up_goes_on_after_whatever_failed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "PERIOD_S", 0.0)
    monkeypatch.setattr(cleanup, "MEMORY_PERIOD_S", 0.0)
    stop, calls = threading.Event(), []

    def clean_sessions() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise ValueError("a damaged file that nobody thought of")
        stop.set()

    cleanup.clean_up_periodically(tmp_path, clean_sessions, stop)
    assert calls == [0, 1]
