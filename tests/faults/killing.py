"""Kills a real process at a moment of a real job, and looks at what it left; used by the tests and bench/kill.py."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from config import Settings
from pipeline.session.masks import read_mask
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from tests.faults.workplace import app_environment, partials, wait_until
from tests.forked import ForkedProgram

WORKER = """
import sys
from pathlib import Path
from app import build_orchestrator, build_settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Backgrounds
from pipeline.session.request import MatteRequest, RenderRequest
from utils.types import Box, Prompt
orchestrator = build_orchestrator(build_settings())
clip, mask = Path(sys.argv[1]), Path(sys.argv[2])
number = 0
print("ready", flush=True)
while True:
    number += 1
    session = orchestrator.create_session(clip, f"{number}.mp4")
    orchestrator.read_mask_upload(session.id, 0, mask)
    request = MatteRequest(engine="builtin", outputs=("alpha", "png", "foreground"))
    orchestrator.submit(session.id, request)
    orchestrator._runner.wait(session.id)
    orchestrator.segment(session.id, 3, Prompt(box=Box(20, 10, 60, 60)))
    orchestrator.rerender(session.id, RenderRequest(backgrounds=Backgrounds("#123456"), outputs=("png", "preview")))
    orchestrator._runner.wait(session.id)
    for file in orchestrator.outputs(session.id):
        orchestrator.prepare_download(session.id, file)
    orchestrator.remove_keyframe(session.id, 3)
"""
"""Takes clips in, mattes them, clicks, renders again and packs, for ever: every step that writes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a kill left: sessions by status after the start-up scan, and what is wrong with them."""

    statuses: dict[str, int]
    problems: list[str]
    state_at_kill: list[str]


def kill_once(
    workspace: Path, clip: Path, mask: Path, delay_s: float, *, ffmpeg: bool = False
) -> Found:
    """Start a worker, kill it (or one of its FFmpeg processes first) after the delay, scan and check."""
    log = workspace / "worker.log"
    workspace.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    worker = ForkedProgram(["-c", WORKER, str(clip), str(mask)], app_environment(workspace), log)
    try:
        wait_until(lambda: "ready\n" in log.read_text() or worker.poll() is not None)
        assert worker.poll() is None, log.read_text()
        time.sleep(delay_s)
        if ffmpeg:
            _kill_a_decoder(worker.pid)
            time.sleep(0.1)
        orphans: list[psutil.Process] = []
        # The end of its FFmpeg may have ended it with an error.
        with contextlib.suppress(ProcessLookupError):
            # Held still, it can't start another child between the count and its end.
            os.kill(worker.pid, signal.SIGSTOP)
            orphans = psutil.Process(worker.pid).children(recursive=True)
            os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    problems = _orphan_problems(orphans)
    return _look(workspace, problems)


def _kill_a_decoder(pid: int) -> None:
    for child in psutil.Process(pid).children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
        return


def _orphan_problems(orphans: list[psutil.Process]) -> list[str]:
    _, alive = psutil.wait_procs(orphans, timeout=8)
    return [f"still running: {process.pid}" for process in alive]


def _look(workspace: Path, problems: list[str]) -> Found:
    store = SessionStore(workspace)
    at_kill = []
    for session in store:
        try:
            at_kill.append(session.state.status.value)
        except Exception as error:
            problems.append(f"unreadable before the scan: {error}")
    store.recover()
    statuses: dict[str, int] = {}
    for session in store:
        try:
            state = session.state
        except Exception as error:
            problems.append(f"unreadable: {error}")
            continue
        statuses[state.status.value] = statuses.get(state.status.value, 0) + 1
        if state.status in (SessionStatus.RUNNING, SessionStatus.QUEUED):
            problems.append("still marked running")
        if not session.source.is_file() or state.clip is None:
            problems.append("the source is not there")
        for frame, keyframe in state.keyframes.items():
            problems += [
                "a mask is not there"
                for instance in keyframe.instances
                if not read_mask(session.instance_path(frame, instance.id)).any()
            ]
        for record in state.outputs:
            path = session.folder / record.file
            if not path.exists():
                problems.append(f"{state.status.value} without {record.file}")
        if state.status is SessionStatus.DONE and not state.outputs:
            problems.append("done without outputs")
        if state.status is SessionStatus.DONE:
            problems += _unplayable(workspace, session, state)
        problems += [f"left over: {path.name}" for path in partials(session.folder)]
    problems += [f"left over: {path.name}" for path in store.root.glob(".*")]
    return Found(statuses, problems, at_kill)


def _unplayable(workspace: Path, session, state) -> list[str]:
    """Return the outputs of a finished session that don't have every frame."""
    video = VideoIO(Settings(_env_file=None, workspace_dir=workspace))
    problems = []
    for record in state.outputs:
        path = session.folder / record.file
        wanted = state.clip.frame_count
        got = len(list(path.iterdir())) if path.is_dir() else video.probe(path).frame_count
        if got != wanted:
            problems.append(f"{record.file} has {got} of {wanted} frames")
    return problems
