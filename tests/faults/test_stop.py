"""SIGTERM, SIGHUP and Ctrl+C: the state says how it ended, and no FFmpeg is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.jobs.queue import JobState
from pipeline.jobs.waiting import MOST_STARTS, Queue, queue_again
from pipeline.session.page_mark import PageMark
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.state import SessionStatus, WaitingRender
from pipeline.session.store import SessionStore
from tests.disc import write_clip, write_mask_png
from tests.faults.workplace import (
    ROOT,
    Workplace,
    assert_nothing_left,
    assert_said,
    partials,
    start_app,
    stop,
    true_alphas,
    wait_until,
)
from utils.errors import Cancelled, EngineUnavailable, SessionError
from utils.types import Point, Prompt

LONG = (640, 384)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that keeps the built-in engine busy for longer than any test waits."""
    return write_clip(tmp_path_factory.mktemp("long") / "clip.mp4", 150, LONG)


@pytest.fixture(scope="module")
def long_mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mask_png(tmp_path_factory.mktemp("long") / "mask.png", 0, LONG)


@pytest.fixture
def running(tmp_path: Path, long_clip: Path, long_mask: Path) -> Iterator[subprocess.Popen[str]]:
    """`app.py matte` in the middle of its job."""
    process = start_app(
        "matte", long_clip, "--mask", long_mask, "--engine", "builtin",
        "--out", tmp_path / "out", workspace=tmp_path / "workspace",
    )  # fmt: skip
    store = SessionStore(tmp_path / "workspace")

    def is_matting() -> bool:
        assert process.poll() is None, process.communicate()
        return psutil.Process(process.pid).children() and any(
            session.state.status is SessionStatus.RUNNING for session in store
        )

    try:
        wait_until(is_matting, 60)
        yield process
    finally:
        stop(process)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, SessionStatus.INTERRUPTED),
        (signal.SIGHUP, SessionStatus.INTERRUPTED),
        (signal.SIGINT, SessionStatus.CANCELLED),
    ],
    ids=["SIGTERM", "SIGHUP", "SIGINT"],
)
def test_a_signal_ends_a_command_and_leaves_a_session_to_run_again(
    running: subprocess.Popen[str], tmp_path: Path, number: int, status: SessionStatus
) -> None:
    helpers = psutil.Process(running.pid).children(recursive=True)
    assert helpers
    os.kill(running.pid, number)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert error.splitlines()[-1] == "Cancelled."
    _, alive = psutil.wait_procs(helpers, timeout=2)
    assert not alive
    (session,) = SessionStore(tmp_path / "workspace")
    state = session.state
    assert state.status is status
    assert state.error is None
    assert state.outputs == ()
    assert session.source.is_file()
    assert session.instance_path(0, 0).is_file()
    assert not partials(session.folder)
    assert not (tmp_path / "out").exists()


