"""Fixtures of the video tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import app
from config import Settings
from pipeline.video_io import VideoIO


@pytest.fixture(scope="session")
def video() -> VideoIO:
    return VideoIO(Settings(_env_file=None))


@pytest.fixture
def disc():
    """Alphas of a soft disc that moves right by a pixel a frame; 0 in the corners, 1 in the middle."""

    def make(size_wh: tuple[int, int], frames: int, softness: float = 6.0) -> list[np.ndarray]:
        width, height = size_wh
        y, x = np.mgrid[:height, :width]
        return [
            np.clip(
                (0.35 * min(width, height) - np.hypot(x - width / 2 - k, y - height / 2)) / softness
                + 0.5,
                0,
                1,
            ).astype(np.float32)
            for k in range(frames)
        ]

    return make


@pytest.fixture
def clip_path(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        workspace_dir=tmp_path / "workspace",
        models_dir=tmp_path / "models",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )


@pytest.fixture
def work(settings: Settings):
    orchestrator = app.build_orchestrator(settings)
    yield orchestrator
    assert orchestrator.close()
