"""One client's batch and everybody else: the queue, the sessions, and who sees which."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.workplace import app_environment
from tests.serving.conftest import ask, call, cookie_of, file_data, new_session, sign_in, upload
from tests.ui.conftest import ROOT, AppServer
from tests.ui.disc import write_disc_mask
from ui.http.users import User, hash_password


def with_target(server: AppServer, clip: Path, mask: Path, **headers: str) -> str:
    session = new_session(server, clip, **headers)
    (path,) = json.loads(upload(server, mask.read_bytes(), "mask.png", **headers).body)
    call(server, "segment", [session, 0, "", None, None, file_data(path), "en", None], **headers)
    return session


@pytest.fixture(scope="module")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_disc_mask(tmp_path_factory.mktemp("mask") / "mask.png", (96, 64))


def submit(server: AppServer, session: str, **headers: str) -> dict[str, object]:
    answer = ask(server, "GET", "/gradio_api/info", **headers)
    parameters = json.loads(answer.body)["named_endpoints"]["/submit"]["parameters"]
    values = [
        session if item["parameter_name"] == "session" else item.get("parameter_default")
        for item in parameters
    ]
    result = call(server, "submit", values, **headers)
    assert isinstance(result, dict)
    return result


def test_a_batch_of_one_client_keeps_nobody_out_and_removes_nothing(
    make_server: Callable[..., AppServer], clip: Path, mask: Path
) -> None:
    server = make_server(SPLAZMATTE_KEEP_SESSIONS="10", SPLAZMATTE_CLIENT_QUEUE_LIMIT="4")
    ann, cy = {"X_Forwarded_For": "10.0.0.5"}, {"X_Forwarded_For": "10.0.0.9"}
    earlier = [new_session(server, clip, **ann) for _ in range(6)]
    batch = [with_target(server, clip, mask, **cy) for _ in range(12)]
    refused = 0
    for session in batch:
        try:
            submit(server, session, **cy)
        except RuntimeError as error:
            assert "limit for one person" in str(error) or "4" in str(error)
            refused += 1
    own = with_target(server, clip, mask, **ann)
    job = submit(server, own, **ann)
    assert job["in_front"] in (0, 1)
    environment = app_environment(server.workspace, SPLAZMATTE_KEEP_SESSIONS="10")
    command = [sys.executable, "app.py", "sessions", "--clean"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    for session in [*earlier, *batch, own]:
        assert (server.workspace / "sessions" / session / "session.json").is_file()


def component(server: AppServer, function: str, data: object, **headers: str) -> dict[str, object]:
    config = json.loads(ask(server, "GET", "/config", **headers).body)
    (number,) = (
        item["id"]
        for item in config["components"]
        if function in (item["props"].get("server_fns") or [])
    )
    body = {"data": data, "component_id": number, "session_hash": "x", "fn_name": function}
    answer = ask(
        server,
        "POST",
        "/gradio_api/component_server/",
        json.dumps(body).encode(),
        Content_Type="application/json",
        **headers,
    )
    return dict(json.loads(answer.body))


def test_a_named_user_finds_the_own_sessions_on_any_browser_and_an_admin_all(
    make_server: Callable[..., AppServer], clip: Path, tmp_path: Path
) -> None:
    file = tmp_path / "users"
    people = {"ann": "user", "bo": "user", "dee": "admin"}
    users = [User(name, role, hash_password(name)) for name, role in people.items()]
    file.write_text("".join(f"{user.line}\n" for user in users))
    server = make_server(SPLAZMATTE_USERS_FILE=str(file), SPLAZMATTE_KEPT_SESSIONS_PER_CLIENT="1")
    cookies = {name: cookie_of(sign_in(server, name, name)) for name in people}
    made = {
        name: [new_session(server, clip, Cookie=cookies[name]) for _ in range(2)]
        for name in ("ann", "bo")
    }

    def seen(name: str, *ids: str) -> set[str]:
        data = {"ids": list(ids), "language": "en"}
        answer = component(server, "recent_sessions", data, Cookie=cookies[name])
        assert answer["user"] == name
        return {item["id"] for item in answer["sessions"]}

    assert seen("ann") == set(made["ann"])
    assert seen("bo") == set(made["bo"])
    assert seen("dee") == {*made["ann"], *made["bo"]}
    assert seen("bo", made["ann"][0]) == {made["ann"][0], *made["bo"]}

    first, second = made["ann"]
    keep = {"session": first, "keep": True, "language": "zh"}
    assert component(server, "keep_session", keep, Cookie=cookies["ann"])["kept"] is True
    again = component(server, "keep_session", {**keep, "session": second}, Cookie=cookies["ann"])
    assert again["ok"] is False
    assert "1" in str(again["text"])
    state = json.loads((server.workspace / "sessions" / first / "session.json").read_text())
    assert (state["owner"], state["is_kept"]) == ("ann", True)
