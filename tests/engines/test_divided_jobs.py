"""A job that is done in parts has the alpha, bit for bit, of the same job in one piece."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import app
from config import Settings
from engines.base import RunContext
from engines.onnx.networks import FRAME_NETWORKS, RVM_NETWORKS
from engines.rvm.engine import RvmEngine
from pipeline.jobs import parts as parts_module
from pipeline.jobs.division import divide
from pipeline.orchestrator import Orchestrator
from pipeline.session.parts import MattePart, parts_dir
from pipeline.session.request import MatteRequest
from pipeline.session.scene_cuts import kept_cuts
from pipeline.session.session import Session
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO, read_master
from pipeline.workers.records import JobRecord
from tests.disc import write_clip, write_mask_png
from tests.engines.tiny_onnx import install, unpinned_manifest
from tests.engines.tiny_videomama import build_tiny_videomama
from tests.faults.workplace import SMALL
from utils.errors import FfmpegFailed

FRAMES, CUTS, MARKED, SIZE = 30, (10, 20), 15, (96, 64)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("divided")
    write_clip(folder / "clip.mp4", FRAMES, SIZE, cuts=CUTS)
    write_mask_png(folder / "mask.png", MARKED, SIZE)
    with unpinned_manifest(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "LEAST_FRAMES", 1)
        install(RVM_NETWORKS["rvm"], folder / "models")
        install(FRAME_NETWORKS["u2netp"], folder / "models")
        build_tiny_videomama(folder / "models")
        settings = Settings(
            _env_file=None, workspace_dir=folder, models_dir=folder / "models", **SMALL
        )
        made = app.build_orchestrator(settings)
        yield folder, made
        made.close()


def done_whole(page: tuple[Path, Orchestrator], request: MatteRequest) -> Session:
    folder, orchestrator = page
    session_id = orchestrator.create_session(folder / "clip.mp4", "clip.mp4").id
    if not request.everyone:
        orchestrator.read_mask_upload(session_id, MARKED, folder / "mask.png")
    orchestrator.run_now(session_id, request, RunContext())
    return SessionStore(folder).open(session_id)


def parts_of(orchestrator: Orchestrator, record: JobRecord) -> tuple[MattePart, ...]:
    """Return the parts of a job for four workers."""
    session, _ = orchestrator._clips.open(record.session_id)
    video, cancel = orchestrator._clips._video, RunContext().cancel
    return divide(orchestrator._choice, video, session, record.request, record.needs, 4, cancel)


@pytest.mark.parametrize(
    ("engine", "everyone", "spans"),
    [
        ("rvm", True, [(0, 9), (10, 19), (20, 29)]),
        ("rvm", False, [(0, 29), (0, 9), (10, 14), (15, 19), (20, 29)]),
        ("u2netp", True, [(0, 9), (10, 19), (20, 29)]),
        ("builtin", False, [(0, 14), (15, 29)]),
        ("videomama", False, [(0, 29), (0, 9), (10, 19), (20, 29)]),
    ],
)
def test_parts_make_the_alpha_of_the_whole(
    page: tuple[Path, Orchestrator], engine: str, everyone: bool, spans: list[tuple[int, int]]
) -> None:
    orchestrator = page[1]
    request = MatteRequest(engine=engine, everyone=everyone, outputs=("alpha",))
    whole = done_whole(page, request)
    before = _alphas(whole)
    confidence = json.loads((whole.folder / "confidence.json").read_text())
    jobs = orchestrator._jobs
    record = JobRecord(id="ab", session_id=whole.id, request=request, needs=engine)
    again = request.model_copy(update={"every_frame": True})
    record = record.model_copy(update={"request": again})
    parts = parts_of(page[1], record)
    assert [(part.first, part.last) for part in parts] == spans

    record = record.model_copy(update={"parts": parts})
    whole.master.unlink()
    for part in record.part_records():
        jobs.run_record(part, RunContext())
    assert whole.state.status is SessionStatus.DONE
    jobs.run_record(record, RunContext())
    assert np.array_equal(_alphas(whole), before)
    assert json.loads((whole.folder / "confidence.json").read_text()) == confidence
    assert not (whole.folder / "parts").exists()
    state = whole.state
    assert (state.engine_used, state.frames_done) == (engine, FRAMES)
    if everyone:
        assert orchestrator.scene_cuts(whole.id) == CUTS


def test_a_part_needs_no_encoder_for_the_job_s_files(
    page: tuple[Path, Orchestrator], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker took a part, of which it makes alphas alone, and failed the job as it could not write its files."""
    request = MatteRequest(engine="u2netp", everyone=True, outputs=("alpha",))
    session, jobs = done_whole(page, request), page[1]._jobs
    monkeypatch.setattr(VideoIO, "unwritable", lambda _, kinds: tuple({"hevc"} & set(kinds)))
    again = request.model_copy(update={"outputs": ("hevc",), "every_frame": True})
    record = JobRecord(id="cd", session_id=session.id, request=again, needs="u2netp")
    parts = parts_of(page[1], record)
    record = record.model_copy(update={"parts": parts})
    for part in record.part_records():
        jobs.run_record(part, RunContext())
    assert len(list(parts_dir(session.folder).rglob("*.nut"))) == len(parts)
    with pytest.raises(FfmpegFailed):
        jobs.run_record(record, RunContext())


def test_an_engine_that_plans_by_cuts_is_told_those_between_its_frames(
    page: tuple[Path, Orchestrator], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    process = RvmEngine.process

    def noting(engine: RvmEngine, frames: Any, guide: Any, start: int, *more: Any) -> Any:
        told.append((len(frames), more[-1].cuts))
        return process(engine, frames, guide, start, *more)

    monkeypatch.setattr(RvmEngine, "process", noting)
    request = MatteRequest(engine="rvm", everyone=True, outputs=("alpha",), first=7, last=19)
    done_whole(page, request)
    monkeypatch.setattr(RvmEngine, "plans_by_cuts", True)
    session = done_whole(page, request)
    assert told == [(13, ()), (13, (3,))]
    assert kept_cuts(session) == CUTS


def _alphas(session: Session) -> np.ndarray:
    return np.stack(list(read_master(session.master)))
