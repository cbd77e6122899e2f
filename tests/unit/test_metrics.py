"""What a monitor reads: the exposition format, and the counts of jobs."""

from __future__ import annotations

import threading

from engines.base import RunContext
from pipeline.jobs.queue import JobRunner, JobState
from pipeline.metrics import Metric, exposition


def test_metrics_are_text_as_prometheus_reads_it() -> None:
    samples = (('state="running"', 1.0), ('state="queued"', 2.0))
    text = exposition(
        [
            Metric("disk_free_bytes", "Free bytes.", 123456789012),
            Metric("jobs", "Jobs.", samples=samples),
            Metric("ended_total", "Ended.", samples=(('state="done"', 7.0),), kind="counter"),
        ]
    )
    assert text.splitlines() == [
        "# HELP splazmatte_disk_free_bytes Free bytes.",
        "# TYPE splazmatte_disk_free_bytes gauge",
        "splazmatte_disk_free_bytes 123456789012",
        "# HELP splazmatte_jobs Jobs.",
        "# TYPE splazmatte_jobs gauge",
        'splazmatte_jobs{state="running"} 1',
        'splazmatte_jobs{state="queued"} 2',
        "# HELP splazmatte_ended_total Ended.",
        "# TYPE splazmatte_ended_total counter",
        'splazmatte_ended_total{state="done"} 7',
    ]


def test_jobs_are_counted_while_they_are_there_and_when_they_have_ended() -> None:
    runner, release = JobRunner(), threading.Event()

    def wait(context: RunContext) -> None:
        assert release.wait(30)

    def fail(context: RunContext) -> None:
        context.cancel.set()
        context.check_cancelled()

    runner.submit("one", "matte", wait, {"matte": 1})
    runner.submit("two", "matte", wait, {"matte": 1})
    runner.submit("three", "matte", fail, {"matte": 1})
    runner.submit("four", "matte", wait, {"matte": 1})
    assert runner.cancel("four")
    counts = runner.counts()
    assert counts[JobState.QUEUED] + counts[JobState.RUNNING] == 3
    assert counts[JobState.CANCELLED] == 1
    release.set()
    assert runner.wait("three", 30) is JobState.CANCELLED
    assert runner.counts() == {
        JobState.QUEUED: 0,
        JobState.RUNNING: 0,
        JobState.DONE: 2,
        JobState.CANCELLED: 2,
        JobState.FAILED: 0,
    }
    assert runner.close(30)


def test_several_jobs_of_a_lane_run_where_that_is_said() -> None:
    runner = JobRunner(may_start={"matte": lambda needs, running: running.count(needs) < 2})
    both = threading.Barrier(3)
    release = threading.Event()

    def meet(context: RunContext) -> None:
        both.wait(30)
        assert release.wait(30)

    for name in ("one", "two", "three"):
        runner.submit(name, "matte", meet, {"matte": 1}, needs="engine")
    both.wait(30)  # two run; the third would be here, too, if it ran
    third = runner.status("three")
    assert third is not None
    assert (third.state, third.in_front) == (JobState.QUEUED, 2)
    runner.cancel("three")
    release.set()
    assert runner.wait("one", 30) is JobState.DONE
    assert runner.wait("two", 30) is JobState.DONE
    assert runner.close(30)
