"""Fixtures for tests of bad inputs: commands over a workspace with another user's session."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import Settings
from pipeline.session.state import OutputRecord, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import ClipInfo, facade
from pipeline.video_io.alpha_mode import AlphaMode
from pipeline.video_io.probe import check
from tests.bad_inputs.command_runner import CommandRunner
from tests.clips import ffmpeg
from tests.disc import write_clip, write_mask_png


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `clip.mp4` (96x64, 6 frames) and its `mask.png`."""
    folder = tmp_path_factory.mktemp("good")
    write_clip(folder / "clip.mp4", 6, (96, 64), audio=True)
    write_mask_png(folder / "mask.png", 0, (96, 64))
    return folder


@pytest.fixture(scope="session")
def huge_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of 8192x8192 in a tiny file."""
    path = tmp_path_factory.mktemp("huge") / "x.mp4"
    codec = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "51")
    ffmpeg("-f", "lavfi", "-i", "color=s=8192x8192:r=25", "-frames:v", "2", *codec, path)
    return path


@pytest.fixture(scope="session")
def huge_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One PNG frame of 9000x9000."""
    path = tmp_path_factory.mktemp("huge") / "x.mov"
    codec = ("-c:v", "png", "-pix_fmt", "gray")
    ffmpeg("-f", "lavfi", "-i", "color=s=9000x9000:r=25", "-frames:v", "1", *codec, path)
    return path


@pytest.fixture(autouse=True)
def good_clip_probed_once(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe the good clip for the first command alone: what these tests are about comes after that."""
    content = (good / "clip.mp4").read_bytes()

    def probe(settings: Settings, path: Path, alpha_mode: AlphaMode = "auto") -> ClipInfo:
        check.check_file(settings, path)
        if path.read_bytes() != content:
            return check.probe(settings, path, alpha_mode)
        if not _GOOD_INFO:
            _GOOD_INFO.append(check.probe(settings, path))
        return _GOOD_INFO[0]

    monkeypatch.setattr(facade, "probe", probe)


_GOOD_INFO: list[ClipInfo] = []


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
