"""`app.py serve` stopped in the middle of a job, and started again over what a dead one left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from tests.disc import write_clip, write_mask_png
from tests.faults.workplace import partials, start_app, stop, wait_until

gradio_client = pytest.importorskip("gradio_client")
LONG = (640, 384)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serving")


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server and its address; the last test stops it."""
    process = start_app(
        "serve", "--port", "0", workspace=folder / "workspace", PYTHONUNBUFFERED="1"
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("SplazMatte: http://127.0.0.1:"), process.communicate()
        yield process, line.split()[-1]
    finally:
        stop(process)


def health(url: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{url}healthz", timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_row_29_an_upload_that_breaks_off_leaves_nothing_for_long(
    serving: tuple[subprocess.Popen[str], str], folder: Path
) -> None:
    _, url = serving
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=xyz\r\n\r\n--xyz\r\n"
        'Content-Disposition: form-data; name="files"; filename="a.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    )
    for _ in range(3):
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(head.encode() + bytes(1_000_000))
    wait_until(lambda: health(url)[0] == 200)
    uploads = folder / "workspace" / "uploads"

    wait_until(lambda: not any(path.is_file() for path in uploads.rglob("*")))
    assert list(SessionStore(folder / "workspace")) == []


def test_sigterm_interrupts_the_running_job_in_its_grace_and_the_waiting_one_begins_at_the_next_start(
    serving: tuple[subprocess.Popen[str], str], folder: Path, tmp_path: Path
) -> None:
    process, url = serving
    clip = write_clip(tmp_path / "clip.mp4", 150, LONG)
    mask = write_mask_png(tmp_path / "mask.png", 0, LONG)
    assert health(url)[0] == 200
    client = gradio_client.Client(url, verbose=False, analytics_enabled=False)
    ids = []
    try:
        for _ in range(2):
            taken = client.predict(api_name="/upload", clip=gradio_client.handle_file(str(clip)))
            ids.append(str(taken["session"]))
            target = {"session": ids[-1], "mask": gradio_client.handle_file(str(mask))}
            client.predict(api_name="/segment", **target)
            client.predict(api_name="/submit", session=ids[-1], engine="builtin")
        store = SessionStore(folder / "workspace")
        wait_until(lambda: store.open(ids[0]).is_running and psutil.Process(process.pid).children())
        helpers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGTERM)
        process.wait(60)
    finally:
        with contextlib.suppress(Exception):
            client.close()
    assert process.returncode == 0
    _, alive = psutil.wait_procs(helpers, timeout=2)
    assert not alive
    for session_id, status in zip(
        ids, (SessionStatus.INTERRUPTED, SessionStatus.QUEUED), strict=True
    ):
        session = store.open(session_id)
        assert session.state.status is status
        assert session.source.is_file()
        assert session.instance_path(0, 0).is_file()
        assert not partials(session.folder)
    _, log = process.communicate()
    assert "Traceback" not in log
    assert "did not stop in time" not in log
    # Every step left a line that names its session.
    for wanted in ("640x384, 150 frames", "found 1 on frame 0"):
        assert any(ids[0][:6] in line and wanted in line for line in log.splitlines()), log

    again = start_app("serve", "--port", "0", workspace=folder / "workspace", PYTHONUNBUFFERED="1")
    try:
        wait_until(lambda: store.open(ids[1]).state.status is SessionStatus.RUNNING, 60)
        assert store.open(ids[0]).state.status is SessionStatus.INTERRUPTED
    finally:
        stop(again)
