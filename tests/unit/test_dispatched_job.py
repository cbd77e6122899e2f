"""A job of the page whose files can't get to a worker, or back: it ends with a sentence, or waits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from engines.base import RunContext
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.workers.attempts import Attempt
from pipeline.workers.dispatched_job import Delivery, DispatchedJob
from pipeline.workers.divided_job import follow
from pipeline.workers.records import Heartbeat, JobRecord, Phase, claim, end
from pipeline.workers.store import FileJobStore
from pipeline.workers.transfer import SharedFolder
from utils.errors import (
    Cancelled,
    DispatchedJobFailed,
    NotEnoughDisk,
    ObjectMissing,
    SplazmatteError,
    StoreUnavailable,
)
from utils.types import Message, Progress


class Files(SharedFolder):
    """A shared folder on which something goes wrong the next times, and which notes what was removed."""

    def __init__(self, sessions: SessionStore) -> None:
        super().__init__(sessions)
        self.at_send: list[Exception] = []
        self.at_fetch: list[Exception] = []
        self.discarded: list[str] = []

    def send(self, session, record, cancel: threading.Event) -> None:
        if self.at_send:
            raise self.at_send.pop(0)

    def fetch(self, session, attempt: Attempt, record, cancel: threading.Event) -> bool:
        if self.at_fetch:
            raise self.at_fetch.pop(0)
        return super().fetch(session, attempt, record, cancel)

    def discard(self, session, record) -> None:
        self.discarded.append(record.id)


class Place:
    """A session with a job; a worker that does it as soon as it is announced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FileJobStore(folder)
        sessions = SessionStore(folder)
        self.session = sessions.create("clip.mp4")
        self.files = Files(sessions)
        self.cancel = threading.Event()
        self.notices: list[Message] = []
        self.is_stopping = False
        self.delivers = True
        self.is_quick = True
        self.queues = {"builtin"}
        self.sent_to: list[str] = []
        record = JobRecord(
            id="ab12",
            session_id=self.session.id,
            request=MatteRequest(engine="builtin"),
            needs="builtin",
        )
        delivery = Delivery(
            self.store,
            folder,
            self.files,
            30.0,
            self._work,
            is_dead=lambda _: False,
            able=lambda _: 1,
            queues=lambda needs: frozenset(self.queues),
        )
        self.job = DispatchedJob(delivery, self.session, record)
        self.job.queue()

    def _work(self, record: JobRecord, queues: Iterable[str]) -> None:
        self.sent_to += sorted(queues)
        if not self.is_quick:
            return
        claimed = self.store.change(record.id, claim("one"))
        assert claimed is not None
        attempt = Attempt(self.folder, claimed)
        attempt.begin(self.session)
        attempt.session.update(status=SessionStatus.DONE)
        if self.delivers:
            attempt.commit()
        self.store.change(record.id, end(claimed.attempt, Phase.DONE))

    def run(self) -> None:
        context = RunContext(
            on_progress=lambda progress: None,
            on_notice=self.notices.append,
            cancel=self.cancel,
            is_stopping=lambda: self.is_stopping,
        )
        self.job.run(context, lambda: self.is_stopping, lambda workers: ())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def assert_failed(place: Place, code: str) -> None:
    with pytest.raises(DispatchedJobFailed) as failed:
        place.run()
    assert failed.value.code == code
    state = place.session.state
    assert (state.status, state.error) == (SessionStatus.FAILED, failed.value.message)
    assert place.store.records() == []
    assert place.files.discarded == ["ab12"]


