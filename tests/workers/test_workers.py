"""Real worker processes over files of the workspace: jobs end exactly once, whoever dies."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs import parts
from pipeline.jobs.queue import JobState
from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from pipeline.video_io import read_master
from pipeline.workers.records import JobRecord, WorkerRecord
from pipeline.workers.store import FileJobStore
from tests.faults.workplace import Workplace, ffmpeg_without_alpha_in_hevc, wait_until
from tests.workers.conftest import (
    FRAMES,
    Page,
    Workers,
    assert_done_once,
    assert_nothing_left,
    make_page,
)
from utils.alpha_levels import OPAQUE
from utils.errors import StoreUnavailable, WorkersUnavailable


def test_jobs_run_in_a_worker_stop_there_and_go_to_another_when_it_stops(
    page: Page, workers: Workers, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = workers.start("one", seconds_a_frame=0.2)
    page.wait_for_workers(1)
    finished, stopped, moved = (page.session(clip, mask) for _ in range(3))
    for session_id in (finished, stopped, moved):
        page.submit(session_id)
    wait_until(lambda: page.orchestrator.status(finished).live is not None)
    job = page.orchestrator.status(finished).job
    assert job is not None
    assert job.state is JobState.RUNNING
    page.orchestrator.rename(finished, "renamed meanwhile")
    assert_done_once(page, finished)
    state = page.orchestrator.state(finished)
    assert state.shown_name == "renamed meanwhile"
    assert (state.engine_used, state.frames_done) == ("builtin", FRAMES)
    # Marks, kept alpha and result are what a correction needs afterwards.
    plan = page.orchestrator.next_job(finished).plan
    assert plan is not None
    assert plan.frames == 0

    wait_until(lambda: len(workers.begins()) == 2)
    page.orchestrator.cancel(stopped)
    assert page.ended(stopped).status is SessionStatus.CANCELLED

    wait_until(lambda: len(workers.begins()) == 3)
    workers.start("two", seconds_a_frame=0.05)
    one.send_signal(signal.SIGTERM)
    assert one.wait(20) == 0
    assert_done_once(page, moved)
    assert [line.split()[0] for line in workers.begins()] == ["one", "one", "one", "two"]
    assert_nothing_left(page)

    workers.start("three", seconds_a_frame=0.05)
    wait_until(lambda: {worker.name for worker in page.dispatcher.workers} >= {"two", "three"})
    monkeypatch.setattr(parts, "LEAST_FRAMES", 2)
    divided = page.session(clip, mask, FRAMES // 2)
    page.submit(divided)
    assert_done_once(page, divided)
    assert (
        len(workers.begins()) == 4 + 2
    )  # the parts; the engine has nothing to do when they are joined
    alphas = list(read_master(page.sessions.open(divided).master))
    assert np.array_equal(alphas, [read_mask(mask) * np.uint16(OPAQUE)] * FRAMES)
    assert not (page.sessions.open(divided).folder / "parts").exists()
    assert_nothing_left(page)


def test_a_clip_that_kills_every_worker_is_given_up_after_three(
    page: Page, workers: Workers, clip: Path, mask: Path
) -> None:
    (workers.workspace / "poisoned").touch()
    for name in ("one", "two", "three"):
        workers.start(name)
    page.wait_for_workers(3)
    session_id = page.session(clip, mask)
    page.submit(session_id)
    state = page.ended(session_id)
    assert state.status is SessionStatus.FAILED
    assert state.error is not None
    assert state.error.code == "worker.died"
    assert state.error.params == {"workers": 3}
    assert len(workers.begins()) == 3
    assert_nothing_left(page)


def test_jobs_outlive_the_page_and_the_worker_that_had_one(
    workspace: Path, workers: Workers, clip: Path, mask: Path
) -> None:
    first_page = make_page(workspace, FileJobStore(workspace))
    workers.start("one", seconds_a_frame=0.2)
    first_page.wait_for_workers(1)
    running_one, waiting_one = first_page.session(clip, mask), first_page.session(clip, mask)
    first_page.submit(running_one)
    first_page.submit(waiting_one)
    wait_until(workers.begins)
    assert first_page.orchestrator.close()
    assert first_page.orchestrator.state(running_one).status is SessionStatus.RUNNING
    assert first_page.orchestrator.state(waiting_one).status is SessionStatus.QUEUED
    workers.kill("one")
    workers.start("two", seconds_a_frame=0.05)
    page = make_page(workspace, FileJobStore(workspace))
    try:
        for session_id in (running_one, waiting_one):
            assert_done_once(page, session_id)
        (warning,) = page.orchestrator.state(running_one).warnings
        assert warning.code == "worker.started_again"
        assert page.orchestrator.state(waiting_one).warnings == ()
        assert [line.split()[0] for line in workers.begins()] == ["one", "two", "two"]
        assert_nothing_left(page)
    finally:
        page.orchestrator.close()


def test_a_job_that_the_store_does_not_take_changes_nothing(
    page: Page, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.store.announce(WorkerRecord(name="idle", engines=("builtin",)))
    session_id = page.session(clip, mask)

    def refuse(record: JobRecord) -> None:
        raise StoreUnavailable("worker.store_gone", store="redis://queue.lan")

    with monkeypatch.context() as broken:
        broken.setattr(page.store, "put", refuse)
        with pytest.raises(StoreUnavailable, match=r"queue\.lan"):
            page.submit(session_id)
    assert page.orchestrator.state(session_id).status is SessionStatus.READY
    assert page.orchestrator.status(session_id).job is None
    assert page.store.records() == []


def test_the_page_s_own_ffmpeg_does_not_decide_what_workers_write(
    workspace: Path, tmp_path: Path, clip: Path, mask: Path
) -> None:
    program = ffmpeg_without_alpha_in_hevc(tmp_path / "ffmpeg")
    page = make_page(workspace, FileJobStore(workspace), ffmpeg_path=program)
    request = MatteRequest(engine="builtin", outputs=("hevc",))
    try:
        page.store.announce(WorkerRecord(name="old", engines=("builtin",), unwritable=("hevc",)))
        session_id = page.session(clip, mask)
        with pytest.raises(WorkersUnavailable) as refused:
            page.orchestrator.submit(session_id, request)
        assert refused.value.code == "worker.no_encoder"
        page.store.announce(WorkerRecord(name="new", engines=("builtin",)))
        page.wait_for_workers(2)
        page.orchestrator.submit(session_id, request)
        (record,) = page.store.records()
        assert record.requirements.outputs == ("hevc",)
        page.orchestrator.cancel(session_id)
    finally:
        page.orchestrator.close()


def test_what_a_page_without_workers_did_itself_no_worker_does_again(
    workspace: Path, clip: Path, mask: Path
) -> None:
    """The next page with workers followed the older record: the job ran again, over what had been made since."""
    first = make_page(workspace, FileJobStore(workspace))
    first.store.announce(WorkerRecord(name="idle", engines=("builtin",)))
    first.wait_for_workers(1)
    waiting, left = first.session(clip, mask), first.session(clip, mask)
    first.submit(waiting)
    first.submit(left)
    assert first.orchestrator.close()
    assert len(first.store.records()) == 2

    alone = Workplace(workspace)
    try:
        alone.store.open(left).update(status=SessionStatus.INTERRUPTED)  # as where a worker had it
        assert alone.orchestrator.recover() == 0
        assert alone.orchestrator.queue_again() == 1
        assert alone.jobs.wait(waiting, 60) is JobState.DONE
        before = alone.orchestrator.state(waiting)
        assert before.result_number == 1
    finally:
        assert alone.orchestrator.close()

    page = make_page(workspace, FileJobStore(workspace))
    try:
        assert page.orchestrator.status(waiting).job is None
        assert page.orchestrator.state(waiting) == before
        (record,) = page.store.records()
        assert record.session_id == left
        assert page.orchestrator.status(left).job is not None
        page.orchestrator.cancel(left)
    finally:
        page.orchestrator.close()


def test_what_a_page_takes_over_from_one_that_ended_no_worker_does_for_that_one(
    workspace: Path, clip: Path, mask: Path
) -> None:
    """The older record stayed: a worker did the job a second time, for nobody."""
    first, second = (make_page(workspace, FileJobStore(workspace)) for _ in range(2))
    try:
        assert second.orchestrator.queue_again() == 0
        first.store.announce(WorkerRecord(name="idle", engines=("builtin",)))
        for page in (first, second):
            page.wait_for_workers(1)
        session_id = first.session(clip, mask)
        first.submit(session_id)
        assert first.orchestrator.close()
        assert second.orchestrator.queue_again() == 1
        (record,) = second.store.records()
        assert record.session_id == session_id
        second.orchestrator.cancel(session_id)
    finally:
        for page in (first, second):
            page.orchestrator.close()


def test_a_page_that_is_open_already_follows_what_workers_have_of_one_that_ends(
    workspace: Path, workers: Workers, clip: Path, mask: Path
) -> None:
    """Until the next start of a page nobody put what the worker made into the session."""
    first, second, third = (make_page(workspace, FileJobStore(workspace)) for _ in range(3))
    try:
        assert second.orchestrator.queue_again() == 0
        workers.start("one", seconds_a_frame=0.1)
        first.wait_for_workers(1)
        running, waiting = first.session(clip, mask), first.session(clip, mask)
        first.submit(running)
        first.submit(waiting)
        wait_until(workers.begins)
        assert second.orchestrator.queue_again() == 0, "the page that has it lives"
        assert first.orchestrator.close()
        assert second.orchestrator.state(running).status is SessionStatus.RUNNING
        assert second.orchestrator.status(running).job is None
        assert third.orchestrator.queue_again() == 0, "one page takes them over"
        assert second.orchestrator.queue_again() == 2
        assert second.orchestrator.queue_again() == 0
        for session_id in (running, waiting):
            assert_done_once(second, session_id)
        assert len(workers.begins()) == 2
        assert_nothing_left(second)
    finally:
        for page in (first, second, third):
            page.orchestrator.close()
