"""What a worker makes of a job's end, and of what is wrong on its machine; in this process, over files."""

from __future__ import annotations

import base64
import errno
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

import app
from config import Settings
from engines.base import RunContext
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.workers.celery_queue import CeleryQueue
from pipeline.workers.lease import LeaseWatch
from pipeline.workers.local import worker_name
from pipeline.workers.records import JobRecord, Phase, WorkerRecord, offer
from pipeline.workers.store import FileJobStore
from pipeline.workers.transfer import SharedFolder
from pipeline.workers.worker import Worker, _insist
from tests.faults.workplace import wait_until
from tests.workers.redis_server import RedisServer
from ui.command_line.cli import main
from utils.errors import EngineUnavailable, NotEnoughDisk, StoreUnavailable
from utils.messages import render
from utils.types import Message


class Place:
    """One workspace with a session and a job that waits, and a worker that does what a test tells it to."""

    def __init__(self, folder: Path) -> None:
        self.store = FileJobStore(folder)
        sessions = SessionStore(folder)
        self.session: Session = sessions.create("clip.mp4")
        self.files = SharedFolder(sessions)
        self.does: Callable[[], None] = lambda: None
        self.worker = self.another("gpu0")

    def another(self, name: str) -> Worker:
        record = WorkerRecord(name=worker_name(name), engines=("builtin",))
        folder = self.session.folder.parent.parent
        return Worker(self.store, folder, self.files, self._run, record, lease_s=1.0)

    def _run(self, sessions: SessionStore, record: JobRecord, context: RunContext) -> None:
        self.does()

    def put(self, job_id: str = "ab12") -> None:
        request = MatteRequest(engine="builtin")
        self.store.put(
            JobRecord(id=job_id, session_id=self.session.id, request=request, needs="builtin")
        )
        self.store.change(job_id, offer)

    def ended(self) -> JobRecord:
        with self.worker:
            assert self.worker.run("ab12")
        record = self.store.read("ab12")
        assert record is not None
        return record


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.put()
    return made


def raising(error: BaseException) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do


@pytest.mark.parametrize(
    "error", [NotEnoughDisk("job.disk_during", free_mb=7), OSError(errno.ENOSPC, "no space")]
)
def test_a_full_disk_at_a_worker_names_the_worker(place: Place, error: Exception) -> None:
    place.does = raising(error)
    record = place.ended()
    assert record.phase is Phase.FAILED
    assert record.error is not None
    assert record.error.code == "worker.disk"
    for language in ("en", "zh"):
        assert place.worker.name in render(record.error, language)
    assert "MB" in render(record.error)


def test_weights_that_are_gone_at_a_worker_are_told_as_in_process(place: Place) -> None:
    place.does = raising(EngineUnavailable("engine.closing"))
    assert place.ended().error == Message("engine.closing", {})


@pytest.mark.expects_error_log
def test_an_internal_error_ends_the_job_and_not_the_worker(place: Place) -> None:
    place.does = raising(RuntimeError("broken"))
    assert place.ended().error == Message("job.internal_error", {})


def test_a_result_that_can_t_be_delivered_now_is_delivered_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = place.files.deliver
    tries = iter([StoreUnavailable("objects.gone", store="s3")] * 2)

    def sometimes(*arguments: object) -> None:
        for error in tries:
            raise error
        deliver(*arguments)

    monkeypatch.setattr(place.files, "deliver", sometimes)
    monkeypatch.setattr("pipeline.workers.worker.RETRY_S", 0.01)
    assert place.ended().phase is Phase.DONE


def test_a_job_that_waits_for_its_files_is_given_back_when_the_worker_stops(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def never(*_: object) -> None:
        asked.set()
        raise StoreUnavailable("objects.gone", store="s3")

    monkeypatch.setattr(place.files, "begin", never)
    thread = threading.Thread(target=lambda: asked.wait() and place.worker.stop())
    thread.start()
    record = place.ended()
    thread.join()
    assert (record.phase, record.deaths, record.owner) == (Phase.QUEUED, 0, "")


def test_two_workers_with_one_name_are_two(place: Place) -> None:
    other = place.another("gpu0")
    with place.worker, other:
        assert len({worker.name for worker in place.store.workers()}) == 2
        assert [place.worker.run("ab12"), other.run("ab12")] == [True, False]
    assert place.store.workers() == []


def test_clocks_that_jump_by_minutes_cost_no_job(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, skews = time.time, itertools.cycle([0.0, 600.0, -600.0])
    monkeypatch.setattr(time, "time", lambda: real() + next(skews))
    watch = LeaseWatch(lease_s=30.0)

    def heartbeats() -> int:
        heartbeat = place.store.heartbeat("ab12")
        return 0 if heartbeat is None else heartbeat.count

    def work() -> None:
        wait_until(lambda: not watch.is_dead("ab12", heartbeats()) and heartbeats() >= 3)

    place.does = work
    assert place.ended().phase is Phase.DONE


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.kill()


def test_a_message_has_the_id_of_a_job_and_nothing_of_its_session(
    place: Place, redis_server: RedisServer
) -> None:
    import redis

    record = place.store.read("ab12")
    assert record is not None
    CeleryQueue(redis_server.url, "x:").send(record, ["builtin"])
    client = redis.Redis.from_url(redis_server.url)
    (key,) = [key for key in client.scan_iter() if client.type(key) == b"list"]
    (message,) = client.lrange(key, 0, -1)
    client.close()
    envelope = json.loads(message)
    assert envelope["content-type"] == "application/json"
    arguments, keywords, _ = json.loads(base64.b64decode(envelope["body"]))
    assert (arguments, keywords) == (["ab12"], {})
    for secret in (place.session.id, str(place.session.folder.parent)):
        assert secret.encode() not in message


def test_commands_tell_truly_of_a_job_that_a_worker_has_while_the_page_is_down(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was called interrupted, and could be deleted or run a second time."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path, models_dir=tmp_path / "models")
    key = place.session.id
    place.session.update(status=SessionStatus.RUNNING)  # by a page that was killed

    def run(*words: str) -> tuple[int, str]:
        code = main(words, lambda: settings, app.build_orchestrator, lambda _: None)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    def commands() -> None:
        assert f"{key}  running" in run("sessions")[1]
        for words in (("sessions", "--delete", key), ("rerun", key, "--out", str(tmp_path / "o"))):
            code, text = run(*words)
            assert (code, "waiting or running" in text) == (2, True)

    assert f"{key}  queued" in run("sessions")[1]
    place.does = commands
    assert place.ended().phase is Phase.DONE
    settings = settings.model_copy(update={"broker": SecretStr("redis://127.0.0.1:1/0")})
    assert f"{key}  running" in run("sessions")[1], "nothing is known: nobody may call it dead"
    settings = settings.model_copy(update={"broker": None})
    place.store.forget("ab12")
    assert f"{key}  interrupted" in run("sessions")[1]
    assert run("sessions", "--delete", key)[0] == 0


def test_a_worker_that_waits_for_the_object_store_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was a line of the log a second for as long as the store was away."""
    monkeypatch.setattr("pipeline.workers.worker.RETRY_S", 0.0)
    away = StoreUnavailable("objects.gone", store="s", detail="refused")
    tries = iter([away, away, StoreUnavailable("objects.clock", store="s"), None])

    def step() -> None:
        problem = next(tries)
        if problem is not None:
            raise problem

    running = SimpleNamespace(record=SimpleNamespace(id="job"), cancel=threading.Event())
    _insist(running, step)  # type: ignore[arg-type]
    assert len(caplog.records) == 2
    assert "refused" in caplog.records[0].message
