"""A session folder of state version 1 opens, renders again and is matted again.

The folder in `tests/fixtures/session_v1` was made by SplazMatte as it was on 2026-11-28, in process:
a clip of 96x64 pixels and 12 frames at 12 fps (a red disc of radius 14 px that moves right by 3 px a
frame, H.264), `create_session`, `read_mask_upload` of the disc's true mask on frame 0 and, as a
correction, on frame 8, then `run_now` with `MatteRequest(engine="builtin", outputs=("alpha",
"foreground", "preview", "png"), background="#0000FF", edges=EdgeControls(feather_px=1.0))`. Only
its empty lock files were left out.
"""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
from config import Settings
from engines.base import RunContext
from pipeline.jobs.queue import ACTIVE, JobState
from pipeline.orchestrator import Orchestrator, RenderRequest
from pipeline.session.state import STATE_VERSION, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import read_master
from utils.alpha_levels import to_bytes
from utils.messages import render

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "session_v1"
SESSION_ID = next(FIXTURE.iterdir()).name


def disc(index: int) -> np.ndarray:
    y, x = np.mgrid[:64, :96]
    return (x - (28 + 3 * index)) ** 2 + (y - 32) ** 2 <= 14**2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(FIXTURE / SESSION_ID, tmp_path / "workspace" / "sessions" / SESSION_ID)


@pytest.fixture
def work(folder: Path):
    settings = Settings(
        _env_file=None,
        workspace_dir=folder.parent.parent,
        models_dir=folder.parent.parent / "models",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )
    orchestrator = app.build_orchestrator(settings)
    assert orchestrator.recover() == 0
    yield orchestrator
    assert orchestrator.close()


def test_it_opens_with_everything_in_it(work: Orchestrator) -> None:
    state = work.state(SESSION_ID)
    assert state.version == STATE_VERSION
    assert state.status is SessionStatus.DONE
    assert (state.shown_name, state.engine_used, state.frames_done) == ("disc.mp4", "builtin", 12)
    assert sorted(state.keyframes) == [0, 8]
    kinds = [item.kind for item in work.outputs(SESSION_ID)]
    assert kinds == ["alpha", "foreground", "preview", "png"]
    assert state.result_request is not None
    assert state.result_request.edges.feather_px == 1.0
    assert len(work.confidence(SESSION_ID)) == 12


def test_its_messages_are_still_texts(work: Orchestrator, folder: Path) -> None:
    path = folder / "session.json"
    fields = json.loads(path.read_text())
    gone = {"code": "video.gone", "params": {}}
    kept = {"code": "video.interlaced", "params": {}}
    fields |= {"error": {"code": "job.fault", "params": {}}, "warnings": [gone, kept]}
    fields["clip"]["notices"] = fields["keyframes"]["8"]["notices"] = [kept, gone]
    path.write_text(json.dumps(fields))
    state = work.state(SESSION_ID)
    assert state.error is not None
    assert render(state.error, "zh")
    assert state.clip is not None
    for messages in (state.warnings, state.clip.notices, state.keyframes[8].notices):
        assert [message.code for message in messages] == ["video.interlaced"]


def test_it_renders_again_from_its_kept_alpha(work: Orchestrator, folder: Path) -> None:
    before = (folder / "alpha_master.nut").read_bytes()
    work.rerender(SESSION_ID, RenderRequest(outputs=("alpha", "png")))
    for _ in range(600):
        job = work.status(SESSION_ID).job
        if job is not None and job.state not in ACTIVE:
            break
        threading.Event().wait(0.05)
    assert job is not None
    assert job.state is JobState.DONE, job.error
    assert {item.kind for item in work.outputs(SESSION_ID)} == {"alpha", "png"}
    assert not (folder / "foreground.mp4").exists()
    assert (folder / "alpha_master.nut").read_bytes() == before
    alpha = np.asarray(Image.open(folder / "alpha" / "000005.png"))
    master = [to_bytes(levels) for levels in read_master(folder / "alpha_master.nut")]
    assert np.array_equal(alpha, master[5])  # no feather any more


def test_it_is_matted_again_with_the_request_that_made_it(work: Orchestrator, folder: Path) -> None:
    request = work.state(SESSION_ID).result_request
    assert request is not None
    state = work.run_now(SESSION_ID, request, RunContext())
    assert state.status is SessionStatus.DONE
    assert state.version == STATE_VERSION
    kept = read_master(SessionStore(folder.parent.parent).open(SESSION_ID).master)
    alphas = [to_bytes(levels) for levels in kept]
    assert len(alphas) == 12
    for index in (0, 4, 8, 11):
        true = disc(index)
        found = alphas[index] > 127
        assert np.count_nonzero(found & true) / np.count_nonzero(found | true) > 0.9, index
    corner = np.asarray(Image.open(folder / "foreground" / "000000.png"))[0, 0]
    assert corner[3] == 0
