"""Waiting for a queued job to end."""

import threading

from pipeline.jobs.queue import JobState
from pipeline.orchestrator import Orchestrator


def finish(work: Orchestrator, session_id: str) -> None:
    """Wait for the session's job; fails where it does not end well."""
    for _ in range(2400):
        job = work.status(session_id).job
        if job is not None and job.state not in (JobState.QUEUED, JobState.RUNNING):
            assert job.state is JobState.DONE, job.error
            return
        threading.Event().wait(0.05)
    raise AssertionError("the job did not end")
