"""A service from the command line, the page and across a kill, with the stand-in as the service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
from config import Settings
from engines.base import RunContext
from engines.registry import build_registry
from pipeline.jobs.queue import ACTIVE
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.worker_process import ready_engines
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.records import WorkerRecord
from pipeline.workers.store import FileJobStore
from pipeline.workers.transfer import SharedFolder
from tests.disc import disc_frame, write_clip, write_mask_png
from tests.remote.stand_in import KEY
from ui.command_line.cli import main
from ui.http.api import Api
from utils.messages import render

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frame_count=6)


@pytest.fixture(scope="module")
def mask(tmp_path_factory) -> Path:
    return write_mask_png(tmp_path_factory.mktemp("mask") / "mask.png")


def run(settings: Settings, *words: object) -> int:
    return main([str(word) for word in words], lambda: settings, app.build_orchestrator, app.serve)


def is_the_disc(folder: Path) -> bool:
    found = np.asarray(Image.open(folder / "000005.png")) > 127
    true = disc_frame(5)[1]
    return bool(np.count_nonzero(found & true) / np.count_nonzero(found | true) > 0.9)


def test_the_command_says_who_gets_the_clip_and_the_cost_and_sums_it_up(
    service, settings, clip, mask, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    words = ["matte", clip, "--mask", mask, "--engine", "replicate", "--outputs", "png", "--json"]
    assert run(settings, *words, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr()
    said = printed.err.splitlines()
    assert "6 frames go to Replicate (127.0.0.1), for about USD 0.24" in said[0]
    assert is_the_disc(tmp_path / "out" / "alpha")
    summary = json.loads(printed.out.splitlines()[-1])
    assert "The clip went to Replicate and cost about USD 0.24." in summary["warnings"]
    session = settings.workspace_dir / "sessions" / summary["session"] / "session.json"
    assert json.loads(session.read_text())["run_details"]["cost_usd"] == "0.2400"
    assert KEY not in session.read_text() + printed.out + printed.err
    assert run(settings, "engines") == 0
    assert "Spent on it: USD 0.24 today, 0.24 this month" in capsys.readouterr().out
    # Beyond the budget nothing begins.
    poor = settings.model_copy(update={"remote_budget_day_usd": 0.3})
    assert run(poor, *words, "--last", "4", "--out", tmp_path / "again") == 2
    assert "0.24 are spent, and this job would take about 0.20" in capsys.readouterr().err
    # The same frames once more cost nothing, in another session as well.
    assert run(poor, *words, "--out", tmp_path / "again") == 0
    assert is_the_disc(tmp_path / "again" / "alpha")
    assert service.bills == 1


def test_without_a_key_the_command_says_how_to_give_one(
    settings, clip, mask, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.delenv("SPLAZMATTE_REPLICATE_KEY")
    words = ["matte", clip, "--mask", mask, "--engine", "replicate", "--out", tmp_path / "out"]
    assert run(settings, *words) == 2
    assert "SPLAZMATTE_REPLICATE_KEY" in capsys.readouterr().err


def test_it_is_said_as_well_where_the_settings_choose_a_service(settings, clip):
    chosen = settings.model_copy(update={"default_engine": "fal"})
    for installed, said in ((chosen, "6 frames go to fal"), (settings, None)):
        work = app.build_orchestrator(installed)
        state = work.create_session(clip, "clip.mp4")
        notice = work.before_start(state.id, MatteRequest())
        assert (notice is None) if said is None else (notice and said in render(notice))
        assert work.before_start(state.id, MatteRequest(everyone=True)) is None
        work.close()


def test_the_doctor_asks_about_the_key_and_sends_nothing(service, settings):
    orchestrator = app.build_orchestrator(settings)
    doctor = orchestrator._doctor
    from engines.registry import build_registry

    registry = build_registry(settings)
    finding = doctor._engine(registry.get("remove-bg"))
    assert (finding.verdict, finding.state.params["credit"]) == ("ok", "41")
    assert doctor._engine(registry.get("fal")).state.code == "remote.examined_key"
    assert service.bills == 0
    orchestrator.close()


SCRIPT = """
import json, sys
import app
from config import Settings
from engines.base import RunContext
from pathlib import Path
from pipeline.session.request import MatteRequest
settings = Settings.model_validate(json.loads(sys.argv[1]))
work = app.build_orchestrator(settings)
state = work.create_session(Path(sys.argv[2]), "clip.mp4")
work.read_mask_upload(state.id, 0, Path(sys.argv[3]))
print(state.id, flush=True)
work.run_now(state.id, MatteRequest(engine="replicate", outputs=("png",)), RunContext())
"""


def test_a_kill_during_the_poll_loses_nothing_and_bills_once(service, settings, clip, mask):
    service.polls_before_done = 10**6
    words = [SCRIPT, settings.model_dump_json(exclude={"password"}), str(clip), str(mask)]
    child = subprocess.Popen(
        [sys.executable, "-c", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert child.stdout is not None
    session = child.stdout.readline().strip()
    while service.polls < 3 and child.poll() is None:
        threading.Event().wait(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    service.polls_before_done = 1
    work = app.build_orchestrator(settings)
    request = MatteRequest(engine="replicate", outputs=("png",))
    done = work.run_now(session, request, RunContext())
    assert done.status is SessionStatus.DONE
    folder = settings.workspace_dir / "sessions" / session
    assert is_the_disc(folder / "alpha")
    assert service.bills == 1
    assert not list(folder.rglob("*.partial*"))
    # A correction and a rerun send nothing: the service's own alpha is kept.
    work.read_mask_upload(session, 5, write_mask_png(settings.workspace_dir / "five.png", 5))
    assert work.run_now(session, request, RunContext()).status is SessionStatus.DONE
    assert service.bills == 1
    work.close()


def test_the_page_says_it_before_the_start_and_runs_the_job(service, settings, clip, mask):
    from tests.page_handlers import page_handlers

    work = app.build_orchestrator(settings)
    calls, page = page_handlers(work, settings)
    cards = {card["name"]: card for card in calls.load("", "en", "en")[page.engines]["engines"]}
    assert "off this machine, to fal (127.0.0.1); USD 1 a second" in cards["fal"]["description"]
    assert "Runs outside this machine" in cards["fal"]["description"]
    state = work.create_session(clip, "clip.mp4")
    work.read_mask_upload(state.id, 0, mask)
    marks = {"frame": 0, "points": [], "box": None, "first": 0, "last": 5, "sequence": 1}
    controls = [control.value for control in page.controls.values()]

    def choose(engine: str, language: str = "en") -> str:
        job = [marks, {"engine": engine, "options": {}}, ["png"], None, *controls]
        return str(calls.sessions.remember(state.id, language, *job).get(page.status))

    assert "leaves this machine: 6 frames go to fal (127.0.0.1), for about USD 0.24" in choose(
        "fal"
    )
    assert "视频将离开本地" in choose("fal", "zh")
    assert "leaves this machine" not in choose("builtin")
    assert service.bills == 0
    job = [marks, {"engine": "fal", "options": {}}, ["png"], None, *controls]
    calls.start(state.id, "en", *job)
    for _ in range(12_000):  # ends with the job; a busy machine needs long
        status = work.status(state.id).job
        if status is not None and status.state not in ACTIVE:
            break
        threading.Event().wait(0.05)
    assert work.state(state.id).status is SessionStatus.DONE
    assert is_the_disc(settings.workspace_dir / "sessions" / state.id / "alpha")
    assert service.bills == 1
    # Other programs are told as well.
    notes = Api(work, settings.workspace_dir).result(state.id)["notes"]
    assert "The clip went to fal and cost about USD 0.24." in notes
    assert work.close()


def test_the_page_runs_the_job_itself_where_workers_lack_its_folder(service, settings, clip, mask):
    registry = build_registry(settings)
    assert "fal" in ready_engines(registry, shares_folder=True)
    elsewhere = ready_engines(registry, shares_folder=False)
    assert "fal" not in elsewhere
    folder = settings.workspace_dir
    store = FileJobStore(folder)
    work = app.build_orchestrator(
        settings, Dispatcher(store, folder, 300.0, SharedFolder(SessionStore(folder)))
    )
    work.recover()
    store.announce(WorkerRecord(name="far", engines=elsewhere))
    session = work.create_session(clip, "clip.mp4").id
    work.read_mask_upload(session, 0, mask)
    work.submit(session, MatteRequest(engine="fal", outputs=("png",)))
    assert store.records() == []
    work._runner.wait(session, 120)
    assert work.state(session).status is SessionStatus.DONE
    assert is_the_disc(folder / "sessions" / session / "alpha")
    assert service.bills == 1
    assert work.close()
