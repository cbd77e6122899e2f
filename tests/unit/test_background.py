"""Background work on sessions: remembered within limits, and never ended by one session that fails."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines.base import ArrayFrames
from pipeline.session.background import KEPT_FAILURES, FailedSessions, SessionWorker
from pipeline.session.playback import PlaybackClips
from pipeline.session.quick_preview import SmallFrames
from utils.errors import FfmpegFailed


def session(folder: Path, name: str) -> Any:
    clip = SimpleNamespace(frame_count=3)
    return SimpleNamespace(
        id=name,
        clip=clip,
        source=folder / name,
        playback_clip=folder / f"{name}.mp4",
        cuts_path=folder / f"{name}.json",
    )


class TwoScenes:
    """A `VideoIO` whose clips have two dark frames and a bright one, or can't be read."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.done = threading.Semaphore(0)

    def open(self, path: Path, info: object, cancel: object) -> TwoScenes:
        self.opened.append(path.name)
        self.done.release()
        if path.name == "bad":
            raise FfmpegFailed("video.decode_failed", frame=0)
        return self

    def __len__(self) -> int:
        return 3

    def read(self, start: int, stop: int) -> Any:
        for level in (10, 12, 220):
            yield np.full((16, 16, 3), level, np.uint8)


def test_failures_are_remembered_up_to_a_limit(tmp_path: Path) -> None:
    failed = FailedSessions()
    sessions = [session(tmp_path, str(number)) for number in range(KEPT_FAILURES + 5)]
    for item in sessions:
        failed.add(item)
    assert len(failed) == KEPT_FAILURES
    assert sessions[4] not in failed
    assert sessions[5] in failed
    assert sessions[-1] in failed


def test_a_playback_clip_is_made_once_and_a_failure_not_tried_again(tmp_path: Path) -> None:
    video: Any = TwoScenes()
    clips = PlaybackClips(video)
    bad, good = session(tmp_path, "bad"), session(tmp_path, "good")
    try:
        for item in (bad, bad, good):
            clips.ask(item)
        assert video.done.acquire(timeout=30)
        assert video.done.acquire(timeout=30)
    finally:
        clips._worker._waiting.put(None)
        clips._worker._thread.join(30)
    clips.ask(bad)
    assert video.opened == ["bad", "good"]
    assert clips.ask(good)
    assert not clips._waiting
    assert clips.cuts(good) == (2,) and clips.cuts(bad) == ()


def test_a_worker_outlives_a_session_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[str] = []
    finished = threading.Event()

    def make(item: Any) -> None:
        if item.id == "first":
            raise ValueError("broken")
        made.append(item.id)
        finished.set()

    worker = SessionWorker("test", make)
    with caplog.at_level(logging.CRITICAL + 1, "pipeline.session.background"):
        worker.put(session(tmp_path, "first"))
        worker.put(session(tmp_path, "second"))
        assert finished.wait(30)
    worker.close()
    assert made == ["second"]


def test_a_preview_finds_its_frames_however_far_its_engine_reads_ahead() -> None:
    levels = [np.full((4, 6, 3), level, np.uint8) for level in range(40)]
    frames = SmallFrames(ArrayFrames(levels), first=5)
    assert len(list(frames.read(0, 30))) == 30
    for index in (0, 1, 7, 29):
        assert frames.recent(index)[0, 0, 0] == 5 + index
    assert len(frames._recent) == 1
