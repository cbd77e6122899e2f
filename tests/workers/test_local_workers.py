"""The server with worker processes of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.faults.workplace import wait_until
from tests.serving.conftest import call, file_data, new_session, upload
from tests.ui.conftest import AppServer, make_server

__all__ = ["make_server"]


def names(server: AppServer) -> set[str]:
    return {path.stem for path in (server.workspace / "jobs" / "workers").glob("*[0-9a-f].json")}


def matte(server: AppServer, session: str) -> dict[str, object]:
    call(server, "submit", [session, ["alpha"]])
    wait_until(lambda: call(server, "status", [session])["state"] not in ("queued", "running"))
    return call(server, "status", [session])


def test_the_server_keeps_its_workers_running_and_they_end_with_it(
    make_server: Callable[..., AppServer], clip: Path, mask: Path
) -> None:
    server = make_server(SPLAZMATTE_WORKERS="1")
    session = new_session(server, clip)
    (uploaded,) = json.loads(upload(server, mask.read_bytes(), "mask.png").body)
    call(server, "segment", [session, 0, "", None, None, file_data(uploaded)])
    assert matte(server, session)["state"] == "done"
    (first,) = names(server)
    worker = server.workspace / "jobs" / "workers" / f"{first}.json"
    assert json.loads(worker.read_text())["engines"] == ["builtin"]
    assert server.process is not None
    children = psutil.Process(server.process.pid).children(recursive=True)
    (spawned,) = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    os.kill(spawned.pid, signal.SIGKILL)
    wait_until(lambda: names(server) - {first})
    assert matte(server, session)["state"] == "done"
    server.stop()
    wait_until(lambda: not any(child.is_running() for child in children))
    assert server.errors() == []
