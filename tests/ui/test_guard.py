"""The guard in front of every request, and the login with its lock-out on a real server."""

import asyncio
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from tests.ui.conftest import AppServer
from tests.ui.steps import fetch
from ui.http.guard import Guard
from ui.http.janitor import sweep_cache


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def _app(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    status = 400 if scope["path"] == "/login" and b"wrong" in scope["query_string"] else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def ask(
    guard: Guard,
    path: str = "/",
    method: str = "GET",
    query: str = "",
    chunks: tuple[bytes, ...] = (b"",),
    client: str = "10.0.0.5",
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """Send one request through the guard."""
    sent: list[dict[str, Any]] = []
    waiting = list(chunks)
    given = {
        "host": "10.0.0.1:7860",
        **{key.replace("_", "-"): item for key, item in headers.items()},
    }
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(key.encode(), item.encode()) for key, item in given.items()],
        "client": (client, 1),
    }

    async def receive() -> dict[str, Any]:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    answered = {key.decode().lower(): item.decode() for key, item in sent[0]["headers"]}
    return sent[0]["status"], answered, body


def guard_of(**settings: Any) -> tuple[Guard, Clock]:
    clock = Clock()
    return Guard(_app, Settings(**settings), clock), clock


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:7860"}, 200),
        ({"host": "[::1]:7860"}, 200),
        ({"host": "matte.studio.lan"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": ""}, 403),
        ({"origin": "http://10.0.0.1:7860"}, 200),
        ({"origin": "http://10.0.0.1:9999"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 200),
    ],
)
def test_only_our_own_pages_and_hosts_are_answered(headers: dict[str, str], status: int) -> None:
    guard, _ = guard_of(allowed_hosts=("matte.studio.lan",))
    assert ask(guard, **headers)[0] == status


def test_addresses_of_other_hosts_are_refused() -> None:
    guard, _ = guard_of()
    for path in (
        "/gradio_api/file=http://a/b",
        "/gradio_api/FILE=https://a/b",
        "/gradio_api/proxy=x",
    ):
        assert ask(guard, path)[0] == 403


def test_every_answer_carries_the_headers() -> None:
    guard, _ = guard_of()
    for answer in (ask(guard), ask(guard, host="evil.example")):
        assert answer[1]["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in answer[1]["content-security-policy"]


def test_five_wrong_passwords_lock_one_address_for_a_while() -> None:
    guard, clock = guard_of(login_attempts=5, login_lockout_s=60)
    for _ in range(5):
        assert ask(guard, "/login", "POST", query="wrong")[0] == 400
    status, _, body = ask(guard, "/login", "POST", accept_language="zh-CN")
    assert status == 429
    assert "密码" in body.decode("unicode-escape") or "密码" in body.decode()
    assert ask(guard, "/login", "POST", client="10.0.0.6")[0] == 200
    clock.now_s += 61
    assert ask(guard, "/login", "POST")[0] == 200


def test_a_right_password_forgives_the_wrong_ones() -> None:
    guard, _ = guard_of(login_attempts=2)
    for _ in range(4):
        assert ask(guard, "/login", "POST", query="wrong")[0] == 400
        assert ask(guard, "/login", "POST")[0] == 200


def test_a_client_has_an_upload_budget_for_an_hour() -> None:
    guard, clock = guard_of(client_upload_budget_bytes=1000)
    upload = "/gradio_api/upload"
    assert ask(guard, upload, "POST", chunks=(b"x" * 500, b"x" * 400))[2] == b"900"
    assert ask(guard, upload, "POST", content_length="200", chunks=(b"x" * 200,))[0] == 429
    assert ask(guard, upload, "POST", content_length="200", client="10.0.0.6")[0] == 200
    clock.now_s += 3601
    assert ask(guard, upload, "POST", content_length="200", chunks=(b"x" * 200,))[0] == 200


def test_a_body_beyond_the_limit_is_refused_with_and_without_its_length() -> None:
    guard, _ = guard_of(max_upload_bytes=1000)
    upload = "/gradio_api/upload"
    assert ask(guard, upload, "POST", content_length=str(3 * 1024**2))[0] == 413
    assert ask(guard, upload, "POST", chunks=(b"x" * 1024**2, b"x" * 1024**2))[0] == 413


def test_the_janitor_removes_old_leftovers_only(tmp_path: Path) -> None:
    old, fresh = tmp_path / "a" / "tmpabc", tmp_path / "b" / "clip.mp4"
    for path in (old, fresh):
        path.parent.mkdir()
        path.write_bytes(b"x")
    now_s = fresh.stat().st_mtime
    assert sweep_cache(tmp_path, older_than_s=-1, now_s=now_s - 10) == 0
    import os

    os.utime(old, (now_s - 7200, now_s - 7200))
    assert sweep_cache(tmp_path, older_than_s=3600, now_s=now_s) == 1
    assert fresh.is_file()
    assert not old.exists()


@pytest.mark.browser
def test_a_password_is_asked_for_and_guessing_is_locked_out(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server(SPLAZMATTE_PASSWORD="correct horse", SPLAZMATTE_LOGIN_ATTEMPTS="3")
    assert fetch(f"{server.url}healthz")[0] == 200
    assert fetch(f"{server.url}gradio_api/info")[0] == 401
    assert fetch(f"{server.url}media/AAAAAAAAAAAAAAAAAAAAAAAA/frame/0.jpg")[0] == 401

    def login(password: str) -> int:
        body = urllib.parse.urlencode({"username": "splaz", "password": password}).encode()
        try:
            with urllib.request.urlopen(f"{server.url}login", body, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert login("correct horse") == 200
    assert [login("guess") for _ in range(3)] == [400, 400, 400]
    assert login("correct horse") == 429
    server.stop()
    assert not server.errors()
