"""The real server over loopback, signed in and not."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.disc import write_clip
from tests.ui.conftest import AppServer, app, make_module_server, make_server, server_maker

__all__ = ["app", "make_module_server", "make_server"]

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


def ask(
    server: AppServer,
    method: str,
    path: str,
    body: bytes | None = None,
    timeout_s: float = 30.0,
    **headers: str,
) -> Answer:
    """Send one request; header names are written with underscores."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout_s)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        return Answer(
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read(),
        )
    finally:
        connection.close()


def sign_in(
    server: AppServer, password: str = PASSWORD, name: str = "splaz", **headers: str
) -> Answer:
    form = urllib.parse.urlencode({"username": name, "password": password}).encode()
    kind = "application/x-www-form-urlencoded"
    return ask(server, "POST", "/login", form, Content_Type=kind, **headers)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].split(";")[0]


def form_of(content: bytes, name: str = "clip.mp4") -> tuple[bytes, str]:
    """Return a multipart form with one file, and its content type."""
    head = f'--xyz\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--xyz--\r\n", "multipart/form-data; boundary=xyz"


def upload(server: AppServer, content: bytes, name: str = "clip.mp4", **headers: str) -> Answer:
    body, kind = form_of(content, name)
    return ask(server, "POST", "/gradio_api/upload", body, Content_Type=kind, **headers)


def call(server: AppServer, endpoint: str, values: list[object], **headers: str) -> object:
    """Call a named endpoint; return its first value, or raise what it said."""
    queued = ask(
        server,
        "POST",
        f"/gradio_api/call/{endpoint}",
        json.dumps({"data": values}).encode(),
        Content_Type="application/json",
        **headers,
    )
    assert queued.status == 200, queued.body
    event = json.loads(queued.body)["event_id"]
    answer = ask(server, "GET", f"/gradio_api/call/{endpoint}/{event}", timeout_s=120, **headers)
    kind, _, data = answer.body.decode().strip().rpartition("\n\n")[2].partition("\ndata: ")
    if kind != "event: complete":
        raise RuntimeError(data)
    return json.loads(data)[0]


def file_data(path: str) -> dict[str, object]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def new_session(server: AppServer, clip: Path, **headers: str) -> str:
    """Upload a clip and return its session's id."""
    (path,) = json.loads(upload(server, clip.read_bytes(), clip.name, **headers).body)
    made = call(server, "upload", [file_data(path), "en"], **headers)
    assert isinstance(made, dict)
    return str(made["session"])


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """A server that asks for the shared password."""
    with server_maker(tmp_path_factory) as make:
        yield make(SPLAZMATTE_PASSWORD=PASSWORD, SPLAZMATTE_LOGIN_ATTEMPTS="1000")


@pytest.fixture(scope="session")
def cookie(guarded: AppServer) -> str:
    return cookie_of(sign_in(guarded))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 8, (96, 64))


@pytest.fixture(autouse=True)
def no_errors_logged(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test may make a shared server log an error or a traceback."""
    shared = [name for name in ("app", "guarded") if name in request.fixturenames]
    servers = [request.getfixturevalue(name) for name in shared]
    before = [len(server.errors()) for server in servers]
    yield
    for server, count in zip(servers, before, strict=True):
        assert server.errors()[count:] == []