@pytest.mark.parametrize("step", ["at_send", "at_fetch"])
def test_a_store_that_can_t_be_reached_is_waited_for(place: Place, step: str) -> None:
    gone = StoreUnavailable("objects.gone", store="s3")
    setattr(place.files, step, [gone, gone])
    place.run()
    assert place.session.state.status is SessionStatus.DONE
    assert place.sent_to == ["builtin"]
    assert place.notices == [gone.message]
    assert place.files.discarded == ["ab12"]


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("at_send", NotEnoughDisk("objects.full", store="s3")),
        ("at_fetch", NotEnoughDisk("job.disk_full", free_mb=1)),
        ("at_fetch", ObjectMissing("objects.missing", store="s3")),
    ],
)
def test_what_waiting_does_not_mend_ends_the_job(
    place: Place, step: str, error: SplazmatteError
) -> None:
    setattr(place.files, step, [error])
    assert_failed(place, error.code)


def test_a_result_that_somebody_removed_is_no_success(place: Place) -> None:
    place.delivers = False
    assert_failed(place, "worker.result_missing")


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_cancel_while_files_are_sent_ends_the_job_and_a_stop_leaves_it(
    place: Place, is_stopping: bool
) -> None:
    place.is_stopping = is_stopping
    place.files.at_send = [Cancelled()]
    place.cancel.set()
    with pytest.raises(Cancelled):
        place.run()
    if is_stopping:
        (record,) = place.store.records()
        assert record.phase is Phase.QUEUED
        assert place.files.discarded == []
    else:
        assert place.session.state.status is SessionStatus.CANCELLED
        assert place.store.records() == []


def test_a_waiting_job_is_announced_at_once_to_a_worker_that_comes_with_another_memory(
    place: Place,
) -> None:
    place.is_quick = False
    place.queues = set()
    for _ in range(2):
        place.job.look(RunContext(), is_cancelled=False)
    assert place.sent_to == []
    for queue in ("builtin.cuda.8", "builtin.cuda.24"):
        place.queues.add(queue)
        for _ in range(3):
            place.job.look(RunContext(), is_cancelled=False)
    assert place.sent_to == ["builtin.cuda.8", "builtin.cuda.24"]


def test_progress_notices_and_the_error_of_a_worker_reach_the_page_each_once(place: Place) -> None:
    place.is_quick = False
    reported: list[Progress] = []
    context = RunContext(on_progress=reported.append, on_notice=place.notices.append)
    place.job.look(context, is_cancelled=False)
    place.store.change("ab12", claim("one"))
    place.store.put_heartbeat("ab12", Heartbeat(attempt=1, count=0))
    place.job.look(context, is_cancelled=False)
    assert reported[-1].stage == "prepare", "it was said to wait for a worker that had begun"
    first, second = Message("job.cancelled"), Message("worker.started_again")
    for count, notices in enumerate(((first,), (first, second)), start=1):
        progress = Progress("matte", count, 6)
        heartbeat = Heartbeat(attempt=1, count=count, progress=progress, notices=notices)
        place.store.put_heartbeat("ab12", heartbeat)
        assert not place.job.look(context, is_cancelled=False)
    assert reported[-2:] == [Progress("matte", 1, 6), Progress("matte", 2, 6)]
    assert place.notices == [first, second]
    state = place.session.state
    assert (state.status, state.engine_used) == (SessionStatus.RUNNING, "builtin")
    place.store.change("ab12", end(1, Phase.FAILED, Message("engine.closing")))
    assert_failed(place, "engine.closing")


def test_a_store_that_is_away_is_told_once_where_every_second_look_works(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An object store that was away gave a line of the log, and a notice of the job, every two seconds."""
    monkeypatch.setattr("pipeline.workers.divided_job.POLL_S", 0.0)
    away, missing = (
        StoreUnavailable("objects.gone", store="s"),
        StoreUnavailable("objects.no_bucket", store="s"),
    )
    looks = iter([away, False, away, False, away, missing, False, missing, True])

    def look(*, is_cancelled: bool) -> bool:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    notices: list[Message] = []
    follow(look, RunContext(on_notice=notices.append), lambda: False)
    assert [notice.code for notice in notices] == ["objects.gone", "objects.no_bucket"]
    assert len(caplog.records) == 2
