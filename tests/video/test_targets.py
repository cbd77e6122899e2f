"""Several targets of a clip: each tracked and matted by itself, together or with files of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.base import Agreement, RunContext
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.progress import ProgressMeter
from pipeline.orchestrator import Orchestrator, TargetChange
from pipeline.postprocess.appearance import Edges, FileOptions
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.store import SessionStore
from pipeline.video_io import read_master
from tests.disc import disc_frame, write_clip
from tests.video.waiting import finish
from utils.alpha_levels import to_bytes
from utils.errors import BadRequest
from utils.messages import render
from utils.types import Message, Progress, Prompt, Stroke

FRAMES = 10
RVM_SHARES = {"name": "Robust Video Matting", "recall": 99, "overlap": 98}
REQUEST = MatteRequest(engine="builtin", outputs=("alpha",))


def square(frame: int) -> np.ndarray:
    """A patch of the background, far from the disc."""
    mask = np.zeros(disc_frame(0)[1].shape, np.bool_)
    mask[70:90, 120:150] = True
    return mask


@pytest.fixture
def session_id(work: Orchestrator, tmp_path: Path) -> str:
    """The disc is the first target, marked on frame 0, the patch the second, marked on frame 2."""
    made = work.create_session(write_clip(tmp_path / "clip.mp4", FRAMES), "clip.mp4").id
    work.segment(made, 0, Prompt(mask=disc_frame(0)[1]))
    patch = work.add_target(made, TargetChange(name="patch"))
    assert patch.id == 2
    work.segment(made, 2, Prompt(mask=square(2)), target=2)
    return made


def alphas(path: Path) -> np.ndarray:
    return np.stack([to_bytes(levels) for levels in read_master(path)])


def frames_to_rerun(work: Orchestrator, session_id: str) -> int:
    plan = work.next_job(session_id).plan
    assert plan is not None
    return plan.frames


def run(work: Orchestrator, session_id: str, request: MatteRequest) -> dict[str, int]:
    units: dict[str, int] = {}

    def note(progress: Progress) -> None:
        assert progress.done <= progress.total
        units[progress.stage] = max(units.get(progress.stage, 0), progress.done)

    work.run_now(session_id, request, RunContext(on_progress=note))
    return units


def test_what_is_said_of_an_engine_that_one_target_does_not_suit_names_that_target_alone(
    work: Orchestrator, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result said of the same engine that it was chosen and that it was not."""
    found = iter(
        [
            Agreement(True, Message("engine.rvm.agrees", dict(RVM_SHARES))),
            Agreement(False, Message("engine.rvm.disagrees", dict(RVM_SHARES))),
        ]
    )
    monkeypatch.setattr(EngineChoice, "tried_first", lambda *_: "rvm")
    monkeypatch.setattr("pipeline.jobs.target_mattes.choose_by_looking", lambda *_: next(found))
    run(work, session_id, REQUEST)
    said = [render(note) for note in work.state(session_id).warnings if "rvm" in str(note)]
    assert len(said) == 1
    assert said[0].startswith(
        "Chosen by itself: Built-in. patch: Robust Video Matting was not chosen"
    )


