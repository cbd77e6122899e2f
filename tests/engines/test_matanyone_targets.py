"""Several targets of a session with MatAnyone: one run for all, and each keeps the alpha of a run of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import app
from config import Settings
from engines.base import RunContext
from engines.matanyone.engine import MatAnyoneEngine
from pipeline.orchestrator import Orchestrator, TargetChange
from pipeline.session.request import MatteRequest
from pipeline.session.store import SessionStore
from pipeline.video_io import read_master
from tests.disc import disc_frame, write_clip
from tests.engines.fake_matanyone import FakeBackend, write_fake_weights
from utils.types import Prompt

START = 1
REQUEST = MatteRequest(
    engine="matanyone", outputs=("alpha",), options={"warmup": 0}, separate_targets=True
)


def masters(work: Orchestrator, session_id: str, settings: Settings) -> list[np.ndarray]:
    """Run the request; return the alpha of both targets and the one of all."""
    work.run_now(session_id, REQUEST.model_copy(update={"every_frame": True}), RunContext())
    folder = SessionStore(settings.workspace_dir).open(session_id).folder
    places = (folder / "targets/1", folder / "targets/2", folder)
    return [np.stack(list(read_master(place / "alpha_master.nut"))) for place in places]


def test_targets_that_start_together_are_matted_in_one_run_with_the_alphas_of_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fake_weights(tmp_path / "models", "matanyone2")
    monkeypatch.setattr("engines.matanyone.engine.TorchBackend", lambda *_: FakeBackend())
    settings = Settings(
        _env_file=None,
        workspace_dir=tmp_path / "workspace",
        models_dir=tmp_path / "models",
        min_free_disk_bytes=1_000_000,
        device="cpu",
    )
    runs: list[int] = []
    process_together = MatAnyoneEngine.process_together

    def counted(engine: MatAnyoneEngine, frames, guides, *arguments):
        runs.append(len(guides))
        return process_together(engine, frames, guides, *arguments)

    monkeypatch.setattr(MatAnyoneEngine, "process_together", counted)
    work = app.build_orchestrator(settings)
    try:
        session_id = work.create_session(write_clip(tmp_path / "clip.mp4", 4), "clip.mp4").id
        disc = disc_frame(START)[1]
        work.segment(session_id, START, Prompt(mask=disc))
        work.add_target(session_id, TargetChange(name="patch"))
        work.segment(session_id, START, Prompt(mask=np.roll(disc, 40, axis=1)), target=2)
        together = masters(work, session_id, settings)
        assert runs == [2]
        monkeypatch.setattr("pipeline.jobs.matting.mattes_together", lambda *_: False)
        alone = masters(work, session_id, settings)
        assert runs == [2, 1, 1]
    finally:
        work.close()
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))
    assert not np.array_equal(together[0], together[1])
    assert np.array_equal(together[2], np.maximum(together[0], together[1]))
