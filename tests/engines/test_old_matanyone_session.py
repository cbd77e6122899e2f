"""A session that was matted while MatAnyone still ran on its own packages opens and is matted again.

The folder in `tests/fixtures/session_v1_matanyone` was made by SplazMatte as it was on 2026-11-28 before MatAnyone's
network became its own (option `inside_size`), in process, with the tests' stand-in for the packages:
the clip of `session_v1`, its mask on frame 0, then `run_now` with `MatteRequest(engine="matanyone", outputs=("alpha",),
options={"inside_size": "720", "warmup": 1, "dilate": 4, "erode": 4})`. Only its empty lock files and the live
picture were left out.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import app
from config import Settings
from engines.base import RunContext
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import read_master
from tests.engines.fake_matanyone import write_random_weights

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors")

pytestmark = pytest.mark.models
FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "session_v1_matanyone"
SESSION_ID = next(FIXTURE.iterdir()).name


def test_it_is_matted_again_as_with_the_options_of_today(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    shutil.copytree(FIXTURE / SESSION_ID, tmp_path / "sessions" / SESSION_ID)
    write_random_weights(tmp_path / "models" / "matanyone2")
    settings = Settings(
        _env_file=None,
        workspace_dir=tmp_path,
        models_dir=tmp_path / "models",
        device="cpu",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )
    work = app.build_orchestrator(settings)
    before = alphas(store, SESSION_ID)
    request = work.state(SESSION_ID).result_request
    assert request is not None
    assert request.options["inside_size"] == "720"
    state = work.run_now(SESSION_ID, request, RunContext())
    assert (state.status, state.engine_used) == (SessionStatus.DONE, "matanyone")
    asked = {"processing_size": "720", "warmup": 1, "dilate": 4, "erode": 4}
    assert state.options_used.items() >= asked.items()

    again = alphas(store, SESSION_ID)
    assert again.shape == before.shape == (12, 64, 96)
    # Random weights give another matte than the stand-in did.
    assert not np.array_equal(again, before)
    named = MatteRequest(engine="matanyone", outputs=("alpha",), options=asked, every_frame=True)
    work.run_now(SESSION_ID, named, RunContext())
    assert work.close()
    assert np.array_equal(alphas(store, SESSION_ID), again)


def alphas(store: SessionStore, session_id: str) -> np.ndarray:
    """The kept alphas, levels, uint16 (N, H, W)."""
    return np.stack(list(read_master(store.open(session_id).master)))
