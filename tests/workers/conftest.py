"""Pages and worker processes over one workspace."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config import Settings
from engines.device.manager import ModelManager
from engines.registry import build_registry
from engines.text.translation import Translator
from pipeline.jobs.queue import JobRunner
from pipeline.orchestrator import Orchestrator
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionState, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.store import FileJobStore, JobStore
from pipeline.workers.transfer import PageFiles, SharedFolder
from tests.disc import write_clip, write_mask_png
from tests.faults.workplace import SMALL, app_environment, wait_until
from tests.forked import ForkedProgram

LEASE_S = 4.0
SIZE = (96, 64)
FRAMES = 6


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES, SIZE)


@pytest.fixture(scope="session")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mask_png(tmp_path_factory.mktemp("mask") / "mask.png", 0, SIZE)


@dataclass
class Page:
    """The page's side, in this process, as app.py wires it."""

    workspace: Path
    store: JobStore
    dispatcher: Dispatcher
    jobs: JobRunner
    orchestrator: Orchestrator
    sessions: SessionStore

    def session(self, clip: Path, mask: Path, *frames: int) -> str:
        """Take the clip in, with the mask on these frames, by default on the first."""
        session_id = self.orchestrator.create_session(clip, "clip.mp4").id
        for frame in frames or (0,):
            self.orchestrator.read_mask_upload(session_id, frame, mask)
        return session_id

    def submit(self, session_id: str, outputs: tuple[str, ...] = ("alpha", "png")) -> None:
        request = MatteRequest(engine="builtin", outputs=outputs)
        self.orchestrator.submit(session_id, request)

    def ended(self, session_id: str, timeout_s: float = 60.0) -> SessionState:
        self.jobs.wait(session_id, timeout_s)
        return self.orchestrator.state(session_id)

    def wait_for_workers(self, count: int) -> None:
        wait_until(lambda: len(self.dispatcher.workers) >= count)


def assert_done_once(page: Page, session_id: str) -> None:
    state = page.ended(session_id)
    assert state.status is SessionStatus.DONE, state.error
    folder = page.sessions.open(session_id).folder
    assert {record.kind for record in state.outputs} == {"alpha", "png"}
    assert len(list((folder / "foreground").glob("*.png"))) == FRAMES
    assert not [path for path in folder.rglob("*") if ".partial" in path.name]


def assert_nothing_left(page: Page) -> None:
    wait_until(lambda: not page.store.records())
    assert not list((page.workspace / "attempts").iterdir())


def make_page(
    workspace: Path,
    store: JobStore,
    send: Callable[..., None] = lambda record, queues: None,
    lease_s: float = LEASE_S,
    files: PageFiles | None = None,
    ffmpeg_path: Path | None = None,
) -> Page:
    settings = Settings(
        _env_file=None,
        workspace_dir=workspace,
        models_dir=workspace / "no-models",
        client_queue_limit=100,
        ffmpeg_path=ffmpeg_path,
        **SMALL,
    )
    sessions = SessionStore(workspace)
    dispatcher = Dispatcher(store, workspace, lease_s, files or SharedFolder(sessions), send)
    registry = build_registry(settings)
    manager = ModelManager(registry, device="cpu")
    jobs = JobRunner(100, 100, may_start={"matte": dispatcher.may_start})
    orchestrator = Orchestrator(
        settings=settings,
        store=sessions,
        video=VideoIO(settings),
        registry=registry,
        manager=manager,
        jobs=jobs,
        translator=Translator(settings),
        workers=dispatcher,
    )
    orchestrator.recover()
    return Page(workspace, store, dispatcher, jobs, orchestrator, sessions)


@dataclass
class Workers:
    """Worker processes of a test; all are killed at its end."""

    workspace: Path
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[str, ForkedProgram] = field(default_factory=dict)
    lease_s: float = LEASE_S

    @property
    def log(self) -> Path:
        return self.workspace.parent / "workers.log"

    def start(self, name: str, seconds_a_frame: float = 0.1) -> ForkedProgram:
        process = ForkedProgram(
            ["-m", "tests.workers.slow_worker", name, str(seconds_a_frame)],
            app_environment(self.workspace, SPLAZMATTE_LEASE_S=str(self.lease_s), **self.settings),
            self.log,
        )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """Kill a worker and its FFmpeg processes, as a power cut does."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()  # where it has not begun its session yet
        process.wait()

    def begins(self) -> list[str]:
        path = self.workspace / "begins.txt"
        return path.read_text().splitlines() if path.is_file() else []


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def workers(workspace: Path) -> Iterator[Workers]:
    made = Workers(workspace)
    yield made
    for name in list(made.processes):
        made.kill(name)


@pytest.fixture
def page(workspace: Path) -> Iterator[Page]:
    made = make_page(workspace, FileJobStore(workspace))
    yield made
    made.orchestrator.close()
