"""Workers over Celery and a real redis-server: messages may be lost or come twice, jobs end exactly once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from engines.builtin.engine import BuiltinEngine
from pipeline.session.session import Session
from pipeline.session.state import SessionState, SessionStatus
from pipeline.workers.attempts import Attempt
from pipeline.workers.records import WORKER_VERSION, JobRecord, Phase
from tests.faults.workplace import app_environment, wait_until
from tests.forked import ROOT
from tests.workers.conftest import (
    Page,
    Workers,
    assert_done_once,
    assert_nothing_left,
    make_page,
)
from tests.workers.redis_server import RedisServer
from utils.errors import StoreUnavailable, WorkersUnavailable

JOBS = 12
KILLS = 4
WORKERS = 3
SEED = 20


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.kill()


@pytest.fixture
def page(workspace: Path, redis_server: RedisServer, workers: Workers) -> Iterator[Page]:
    from pipeline.workers.celery_queue import CeleryQueue
    from pipeline.workers.redis_store import RedisJobStore, key_prefix, namespace_of

    prefix = key_prefix(namespace_of(workspace))
    queue = CeleryQueue(redis_server.url, prefix)

    def send_twice(record: JobRecord, queues: Iterable[str]) -> None:
        queue.send(record, queues)
        queue.send(record, queues)

    workers.settings["SPLAZMATTE_BROKER"] = redis_server.url
    made = make_page(workspace, RedisJobStore(redis_server.url, prefix), send_twice)
    yield made
    made.orchestrator.close()


def victims(page: Page, workers: Workers) -> list[JobRecord]:
    """Return running jobs that no worker has died of; one that several die of is given up."""
    try:
        return [
            record
            for record in page.store.records()
            if record.phase is Phase.RUNNING
            and not record.deaths
            and record.owner in workers.processes
        ]
    except StoreUnavailable:
        return []


def test_a_wrong_password_of_the_broker_is_told_as_such_and_not_as_a_broker_that_is_away(
    tmp_path: Path,
) -> None:
    """It was waited for, a lease long, as where the server restarts."""
    from pipeline.workers.redis_store import RedisJobStore

    server = RedisServer(tmp_path / "redis", "--requirepass", "right", "--protected-mode", "no")
    server.start(answers=b"-NOAU")
    try:
        for address in (server.url, server.url.replace("//", "//:wrong@")):
            with pytest.raises(StoreUnavailable) as refused:
                RedisJobStore(address, "test:")
            assert refused.value.code == "worker.store_refuses"
            assert "wrong" not in f"{refused.value}"
        RedisJobStore(server.url.replace("//", "//:right@"), "test:")
    finally:
        server.kill()


def test_every_job_is_done_once_whatever_is_killed_or_delivered_twice(
    page: Page,
    workers: Workers,
    redis_server: RedisServer,
    clip: Path,
    mask: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[str] = []
    publish = Attempt.publish

    def noted(attempt: Attempt, session: Session) -> SessionState:
        published.append(session.id)
        return publish(attempt, session)

    monkeypatch.setattr(Attempt, "publish", noted)
    session = page.session(clip, mask)
    with pytest.raises(WorkersUnavailable, match=r"No worker is running.*builtin.*start_worker"):
        page.submit(session)
    assert page.orchestrator.state(session).status is SessionStatus.READY

    for number in range(WORKERS):
        workers.start(f"w{number}", seconds_a_frame=0.15)
    page.wait_for_workers(WORKERS)
    sessions = [session, *(page.session(clip, mask) for _ in range(JOBS - 1))]
    for session_id in sessions:
        page.submit(session_id)

    chance = random.Random(SEED)
    for kill in range(KILLS):
        wait_until(lambda: victims(page, workers))
        time.sleep(chance.uniform(0.0, 0.8))
        running = [record.owner for record in victims(page, workers)]
        workers.kill(chance.choice(running or list(workers.processes)))
        workers.start(f"again{kill}", seconds_a_frame=0.15)
        if kill % 2:
            redis_server.kill()
            time.sleep(0.5)
            redis_server.start()
    for session_id in sessions:
        assert_done_once(page, session_id)
    assert_nothing_left(page)
    assert sorted(published) == sorted(sessions)
    assert len(workers.begins()) >= JOBS
    for name, process in workers.processes.items():
        process.terminate()
        assert process.wait(30) == 0, name


def test_a_worker_waits_for_a_restarting_broker_and_a_large_job_for_a_large_worker(
    page: Page,
    workers: Workers,
    redis_server: RedisServer,
    clip: Path,
    mask: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = page.session(clip, mask)
    redis_server.kill()
    workers.settings["SPLAZMATTE_WORKER_MEMORY_BYTES"] = str(1024**3)
    process = workers.start("small")
    wait_until(lambda: "trying again" in workers.log.read_text())
    redis_server.start()
    page.wait_for_workers(1)

    monkeypatch.setattr(BuiltinEngine, "weight_bytes", 2 * 1024**3)
    with pytest.raises(WorkersUnavailable, match=r"2048 MB.*small.*1024 MB"):
        page.submit(session)
    assert page.orchestrator.state(session).status is SessionStatus.READY
    workers.settings["SPLAZMATTE_WORKER_MEMORY_BYTES"] = str(2 * 1024**3)
    workers.start("large", seconds_a_frame=0.01)
    page.wait_for_workers(2)
    page.submit(session)
    assert_done_once(page, session)
    assert [line.split()[0] for line in workers.begins()] == ["large"]
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize("has_job", [False, True])
def test_a_worker_that_stops_while_the_broker_answers_nothing_ends_all_the_same(
    page: Page, workers: Workers, redis_server: RedisServer, clip: Path, mask: Path, has_job: bool
) -> None:
    """It waited for each of its last words to the broker: 18 s without a job, 90 s with one."""
    process = workers.start("w", seconds_a_frame=3.0)
    page.wait_for_workers(1)
    if has_job:
        page.submit(page.session(clip, mask))
        wait_until(workers.begins)
    with redis_server.frozen():
        process.terminate()
        assert process.wait(60) == 0
        assert "ended without it" in workers.log.read_text()


def test_a_worker_of_another_version_or_with_a_wrong_broker_ends_with_a_sentence(
    page: Page, workers: Workers
) -> None:
    page.store.begin("0.1")
    environment = app_environment(page.workspace, SPLAZMATTE_LEASE_S="1", **workers.settings)
    command = [sys.executable, "app.py", "worker"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    refused = run()
    assert refused.returncode == 2
    assert f"version {WORKER_VERSION}" in refused.stderr
    assert "the page has 0.1" in refused.stderr
    wrong = run("--broker", "redis://127.0.0.1:1/0")
    assert wrong.returncode == 2
    assert "redis://127.0.0.1:1/0" in wrong.stderr
