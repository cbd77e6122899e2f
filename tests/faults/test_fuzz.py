"""A short run of `bench/fuzz.py`: damaged real files through the check of an upload."""

from __future__ import annotations

from pathlib import Path

from bench.fuzz import Fuzz


def test_damaged_files_are_refused_or_taken_and_never_crash_hang_or_stay(tmp_path: Path) -> None:
    report = Fuzz(tmp_path, seed=11).run(25)
    assert report.findings == []
    assert report.outcomes.total() == 25
    # A door that refuses or takes everything would prove nothing.
    assert len(report.outcomes) >= 4
