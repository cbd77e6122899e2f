"""The multi-user row: same names, a cleaner at work, closed tabs, a full queue, a clock set back."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engines.base import MattedFrame
from pipeline.jobs.queue import JobState
from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from tests.faults.workplace import FRAMES, Workplace, assert_nothing_left, assert_said, true_alphas
from utils.errors import SessionError
from utils.types import Box, Prompt


class Gate:
    """An engine's matting that stops in the middle until it is let on."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, frames, guide, start, context):
        for item in true_alphas(frames, guide, start, context):
            if item.index == 3:
                self.reached.set()
                while not self.open.wait(0.01):
                    context.check_cancelled()
            yield item


@pytest.fixture
def gate(workplace: Workplace) -> Gate:
    made = Gate()
    workplace.engine.does = made
    return made


def make_old(session: Session, hours: float = 1000.0) -> None:
    state = json.loads((session.folder / "session.json").read_text())
    state["updated_at_s"] = time.time() - hours * 3600
    (session.folder / "session.json").write_text(json.dumps(state))


def test_two_users_with_the_same_file_name_get_sessions_of_their_own(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    ids: list[str] = []

    def upload() -> None:
        ids.append(workplace.session_with_target(clip, mask, "final.mp4"))

    threads = [threading.Thread(target=upload) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = ids
    assert first != second
    assert len(first) >= 22
    workplace.orchestrator.segment(first, 2, Prompt(box=Box(10, 10, 60, 50)))
    assert 2 not in workplace.orchestrator.state(second).keyframes
    assert workplace.matte(first).status is SessionStatus.DONE
    assert workplace.orchestrator.state(second).status is SessionStatus.READY
    assert not (workplace.folder(second) / "alpha.mp4").exists()


def test_a_cleaner_takes_nothing_that_runs_or_waits(
    workplace: Workplace, gate: Gate, clip: Path, mask: Path
) -> None:
    running, waiting, idle = (workplace.session_with_target(clip, mask) for _ in range(3))
    for session_id in (running, waiting):
        workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert gate.reached.wait(20)
    for session in workplace.store:
        make_old(session)
    would_go = [row.id for row in workplace.orchestrator.clean_sessions(dry_run=True)]
    assert would_go == [idle]
    # Another process, `app.py sessions --clean`, knows nothing of this one's queue.
    other = SessionStore(workplace.settings.workspace_dir)
    from pipeline.session.retention import RetentionRules, clean

    assert [item.session.id for item in clean(other, RetentionRules(1.0, 100))] == [idle]
    gate.open.set()
    for session_id in (running, waiting):
        assert workplace.jobs.wait(session_id, 30) is JobState.DONE
        assert workplace.orchestrator.state(session_id).status is SessionStatus.DONE
    with pytest.raises(SessionError) as caught:
        workplace.orchestrator.state(idle)
    assert_said(caught.value.message, "job.session_removed")


def test_lists_and_cleaners_at_full_speed_never_make_a_job_fail(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            workplace.orchestrator.list_sessions()
            workplace.orchestrator.clean_sessions()

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        session_id = workplace.session_with_target(clip, mask)
        for _ in range(6):
            state = workplace.matte(session_id, outputs=("alpha",), last=1)
            assert state.status is SessionStatus.DONE, state.error
    finally:
        done.set()
        for watcher in watchers:
            watcher.join()


def test_sessions_that_vanish_while_they_are_listed_are_no_fault(
    workplace: Workplace, clip: Path
) -> None:
    done = threading.Event()
    problems: list[BaseException] = []

    def look() -> None:
        while not done.is_set():
            try:
                workplace.orchestrator.list_sessions()
            except BaseException as error:
                problems.append(error)
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(60):
            session = workplace.store.create("x")
            assert workplace.store.remove(session)
            assert not workplace.store.remove(session)
    finally:
        done.set()
        watcher.join()
    assert problems == []
    assert not list(workplace.store.root.glob(".*"))


def test_a_job_goes_on_when_nobody_looks_and_the_link_finds_it(
    workplace: Workplace, gate: Gate, clip: Path, mask: Path
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert gate.reached.wait(20)
    view = workplace.orchestrator.status(session_id)
    assert view.job is not None
    assert view.job.state is JobState.RUNNING
    gate.open.set()
    assert workplace.jobs.wait(session_id, 30) is JobState.DONE
    assert {item.kind for item in workplace.orchestrator.outputs(session_id)} == {
        "alpha", "foreground", "preview",
    }  # fmt: skip


def test_a_full_queue_says_so_and_those_in_it_know_their_place(
    make_workplace, clip: Path, mask: Path
) -> None:
    workplace = make_workplace(queue_limit=2)
    workplace.engine.does = gate = Gate()
    ids = [workplace.session_with_target(clip, mask) for _ in range(4)]
    for session_id in ids[:3]:
        workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
        if session_id == ids[0]:
            assert gate.reached.wait(20)
    with pytest.raises(SessionError) as caught:
        workplace.orchestrator.submit(ids[3], MatteRequest(engine="builtin"))
    assert_said(caught.value.message, "job.queue_full")
    assert workplace.orchestrator.state(ids[3]).status is SessionStatus.READY
    places = [workplace.orchestrator.status(session_id).job.in_front for session_id in ids[:3]]
    assert places == [0, 1, 2]
    with pytest.raises(SessionError) as caught:
        workplace.orchestrator.submit(ids[1], MatteRequest(engine="builtin"))
    assert_said(caught.value.message, "job.already_running")
    assert workplace.orchestrator.cancel(ids[1])
    assert workplace.orchestrator.state(ids[1]).status is SessionStatus.CANCELLED
    assert not workplace.orchestrator.cancel(ids[3])
    gate.open.set()
    assert workplace.jobs.wait(ids[2], 30) is JobState.DONE


def test_one_users_cancel_stops_only_that_users_job(
    workplace: Workplace, gate: Gate, clip: Path, mask: Path
) -> None:
    first, second = (workplace.session_with_target(clip, mask) for _ in range(2))
    for session_id in (first, second):
        workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert gate.reached.wait(20)
    assert workplace.orchestrator.cancel(first)
    assert workplace.jobs.wait(first, 20) is JobState.CANCELLED
    gate.open.set()
    assert workplace.jobs.wait(second, 30) is JobState.DONE
    assert_nothing_left(workplace.folder(first))


def test_a_click_is_noted_and_a_job_makes_way_at_each_frame(
    workplace: Workplace, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicks, noted = workplace.jobs.clicks, list[str]()
    answering = clicks.answering
    monkeypatch.setattr(workplace.jobs, "_gives_way", True)
    monkeypatch.setattr(clicks, "answering", lambda: noted.append("click") or answering())
    monkeypatch.setattr(clicks, "make_way", lambda cancel: noted.append("job"))
    session_id = workplace.session_with_target(clip, mask)
    workplace.orchestrator.segment(session_id, 1, Prompt(box=Box(10, 10, 60, 50)))
    assert noted == ["click"]
    frames = workplace.orchestrator.state(session_id).clip.frame_count
    assert workplace.matte(session_id).status is SessionStatus.DONE
    assert noted.count("job") >= frames


def test_clicks_of_two_tabs_on_one_frame_leave_a_whole_selection(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    problems: list[BaseException] = []

    def click(box: Box) -> None:
        try:
            for _ in range(5):
                workplace.orchestrator.segment(session_id, 1, Prompt(box=box))
                workplace.orchestrator.frame_jpeg(session_id, 1)
                workplace.orchestrator.remove_keyframe(session_id, 1)
                workplace.orchestrator.segment(session_id, 1, Prompt(box=box))
        except BaseException as error:
            problems.append(error)

    threads = [
        threading.Thread(target=click, args=(box,))
        for box in (Box(10, 10, 60, 50), Box(5, 5, 50, 60))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    state = workplace.orchestrator.state(session_id)
    session = workplace.store.open(session_id)
    for frame, keyframe in state.keyframes.items():
        for instance in keyframe.instances:
            assert read_mask(session.instance_path(frame, instance.id)).sum() == instance.area_px
    assert_nothing_left(session.folder)


def test_a_clock_set_back_loses_nothing(
    workplace: Workplace, clip: Path, mask: Path, monkeypatch
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 400 * 24 * 3600)
    assert workplace.matte(session_id).status is SessionStatus.DONE
    assert workplace.orchestrator.clean_sessions() == []
    monkeypatch.setattr(time, "time", real)
    assert workplace.orchestrator.state(session_id).status is SessionStatus.DONE


def test_rendering_again_and_an_export_leave_other_peoples_files_alone(
    workplace: Workplace, clip: Path, mask: Path, tmp_path: Path
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    assert workplace.matte(session_id, outputs=("png", "alpha")).status is SessionStatus.DONE
    out = tmp_path / "out"
    (out / "foreground").mkdir(parents=True)
    (out / "foreground" / "notes.txt").write_text("mine")
    (out / "foreground" / "000999.png").write_bytes(b"old frame of ours")
    workplace.orchestrator.export(session_id, out)
    assert (out / "foreground" / "notes.txt").read_text() == "mine"
    assert not (out / "foreground" / "000999.png").exists()
    assert len(list((out / "foreground").glob("*.png"))) == len(list((out / "alpha").iterdir()))
    before = (out / "alpha.mp4").read_bytes()
    workplace.orchestrator.rerender(session_id, RenderRequest(outputs=("alpha",)))
    assert workplace.jobs.wait(session_id, 30) is JobState.DONE
    # The exported file shares its bytes with the session's, and a new render makes a new file.
    assert (out / "alpha.mp4").read_bytes() == before
    kept = workplace.folder(session_id) / "alpha.mp4"
    assert (out / "alpha.mp4").stat().st_ino != kept.stat().st_ino


def test_memory_of_a_job_is_not_shared_with_the_next(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    def first_half_white(frames, guide, start, context):
        for index in range(len(frames)):
            context.report("matte", index + 1, len(frames))
            yield MattedFrame(index, np.ones_like(guide[start], np.float32))

    first, second = (workplace.session_with_target(clip, mask) for _ in range(2))
    workplace.engine.does = first_half_white
    workplace.matte(first, outputs=("alpha",))
    workplace.engine.does = true_alphas
    workplace.matte(second, outputs=("alpha",))
    edges = MatteRequest().edges
    one = workplace.orchestrator.alpha_still(first, 2, edges)
    two = workplace.orchestrator.alpha_still(second, 2, edges)
    assert one.min() == 255
    assert two.min() == 0


def test_a_job_is_refused_while_a_command_works_on_the_session(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    """It was marked as waiting, failed when its turn came, and the session could not be deleted from then on."""
    session_id = workplace.session_with_target(clip, mask)
    workplace.matte(session_id)
    lock = workplace.store.open(session_id).try_job_lock()
    assert lock is not None
    try:
        for ask in (
            lambda: workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin")),
            lambda: workplace.orchestrator.rerender(session_id, RenderRequest(outputs=("webm",))),
        ):
            with pytest.raises(SessionError) as refused:
                ask()
            assert_said(refused.value.message, "job.already_running")
        state = workplace.orchestrator.state(session_id)
        assert (state.status, state.render) == (SessionStatus.DONE, None)
    finally:
        os.close(lock)
    assert workplace.orchestrator.delete(session_id)


def test_no_version_is_taken_or_deleted_while_files_of_the_result_wait_to_be_rendered(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    """They were made of the version that was taken meanwhile, and not of the result that they were asked for."""
    session_id = workplace.session_with_target(clip, mask)
    workplace.matte(session_id, outputs=("alpha",))
    workplace.matte(session_id, outputs=("alpha",), last=FRAMES - 2)
    workplace.jobs.pause(is_paused=True)
    workplace.orchestrator.rerender(session_id, RenderRequest(outputs=("webm",)))
    for change in (workplace.orchestrator.take_version, workplace.orchestrator.delete_version):
        with pytest.raises(SessionError) as refused:
            change(session_id, 1)
        assert_said(refused.value.message, "job.already_running")
    workplace.jobs.pause(is_paused=False)
    assert workplace.jobs.wait(session_id, 60) is JobState.DONE
    assert workplace.orchestrator.state(session_id).result_number == 2
    assert workplace.orchestrator.take_version(session_id, 1).result_number == 1
