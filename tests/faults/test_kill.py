"""`kill -9` of the process, and of FFmpeg, at moments of real jobs; `bench/kill.py` does 40."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killing import kill_once


@pytest.mark.parametrize("delay_s", [0.15, 0.5, 0.9, 1.6])
def test_a_killed_process_leaves_every_session_usable(
    tmp_path: Path, clip: Path, mask: Path, delay_s: float
) -> None:
    found = kill_once(tmp_path, clip, mask, delay_s)
    assert found.problems == []


@pytest.mark.parametrize("delay_s", [0.3, 1.1])
def test_a_killed_ffmpeg_and_then_its_parent_leave_every_session_usable(
    tmp_path: Path, clip: Path, mask: Path, delay_s: float
) -> None:
    found = kill_once(tmp_path, clip, mask, delay_s, ffmpeg=True)
    assert found.problems == []
