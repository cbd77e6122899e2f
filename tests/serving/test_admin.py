"""The administrator's page: who may see it, and what its buttons do to queue, jobs and workers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from config import Settings
from pipeline.jobs.queue import JobState
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from pipeline.workers.dispatch import Dispatcher
from pipeline.workers.needs import JobNeeds
from pipeline.workers.records import Order, WorkerRecord
from pipeline.workers.store import FileJobStore
from pipeline.workers.transfer import SharedFolder
from pipeline.workers.worker import Worker
from tests.disc import write_mask_png
from tests.faults.workplace import Workplace, wait_until
from tests.serving.conftest import ask
from tests.ui.conftest import AppServer
from ui.client import Client
from ui.http.admin import Admin, is_administrator

HERE = Client(address="127.0.0.1")
LAN = Client(address="192.168.1.7")


@pytest.mark.parametrize(
    ("settings", "client", "is_allowed"),
    [
        ({}, HERE, True),
        ({}, Client(address="::/64"), True),
        ({}, LAN, False),
        ({"admin_without_login": True}, LAN, True),
        ({"password": "x"}, HERE, False),
        ({"password": "x"}, Client(address="192.168.1.7", is_signed_in=True), True),
        ({"users_file": "users"}, Client("ann", is_signed_in=True), False),
        ({"users_file": "users"}, Client("bob", is_admin=True, is_signed_in=True), True),
    ],
)
def test_only_administrators_may_see_the_page(
    settings: dict[str, object], client: Client, is_allowed: bool
) -> None:
    assert is_administrator(Settings(_env_file=None, **settings), client) is is_allowed


def test_the_server_has_it_behind_its_login(guarded: AppServer, cookie: str) -> None:
    assert ask(guarded, "GET", "/admin").status == 401
    page = ask(guarded, "GET", "/admin", Cookie=cookie, Accept_Language="zh-CN")
    assert page.status == 200
    assert "运行管理" in page.body.decode()
    foreign = ask(guarded, "POST", "/admin", b"", Cookie=cookie, Origin="http://evil.example")
    assert foreign.status == 403


class AdminPlace(Workplace):
    """A pipeline, and who sends the requests."""

    client = HERE


@pytest.fixture
def place(tmp_path: Path) -> Iterator[AdminPlace]:
    made = AdminPlace(tmp_path)
    yield made
    made.orchestrator.close()


@pytest.fixture
def browser(place: AdminPlace) -> TestClient:
    admin = Admin(place.settings, place.orchestrator.operations)
    application = Starlette(routes=admin.routes())

    async def as_client(scope, receive, send):  # stands for the access control
        scope.setdefault("state", {})["client"] = place.client
        await application(scope, receive, send)

    return TestClient(as_client)


def act(browser: TestClient, action: str, target: str = "") -> str:
    answer = browser.post("/admin", data={"action": action, "target": target})
    return re.sub(r"\s+", " ", answer.text)


def test_the_queue_is_paused_and_a_job_that_failed_is_run_again(
    place: AdminPlace, browser: TestClient, clip: Path, tmp_path: Path
) -> None:
    mask = write_mask_png(tmp_path / "mask.png", 0, (96, 64))
    session = place.session_with_target(clip, mask, "<b>shot.mp4")
    assert "The queue is paused" in act(browser, "pause_queue")
    place.orchestrator.submit(session, MatteRequest(engine="builtin", outputs=("alpha",)))
    page = browser.get("/admin").text
    assert "&lt;b&gt;shot.mp4" in page
    assert "waiting, 0 in front" in page
    assert "No job waits" in act(browser, "cancel", session)
    act(browser, "resume_queue")

    place.store.open(session).update(status=SessionStatus.FAILED)
    assert "Run again" in browser.get("/admin").text
    act(browser, "retry", session)
    assert place.jobs.wait(session, 60) is JobState.DONE
    assert place.orchestrator.state(session).status is SessionStatus.DONE
    assert "doesn&#x27;t know this action" in act(browser, "explode")

    place.client = LAN
    assert browser.get("/admin").status_code == 403
    assert browser.post("/admin", data={"action": "pause_queue"}).status_code == 403
    assert not place.jobs.is_paused


def test_a_worker_is_paused_goes_on_and_is_drained(
    place: AdminPlace, browser: TestClient, clip: Path
) -> None:
    store = FileJobStore(place.settings.workspace_dir)
    files = SharedFolder(place.store)
    dispatcher = Dispatcher(store, place.settings.workspace_dir, 90.0, files)
    place.orchestrator.operations._workers = dispatcher
    dispatcher.begin()
    record = WorkerRecord(
        name="gpu0", engines=("builtin",), device="cuda", card="H200 0", memory_bytes=138 << 30
    )
    folder = place.settings.workspace_dir
    with Worker(store, folder, files, lambda *_: None, record, 90.0) as worker:
        wait_until(lambda: dispatcher.workers)
        assert dispatcher.may_start(JobNeeds("builtin"), [])
        assert "gpu0" in act(browser, "pause", "gpu0")
        wait_until(lambda: not dispatcher.may_start(JobNeeds("builtin"), []))
        page = browser.get("/admin?language=zh").text
        assert "已暂停" in page
        assert "H200 0, 138.0 GiB" in page
        place.orchestrator._workers = dispatcher
        lines = place.orchestrator.metrics().splitlines()
        assert "splazmatte_workers_live 1" in lines
        assert "splazmatte_workers_busy 0" in lines
        assert 'splazmatte_workers{engine="builtin"} 1' in lines
        place.orchestrator._workers = None
        act(browser, "work", "gpu0")
        wait_until(lambda: dispatcher.may_start(JobNeeds("builtin"), []))
        assert "No live worker is called" in act(browser, "pause", "gpu9")
        assert not worker.stopping.is_set()
        act(browser, "drain", "gpu0")
        wait_until(worker.stopping.is_set)
    assert store.order("gpu0") is Order.WORK
    dispatcher.stop()
    dispatcher.close()
