"""The server with worker processes of its own; a job on one is followed in `tests/ui/test_jobs_in_page.py`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import psutil

from tests.faults.workplace import wait_until
from tests.serving.conftest import ask
from tests.ui.conftest import AppServer, make_server

__all__ = ["make_server"]


def workers_of(server: AppServer) -> list[psutil.Process]:
    assert server.process is not None
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def announced(server: AppServer) -> dict[str, list[str]]:
    """Return the engines of each worker that is in the store, by its name."""
    folder = server.workspace / "jobs" / "workers"
    paths = [path for path in folder.glob("*.json") if ".partial" not in path.name]
    return {path.stem: json.loads(path.read_bytes())["engines"] for path in paths}


def test_the_server_starts_its_worker_again_and_ends_it_with_itself(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server(SPLAZMATTE_WORKERS="1")
    wait_until(lambda: announced(server))
    ((first, engines),) = announced(server).items()
    assert engines == ["builtin"]
    (worker,) = workers_of(server)
    os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: announced(server).keys() - {first})
    (again,) = workers_of(server)
    assert again.pid != worker.pid
    wait_until(
        lambda: ask(server, "GET", "/healthz").json == {"healthy": True, "queue": 0, "workers": 1}
    )
    server.stop()
    wait_until(lambda: not again.is_running())
    assert server.errors() == []
