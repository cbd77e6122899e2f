"""An engine that runs out of memory, gives rubbish or dies, through the whole pipeline."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engines.base import MattedFrame
from pipeline.jobs import target_files
from pipeline.jobs.queue import JobState
from pipeline.postprocess.review import measure
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from tests.faults.workplace import (
    FRAMES,
    SIZE,
    Workplace,
    assert_nothing_left,
    assert_said,
    true_alphas,
)
from ui.http.media import Media
from utils.errors import GpuUnhealthy, ModelFilesError, OutOfGpuMemory
from utils.types import Message


def alphas(indices, spoil=None):
    def process(frames, guide, start, context):
        for index in indices:
            alpha = guide[start].astype(np.float32)
            if spoil is not None:
                alpha = spoil(index, alpha)
            context.report("matte", index + 1, len(frames))
            yield MattedFrame(index, alpha)

    return process


def nan_at_3(index, alpha):
    if index == 3:
        alpha[10, 10] = np.nan
    return alpha


def other_size_at_2(index, alpha):
    return alpha[:-1] if index == 2 else alpha


@pytest.mark.parametrize(
    ("process", "code"),
    [
        (alphas(range(FRAMES), nan_at_3), "engine.bad_alpha"),
        (alphas(range(FRAMES), other_size_at_2), "engine.bad_alpha"),
        (alphas(range(FRAMES - 1)), "job.frames_missing"),
        (alphas([*range(FRAMES), FRAMES]), "engine.bad_alpha"),
        (alphas([0, 1, 1, *range(2, FRAMES)]), "engine.bad_alpha"),
        (alphas([]), "job.frames_missing"),
    ],
    ids=["nan", "size", "one-short", "one-too-many", "twice", "none"],
)
def test_rubbish_from_an_engine_is_never_written(
    workplace: Workplace, clip: Path, mask: Path, process, code
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.does = process
    state = workplace.matte(session_id, outputs=("alpha", "png"))
    assert state.status is SessionStatus.FAILED
    assert_said(state.error, code)
    assert state.outputs == ()
    folder = workplace.folder(session_id)
    assert not (folder / "alpha.mp4").exists()
    assert not (folder / "alpha_master.nut").exists()
    assert (folder / state.source).is_file()
    assert_nothing_left(folder)


def test_the_engine_goes_on_while_what_it_gave_is_rendered(
    workplace: Workplace, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = [threading.Event() for _ in range(FRAMES)]

    def stepwise(frames, guide, start, context):
        for item in true_alphas(frames, guide, start, context):
            begun[item.index].set()
            yield item

    seen: list[bool] = []

    def measured(alpha):
        if not seen:
            seen.append(begun[2].wait(20))
        return measure(alpha)

    monkeypatch.setattr(target_files, "measure", measured)
    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.does = stepwise
    assert workplace.matte(session_id).status is SessionStatus.DONE
    assert seen == [True]


def test_a_failed_second_job_leaves_the_first_result_whole(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    good = workplace.matte(session_id, outputs=("alpha",), last=4)
    assert good.status is SessionStatus.DONE
    folder = workplace.folder(session_id)
    before = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".mp4", ".nut")
    }
    workplace.engine.does = alphas(range(2))
    state = workplace.matte(session_id, outputs=("alpha", "foreground"), first=0)
    assert state.status is SessionStatus.FAILED
    assert state.outputs == good.outputs
    assert (state.frames_done, state.warnings) == (good.frames_done, good.warnings) != (0, ())
    assert {name: (folder / name).read_bytes() for name in before} == before
    # The kept alpha still goes by the request that made it: frame 4 is there, frame 5 is not.
    edges = good.request.edges
    assert workplace.orchestrator.alpha_still(session_id, 4, edges).shape == (SIZE[1], SIZE[0], 3)
    workplace.engine.does = true_alphas
    assert workplace.matte(session_id, outputs=("alpha",)).status is SessionStatus.DONE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            OutOfGpuMemory("engine.no_smaller", name=Message("engine.matanyone.label")),
            "engine.no_smaller",
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"), "engine.no_memory"),
        (RuntimeError("CUDNN_STATUS_ALLOC_FAILED"), "engine.no_memory"),
    ],
    ids=["typed", "torch", "cudnn"],
)
def test_lack_of_memory_in_the_middle_is_said_and_the_next_job_runs(
    workplace: Workplace, clip: Path, mask: Path, error: Exception, code: str
) -> None:
    def process(frames, guide, start, context):
        yield from list(true_alphas(frames, guide, start, context))[:3]
        raise error

    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.weights = 1000
    workplace.engine.does = process
    state = workplace.matte(session_id)
    assert state.status is SessionStatus.FAILED
    assert_said(state.error, code)
    assert_nothing_left(workplace.folder(session_id))
    workplace.engine.does = true_alphas
    assert workplace.matte(session_id).status is SessionStatus.DONE


def test_a_smaller_retry_of_the_engine_reaches_the_user_as_a_note(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    def process(frames, guide, start, context):
        note = {"name": Message("engine.matanyone.label"), "wanted": "1080 px", "used": "720 px"}
        context.on_notice(Message("engine.smaller", note))
        yield from true_alphas(frames, guide, start, context)

    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.does = process
    state = workplace.matte(session_id)
    assert state.status is SessionStatus.DONE
    note = next(item for item in state.warnings if item.code == "engine.smaller")
    assert_said(note, "engine.smaller")


def test_a_model_that_does_not_load_fails_the_job_and_frees_its_room(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    session_id = workplace.session_with_target(clip, mask)
    workplace.manager.unload_idle()
    workplace.engine.weights = 1000
    damaged = ModelFilesError(
        "engine.files_damaged",
        file="model.safetensors",
        problem="cut off",
        command="bash scripts/x",
    )
    workplace.engine.load_errors = [damaged]
    state = workplace.matte(session_id)
    assert state.status is SessionStatus.FAILED
    assert_said(state.error, "engine.files_damaged")
    assert workplace.manager.reserved_bytes() == 0
    assert workplace.matte(session_id).status is SessionStatus.DONE


def test_a_dead_gpu_fails_the_job_and_marks_the_process(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    def process(frames, guide, start, context):
        yield next(true_alphas(frames, guide, start, context))
        raise GpuUnhealthy(
            "engine.gpu_unhealthy", detail="an illegal memory access was encountered"
        )

    session_id = workplace.session_with_target(clip, mask)
    assert workplace.orchestrator.health()["healthy"]
    workplace.engine.does = process
    state = workplace.matte(session_id)
    assert state.status is SessionStatus.FAILED
    assert_said(state.error, "engine.gpu_unhealthy")
    assert not workplace.orchestrator.health()["healthy"]
    media = Media(workplace.orchestrator, workplace.settings)
    (healthz,) = [route for route in media.routes() if "health" in route.path]
    # A browser test before this one leaves its event loop running in the main thread.
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asyncio.run, healthz.endpoint(None)).result()
    assert answer.status_code == 503
    assert_nothing_left(workplace.folder(session_id))
    workplace.engine.does = true_alphas
    again = workplace.matte(session_id)
    assert_said(again.error, "engine.gpu_unhealthy")


@pytest.mark.expects_error_log
def test_a_fault_of_an_engine_is_not_shown_with_its_text(
    workplace: Workplace, clip: Path, mask: Path
) -> None:
    def process(frames, guide, start, context):
        yield next(true_alphas(frames, guide, start, context))
        raise KeyError("/secret/path")

    session_id = workplace.session_with_target(clip, mask)
    workplace.engine.does = process
    state = workplace.matte(session_id)
    assert_said(state.error, "job.internal_error")
    assert "secret" not in state.model_dump_json()
    assert_nothing_left(workplace.folder(session_id))


def test_a_worker_outlives_whatever_an_engine_raises(
    workplace: Workplace, clip: Path, mask: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session_id = workplace.session_with_target(clip, mask)

    def process(frames, guide, start, context):
        yield next(true_alphas(frames, guide, start, context))
        context.cancel.set()
        context.check_cancelled()

    workplace.engine.does = process
    workplace.orchestrator.submit(session_id, MatteRequest(engine="builtin"))
    assert workplace.jobs.wait(session_id, 30) is JobState.CANCELLED
    state = workplace.orchestrator.state(session_id)
    assert state.status is SessionStatus.CANCELLED
    assert_nothing_left(workplace.folder(session_id))
    workplace.engine.does = true_alphas
    assert workplace.matte(session_id).status is SessionStatus.DONE
