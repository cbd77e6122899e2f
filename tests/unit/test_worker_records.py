"""Steps of a job in a store, the lease, and how an attempt's work gets into the session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import Settings
from engines.base import RunContext
from engines.device.manager import ModelManager
from engines.registry import build_registry
from pipeline.jobs.queue import JobRunner
from pipeline.jobs.upkeep import Upkeep
from pipeline.session.page_mark import PageMark
from pipeline.session.parts import MattePart
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import OutputRecord, SessionState, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from pipeline.workers.attempts import Attempt, attempts_dir, sweep
from pipeline.workers.celery_queue import CeleryQueue
from pipeline.workers.divided_job import DividedJob
from pipeline.workers.lease import LeaseWatch
from pipeline.workers.records import (
    Heartbeat,
    JobRecord,
    Order,
    Phase,
    WorkerRecord,
    absolve,
    cancel,
    claim,
    divide,
    end,
    give_back,
    offer,
    take_back,
)
from pipeline.workers.redis_store import RedisJobStore, key_prefix, namespace_of
from pipeline.workers.store import FileJobStore, JobStore
from tests.workers.redis_server import RedisServer
from utils.errors import StoreUnavailable, WorkersUnavailable
from utils.types import Message, Progress


def job(job_id: str = "ab12", session_id: str = "s" * 24) -> JobRecord:
    return JobRecord(
        id=job_id, session_id=session_id, request=MatteRequest(engine="builtin"), needs="builtin"
    )


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis") / "data").start()
    yield server
    server.kill()


@pytest.fixture(params=["files", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> JobStore:
    """The store in both its homes; one behaviour."""
    if request.param == "files":
        return FileJobStore(tmp_path)
    server = request.getfixturevalue("redis_server")
    return RedisJobStore(server.url, key_prefix(namespace_of(tmp_path)))


def test_a_server_that_may_throw_records_away_is_refused(redis_server: RedisServer) -> None:
    import redis

    client = redis.Redis.from_url(redis_server.url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(WorkersUnavailable, match=r"allkeys-lru.*noeviction"):
            RedisJobStore(redis_server.url, "x:")
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()


def test_the_visibility_time_is_read_back_from_the_transport(redis_server: RedisServer) -> None:
    queue = CeleryQueue(redis_server.url, "x:")
    queue.check()
    queue._app.conf.broker_transport_options["visibility_timeout"] = 3600
    with pytest.raises(WorkersUnavailable, match=r"after 1 h; it must be 24 h"):
        queue.check()
    with pytest.raises(StoreUnavailable):
        CeleryQueue("redis://127.0.0.1:1/0", "x:").check()


def test_what_a_broker_s_address_may_not_have_is_named(redis_server: RedisServer) -> None:
    with pytest.raises(WorkersUnavailable, match="after “\\?”"):
        RedisJobStore(f"{redis_server.url}?visibility_timeout=30", "x:")


def test_a_broker_that_is_not_there_is_unknown_and_its_password_is_not_shown() -> None:
    pytest.importorskip("redis")
    with pytest.raises(StoreUnavailable) as refused:
        RedisJobStore("redis://:secret@127.0.0.1:1/0", "x:")
    assert "redis://127.0.0.1:1/0" in refused.value.user_message
    assert "secret" not in refused.value.user_message + refused.value.detail


def test_page_and_workers_of_one_workspace_share_the_prefix_of_keys(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert namespace_of(one) == namespace_of(one)
    assert namespace_of(one) != namespace_of(other)


def test_two_workers_of_one_job_say_that_they_live_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One was only silent when its job was given to the other; they wrote the same partial file."""
    store, replace = FileJobStore(tmp_path), os.replace

    def late(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        store.put_heartbeat("ab12", Heartbeat(attempt=2, count=7))
        replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    store.put_heartbeat("ab12", Heartbeat(attempt=1, count=3))
    assert store.heartbeat("ab12") == Heartbeat(attempt=1, count=3)
    store.forget("ab12")
    assert not list((tmp_path / "jobs" / "beats").iterdir())


def test_what_a_killed_process_left_half_written_goes_after_an_hour(tmp_path: Path) -> None:
    """Nobody writes to such a name again, so those files stayed for good."""
    store, folder = FileJobStore(tmp_path), tmp_path / "jobs"
    store.begin("1")
    store.put(job())
    store.put_heartbeat("ab12", Heartbeat(attempt=1, count=3))
    store.put_order("one.partial-worker", Order.PAUSE)
    left = {
        folder / "ab12.partial-0123456789ab.json",
        folder / "version.partial-0123456789ab",
        folder / "beats" / "ab12.partial-0123456789ab.json",
        folder / "orders" / "one.partial-0123456789ab",
    }
    fresh = folder / "workers" / "one.partial-ba9876543210.json"
    for path in (*left, fresh):
        path.write_text("{")
    before = {path for path in folder.rglob("*") if path.is_file()}
    for path in before - {fresh}:
        os.utime(path, (time.time() - 7200,) * 2)
    settings = Settings(_env_file=None, workspace_dir=tmp_path)
    manager, sessions = ModelManager(build_registry(settings), device="cpu"), SessionStore(tmp_path)
    upkeep = Upkeep(settings, sessions, VideoIO(settings), manager, JobRunner(), PageMark(tmp_path))
    upkeep.clean_sessions(dry_run=True)
    assert before == {path for path in folder.rglob("*") if path.is_file()}
    upkeep.clean_sessions()
    assert before - {path for path in folder.rglob("*") if path.is_file()} == left
    assert store.read("ab12") is not None


def test_a_job_is_claimed_once_however_often_it_is_delivered(store: JobStore) -> None:
    store.put(job())
    assert store.change("ab12", claim("early")) is None  # not its turn yet
    store.change("ab12", offer)
    first = store.change("ab12", claim("one"))
    assert first is not None
    assert (first.phase, first.attempt, first.owner) == (Phase.RUNNING, 1, "one")
    assert store.change("ab12", claim("two")) is None
    store.change("ab12", end(1, Phase.DONE))
    assert store.change("ab12", claim("two")) is None


def test_only_the_attempt_on_record_ends_a_job(store: JobStore) -> None:
    store.put(job().model_copy(update={"phase": Phase.WAITING}))
    store.change("ab12", claim("one"))
    store.change("ab12", take_back(1))
    store.change("ab12", offer)
    store.change("ab12", claim("two"))
    assert store.change("ab12", end(1, Phase.DONE)) is None
    assert store.change("ab12", give_back(1)) is None
    done = store.change("ab12", end(2, Phase.DONE))
    assert done is not None
    assert done.deaths == 1


def test_a_job_is_given_up_at_the_third_death_and_stops_of_workers_do_not_count(
    store: JobStore,
) -> None:
    store.put(job().model_copy(update={"phase": Phase.WAITING}))
    for attempt in range(1, 6):
        store.change("ab12", claim("any"))
        step = give_back(attempt) if attempt < 4 else take_back(attempt)
        changed = store.change("ab12", step)
        assert changed is not None
        assert changed.phase is Phase.QUEUED
        store.change("ab12", offer)
    store.change("ab12", claim("any"))
    last = store.change("ab12", take_back(6))
    assert last is not None
    assert last.phase is Phase.FAILED
    assert last.error == Message("worker.died", {"workers": 3})


def test_a_worker_that_was_only_silent_takes_its_death_off_the_count(store: JobStore) -> None:
    store.put(job().model_copy(update={"phase": Phase.WAITING}))
    store.change("ab12", claim("slow"))
    store.change("ab12", take_back(1))
    assert store.change("ab12", end(1, Phase.DONE)) is None
    record = store.change("ab12", absolve)
    assert record is not None
    assert (record.deaths, record.phase) == (0, Phase.QUEUED)
    assert store.change("ab12", absolve) is None


@pytest.mark.parametrize("step", [give_back, take_back])
def test_a_cancelled_job_is_not_run_again(
    store: JobStore, step: Callable[[int], Callable[[JobRecord], JobRecord | None]]
) -> None:
    store.put(job().model_copy(update={"phase": Phase.WAITING}))
    store.change("ab12", claim("one"))
    wanted = store.change("ab12", cancel)
    assert wanted is not None
    assert wanted.phase is Phase.RUNNING  # the worker reads the wish
    ended = store.change("ab12", step(1))
    assert ended is not None
    assert ended.phase is Phase.CANCELLED


def test_a_store_keeps_what_is_put_there_until_it_is_forgotten(store: JobStore) -> None:
    assert store.read("ab12") is None
    assert store.change("ab12", offer) is None
    later = job("cd34").model_copy(update={"submitted_at_s": 2e9})
    heartbeat = Heartbeat(
        attempt=1, count=3, progress=Progress("matte", 2, 9), notices=(Message("job.cancelled"),)
    )
    for item in (later, job()):
        store.put(item)
    store.put_heartbeat("ab12", heartbeat)
    assert [item.id for item in store.records()] == ["ab12", "cd34"]
    assert store.heartbeat("ab12") == heartbeat
    assert store.heartbeat("cd34") is None
    store.forget("ab12")
    assert store.read("ab12") is None
    assert store.heartbeat("ab12") is None


def test_an_order_for_a_worker_goes_with_it(store: JobStore) -> None:
    assert store.order("w") is Order.WORK
    store.put_order("w", Order.PAUSE)
    assert store.order("w") is Order.PAUSE
    store.dismiss("w")
    assert store.order("w") is Order.WORK


def test_workers_announce_themselves_again_to_a_new_page(store: JobStore) -> None:
    worker = WorkerRecord(name="host-1-ff", engines=("builtin",), count=4)
    assert store.version() == ""
    store.announce(worker)
    assert store.workers() == [worker]
    store.dismiss(worker.name)
    assert store.workers() == []
    store.begin("1.2")
    assert store.version() == "1.2"


def test_a_lease_runs_out_by_silence_on_ones_own_clock_and_never_while_nothing_is_known() -> None:
    now = [100.0]
    watch = LeaseWatch(2.0, clock=lambda: now[0])
    assert not watch.is_dead("job", 7)
    now[0] += 1.9
    assert not watch.is_dead("job", 7)
    now[0] += 0.2
    assert watch.is_dead("job", 7)
    assert not watch.is_dead("job", 8)
    now[0] += 60.0
    watch.forget("job")
    assert not watch.is_dead("job", 8)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = SessionStore(tmp_path).create("clip.mp4")
    (made.folder / "source.mp4").write_bytes(b"clip")
    (made.folder / "old").mkdir()
    (made.folder / "old" / "000000.png").write_bytes(b"old")
    (made.folder / "frames").mkdir()
    (made.folder / "frames" / "000000.jpg").write_bytes(b"picture")
    return made


def finish(attempt: Attempt) -> None:
    """Do what a job does: replace, make and remove files, and change the state."""
    folder = attempt.session.folder
    replaced = folder / "source.partial.mp4"
    replaced.write_bytes(b"other")
    os.replace(replaced, folder / "source.mp4")
    (folder / "new").mkdir()
    (folder / "new" / "000000.png").write_bytes(b"new")
    (folder / "old" / "000000.png").unlink()
    attempt.session.update(
        status=SessionStatus.DONE, outputs=(OutputRecord(kind="png", file="new", size_bytes=3),)
    )
    attempt.commit()


def assert_published(session: Session, state: SessionState) -> None:
    assert state.status is SessionStatus.DONE
    assert state.shown_name == "renamed"
    assert [record.file for record in state.outputs] == ["new"]
    assert (session.folder / "source.mp4").read_bytes() == b"other"
    assert (session.folder / "new" / "000000.png").read_bytes() == b"new"
    assert (session.folder / "frames" / "000000.jpg").read_bytes() == b"picture"
    assert not (session.folder / "old").exists()


def test_an_attempt_changes_nothing_of_the_session_until_it_is_published(
    tmp_path: Path, session: Session
) -> None:
    attempt = Attempt(tmp_path, job(session_id=session.id))
    attempt.begin(session)
    finish(attempt)
    assert attempt.is_complete
    assert (session.folder / "source.mp4").read_bytes() == b"clip"
    assert (session.folder / "old" / "000000.png").read_bytes() == b"old"
    assert session.state.status is SessionStatus.READY
    session.update(shown_name="renamed")
    assert_published(session, attempt.publish(session))


def test_publishing_goes_on_where_it_was_broken_off(
    tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = Attempt(tmp_path, job(session_id=session.id))
    attempt.begin(session)
    finish(attempt)
    session.update(shown_name="renamed")
    with monkeypatch.context() as broken:
        broken.setattr(Session, "transform", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            attempt.publish(session)
    again = Attempt(tmp_path, job(session_id=session.id))
    assert again.is_complete
    assert_published(session, again.publish(session))


def test_what_an_engine_goes_on_from_outlives_the_attempt(tmp_path: Path, session: Session) -> None:
    attempt = Attempt(tmp_path, job(session_id=session.id))
    attempt.begin(session)
    kept = attempt.session.cache_dir / "engine"
    kept.mkdir(parents=True)
    (kept / "ticket.json").write_text("sent")
    (kept / "piece.partial.npy").write_text("half")
    attempt.keep_cache(session)
    again = Attempt(tmp_path, job(session_id=session.id).model_copy(update={"attempt": 1}))
    again.begin(session)
    found = [path.name for path in again.session.cache_dir.rglob("*") if path.is_file()]
    assert found == ["ticket.json"]


def test_folders_of_attempts_go_with_their_jobs(tmp_path: Path, session: Session) -> None:
    for job_id in ("ab12", "cd34"):
        Attempt(tmp_path, job(job_id, session.id)).begin(session)
    sweep(tmp_path, frozenset({"cd34"}))
    assert [folder.name for folder in attempts_dir(tmp_path).iterdir()] == ["cd34-0"]


class FakePart:
    """A part that ends as it is told to."""

    def __init__(self, record: JobRecord) -> None:
        self.record = record
        self.looks: list[bool] = []
        self.done = 0
        self.is_taken = False

    def look(self, context: RunContext, *, is_cancelled: bool) -> bool:
        self.looks.append(is_cancelled)
        context.on_progress(Progress("matte", self.done, 30))
        return self.record.phase in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)

    def take_part(self) -> None:
        self.is_taken = True

    def end(self, phase: Phase, error: Message | None = None) -> None:
        self.record = self.record.model_copy(update={"phase": phase, "error": error})


@pytest.fixture
def fake_parts() -> list[FakePart]:
    whole = MattePart(target=0, first=0, last=59, read_first=0, read_last=59, start=0, tracks=True)
    halves = [
        MattePart(target=0, first=0, last=29, read_first=0, read_last=29, start=0),
        MattePart(target=0, first=30, last=59, read_first=30, read_last=59, start=30),
    ]
    parent = job().model_copy(update={"parts": (whole, *halves)})
    return [FakePart(record) for record in parent.part_records()]


def test_parts_wait_for_the_tracking_and_report_their_progress_together(
    fake_parts: list[FakePart],
) -> None:
    tracking, first, second = fake_parts
    reported: list[Progress] = []
    context = RunContext(on_progress=reported.append)
    divided = DividedJob(fake_parts)
    assert not divided.look(context, is_cancelled=False)
    assert (first.looks, second.looks) == ([], [])
    tracking.end(Phase.DONE)
    divided.look(context, is_cancelled=False)
    first.done, second.done = 10, 20
    divided.look(context, is_cancelled=False)
    assert reported[-1] == Progress("matte", 30, 60)
    first.end(Phase.DONE)
    second.end(Phase.DONE)
    assert divided.look(context, is_cancelled=False)
    assert divided.is_done
    assert all(part.is_taken for part in fake_parts)


def test_a_part_that_fails_ends_the_others(fake_parts: list[FakePart]) -> None:
    tracking, first, second = fake_parts
    divided = DividedJob(fake_parts)
    tracking.end(Phase.DONE)
    divided.look(RunContext(), is_cancelled=False)
    error = Message("job.internal_error")
    second.end(Phase.FAILED, error)
    divided.look(RunContext(), is_cancelled=False)
    assert not divided.look(RunContext(), is_cancelled=False)
    assert first.looks[-1]
    first.end(Phase.CANCELLED)
    assert divided.look(RunContext(), is_cancelled=False)
    assert not divided.is_done
    assert divided.error == error


def test_a_job_is_divided_before_any_worker_has_it(store: JobStore) -> None:
    part = MattePart(target=0, first=0, last=9, read_first=0, read_last=9, start=0)
    store.put(job())
    assert store.change("ab12", divide((part, part))) is not None
    assert store.change("ab12", divide(())) is None
    record = store.read("ab12")
    assert record is not None
    assert [one.id for one in record.part_records()] == ["ab12.0", "ab12.1"]
    assert {one.job_id for one in record.part_records()} == {"ab12"}
    assert record.is_handed_out
