"""Host, Origin, body sizes and file names in requests, over real HTTP, before login and after."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from config import Settings
from tests.serving.conftest import Answer, ask, call, file_data, form_of, new_session
from tests.ui.conftest import AppServer
from ui.http.access import AccessControl
from ui.http.login import Login

JSON = "application/json"


def raw(server: AppServer, head: str, timeout_s: float = 20.0) -> int:
    """Send a request's head as it stands; return the status of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout_s) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n\r\n")
        answer = connection.recv(4096)
    return int(answer.split()[1])


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:7860", None, 200),
        ("localhost", None, 200),
        ("LOCALHOST:1", None, 200),
        ("[::1]:7860", None, 200),
        ("192.168.7.7", "http://192.168.7.7", 200),
        ("other.example", None, 403),
        ("127.0.0.1.other.example", None, 403),
        ("localhost", "http://other.example", 403),
        ("localhost", "https://localhost:9", 403),
        ("localhost", "null", 403),
        ("[::1", None, 400),
        ("[]", None, 400),
        ("a b", None, 400),
        ("a@localhost", None, 400),
        ("localhost/x", None, 400),
        ("localhost:x", None, 400),
        ("localhost:123456", None, 400),
        ("\xff\xfe", None, 400),
        ("", None, 400),
        ("localhost", "http://[", 400),
        ("localhost", "http://a@localhost", 400),
        ("localhost", "localhost", 400),
        ("localhost", "\xff", 400),
        ("localhost", "", 400),
    ],
)
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_odd_hosts_and_origins_are_400_and_foreign_ones_403(
    guarded: AppServer,
    cookie: str,
    host: str,
    origin: str | None,
    status: int,
    is_signed_in: bool,
) -> None:
    lines = [f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close"]
    lines += [f"Origin: {origin}"] if origin is not None else []
    lines += [f"Cookie: {cookie}"] if is_signed_in else []
    assert raw(guarded, "\r\n".join(lines)) == status


def test_a_page_of_another_site_can_follow_a_link_and_nothing_else(
    guarded: AppServer, cookie: str
) -> None:
    def from_elsewhere(method: str, path: str, mode: str) -> Answer:
        body = b"" if method == "POST" else None
        return ask(
            guarded, method, path, body, Cookie=cookie, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode=mode
        )  # fmt: skip

    assert from_elsewhere("GET", "/", "navigate").status == 200
    assert from_elsewhere("GET", "/", "no-cors").status == 403
    assert from_elsewhere("GET", "/config", "cors").status == 403
    assert from_elsewhere("POST", "/logout", "navigate").status == 403
    assert from_elsewhere("POST", "/login", "navigate").status == 403
    assert ask(guarded, "GET", "/config", Cookie=cookie).status == 200


def test_every_answer_carries_the_headers(guarded: AppServer, cookie: str) -> None:
    for path, given in (("/", {}), ("/nothing", {}), ("/config", {}), ("/", {"Cookie": cookie})):
        headers = ask(guarded, "GET", path, **given).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]


def resident_bytes(server: AppServer) -> int:
    assert server.process is not None
    return psutil.Process(server.process.pid).memory_info().rss


