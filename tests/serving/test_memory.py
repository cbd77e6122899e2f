"""What a server keeps of its visitors: pages come and go, memory stays."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable

import psutil

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
