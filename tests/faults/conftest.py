"""Clips, masks and whole pipelines for tests of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.disc import write_clip, write_mask_png
from tests.faults.workplace import FRAMES, SIZE, Workplace, wait_until
from tests.processes import helpers


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of eight small frames with sound."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES, SIZE, audio=True)


@pytest.fixture(scope="session")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disc's mask on the first frame."""
    return write_mask_png(tmp_path_factory.mktemp("mask") / "mask.png", 0, SIZE)


@pytest.fixture
def make_workplace(tmp_path: Path) -> Iterator[Callable[..., Workplace]]:
    """Make pipelines over tmp_path (or `folder`); all are closed at the end."""
    made: list[Workplace] = []

    def make(folder: Path | None = None, **settings: object) -> Workplace:
        made.append(Workplace(folder or tmp_path / "workspace", **settings))
        return made[-1]

    yield make
    for workplace in made:
        assert workplace.orchestrator.close()
    wait_until(lambda: not helpers())


@pytest.fixture
def workplace(make_workplace: Callable[..., Workplace]) -> Workplace:
    """One pipeline with the obedient engine."""
    return make_workplace()