def test_two_targets_give_two_mattes_and_a_correction_mattes_its_own_target_again(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    request = REQUEST.model_copy(update={"separate_targets": True})
    units = run(work, session_id, request)
    assert units["matte"] == 2 * FRAMES
    assert units["encode"] == FRAMES, "all targets together, for which the progress stood still"
    files = [record.file for record in work.state(session_id).outputs]
    assert files == ["alpha.mp4", "targets/1/alpha.mp4", "targets/2/alpha.mp4"]
    folder = SessionStore(settings.workspace_dir).open(session_id).folder
    first, second = (alphas(folder / "targets" / str(n) / "alpha_master.nut") for n in (1, 2))
    assert np.array_equal(alphas(folder / "alpha_master.nut"), np.maximum(first, second))
    disc = disc_frame(5)[1]
    assert first[5][disc].mean() > 230 and first[5][square(5)].max() < 30
    assert second[5][square(5)].mean() > 200 and second[5][disc].max() < 30

    assert frames_to_rerun(work, session_id) == 0
    stroke = Stroke(((10.5, 10.5), (20.5, 10.5)), 4.0)
    work.segment(session_id, 6, Prompt(strokes=(stroke,)), target=2)
    corrected = work.state(session_id).keyframes_of(2)[6]
    assert corrected.prompt.has_mask, "the stroke goes on from the target's own result"
    assert frames_to_rerun(work, session_id) == FRAMES - 3
    assert run(work, session_id, request)["matte"] <= 2 * FRAMES
    again = alphas(folder / "targets/1/alpha_master.nut")
    assert np.array_equal(again, first)
    assert alphas(folder / "targets/2/alpha_master.nut")[6, 10, 15] == 255


@pytest.mark.parametrize(
    ("kind", "stage", "files"),
    [
        ("hevc", "finish", FileOptions()),
        ("gif", "shrink", FileOptions(size_limit_mb=0.001)),
    ],
)
def test_files_that_are_encoded_last_are_a_stage_over_all_targets_and_no_fraction_is_full_before(
    work: Orchestrator,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    stage: str,
    files: FileOptions,
) -> None:
    """HEVC, and animations over their size limit, took half of a job at 99 %, without saying how far it was."""
    seen: list[tuple[Progress, float]] = []

    class Meter(ProgressMeter):
        def report(self, progress: Progress) -> None:
            super().report(progress)
            seen.append((progress, self.snapshot().fraction))

    def check() -> None:
        finishing = [progress for progress, _ in seen if progress.stage == stage]
        assert {progress.total for progress in finishing} == {3 * FRAMES}
        done = [progress.done for progress in finishing]
        assert done == sorted(done) and done[-1] == 3 * FRAMES
        whole = next(at for at, (progress, _) in enumerate(seen) if progress == finishing[-1])
        assert all(fraction < 1 for _, fraction in seen[:whole])
        assert seen[-1][1] == 1

    monkeypatch.setattr("pipeline.jobs.queue.ProgressMeter", Meter)
    request = REQUEST.model_copy(
        update={"outputs": (kind,), "separate_targets": True, "files": files}
    )
    work.submit(session_id, request)
    finish(work, session_id)
    check()
    seen.clear()
    work.rerender(session_id, RenderRequest(outputs=(kind,), edges=Edges(grow_px=1), files=files))
    finish(work, session_id)
    check()


def test_all_in_one_keeps_the_alpha_of_each_and_a_removed_target_leaves_the_rest(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    run(work, session_id, REQUEST)
    assert [record.file for record in work.state(session_id).outputs] == ["alpha.mp4"]
    folder = SessionStore(settings.workspace_dir).open(session_id).folder
    together = alphas(folder / "alpha_master.nut")
    first = alphas(folder / "targets/1/alpha_master.nut")
    assert together[5][square(5)].mean() > 200

    work.remove_target(session_id, 2)
    assert [target.id for target in work.state(session_id).targets] == [1]
    plan = work.next_job(session_id).plan
    assert plan is not None and plan.has_changes and plan.frames == 0
    assert "matte" not in run(work, session_id, REQUEST)
    assert np.array_equal(alphas(folder / "alpha_master.nut"), first)
    assert not (folder / "targets").exists() and not (folder / "instances/target_2").exists()


def test_a_locked_target_takes_no_marks_and_values_are_checked(
    work: Orchestrator, session_id: str
) -> None:
    work.change_target(session_id, 2, TargetChange(is_locked=True, colour="#00FF00"))
    assert work.state(session_id).target(2).colour == "#00ff00"
    for change in (
        lambda: work.segment(session_id, 3, Prompt(mask=square(3)), target=2),
        lambda: work.remove_keyframe(session_id, 2, 2),
        lambda: work.keep(session_id, 2, (), 2),
        lambda: work.remove_target(session_id, 2),
    ):
        with pytest.raises(BadRequest) as problem:
            change()
        assert problem.value.code == "job.target_locked"
    for change in (TargetChange(colour="red"), TargetChange(name="x" * 61)):
        with pytest.raises(BadRequest):
            work.change_target(session_id, 1, change)
    with pytest.raises(BadRequest) as problem:
        work.segment(session_id, 0, Prompt(mask=square(0)), target=7)
    assert problem.value.code == "job.target_unknown"
    work.remove_target(session_id, 1)
    assert work.state(session_id).keyframes == {}
    assert [target.id for target in work.state(session_id).targets] == [2]
