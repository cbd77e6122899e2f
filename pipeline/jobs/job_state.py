"""What a matting job writes into its session's state: at its start, at a good end, and at a failure."""

from __future__ import annotations

import logging
import resource
import shutil
import time
from collections.abc import Sequence

from pipeline.jobs.target_mattes import MattingRun
from pipeline.session.frame_values import write_frame_values
from pipeline.session.output_records import TARGETS_DIR, remove_output
from pipeline.session.parts import parts_dir
from pipeline.session.request import MatteRequest
from pipeline.session.result_versions import FormerResult
from pipeline.session.session import Session
from pipeline.session.state import (
    OutputRecord,
    ResultPlan,
    SessionState,
    SessionStatus,
    StepSeconds,
)
from pipeline.storage.disk import MEGABYTE
from pipeline.storage.files import remove_all_but
from utils.errors import Cancelled, SplazmatteError
from utils.options import resolve_options
from utils.types import Message

logger = logging.getLogger(__name__)


def begin(session: Session, request: MatteRequest, engine_name: str) -> None:
    """Record that the job runs; the last result's files, notes and count of frames stay until it has its own."""

    def running(state: SessionState) -> SessionState:
        return state.model_copy(
            update={
                "status": SessionStatus.RUNNING,
                "request": request,
                "engine_used": engine_name,
                "previous_outputs": state.result_outputs,
                "outputs": (),
                "error": None,
                "job": "",
            }
        )

    session.transform(running)
    session.reserve_state_space()


def finish(
    run: MattingRun,
    records: Sequence[OutputRecord],
    started_s: float,
    plan: ResultPlan,
    former: FormerResult,
) -> SessionState:
    """Record the result, and remove what the job and the result before it leave; return the state.

    Args:
        started_s: when the job began, by `time.perf_counter`.
    """
    session = run.session
    session.release_state_space()
    write_frame_values(session.folder, run.confidence, run.measures, run.disagreement)
    remove_all_but(session.cache_dir, session.kept_cache_dir.name)
    shutil.rmtree(parts_dir(session.folder), ignore_errors=True)
    before = session.state
    seconds = _step_seconds(run, started_s)
    _log(run, seconds)
    done = session.update(
        status=SessionStatus.DONE,
        result_request=run.request,
        result_plan=plan,
        result_number=former.give_way(run.request, plan),
        result_at_s=time.time(),
        outputs=tuple(records),
        previous_outputs=(),
        options_used=resolve_options(run.engine.option_specs(), run.request.options),
        run_details=run.context.details,
        warnings=_unique(run.notices),
        seconds=seconds,
        frames_done=len(run.frames),
    )
    kept = {record.file for record in records}
    for record in before.previous_outputs:
        if record.file not in kept:
            remove_output(session.folder, record)
    if len(plan.guides) == 1:
        shutil.rmtree(session.folder / TARGETS_DIR, ignore_errors=True)
    return done


def _step_seconds(run: MattingRun, started_s: float) -> StepSeconds:
    return StepSeconds(
        segment=sum(keyframe.seconds for keyframe in run.session.state.all_keyframes),
        track=run.seconds.get("track", 0.0),
        matte=run.seconds.get("matte", 0.0),
        encode=run.seconds.get("encode", 0.0),
        total=time.perf_counter() - started_s + run.seconds.get("total", 0.0),
    )


def _log(run: MattingRun, seconds: StepSeconds) -> None:
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    logger.info(
        "session %s: %s made %d frames in %.1f s (track %.1f, matte %.1f, encode %.1f), peak %d MB",
        run.session.id[:6],
        run.engine.name,
        len(run.frames),
        seconds.total,
        seconds.track,
        seconds.matte,
        seconds.encode,
        peak_bytes // MEGABYTE,
    )


def settle_failure(session: Session, error: BaseException, *, is_stopping: bool) -> None:
    """Remove what is unfinished and record in the state how it ended; never hides the error itself.

    Args:
        is_stopping: a cancelled job was interrupted, since the process stops.
    """
    try:
        session.sweep_partials()
        _record_failure(session, error, is_stopping=is_stopping)
    except (OSError, SplazmatteError) as second:
        # The start-up scan settles it: the lock goes with this job.
        logger.warning("session %s keeps an old state: %s", session.id[:6], second)


def interrupted(state: SessionState) -> SessionState:
    """Return the state of a session whose job did not stop in time; the result before it is the current one again."""
    return _with_former_result(state, SessionStatus.INTERRUPTED, None)


def _with_former_result(
    state: SessionState, status: SessionStatus, error: Message | None
) -> SessionState:
    return state.model_copy(
        update={
            "status": status,
            "error": error,
            "outputs": state.result_outputs,
            "previous_outputs": (),
        }
    )


def _record_failure(session: Session, error: BaseException, *, is_stopping: bool) -> None:
    message: Message | None = None
    is_closing = isinstance(error, SplazmatteError) and error.code == "engine.closing"
    if isinstance(error, Cancelled) or (is_stopping and is_closing):
        status = SessionStatus.INTERRUPTED if is_stopping else SessionStatus.CANCELLED
    elif isinstance(error, SplazmatteError):
        status, message = SessionStatus.FAILED, error.message
        logger.warning("session %s: %s (%s)", session.id[:6], error, error.detail)
    elif isinstance(error, Exception):
        status, message = SessionStatus.FAILED, Message("job.internal_error")
    else:
        status = SessionStatus.INTERRUPTED
    session.transform(lambda state: _with_former_result(state, status, message))


def _unique(messages: Sequence[Message]) -> tuple[Message, ...]:
    unique: list[Message] = []
    for message in messages:
        if message not in unique:
            unique.append(message)
    return tuple(unique)
