"""The real server as a subprocess, and real pages that fail on any error or outside request."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.forked import ROOT, ForkedProgram
from tests.ui.disc import write_disc_clip

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The one without windows of its own opens a page in three fifths of the processor time."""
START_S = 240.0
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class AppServer:
    """One `app.py serve` with a workspace of its own."""

    workspace: Path
    settings: dict[str, str] = field(default_factory=dict)
    entry: tuple[str, ...] = ("app.py",)
    port: int = 0
    process: subprocess.Popen[bytes] | ForkedProgram | None = None

    @property
    def is_forked(self) -> bool:
        """Whether it starts from a process that has imported the program; one with workers starts as a user's does."""
        return "SPLAZMATTE_WORKERS" not in self.settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log(self) -> Path:
        return self.workspace.parent / f"{self.workspace.name}.log"

    def start(self) -> None:
        self.port = self.port or free_port()
        environment = {
            **os.environ,
            "PYTHONFAULTHANDLER": "1",
            "SPLAZMATTE_WORKSPACE_DIR": str(self.workspace),
            "SPLAZMATTE_MODELS_DIR": str(self.workspace / "models"),
            "SPLAZMATTE_MIN_FREE_DISK_BYTES": "0",
            "SPLAZMATTE_DISK_FLOOR_BYTES": "0",
            "SPLAZMATTE_CPU_THREADS": "1",
            "SPLAZMATTE_SEGMENTER": "builtin",
            "OMP_NUM_THREADS": "1",
            **self.settings,
        }
        arguments = ["serve", "--port", str(self.port)]
        if self.is_forked:
            self.process = ForkedProgram([*self.entry, *arguments], environment, self.log)
        else:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, *self.entry, *arguments],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}healthz", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop(signal.SIGABRT, 10.0)  # Its log then says where each thread was.
        pytest.fail("the server did not start:\n" + self.log.read_text(errors="replace")[-12000:])

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 30.0) -> int:
        """Stop it and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def errors(self) -> list[str]:
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if " ERROR " in line or line.startswith("Traceback")]


@contextlib.contextmanager
def server_maker(factory: pytest.TempPathFactory) -> Iterator[Callable[..., AppServer]]:
    """Start servers with settings of their own; all are stopped at the end."""
    servers: list[AppServer] = []

    def make(entry: tuple[str, ...] = ("app.py",), **settings: str) -> AppServer:
        server = AppServer(factory.mktemp("server") / "workspace", settings, entry)
        servers.append(server)
        server.start()
        return server

    try:
        yield make
    finally:
        for server in servers:
            if server.process is not None and server.process.poll() is None:
                server.stop()


@pytest.fixture
def make_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., AppServer]]:
    """Start servers that end with the test."""
    with server_maker(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def make_module_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., AppServer]]:
    """Start servers that end with the module."""
    with server_maker(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The server most tests share."""
    with server_maker(tmp_path_factory) as make:
        yield make()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The machine's Chromium under Playwright; skips where either is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium; run scripts/setup_browser.sh to test the page")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, headless=True, args=CHROMIUM_FLAGS
        )
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What must not happen in a page."""

    problems: list[str] = field(default_factory=list)
    is_server_away: bool = False

    def follow(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type == "error" and not self.is_server_away:
            self.problems.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in ("127.0.0.1", None):
            self.problems.append(f"outside request: {request.url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watching = Watch()
    yield watching
    assert not watching.problems


@pytest.fixture
def open_page(browser: Any, watch: Watch) -> Iterator[Callable[..., Any]]:
    """Open an address as a user of its own (a context), in a language, size and colour scheme."""
    contexts: list[Any] = []

    def open_one(
        url: str,
        locale: str = "en-US",
        size: tuple[int, int] = (1400, 900),
        context: Any = None,
        **options: Any,
    ) -> Any:
        if context is None:
            context = browser.new_context(
                locale=locale,
                viewport={"width": size[0], "height": size[1]},
                reduced_motion="reduce",  # each step of a transition is drawn by the processor
                **options,
            )
            context.set_default_timeout(90_000)
            contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        # From now on Playwright takes the page's file choosers; one that opens at once, while it begins to, is missed.
        page.on("filechooser", lambda chooser: None)
        page.goto(url)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            # The page may ask for something at any moment, also now.
            page.unroute_all(behavior="ignoreErrors")
        context.close()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 frames of 160x96."""
    return write_disc_clip(tmp_path_factory.mktemp("clips") / "moving disc.mp4")


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose job takes long enough to look at it while it runs; nobody waits for its end."""
    return write_disc_clip(
        tmp_path_factory.mktemp("clips") / "long.mp4", frame_count=200, size_wh=(320, 192)
    )


@pytest.fixture(scope="session")
def medium_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose job lasts longer than a reload, and is waited for."""
    return write_disc_clip(
        tmp_path_factory.mktemp("clips") / "medium.mp4", frame_count=60, size_wh=(320, 192)
    )