def test_sigterm_while_a_clip_is_being_read_leaves_no_session(
    tmp_path: Path, long_mask: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stuck = tmp_path / "stuck.sh"
    stuck.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 60\n")
    stuck.chmod(0o755)
    clip = write_clip(tmp_path / "clip.mp4", 5, (96, 64))
    process = start_app(
        "matte", clip, "--mask", long_mask, "--out", tmp_path / "out",
        workspace=tmp_path / "workspace", SPLAZMATTE_FFMPEG_PATH=str(stuck),
    )  # fmt: skip
    try:
        wait_until((tmp_path / "started").exists, 60)
        helpers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
        _, alive = psutil.wait_procs(helpers, timeout=2)
        assert not alive
    finally:
        stop(process)
    assert process.returncode == 130
    assert not list((tmp_path / "workspace" / "sessions").glob("[!.]*"))
    assert not list((tmp_path / "workspace" / "sessions").glob(".new-*"))


def test_closing_interrupts_the_running_job_and_the_next_start_runs_those_that_waited_in_order(
    make_workplace, clip: Path, mask: Path
) -> None:
    workplace = make_workplace()
    started = threading.Event()

    def slow(frames, guide, start, context):
        for item in true_alphas(frames, guide, start, context):
            started.set()
            while item.index == 2:
                time.sleep(0.01)
                context.check_cancelled()
            yield item

    workplace.engine.does = slow
    ids = [workplace.session_with_target(clip, mask) for _ in range(3)]
    for session_id in ids:
        workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert started.wait(20)
    assert workplace.orchestrator.close()
    statuses = [workplace.orchestrator.state(session_id).status for session_id in ids]
    assert statuses == [SessionStatus.INTERRUPTED, SessionStatus.QUEUED, SessionStatus.QUEUED]
    for session_id in ids:
        assert_nothing_left(workplace.folder(session_id))

    after = make_workplace()
    order: list[str] = []
    submit = after.jobs.submit

    def noting(session_id: str, *args: object, **kwargs: object) -> object:
        order.append(session_id)
        return submit(session_id, *args, **kwargs)

    after.jobs.submit = noting
    assert after.orchestrator.recover() == 0
    assert after.orchestrator.queue_again() == 2
    assert order == ids[1:]
    for session_id in ids[1:]:
        assert after.jobs.wait(session_id, 60) is JobState.DONE
    assert after.orchestrator.state(ids[0]).status is SessionStatus.INTERRUPTED
    after.orchestrator.close()


def test_a_waiting_correction_is_not_taken_for_done_since_the_result_before_is_there(
    make_workplace, clip: Path, mask: Path
) -> None:
    """The start took a queued session whose files were all there for done: the job asked for was gone."""
    first = make_workplace()
    session_id = first.session_with_target(clip, mask)
    first.matte(session_id)
    request = MatteRequest(engine="builtin", outputs=("webm",), every_frame=True)
    first.store.open(session_id).update(status=SessionStatus.QUEUED, request=request)
    first.orchestrator.close()
    second = make_workplace()
    second.orchestrator.recover()
    assert second.orchestrator.queue_again() == 1
    assert second.jobs.wait(session_id, 60) is JobState.DONE
    assert [output.kind for output in second.orchestrator.state(session_id).outputs] == ["webm"]


def test_a_waiting_job_whose_engine_is_gone_has_failed_with_the_reason(
    make_workplace, clip: Path, mask: Path
) -> None:
    first = make_workplace()
    session_id = first.session_with_target(clip, mask)
    request = MatteRequest(engine="matanyone")
    first.store.open(session_id).update(status=SessionStatus.QUEUED, request=request)
    second = make_workplace()
    second.orchestrator.recover()
    assert second.orchestrator.queue_again() == 0
    state = second.orchestrator.state(session_id)
    assert state.status is SessionStatus.FAILED
    assert_said(state.error, "engine.unavailable")


def waiting_job(page: Workplace, clip: Path, mask: Path) -> str:
    """Queue a job on a page whose jobs are paused, and return its session id."""
    session_id = page.session_with_target(clip, mask)
    page.orchestrator.queue_again()
    page.jobs.pause(is_paused=True)
    page.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    return session_id


def test_a_second_page_leaves_the_waiting_jobs_of_one_that_lives_alone(
    make_workplace, clip: Path, mask: Path
) -> None:
    """A start whose port was taken marked the waiting jobs of the page that has the port as interrupted."""
    living = make_workplace()
    session_id = waiting_job(living, clip, mask)
    second = make_workplace()
    assert second.orchestrator.recover() == 0
    assert second.orchestrator.queue_again() == 0
    assert second.orchestrator.state(session_id).status is SessionStatus.QUEUED
    living.jobs.pause(is_paused=False)
    assert living.jobs.wait(session_id, 60) is JobState.DONE
    living.orchestrator.close()
    assert second.orchestrator.queue_again() == 0
    assert second.orchestrator.state(session_id).status is SessionStatus.DONE


def test_jobs_left_by_a_page_that_ends_after_our_start_are_queued_when_asked_again(
    make_workplace, clip: Path, mask: Path
) -> None:
    """They stayed waiting for nobody, and their sessions could not be deleted, until the next start."""
    before = make_workplace()
    session_id = waiting_job(before, clip, mask)
    after = make_workplace()
    assert after.orchestrator.queue_again() == 0
    before.orchestrator.close()
    assert after.orchestrator.queue_again() == 1
    assert after.jobs.wait(session_id, 60) is JobState.DONE
    # Who waits at a third page meanwhile is not taken from it.
    after.store.open(session_id).update(status=SessionStatus.QUEUED)
    assert after.orchestrator.queue_again() == 0
    after.store.open(session_id).update(status=SessionStatus.DONE)


def test_jobs_left_by_a_page_that_came_second_are_queued_by_the_one_that_lives(
    make_workplace, clip: Path, mask: Path
) -> None:
    """They waited for nobody until the first page started again."""
    first, second, third = make_workplace(), make_workplace(), make_workplace()
    first.settings.workspace_dir.mkdir()
    assert first.orchestrator.queue_again() == 0
    session_id, other_id = waiting_job(second, clip, mask), waiting_job(third, clip, mask)
    assert first.orchestrator.queue_again() == 0
    second.orchestrator.close()
    assert first.orchestrator.queue_again() == 1
    assert first.jobs.wait(session_id, 60) is JobState.DONE
    assert first.orchestrator.state(other_id).status is SessionStatus.QUEUED
    third.jobs.pause(is_paused=False)
    assert third.jobs.wait(other_id, 60) is JobState.DONE


@pytest.mark.parametrize("kind", ["matte", "render"])
def test_what_waits_at_a_page_that_lives_is_neither_asked_for_nor_deleted_at_another(
    make_workplace, clip: Path, mask: Path, kind: str
) -> None:
    """Both pages made it, one after the other; a deleted one failed as of no session when its turn came."""
    first, second = make_workplace(), make_workplace()
    session_id = first.session_with_target(clip, mask)
    request, rendering = MatteRequest(engine="builtin"), RenderRequest(outputs=("webm",))
    if kind == "render":
        first.matte(session_id)
    first.jobs.pause(is_paused=True)
    if kind == "matte":
        first.orchestrator.submit(session_id, request)
    else:
        first.orchestrator.rerender(session_id, rendering)
    waiting = first.orchestrator.state(session_id)
    with pytest.raises(SessionError) as refused:
        second.orchestrator.submit(session_id, request)
    assert_said(refused.value.message, "job.already_running")
    if kind == "render":
        with pytest.raises(SessionError) as refused:
            second.orchestrator.rerender(session_id, rendering)
        assert refused.value.code == "job.already_running"
    for page in (first, second):
        assert not page.orchestrator.delete(session_id)
    assert first.orchestrator.state(session_id) == waiting
    first.jobs.pause(is_paused=False)
    assert first.jobs.wait(session_id, 60) is JobState.DONE
    second.orchestrator.submit(session_id, request)
    assert second.jobs.wait(session_id, 60) is JobState.DONE
    assert first.orchestrator.delete(session_id)


def test_a_page_that_starts_leaves_what_another_one_writes(
    make_workplace, clip: Path, mask: Path
) -> None:
    """It removed the playback clip and the ZIP that the other one was making."""
    first, second = make_workplace(), make_workplace()
    folder = first.folder(first.session_with_target(clip, mask))
    beside = [folder / name for name in ("playback.partial.mp4", "foreground.partial.zip")]
    of_a_job = folder / "spool.partial"
    first.orchestrator.recover()
    for path in (*beside, of_a_job):
        path.touch()
    second.orchestrator.recover()
    assert sorted(partials(folder)) == sorted(beside)
    first.orchestrator.close()
    second.orchestrator.close()
    make_workplace().orchestrator.recover()
    assert partials(folder) == []


def test_a_killed_pages_waiting_jobs_are_queued_and_nothing_of_it_stays(
    make_workplace, clip: Path, mask: Path
) -> None:
    living = make_workplace()
    session_id = living.session_with_target(clip, mask)
    assert living.orchestrator.queue_again() == 0
    workspace = living.settings.workspace_dir
    script = (
        "import os, sys; from pathlib import Path; from pipeline.session.page_mark import PageMark; "
        "print(PageMark(Path(sys.argv[1])).name, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(workspace)]
    killed = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert killed.stdout is not None
        name = killed.stdout.readline().strip()
        living.store.open(session_id).update(
            status=SessionStatus.QUEUED, request=MatteRequest(engine="builtin"), page=name
        )
        assert living.orchestrator.queue_again() == 0
    finally:
        killed.kill()
        killed.communicate()
    assert living.orchestrator.queue_again() == 1
    assert living.jobs.wait(session_id, 60) is JobState.DONE
    living.orchestrator.close()
    assert not list(workspace.glob(".page-*"))


def test_files_that_were_to_be_rendered_when_the_page_stopped_are_made_after_its_next_start(
    make_workplace, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that waited, and the one in the making, were gone without a word."""
    first = make_workplace()
    ids = [first.session_with_target(clip, mask) for _ in range(3)]
    for session_id in ids:
        first.matte(session_id, outputs=("alpha",))
    running = threading.Event()

    def slow(*arguments: Any, **options: Any) -> object:
        running.set()
        while True:
            time.sleep(0.01)
            arguments[6].check_cancelled()

    monkeypatch.setattr(first.orchestrator._clips._video, "render", slow)
    for session_id in ids:
        first.orchestrator.rerender(session_id, RenderRequest(outputs=("webm",)))
    assert running.wait(20)
    first.orchestrator.cancel(ids[2])
    assert first.orchestrator.close()

    second = make_workplace()
    assert second.orchestrator.recover() == 0
    assert second.orchestrator.queue_again() == 2
    for session_id in ids[:2]:
        assert second.jobs.wait(session_id, 60) is JobState.DONE
    for session_id, wanted in zip(ids, ({"alpha", "webm"},) * 2 + ({"alpha"},), strict=True):
        state = second.orchestrator.state(session_id)
        assert {output.kind for output in state.outputs} == wanted
        assert state.render is None
    second.orchestrator.close()
    assert make_workplace().orchestrator.queue_again() == 0


def test_rendering_that_was_killed_is_begun_once_more_and_not_without_end(
    make_workplace, clip: Path, mask: Path
) -> None:
    first = make_workplace()
    session_id = first.session_with_target(clip, mask)
    first.matte(session_id, outputs=("alpha",))
    request = RenderRequest(outputs=("webm",))
    killed = WaitingRender(request=request, starts=MOST_STARTS)
    first.store.open(session_id).update(render=killed, page="killed")
    assert first.orchestrator.queue_again() == 0
    assert first.orchestrator.state(session_id).render is None
    once = killed.model_copy(update={"starts": MOST_STARTS - 1})
    first.store.open(session_id).update(render=once, page="killed")
    first.jobs.pause(is_paused=True)
    assert first.orchestrator.queue_again() == 1
    assert first.orchestrator.state(session_id).render == once
    first.jobs.pause(is_paused=False)
    assert first.jobs.wait(session_id, 60) is JobState.DONE
    assert first.orchestrator.state(session_id).render is None


def test_a_job_that_waits_while_we_stop_is_left_to_the_next_start(
    make_workplace, clip: Path, mask: Path
) -> None:
    first = make_workplace()
    session_id = first.session_with_target(clip, mask)
    request = MatteRequest(engine="builtin")
    first.store.open(session_id).update(status=SessionStatus.QUEUED, request=request)

    def stopping(session_id: str, request: RenderRequest) -> object:
        raise SessionError("job.stopping")

    queue = Queue(stopping, stopping, frozenset, lambda: 0)
    assert queue_again(first.store, queue, PageMark(first.settings.workspace_dir)) == 0
    assert first.orchestrator.state(session_id).status is SessionStatus.QUEUED


def test_clicks_are_refused_while_a_job_is_given_time_to_end(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    started, refusals = threading.Event(), list[str]()
    session_id = workplace.session_with_target(clip, mask)
    click = Prompt(points=(Point(30, 30),))

    def click_when_cancelled(frames, guide, start, context):
        for item in true_alphas(frames, guide, start, context):
            try:
                while item.index == 2:
                    started.set()
                    time.sleep(0.01)
                    context.check_cancelled()
            except Cancelled:
                with pytest.raises(EngineUnavailable) as refused:
                    workplace.orchestrator.segment(session_id, 1, click)
                refusals.append(refused.value.code)
                raise
            yield item

    workplace.engine.does = click_when_cancelled
    workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert started.wait(20)
    workplace.orchestrator.close()
    wait_until(lambda: refusals, 60)
    assert refusals == ["engine.closing"]
    assert workplace.orchestrator.state(session_id).status is SessionStatus.INTERRUPTED


def test_an_interrupted_session_runs_again_as_it_was_asked_for(
    make_workplace, tmp_path: Path, clip: Path, mask: Path
) -> None:
    first = make_workplace()
    session_id = first.session_with_target(clip, mask)
    request = MatteRequest(engine="builtin", outputs=("alpha", "webm"), last=4)
    first.store.open(session_id).update(status=SessionStatus.RUNNING, request=request)
    second = make_workplace()
    assert second.orchestrator.recover() == 1
    state = second.orchestrator.state(session_id)
    assert state.status is SessionStatus.INTERRUPTED
    assert state.request == request
    second.orchestrator.submit(session_id, state.request)
    assert second.jobs.wait(session_id, 60) is JobState.DONE
    state = second.orchestrator.state(session_id)
    assert {output.kind for output in state.outputs} == {"alpha", "webm"}
    assert state.frames_done == 5


def test_an_engine_that_does_not_stop_is_left_behind_with_its_session_interrupted(
    make_workplace, clip: Path, mask: Path
) -> None:
    workplace = make_workplace(stop_grace_s=0.5)
    release, started = threading.Event(), threading.Event()
    session_id = workplace.session_with_target(clip, mask)
    outputs = workplace.matte(session_id).outputs

    def deaf(frames, guide, start, context):
        started.set()
        release.wait(30)
        yield from true_alphas(frames, guide, start, context)

    workplace.engine.does = deaf
    again = MatteRequest(engine="builtin", every_frame=True)
    workplace.orchestrator.submit(session_id, again)
    assert started.wait(20)
    try:
        assert not workplace.orchestrator.close()
        state = workplace.orchestrator.state(session_id)
        assert state.status is SessionStatus.INTERRUPTED
        assert state.outputs == outputs, "the result before is the current one again"
    finally:
        release.set()
        workplace.jobs.wait(session_id, 20)
    wait_until(lambda: not workplace.store.open(session_id).is_running)
    state = workplace.orchestrator.state(session_id)
    assert (state.status, state.outputs) == (SessionStatus.INTERRUPTED, outputs)


def test_a_job_that_loads_its_model_is_not_waited_for_and_was_interrupted(
    make_workplace, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the whole grace, and was told as failed where the model was loaded just before the end."""
    monkeypatch.setattr("pipeline.jobs.queue.BEGIN_WAIT_S", 0.1)
    workplace = make_workplace(stop_grace_s=8.0)
    loaded, started = threading.Event(), threading.Event()

    def loads(frames, guide, start, context):
        started.set()
        loaded.wait(5)
        loaded.set()
        raise EngineUnavailable("engine.closing")
        yield

    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.does = loads
    workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert started.wait(20)
    assert not workplace.orchestrator.close()
    assert not loaded.is_set()
    assert workplace.orchestrator.state(session_id).status is SessionStatus.INTERRUPTED
    loaded.set()
    wait_until(lambda: not workplace.store.open(session_id).is_running)
    state = workplace.orchestrator.state(session_id)
    assert (state.status, state.error) == (SessionStatus.INTERRUPTED, None)


def test_what_an_engine_kept_for_going_on_survives_an_interruption_and_goes_when_it_is_done(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    found: list[list[str]] = []

    def keeps_work(frames, guide, start, context):
        context.cache_dir.mkdir(exist_ok=True)
        found.append(sorted(path.name for path in context.cache_dir.iterdir()))
        for item in true_alphas(frames, guide, start, context):
            (context.cache_dir / f"window-{item.index}").write_bytes(b"x")
            if item.index == 3 and len(found) == 1:
                context.cancel.set()
            yield item

    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.does = keeps_work
    assert workplace.matte(session_id).status is SessionStatus.CANCELLED
    assert workplace.matte(session_id).status is SessionStatus.DONE
    assert found == [[], [f"window-{index}" for index in range(4)]]
    assert not workplace.store.open(session_id).cache_dir.exists()
