"""A whole pipeline in a folder of its own, with an engine that does what a test tells it to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import imageio_ffmpeg

from config import Settings
from engines.base import FrameSource, MattedFrame, RunContext
from engines.builtin.engine import BuiltinEngine
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry, build_registry
from engines.text.translation import Translator
from pipeline.jobs.queue import JobRunner, JobState
from pipeline.orchestrator import Orchestrator
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionState
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from tests.processes import helpers
from utils.messages import CATALOGUE, render
from utils.options import OptionValue
from utils.types import Mask, Message

ROOT = Path(__file__).resolve().parents[2]
SIZE = (96, 64)
FRAMES = 8
SMALL = {"min_free_disk_bytes": 1_000_000, "disk_floor_bytes": 500_000}

Process = Callable[[FrameSource, Mapping[int, Mask], int, RunContext], Iterator[MattedFrame]]


def true_alphas(
    frames: FrameSource, guide: Mapping[int, Mask], start: int, context: RunContext
) -> Iterator[MattedFrame]:
    """Give the start mask as every frame's alpha, quickly."""
    for index, _ in enumerate(frames.read(0, len(frames))):
        context.report("matte", index + 1, len(frames))
        yield MattedFrame(index, guide[start].astype("float32"))


class ObedientEngine(BuiltinEngine):
    """The built-in engine with its matting replaced; `load_errors` are raised at the first loads, one each."""

    def __init__(self, settings: Settings, process: Process = true_alphas) -> None:
        super().__init__(settings)
        self.does = process
        self.load_errors: list[Exception] = []
        self.weights = 0

    @property
    def weight_bytes(self) -> int:
        return self.weights

    def load_model(self, device: str) -> None:
        if self.load_errors:
            raise self.load_errors.pop(0)

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        return self.does(frames, guide, start, context)


class OneEngine:
    """The registry with its built-in engine replaced."""

    def __init__(self, settings: Settings, engine: BuiltinEngine) -> None:
        self._real: EngineRegistry = build_registry(settings)
        self._engine = engine

    @property
    def names(self) -> tuple[str, ...]:
        return self._real.names

    def __iter__(self):
        return (self.get(name) for name in self.names)

    def get(self, name: str):
        return self._engine if name == "builtin" else self._real.get(name)


class Workplace:
    """Everything app.py wires, over one folder."""

    def __init__(
        self, folder: Path, engine: type[BuiltinEngine] | None = None, **settings: object
    ) -> None:
        values = {"workspace_dir": folder, "models_dir": folder / "no-models", **SMALL, **settings}
        self.settings = Settings(_env_file=None, **values)
        self.engine = (engine or ObedientEngine)(self.settings)
        registry = OneEngine(self.settings, self.engine)
        self.store = SessionStore(self.settings.workspace_dir)
        self.manager = ModelManager(registry, device="cpu")
        self.jobs = JobRunner(self.settings.queue_limit, self.settings.client_queue_limit)
        self.orchestrator = Orchestrator(
            settings=self.settings,
            store=self.store,
            video=VideoIO(self.settings),
            registry=registry,
            manager=self.manager,
            jobs=self.jobs,
            translator=Translator(self.settings),
        )

    def session_with_target(self, clip: Path, mask: Path, name: str = "clip.mp4") -> str:
        """Take the clip in and say what to keep."""
        session_id = self.orchestrator.create_session(clip, name).id
        self.orchestrator.read_mask_upload(session_id, 0, mask)
        return session_id

    def matte(self, session_id: str, **request: object) -> SessionState:
        """Run a job to its end; return the state."""
        self.orchestrator.submit(session_id, MatteRequest(engine="builtin", **request))
        assert self.jobs.wait(session_id, 60) not in (None, JobState.RUNNING, JobState.QUEUED)
        return self.orchestrator.state(session_id)

    def folder(self, session_id: str) -> Path:
        return self.store.open(session_id).folder


def assert_said(message: Message | None, code: str) -> None:
    """Check the code, and that the text is there in both languages and says what to do."""
    assert message is not None
    assert message.code == code
    english, chinese = render(message), render(message, "zh")
    assert english != chinese
    assert any("一" <= character <= "鿿" for character in chinese)
    assert code in CATALOGUE


def partials(folder: Path) -> list[Path]:
    """Return every unfinished file below the folder."""
    return [path for path in folder.rglob("*") if ".partial" in path.name]


def assert_nothing_left(folder: Path) -> None:
    """Check that no FFmpeg runs and nothing unfinished lies in the folder."""
    assert not partials(folder)
    wait_until(lambda: not helpers())


def wait_until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited too long"
        time.sleep(0.01)


def app_command(*arguments: object) -> list[str]:
    return [sys.executable, "app.py", *map(str, arguments)]


def app_environment(workspace: Path, **settings: str) -> dict[str, str]:
    """Return the environment of an app.py of a test's own."""
    return {
        **os.environ,
        "SPLAZMATTE_WORKSPACE_DIR": str(workspace),
        "SPLAZMATTE_MODELS_DIR": str(workspace / "no-models"),
        "SPLAZMATTE_MIN_FREE_DISK_BYTES": "1000000",
        "SPLAZMATTE_DISK_FLOOR_BYTES": "500000",
        **settings,
    }


def start_app(*arguments: object, workspace: Path, **settings: str) -> subprocess.Popen[str]:
    """Start app.py in a process group of its own."""
    return subprocess.Popen(
        app_command(*arguments),
        cwd=ROOT,
        env=app_environment(workspace, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[str]) -> None:
    """End a process of ours for certain."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def ffmpeg_without_alpha_in_hevc(program: Path) -> Path:
    """Write a program that is FFmpeg, with an x265 that can't encode alpha."""
    program.write_text(
        '#!/bin/bash\ncase "$*" in *encoder=libx265*) echo "Supported pixel formats: yuv420p yuv444p";;\n'
        f'*) exec {imageio_ffmpeg.get_ffmpeg_exe()} "$@";; esac\n'
    )
    program.chmod(0o755)
    return program
