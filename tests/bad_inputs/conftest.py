"""Fixtures for tests of bad inputs: commands over a workspace with another user's session."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.session.state import OutputRecord, SessionStatus
from pipeline.session.store import SessionStore
from tests.bad_inputs.command_runner import CommandRunner
from tests.disc import write_clip, write_mask_png


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `clip.mp4` (96x64, 6 frames) and its `mask.png`."""
    folder = tmp_path_factory.mktemp("good")
    write_clip(folder / "clip.mp4", 6, (96, 64), audio=True)
    write_mask_png(folder / "mask.png", 0, (96, 64))
    return folder


@pytest.fixture
def make_command(
    tmp_path: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CommandRunner]:
    """Make a runner with other limits."""

    def make(**limits: object) -> CommandRunner:
        def fill(folder: Path) -> dict[str, object]:
            shutil.copy(good / "clip.mp4", folder / "source.mp4")
            (folder / "alpha.mp4").write_bytes(b"somebody's result")
            record = OutputRecord(kind="alpha", file="alpha.mp4", size_bytes=17)
            return {"source": "source.mp4", "status": SessionStatus.DONE, "outputs": (record,)}

        SessionStore(tmp_path / "workspace").create("theirs.mp4", fill)
        return CommandRunner(tmp_path, capsys, limits)

    return make


@pytest.fixture
def command(make_command: Callable[..., CommandRunner]) -> CommandRunner:
    return make_command()


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A web server that notes every request."""
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, heard
        server.shutdown()
        thread.join()
