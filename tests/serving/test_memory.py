"""What a server costs that nobody uses, and what it keeps of its visitors."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.serving.conftest import ask
from tests.ui.conftest import AppServer

VISITS = 400


def test_pages_that_were_opened_and_closed_leave_little_behind(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server()
    config = json.loads(ask(server, "GET", "/config").body)
    (number,) = (
        item["id"]
        for item in config["components"]
        if "recent_sessions" in (item["props"].get("server_fns") or [])
    )
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def visit(name: str) -> None:
        body = {
            "data": {"ids": [], "language": "en"},
            "component_id": number,
            "session_hash": name,
            "fn_name": "recent_sessions",
        }
        connection.request(
            "POST",
            "/gradio_api/component_server/",
            json.dumps(body),
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        assert json.loads(answer.read())["ok"] is True

    for visitor in range(140):
        visit(f"first{visitor}")
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    for visitor in range(VISITS):
        visit(f"visitor{visitor}")
    connection.close()
    # Kept for ever, each visit would take some 87 kB.
    assert process.memory_info().rss - before < VISITS * 50_000


def test_an_idle_server_sleeps(app: AppServer) -> None:
    """Gradio's queue wakes up 1000 times a second as it comes."""
    assert app.process is not None
    tasks = Path(f"/proc/{app.process.pid}/task")
    if not tasks.is_dir():
        pytest.skip("wake-ups are counted in Linux' /proc")

    def wakeups() -> int:
        lines = "".join(path.read_text() for path in tasks.glob("*/status")).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))

    rates = []
    for _ in range(20):
        before, started_s = wakeups(), time.monotonic()
        time.sleep(0.5)
        rates.append((wakeups() - before) / (time.monotonic() - started_s))
        if rates[-1] < 250:
            return
    pytest.fail(f"wake-ups a second: {rates}")
