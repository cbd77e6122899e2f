"""REST and WebSocket over real HTTP: a clip from upload to files, and how errors are answered."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.requests import Request as HttpRequest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.conftest import ROOT
from tests.disc import write_mask_png
from tests.serving.conftest import (
    PASSWORD,
    Answer,
    AppServer,
    ask,
    call,
    form_of,
    sign_in,
)
from ui.http.fair_pool import PoolClosedError
from ui.http.rest import Rest


def test_an_upload_that_is_refused_before_it_is_looked_at_is_removed(tmp_path: Path) -> None:
    class Received:
        async def receive(self, request: object) -> Path:
            path = tmp_path / "received" / "clip.mp4"
            path.parent.mkdir()
            path.write_bytes(b"clip")
            return path

    rest: Any = Rest(None, None, Received())  # type: ignore[arg-type]
    rest.close()
    request = HttpRequest({"type": "http", "headers": [], "client": ("192.0.2.1", 1)})
    # A browser's test before this one leaves a running event loop in this thread.
    with ThreadPoolExecutor(1) as pool, pytest.raises(PoolClosedError):
        pool.submit(asyncio.run, rest.clips(request)).result()
    assert not list(tmp_path.rglob("*.mp4"))


def token_of(server: AppServer) -> str:
    answer: Any = sign_in(server).json
    assert answer["expires_s"] > 0
    return str(answer["token"])


@pytest.fixture(scope="module")
def bearer(guarded: AppServer) -> str:
    return f"Bearer {token_of(guarded)}"


def send_file(server: AppServer, path: str, content: bytes, name: str, **headers: str) -> Answer:
    body, kind = form_of(content, name)
    return ask(server, "POST", path, body, Content_Type=kind, **headers)


def send_json(server: AppServer, path: str, value: object, **headers: str) -> Answer:
    body = json.dumps(value).encode()
    return ask(server, "POST", path, body, Content_Type="application/json", **headers)


def listen(server: AppServer, path: str, *headers: tuple[bytes, bytes]) -> Iterator[Any]:
    """Yield what a WebSocket sends; raises ConnectionRefusedError where it is not opened."""
    with socket.create_connection(("127.0.0.1", server.port), 60) as connection:
        web = WSConnection(ConnectionType.CLIENT)
        host = f"127.0.0.1:{server.port}"
        connection.sendall(web.send(Request(host=host, target=path, extra_headers=[*headers])))
        text = ""
        while True:
            web.receive_data(connection.recv(65536) or None)
            for event in web.events():
                if isinstance(event, RejectConnection):
                    raise ConnectionRefusedError(event.status_code)
                if isinstance(event, CloseConnection):
                    connection.sendall(web.send(event.response()))
                    return
                if isinstance(event, Message) and isinstance(event, TextMessage):
                    text += event.data
                    if event.message_finished:
                        yield json.loads(text)
                        text = ""
                else:
                    assert isinstance(event, AcceptConnection)


def test_a_clip_goes_from_upload_to_files(
    guarded: AppServer, clip: Path, bearer: str, tmp_path: Path
) -> None:
    made = send_file(guarded, "/clips", clip.read_bytes(), "clip.mp4", Authorization=bearer)
    assert made.status == 201
    facts: Any = made.json
    assert (facts["width"], facts["height"], facts["frames"], facts["fps"]) == (96, 64, 8, 25.0)
    session = facts["session"]

    marks = {"session": session, "points": [[28, 32, 1]], "box": [10, 10, 60, 56]}
    found: Any = send_json(guarded, "/segment", marks, Authorization=bearer).json
    assert found["kept"] == [0]
    assert ask(guarded, "GET", found["instances"][0]["url"], Authorization=bearer).status == 200
    mask = write_mask_png(tmp_path / "mask.png", 0, (96, 64)).read_bytes()
    address = f"/segment/mask?session={session}"
    own: Any = send_file(guarded, address, mask, "mask.png", Authorization=bearer).json
    assert own["instances"][0]["area_px"] > 0

    body = {"session": session, "engine": "builtin", "outputs": ["alpha"]}
    queued = send_json(guarded, "/matting", body, Authorization=bearer)
    assert queued.status == 202
    header = (b"Authorization", bearer.encode())
    told = list(listen(guarded, f"/tasks/{session}/progress", header))
    assert told[-1]["state"] == "done"
    assert told[-1]["job"]["fraction"] == 1.0
    fractions = [item["job"]["fraction"] for item in told]
    assert fractions == sorted(fractions)

    task: Any = ask(guarded, "GET", f"/tasks/{session}", Authorization=bearer).json
    assert task == told[-1] or task["outputs"] == told[-1]["outputs"]
    assert all(isinstance(note, str) for note in task["notes"])
    (output,) = task["outputs"]
    whole = ask(guarded, "GET", output["url"], Authorization=bearer)
    part = ask(guarded, "GET", output["url"], Authorization=bearer, Range="bytes=4-7")
    assert (part.status, part.body) == (206, whole.body[4:8])
    # The named endpoints of the page see the same job, by the cookie of the same sign-in.
    cookie = f"splazmatte_{guarded.port}={bearer.removeprefix('Bearer ')}"
    seen: Any = call(guarded, "status", [session], Cookie=cookie)
    assert seen["state"] == "done"
    ended = ask(guarded, "DELETE", f"/tasks/{session}", Authorization=bearer)
    assert (ended.status, ended.json["state"]) == (200, "done")  # type: ignore[index]


def test_a_zip_of_pictures_is_a_clip_at_the_rate_asked_for(guarded: AppServer, bearer: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in (7, 8, 10):
            picture = io.BytesIO()
            Image.new("RGB", (96, 64), (number, 0, 0)).save(picture, "PNG")
            archive.writestr(f"shot/{number}.png", picture.getvalue())
    sent = (content.getvalue(), "shot.zip")
    gap = send_file(guarded, "/clips?fps=24000/1001", *sent, Authorization=bearer)
    assert gap.status == 400 and "%d.png are missing: 9." in str(gap.json)
    place = "/clips?fps=24000/1001&hold_missing=true"
    facts: Any = send_file(guarded, place, *sent, Authorization=bearer).json
    assert (facts["frames"], round(facts["fps"], 3), facts["name"]) == (4, 23.976, "shot.zip")
    for name, value in (("fps", "fast"), ("alpha_mode", "matted")):
        wrong = send_file(guarded, f"/clips?{name}={value}", *sent, Authorization=bearer)
        assert wrong.status == 400 and name in str(wrong.json)


def test_the_example_of_the_documentation_runs(
    guarded: AppServer, clip: Path, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    for shown, used in (("http://127.0.0.1:7860", guarded.url), ('"…"', repr(PASSWORD))):
        assert shown in example
        example = example.replace(shown, used.rstrip("/"))
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clip_alpha.mp4").stat().st_size > 0


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/segment", {"session": "A" * 24, "points": [[1, 1]]}, 404, "no such session"),
        ("/segment", {"session": "A" * 24, "pionts": [[1, 1]]}, 422, "pionts"),
        ("/matting", {"session": "A" * 24, "black_point": 5}, 400, "black_point"),
        ("/matting", {"session": "A" * 24, "engine": "builtin"}, 404, "no such session"),
        ("/matting", {}, 422, "session is missing"),
        ("/matting", {"session": "A" * 24, "outputs": "alpha"}, 422, "outputs takes a list"),
    ],
)
def test_bad_requests_are_answered_with_a_status_and_a_sentence(
    guarded: AppServer, bearer: str, path: str, body: object, status: int, said: str
) -> None:
    answer = send_json(guarded, path, body, Authorization=bearer)
    assert answer.status == status, answer.body
    assert said in answer.json["error"]  # type: ignore[index]
    chinese = {"Authorization": bearer, "Accept_Language": "zh"}
    answer = send_json(guarded, path, body, **chinese)
    assert not re.search(r"[a-z] [a-z]", answer.json["error"])  # type: ignore[index]


@pytest.mark.parametrize("path", ["/clips?hold_mising=true", "/segment/mask?session=A&taget=2"])
def test_a_misspelt_parameter_of_an_address_is_refused_as_one_of_a_body_is(
    guarded: AppServer, bearer: str, path: str
) -> None:
    """It was without effect: a mask for target 2 became that of target 1."""
    answer = send_file(guarded, path, b"no clip", "clip.mp4", Authorization=bearer)
    assert answer.status == 422, answer.body
    assert path.rpartition("=")[0].rpartition("?")[2].rpartition("&")[2] in str(answer.json)


def test_a_file_that_is_not_there_is_answered_with_a_sentence(
    guarded: AppServer, clip: Path, bearer: str
) -> None:
    """It was {"error": "none"}, which a download by curl kept as the file."""
    made: Any = send_file(guarded, "/clips", clip.read_bytes(), "clip.mp4", Authorization=bearer)
    for place in ("live.jpg", "file/alpha"):
        path = f"/media/{made.json['session']}/{place}"
        answer: Any = ask(guarded, "GET", path, Authorization=bearer)
        assert answer.status == 404
        assert "not finished yet" in answer.json["error"]
        answer = ask(guarded, "GET", path, Authorization=bearer, Accept_Language="zh")
        assert "尚未生成" in answer.json["error"]


@pytest.mark.skipif(
    None in map(shutil.which, ("bash", "curl", "jq")), reason="the example needs curl and jq"
)
def test_the_commands_of_the_documentation_run(
    guarded: AppServer, clip: Path, tmp_path: Path
) -> None:
    """The download was asked for at once: the answer of 404 was kept as alpha.mp4, and then continued."""
    text = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
    commands = text.partition("## curl")[2].partition("```\n")[2].partition("```")[0]
    url, address = guarded.url.rstrip("/"), "http://127.0.0.1:7860"
    for shown, used in (
        (address, url),
        ("password=…", f"password={PASSWORD}"),
        ("640, 360", "28, 32"),
    ):
        assert shown in commands
        commands = commands.replace(shown, used)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    done = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"ftyp" in (tmp_path / "alpha.mp4").read_bytes()[:12]


def test_a_file_that_is_no_clip_is_refused_and_removed(guarded: AppServer, bearer: str) -> None:
    chinese = {"Authorization": bearer, "Accept_Language": "zh"}
    answer = send_file(guarded, "/clips", b"no clip", "clip.mp4", **chinese)
    assert answer.status == 400
    assert any("一" <= letter <= "鿿" for letter in answer.json["error"])  # type: ignore[index]
    assert not [path for path in (guarded.workspace / "uploads").rglob("*") if path.is_file()]


def test_nothing_is_told_without_a_token_or_to_another_site(
    guarded: AppServer, bearer: str
) -> None:
    assert PASSWORD not in bearer
    assert ask(guarded, "GET", "/tasks/" + "A" * 24).status == 401
    wrong = base64.urlsafe_b64encode(os.urandom(24)).decode()
    refused = ask(guarded, "GET", "/openapi.json", Authorization=f"Bearer {wrong}")
    assert refused.status == 401
    path = f"/tasks/{'A' * 24}/progress"
    allowed = (b"Authorization", bearer.encode())
    for headers in [(), (allowed, (b"Origin", b"http://elsewhere.example"))]:
        with pytest.raises(ConnectionRefusedError, match="403"):
            list(listen(guarded, path, *headers))
    (told,) = listen(guarded, path, allowed)
    assert "no such session" in told["error"]


def test_a_monitor_reads_metrics_with_a_token(guarded: AppServer, bearer: str) -> None:
    assert ask(guarded, "GET", "/metrics").status == 401
    answer = ask(guarded, "GET", "/metrics", Authorization=bearer)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.decode().splitlines()
    assert "splazmatte_healthy 1" in lines
    assert 'splazmatte_jobs_ended_total{state="failed"} 0' in lines
    assert any(line.startswith("splazmatte_disk_free_bytes ") for line in lines)


def test_openapi_describes_every_route_of_the_interface(guarded: AppServer, bearer: str) -> None:
    described: Any = ask(guarded, "GET", "/openapi.json", Authorization=bearer).json
    assert {(method, path) for path, item in described["paths"].items() for method in item} == {
        ("post", "/clips"),
        ("post", "/segment"),
        ("post", "/segment/mask"),
        ("post", "/matting"),
        ("get", "/tasks/{task}"),
        ("delete", "/tasks/{task}"),
    }
    schemas = described["components"]["schemas"]
    options = {"session", "engine", "outputs", "everyone"}
    assert options <= schemas["Matting"]["properties"].keys()
    assert schemas["Task"]["properties"]["outputs"]["items"]["$ref"].endswith("/Output")