def send_long_body(server: AppServer, path: str, size_bytes: int, **headers: str) -> int:
    """Send a body for as long as the server takes it; return the answer's status, 0 for none."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {size_bytes}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    block = b"x" * 65536
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        try:
            for _ in range(size_bytes // len(block)):
                connection.sendall(block)
            answer = connection.recv(64)
        except ConnectionError:
            return 0
    return int(answer.split()[1]) if answer else 0


LOOKALIKES = (
    "/gradio_api/queue/join",
    "/gradio_api/call/upload",
    "/gradio_api/run/upload",
    "/gradio_api/component_server/",
    "/gradio_api/upload/",
    "/x/upload",
    "/login/upload",
    "/login",
    "/gradio_api/process_recording",
)


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_a_large_body_never_gets_into_memory(
    guarded: AppServer, cookie: str, is_signed_in: bool
) -> None:
    headers = {"Cookie": cookie} if is_signed_in else {}
    before = resident_bytes(guarded)
    peak = before
    for path in LOOKALIKES:
        status = send_long_body(guarded, path, 64 * 1024**2, Content_Type=JSON, **headers)
        assert status in (0, 401, 404, 413), path
        peak = max(peak, resident_bytes(guarded))
    assert peak - before < 32 * 1024**2
    assert ask(guarded, "GET", "/healthz").status == 200


def test_nothing_of_an_upload_is_written_before_login(guarded: AppServer) -> None:
    body, kind = form_of(b"x" * 200_000)
    answer = ask(guarded, "POST", "/gradio_api/upload", body, Content_Type=kind)
    assert answer.status == 401
    assert not [path for path in (guarded.workspace / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("declared", ["chunked", "wrong"])
def test_a_body_without_its_true_length_is_cut_at_the_limit(
    guarded: AppServer, cookie: str, declared: str
) -> None:
    head = f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
    head += f"Content-Type: {JSON}\r\n"
    head += "Transfer-Encoding: chunked\r\n" if declared == "chunked" else "Content-Length: -5\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=20) as connection:
        connection.sendall(head.encode() + b"\r\n")
        try:
            for _ in range(40 if declared == "chunked" else 1):
                connection.sendall(chunk)
            status = int(connection.recv(64).split()[1])
        except ConnectionError:
            status = 413
    assert status in (400, 413)


def test_a_request_to_read_something_takes_no_body(guarded: AppServer, cookie: str) -> None:
    assert ask(guarded, "GET", "/config", b"x" * 10, Cookie=cookie).status == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[" * 100_000, b'"\\ud800"', b"\xff\xfe", b"null"],
    ids=["empty", "text", "deep", "surrogate", "no text", "null"],
)
def test_json_that_is_none_is_refused_and_logged_without_a_traceback(
    guarded: AppServer, cookie: str, body: bytes
) -> None:
    for path in ("/gradio_api/queue/join", "/gradio_api/call/upload", "/gradio_api/cancel"):
        answer = ask(guarded, "POST", path, body, Content_Type=JSON, Cookie=cookie)
        assert 400 <= answer.status < 500, path


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        "config.py",
        "../config.py",
        "http://127.0.0.1:9/x.mp4",
        "https://localhost/x.mp4",
        "file:///etc/hostname",
        "{workspace}/sessions",
        "{workspace}/uploads/../sessions/x",
        "/proc/self/environ",
        "\0",
        7,
        ["/etc/hostname"],
    ],
)
def test_a_file_that_was_not_uploaded_is_refused_in_one_line(
    guarded: AppServer, cookie: str, path: object
) -> None:
    given = path.format(workspace=guarded.workspace) if isinstance(path, str) else path
    values = {"data": [{"path": given, "meta": {"_type": "gradio.FileData"}}, "en"]}
    lines = len(guarded.log.read_text().splitlines())
    for address in ("/gradio_api/call/upload", "/gradio_api/queue/join"):
        answer = ask(
            guarded, "POST", address, json.dumps(values).encode(), Content_Type=JSON, Cookie=cookie
        )
        assert answer.status == 400
        assert b"not uploaded" in answer.body
    written = guarded.log.read_text().splitlines()[lines:]
    assert len(written) == 2
    named = given if isinstance(given, str) else "/etc/hostname"
    assert not any(named in line for line in written)


def test_an_upload_that_is_gone_is_said_in_one_line(guarded: AppServer, cookie: str) -> None:
    values = {"data": [file_data(f"{guarded.workspace}/uploads/gone/clip.mp4"), "en"]}
    answer = ask(
        guarded,
        "POST",
        "/gradio_api/call/upload",
        json.dumps(values).encode(),
        Content_Type=JSON,
        Cookie=cookie,
    )
    assert answer.status == 200
    event = json.loads(answer.body)["event_id"]
    said = ask(guarded, "GET", f"/gradio_api/call/upload/{event}", Cookie=cookie)
    assert b"event: error" in said.body
    assert "Traceback" not in guarded.log.read_text()


def test_a_call_takes_defaults_for_the_values_it_leaves_out(
    guarded: AppServer, cookie: str, clip: Path
) -> None:
    session = new_session(guarded, clip, Cookie=cookie)
    found = call(guarded, "segment", [session, 0, "", [[48, 32]]], Cookie=cookie)
    assert isinstance(found, dict) and found["instances"]
    with pytest.raises(RuntimeError, match="Upload a clip first"):
        call(guarded, "segment", [], Cookie=cookie)
    assert session not in guarded.log.read_text()


def test_numbers_and_names_in_addresses_of_any_size_are_answered(
    guarded: AppServer, cookie: str
) -> None:
    session = "A" * 24
    for path in (
        f"/media/{session}/frame/{'9' * 5000}.jpg",
        f"/media/{session}/mask/{'9' * 300}/1.png",
        f"/media/{session}/frame/-1.jpg",
        f"/media/{'A' * 5000}/live.jpg",
        f"/media/{session}/still/1.jpg?grow_px=nan",
        f"/media/{session}/still/1.jpg?grow_px=1e999&x={'y' * 2000}",
        f"/media/{session}/file/{'a' * 2000}",
        "/media/..%2f..%2f/live.jpg",
        "/media/%00/live.jpg",
        "/gradio_api/queue/data",
        "/gradio_api/heartbeat/" + "h" * 500,
    ):
        answer = ask(guarded, "GET", path, Cookie=cookie)
        assert 400 <= answer.status < 500, path


def test_the_log_says_nothing_of_keys(guarded: AppServer, cookie: str, clip: Path) -> None:
    session = new_session(guarded, clip, Cookie=cookie)
    body, kind = form_of(b"x" * 1000)
    head = (
        f"POST /gradio_api/upload?upload_id={session} HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: {cookie}\r\nContent-Type: {kind}\r\nContent-Length: {len(body) + 9}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=20) as connection:
        connection.sendall(head.encode() + body)
    ask(guarded, "GET", f"/media/{session}/frame/99.jpg", Cookie=cookie)
    ask(guarded, "GET", f"/media/{session}/nothing", Cookie=cookie)
    time.sleep(0.5)
    log = guarded.log.read_text()
    assert session not in log
    assert session[:6] in log
    assert cookie.partition("=")[2] not in log


def test_a_page_opened_before_the_server_is_open_asks_again_by_itself(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, workspace_dir=tmp_path)
    login = Login(settings)
    routes = [Route("/", lambda request: PlainTextResponse("the page"))]
    is_open = threading.Event()
    access = AccessControl(Starlette(routes=routes), settings, login, tmp_path, is_open)
    browser = TestClient(access, "http://localhost", headers={"Accept-Language": "zh-CN"})
    early = browser.get("/")
    assert early.status_code == 503
    assert early.headers["refresh"] == early.headers["retry-after"]
    assert early.text.startswith("SplazMatte 正在启动")
    program = browser.get("/healthz")
    assert program.status_code == 503
    assert "retry-after" in program.headers
    assert "refresh" not in program.headers
    is_open.set()
    assert browser.get("/").text == "the page"
