"""RVM without a mark, through the API and in a real page, on a tiny random file in the network's real layout."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from engines.onnx.networks import RVM_NETWORKS
from tests.engines.tiny_onnx import install, unpinned_manifest
from tests.ui.conftest import AppServer
from tests.ui.steps import state_file, upload, wait_done

SERVE = """
import runpy, sys
from pathlib import Path
sys.path.insert(0, "")
from engines import weights_manifest
weights_manifest.PINNED_PATH = Path({manifest!r})
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, make_module_server: Callable[..., AppServer]
) -> Iterator[AppServer]:
    """A server whose only network is RVM; no checksum is known of its file."""
    folder = tmp_path_factory.mktemp("everyone")
    with unpinned_manifest(folder):
        install(RVM_NETWORKS["rvm"], folder / "models")
    script = SERVE.format(manifest=str(folder / "weights.json"))
    made = make_module_server(
        entry=("-c", script),
        SPLAZMATTE_MODELS_DIR=str(folder / "models"),
        SPLAZMATTE_QUICK_PREVIEW="0",
        SPLAZMATTE_ONNX_RUNTIME="onnxruntime",
    )
    yield made
    assert made.errors() == []


def assert_every_frame_is_matted(server: AppServer, session: str) -> None:
    state = state_file(server.workspace, session)
    assert state["engine_used"] == "rvm"
    alpha = server.workspace / "sessions" / session / "alpha.mp4"
    assert imageio_ffmpeg.count_frames_and_secs(alpha)[0] == 12


def test_a_script_mattes_everyone_without_a_mark(server: AppServer, clip: Path) -> None:
    gradio_client = pytest.importorskip("gradio_client")
    client = gradio_client.Client(server.url, verbose=False, analytics_enabled=False)
    session = client.predict(clip=gradio_client.handle_file(str(clip)), api_name="/upload")
    asked = {"session": session["session"]}
    client.predict(**asked, engine="rvm", everyone=True, outputs=["alpha"], api_name="/submit")
    while (status := client.predict(**asked, api_name="/status"))["job"]["is_active"]:
        threading.Event().wait(0.1)
    assert (status["state"], status["kind"]) == ("done", "done")
    assert_every_frame_is_matted(server, session["session"])
    client.close()


@pytest.mark.browser
def test_a_page_mattes_everyone_without_a_mark(
    server: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(server.url)
    session = upload(page, clip)
    for unneeded in (1, 2):
        page.locator("#sm-outputs input").nth(unneeded).uncheck()
    page.check("#sm-everyone input")
    page.click("#sm-start:not([disabled])")
    wait_done(page)
    assert_every_frame_is_matted(server, session)
