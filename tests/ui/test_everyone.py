"""RVM without a mark, through the API and in a real page, on a tiny random file in the network's real layout."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from PIL import Image

from engines.onnx.networks import FRAME_NETWORKS, RVM_NETWORKS
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
    """A server whose networks are RVM and one with a clean plate; no checksum is known of their files."""
    folder = tmp_path_factory.mktemp("everyone")
    with unpinned_manifest(folder):
        install(RVM_NETWORKS["rvm"], folder / "models")
        install(FRAME_NETWORKS["background-matting"], folder / "models")
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


def clean_plate_colour(server: AppServer, session: str) -> tuple[int, ...]:
    with Image.open(server.workspace / "sessions" / session / "clean_plate.png") as picture:
        return picture.getpixel((0, 0))


def test_a_script_mattes_everyone_without_a_mark(
    server: AppServer, clip: Path, tmp_path: Path
) -> None:
    gradio_client = pytest.importorskip("gradio_client")
    client = gradio_client.Client(server.url, verbose=False, analytics_enabled=False)
    session = client.predict(clip=gradio_client.handle_file(str(clip)), api_name="/upload")
    asked = {"session": session["session"]}
    client.predict(**asked, engine="rvm", everyone=True, outputs=["alpha"], api_name="/submit")
    while (status := client.predict(**asked, api_name="/status"))["job"]["is_active"]:
        threading.Event().wait(0.1)
    assert (status["state"], status["kind"]) == ("done", "done")
    assert_every_frame_is_matted(server, session["session"])
    Image.new("RGB", (160, 96), (9, 99, 199)).save(tmp_path / "plate.png")
    Image.new("RGB", (96, 96)).save(tmp_path / "square.png")
    plate = gradio_client.handle_file(str(tmp_path / "plate.png"))
    assert client.predict(**asked, picture=plate, api_name="/clean_plate") is True
    with pytest.raises(Exception, match="160 x 96"):
        square = gradio_client.handle_file(str(tmp_path / "square.png"))
        client.predict(**asked, picture=square, api_name="/clean_plate")
    assert clean_plate_colour(server, session["session"]) == (9, 99, 199)
    client.close()


@pytest.mark.browser
def test_a_page_mattes_everyone_without_a_mark(
    server: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    page = open_page(server.url)
    session = upload(page, clip)
    for unneeded in (1, 2):
        page.locator("#sm-outputs input").nth(unneeded).uncheck()
    Image.new("RGB", (160, 96), (200, 20, 20)).save(tmp_path / "plate.png")
    page.set_input_files("[data-part=plate]", tmp_path / "plate.png")
    page.wait_for_selector(".sm-status:has-text('clean plate')")
    assert clean_plate_colour(server, session) == (200, 20, 20)
    page.check("#sm-everyone input")
    page.wait_for_selector(".sm-status:has-text('Everybody will be kept')")
    page.uncheck("#sm-everyone input")
    page.wait_for_selector(".sm-status:has-text('Click the target')")
    page.check("#sm-everyone input")
    page.wait_for_selector(".sm-status:has-text('Everybody will be kept')")
    page.click("#sm-start:not([disabled])")
    wait_done(page)
    assert_every_frame_is_matted(server, session)
