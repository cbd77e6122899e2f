import gc
import os
import sys
import threading
import time
import weakref

import pytest

from engines.base import RunContext
from pipeline.jobs.queue import JobRunner, JobState
from utils import priority
from utils.errors import NotEnoughDisk, SessionError
from utils.priority import NICENESS


def wait_until(condition, timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


class Blocker:
    """A job that runs until it is released or cancelled."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()

    def __call__(self, context: RunContext) -> None:
        self.started.set()
        try:
            while not self.release.wait(0.005):
                context.check_cancelled()
        finally:
            self.ended.set()


@pytest.fixture
def runner():
    made = JobRunner(queue_limit=3)
    yield made
    assert made.close(5.0)


def test_jobs_run_one_at_a_time_in_order(runner: JobRunner) -> None:
    blockers = [Blocker() for _ in range(3)]
    for number, blocker in enumerate(blockers):
        runner.submit(f"s{number}", "matte", blocker, {"matte": 1})
    blockers[0].started.wait(5)
    assert not blockers[1].started.is_set()
    assert [runner.status(f"s{n}").in_front for n in range(3)] == [0, 1, 2]
    blockers[0].release.set()
    assert blockers[1].started.wait(5)
    assert not blockers[2].started.is_set()
    for blocker in blockers:
        blocker.release.set()
    assert runner.wait("s2", 5) is JobState.DONE


def test_cancel_frees_the_slot_only_when_the_job_has_stopped(runner: JobRunner) -> None:
    stubborn, next_one = threading.Event(), Blocker()
    started = threading.Event()

    def slow_to_stop(context: RunContext) -> None:
        started.set()
        context.cancel.wait(5)
        stubborn.wait(5)
        context.check_cancelled()

    runner.submit("a", "matte", slow_to_stop, {"matte": 1})
    runner.submit("b", "matte", next_one, {"matte": 1})
    assert started.wait(5)
    assert runner.cancel("a")
    assert runner.status("a").is_cancelling
    assert not next_one.started.wait(0.05)
    stubborn.set()
    assert next_one.started.wait(5)
    assert runner.status("a").state is JobState.CANCELLED
    next_one.release.set()


def test_a_waiting_job_is_dropped_at_once(runner: JobRunner) -> None:
    running, waiting, dropped = Blocker(), Blocker(), threading.Event()
    runner.submit("a", "matte", running, {"matte": 1})
    runner.submit("b", "matte", waiting, {"matte": 1}, on_dropped=dropped.set)
    assert running.started.wait(5)
    assert runner.cancel("b")
    assert dropped.is_set()
    assert runner.status("b").state is JobState.CANCELLED
    running.release.set()
    runner.wait("a", 5)
    assert not waiting.started.is_set()


def test_one_session_has_one_job_at_a_time(runner: JobRunner) -> None:
    blocker = Blocker()
    runner.submit("a", "matte", blocker, {"matte": 1})
    with pytest.raises(SessionError) as caught:
        runner.submit("a", "render", Blocker(), {"render": 1})
    assert caught.value.code == "job.already_running"
    blocker.release.set()


def test_a_full_queue_refuses_with_its_limit(runner: JobRunner) -> None:
    blocker = Blocker()
    runner.submit("running", "matte", blocker, {"matte": 1})
    assert blocker.started.wait(5)
    for number in range(3):
        runner.submit(f"waiting{number}", "matte", Blocker(), {"matte": 1})
    with pytest.raises(SessionError) as caught:
        runner.submit("late", "matte", Blocker(), {"matte": 1})
    assert "3" in caught.value.user_message
    for number in range(3):
        runner.cancel(f"waiting{number}")
    blocker.release.set()


def test_a_render_does_not_wait_for_matting(runner: JobRunner) -> None:
    matting, rendering = Blocker(), Blocker()
    runner.submit("a", "matte", matting, {"matte": 1})
    runner.submit("b", "render", rendering, {"render": 1})
    assert rendering.started.wait(5)
    rendering.release.set()
    matting.release.set()


def test_a_typed_error_reaches_the_status(runner: JobRunner) -> None:
    def fail(context: RunContext) -> None:
        raise NotEnoughDisk("job.disk_during", free_mb=1)

    runner.submit("a", "matte", fail, {"matte": 1})
    assert runner.wait("a", 5) is JobState.FAILED
    assert runner.status("a").error.code == "job.disk_during"


@pytest.mark.expects_error_log
def test_an_unexpected_error_is_logged_and_shown_without_its_text(runner: JobRunner) -> None:
    def fail(context: RunContext) -> None:
        raise ValueError("secret path /x/y")

    runner.submit("a", "matte", fail, {"matte": 1})
    assert runner.wait("a", 5) is JobState.FAILED
    assert runner.status("a").error.code == "job.internal_error"
    after = Blocker()
    after.release.set()
    runner.submit("b", "matte", after, {"matte": 1})
    assert runner.wait("b", 5) is JobState.DONE


def test_close_stops_the_running_job_and_refuses_new_ones() -> None:
    runner, blocker = JobRunner(), Blocker()
    runner.submit("a", "matte", blocker, {"matte": 1})
    assert blocker.started.wait(5)
    assert runner.close(5.0)
    assert blocker.ended.is_set()
    with pytest.raises(SessionError):
        runner.submit("b", "matte", Blocker(), {"matte": 1})


def test_waiting_time_adds_up_what_is_in_front(runner: JobRunner) -> None:
    quick = threading.Event()

    def steady(context: RunContext) -> None:
        for done in range(1, 6):
            time.sleep(0.21)
            context.report("matte", done, 5)
        quick.set()

    runner.submit("warm", "matte", steady, {"matte": 5})
    assert runner.wait("warm", 10) is JobState.DONE
    first, second = Blocker(), Blocker()
    runner.submit("a", "matte", first, {"matte": 5})
    runner.submit("b", "matte", second, {"matte": 5})
    assert first.started.wait(5)
    status = runner.status("b")
    assert status.in_front == 1
    assert status.expected_wait_s is not None
    assert 0.1 < status.expected_wait_s < 5.0
    first.release.set()
    second.release.set()


def submit_all(runner: JobRunner, jobs: list[tuple[str, str]]) -> dict[str, Blocker]:
    """Queue jobs of (session, client), each of ten units; the first one runs."""
    blockers = {session: Blocker() for session, _ in jobs}
    for session, client in jobs:
        runner.submit(session, "matte", blockers[session], {"matte": 10}, client=client)
        assert blockers[jobs[0][0]].started.wait(5)
    return blockers


def test_clients_take_turns_however_many_jobs_one_of_them_has() -> None:
    runner = JobRunner(client_limit=10)
    batch = [(f"a{number}", "ann") for number in range(6)]
    waiting = submit_all(runner, [*batch, ("b0", "bo"), ("b1", "bo"), ("c0", "cy")])
    places = {job: runner.status(job).in_front for job in ("a1", "a2", "b0", "b1", "c0", "a5")}
    assert places == {"b0": 1, "c0": 2, "a1": 3, "b1": 4, "a2": 5, "a5": 8}
    order = []
    while waiting:
        time.sleep(0.01)
        running = [job for job in waiting if runner.status(job).state is JobState.RUNNING]
        for job in running:
            order.append(job)
            waiting.pop(job).release.set()
            assert runner.wait(job, 5) is JobState.DONE
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4", "a5"]
    assert runner.close(5.0)


def test_every_waiting_job_has_an_expected_wait_that_grows_with_its_place() -> None:
    runner = JobRunner()
    blockers = submit_all(runner, [("a0", "ann"), ("a1", "ann"), ("b0", "bo")])
    first, second = (runner.status(job).expected_wait_s for job in ("b0", "a1"))
    assert first is not None
    assert second is not None
    assert 0 < first < second
    assert runner.status("a0").expected_wait_s is None
    for blocker in blockers.values():
        blocker.release.set()
    assert runner.wait("a1", 5) is JobState.DONE
    assert runner.close(5.0)


def test_one_client_may_have_some_jobs_waiting_and_the_others_are_let_in() -> None:
    runner = JobRunner(queue_limit=5, client_limit=2)
    blockers = submit_all(runner, [("a0", "ann"), ("a1", "ann"), ("a2", "ann")])
    with pytest.raises(SessionError) as caught:
        runner.submit("a3", "matte", Blocker(), {"matte": 1}, client="ann")
    assert caught.value.code == "job.client_queue_full"
    assert "2 jobs" in caught.value.user_message
    other = Blocker()
    runner.submit("b0", "matte", other, {"matte": 1}, client="bo")
    for blocker in (*blockers.values(), other):
        blocker.release.set()
    assert runner.wait("a2", 5) is JobState.DONE
    assert runner.close(5.0)


def test_an_ended_job_holds_nothing_of_its_work(runner: JobRunner) -> None:
    class Work:
        def __call__(self, context: RunContext) -> None:
            context.report("matte", 1, 1)

    done, dropped, running = Work(), Work(), Blocker()
    references = [weakref.ref(done), weakref.ref(dropped)]
    runner.submit("a", "matte", done, {"matte": 1})
    assert runner.wait("a", 5) is JobState.DONE
    runner.submit("b", "matte", running, {"matte": 1})
    runner.submit("c", "matte", dropped, {"matte": 1})
    assert runner.cancel("c")
    del done, dropped
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert runner.status("a").state is JobState.DONE
    running.release.set()


@pytest.mark.skipif(sys.platform != "linux", reason="niceness belongs to a thread on Linux only")
def test_jobs_give_way_to_the_threads_that_answer_clicks() -> None:
    runner = JobRunner(gives_way=True)
    seen: list[int] = []
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def job(context: RunContext) -> None:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        helper = threading.Thread(
            target=lambda: seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        )
        helper.start()
        helper.join()

    runner.submit("one", "matte", job, {"matte": 1})
    assert runner.wait("one", 5) is JobState.DONE
    assert seen == [min(own + NICENESS, 19)] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
    assert runner.close(5.0)


def test_a_job_waits_while_a_click_is_answered_but_not_for_ever(monkeypatch) -> None:
    runner = JobRunner(gives_way=True)
    passed = threading.Event()

    def job(context: RunContext) -> None:
        context.check_cancelled()
        passed.set()

    monkeypatch.setattr(priority, "LONGEST_WAIT_S", 600.0)
    with runner.clicks.answering():
        runner.submit("waits", "matte", job, {"matte": 1})
        assert not passed.wait(0.2)
    assert runner.wait("waits", 60) is JobState.DONE
    with runner.clicks.answering():
        runner.submit("cancelled", "matte", job, {"matte": 1})
        wait_until(lambda: runner.status("cancelled").state is JobState.RUNNING, 60)
        runner.cancel("cancelled")
        assert runner.wait("cancelled", 60) is JobState.CANCELLED
        monkeypatch.setattr(priority, "LONGEST_WAIT_S", 0.0)
        runner.submit("goes on", "matte", job, {"matte": 1})
        assert runner.wait("goes on", 60) is JobState.DONE
    assert runner.close(60)


def test_the_log_says_how_each_job_ended(caplog: pytest.LogCaptureFixture) -> None:
    """Of a job that was cancelled, or stopped with the program, there was no line at all."""
    caplog.set_level("INFO", logger="pipeline.jobs.queue")
    runner = JobRunner()
    running, waiting = Blocker(), Blocker()
    runner.submit("running", "matte", running, {"matte": 1})
    assert running.started.wait(5)
    for name in ("gone", "left"):
        runner.submit(name, "matte", waiting, {"matte": 1})
    runner.cancel("gone")
    runner.submit("fine", "render", lambda context: None, {"render": 1})
    assert runner.wait("fine", 5) is JobState.DONE
    assert runner.close(5.0)
    lines = [record.message.split(" after ")[0] for record in caplog.records]
    assert sorted(lines) == [
        "session fine: render job done",
        "session gone: waiting matte job cancelled",
        "session left: waiting matte job left for the next start",
        "session runnin: matte job stopped with the program",
    ]
