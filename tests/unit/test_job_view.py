"""A job's state as page, API and scripts get it."""

from __future__ import annotations

from dataclasses import replace

from pipeline.jobs.progress import Snapshot
from pipeline.jobs.queue import JobState, JobStatus
from ui.views import job_view
from utils.types import Message

_RUNNING = JobStatus(
    session_id="s",
    kind="matte",
    state=JobState.RUNNING,
    progress=Snapshot("matte", 3, 9, 0.123456, 2.3456, 1.26, 61.44, 40.16),
    in_front=0,
    expected_wait_s=None,
    is_cancelling=False,
    error=None,
    notices=(),
)


def test_numbers_are_rounded_for_display_and_unknown_ones_are_none():
    view = job_view(_RUNNING, "", "en")
    assert (view["done"], view["total"], view["fraction"]) == (3, 9, 0.1235)
    assert (view["fps"], view["elapsed_s"]) == (2.35, 1.3)
    assert (view["remaining_s"], view["stage_remaining_s"], view["wait_s"]) == (61.4, 40.2, None)
    unknown = replace(_RUNNING.progress, fps=None, remaining_s=None, stage_remaining_s=None)
    waiting = replace(_RUNNING, progress=unknown, in_front=2, expected_wait_s=83.27)
    view = job_view(waiting, "", "en")
    assert (view["fps"], view["remaining_s"], view["stage_remaining_s"]) == (None, None, None)
    assert (view["in_front"], view["wait_s"]) == (2, 83.3)


def test_the_stage_is_named_in_the_language_and_preparing_is_a_name_of_its_own():
    running, preparing = (
        _RUNNING,
        replace(_RUNNING, progress=replace(_RUNNING.progress, is_preparing=True)),
    )
    names = [
        job_view(one, "", spoken)["stage"]
        for one in (running, preparing)
        for spoken in ("en", "zh")
    ]
    assert len(set(names)) == 4
    unnamed = replace(_RUNNING, progress=replace(_RUNNING.progress, stage="new-stage"))
    assert job_view(unnamed, "", "en")["stage"] == "new-stage"


def test_an_error_is_told_in_the_language_and_an_ended_job_is_not_active():
    failed = replace(_RUNNING, state=JobState.FAILED, error=Message("job.already_running"))
    english, chinese = (job_view(failed, "", spoken) for spoken in ("en", "zh"))
    assert english["error"] and chinese["error"] and english["error"] != chinese["error"]
    assert not english["is_active"]
    assert job_view(_RUNNING, "", "en")["is_active"]
    assert job_view(_RUNNING, "", "en")["error"] is None
