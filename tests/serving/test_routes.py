"""Only listed routes are served: the list against the application's own routes, over real HTTP."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest

from tests.forked import ForkedProgram
from tests.serving.conftest import Answer, ask
from tests.ui.conftest import AppServer
from ui.http.allowed_routes import ALLOWED_ROUTES, WEBHOOK_ROUTE, find_route

LIST_ROUTES = """
import json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
(folder / "uploads").mkdir()
from app import build_orchestrator
from config import Settings
from ui.gradio_import import without_type_stubs
with without_type_stubs():
    from ui.http.server import launch
settings = Settings(_env_file=None, workspace_dir=folder, models_dir=folder, host=sys.argv[2], port=0)
server = launch(settings, build_orchestrator(settings), folder / "uploads")
def listed(routes):
    for route in routes:
        if hasattr(route, "original_router"):
            yield from listed(route.original_router.routes)
        else:
            methods = getattr(route, "methods", ["WEBSOCKET"]) or ["GET"]
            yield from ((method, route.path) for method in methods)
print(json.dumps([server.url, sorted(set(listed(server.app.routes)))]), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def host() -> str:
    """An IPv6 address, where there is one: a server on the other kind is started by most tests."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return "::1"
    except OSError:
        return "127.0.0.1"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, host: str) -> tuple[str, list[list[str]]]:
    """The address of a server, and method and path of its routes."""
    folder = tmp_path_factory.mktemp("routes")
    log = folder / "routes.log"
    program = ForkedProgram(["-c", LIST_ROUTES, str(folder), host], dict(os.environ), log)
    assert program.wait(60) == 0, log.read_text()
    url, routes = json.loads(log.read_text().splitlines()[-1])
    return url, routes


@pytest.fixture(scope="module")
def routes(started: tuple[str, list[list[str]]]) -> list[tuple[str, str]]:
    """Method and path of every route of the application, Gradio's included."""
    return [(method, path) for method, path in started[1]]


def test_the_page_starts_on_either_kind_of_address_and_names_it(
    started: tuple[str, list[list[str]]], host: str
) -> None:
    name = "[::1]" if host == "::1" else host
    assert re.fullmatch(rf"http://{re.escape(name)}:[0-9]+/", started[0])


def example(path: str) -> str:
    """Return an address of the route, its placeholders filled with harmless values."""
    filled = re.sub(r"\{(\w+):int\}", "1", path)
    filled = re.sub(r"\{(size|component_id|frame|instance)\}", "1", filled)
    return re.sub(r"\{\w+(:path)?\}", "A" * 24, filled)


def test_the_application_has_many_more_routes_than_are_served(
    routes: list[tuple[str, str]],
) -> None:
    served = {
        (method, path) for method, path in routes if find_route(method, example(path)) is not None
    }
    assert len(routes) - len(served) > 50
    assert {path for _, path in routes if "vibe" in path or "process_recording" in path}
    assert not {path for _, path in served if "vibe" in path or "process_recording" in path}


def test_every_row_of_the_list_is_a_route_of_the_application(
    routes: list[tuple[str, str]],
) -> None:
    """A row that an update of Gradio has made useless must go, and one it has renamed is noticed."""
    examples = {(method, example(path)) for method, path in routes}
    rows = (*ALLOWED_ROUTES, WEBHOOK_ROUTE)
    for row in rows:
        matching = [item for item in examples if find_route(*item, rows) == row]
        assert matching, row.path


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_what_is_not_listed_is_404_before_login_and_after(
    guarded: AppServer, cookie: str, routes: list[tuple[str, str]], is_signed_in: bool
) -> None:
    headers = {"Cookie": cookie} if is_signed_in else {}
    checked = 0
    for method, path in routes:
        if find_route(method, example(path)) is not None:
            continue
        checked += 1
        for address in {example(path), example(path).rstrip("/") + "/"}:
            if find_route(method, address) is None:
                answer = ask(guarded, method, address, **headers)
                assert answer.status == 404, (method, address)
                assert answer.body == b"" or b"error" in answer.body
    assert checked > 40


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_not_served(guarded: AppServer, cookie: str, method: str) -> None:
    for path in ("/", "/config", "/gradio_api/upload"):
        assert ask(guarded, method, path, Cookie=cookie).status == 404


def needs_login(answer: Answer) -> bool:
    return answer.status == 401 or b'name="password"' in answer.body


def test_every_listed_route_asks_for_login_unless_it_is_public(
    guarded: AppServer, routes: list[tuple[str, str]]
) -> None:
    for method, path in routes:
        row = find_route(method, example(path))
        if row is None or row.path == "/gradio_api/startup-events" or row.path == "/healthz":
            continue
        answer = ask(guarded, method, example(path), b"" if method == "POST" else None)
        if row.path in ("/favicon.ico", "/login"):
            assert answer.status in (200, 303, 401)
        elif method != "HEAD":
            assert needs_login(answer), (method, path)
    for path in ("/config/", "//config", "/%2e%2e/config", "/Config", "/x/../config", "/config;x"):
        assert ask(guarded, "GET", path).status == 404


def test_the_start_up_call_is_closed_once_the_server_runs(guarded: AppServer, cookie: str) -> None:
    assert ask(guarded, "GET", "/gradio_api/startup-events").status == 404
    assert ask(guarded, "GET", "/gradio_api/startup-events", Cookie=cookie).status == 404


def test_the_program_folder_is_not_served(guarded: AppServer, cookie: str) -> None:
    for path in ("/assets/../../../config.py", "/static/..%2f..%2fconfig.py", "/assets/%00"):
        answer = ask(guarded, "GET", path, Cookie=cookie)
        assert answer.status in (403, 404), path
    assert Path("config.py").is_file()
