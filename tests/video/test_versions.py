"""A job that makes another result keeps the former one as a version, which can be compared, taken and deleted."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engines.base import RunContext
from pipeline.jobs.rerun import NextJob
from pipeline.orchestrator import Orchestrator
from pipeline.postprocess.appearance import Edges
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.store import SessionStore
from tests.disc import disc_frame, write_clip
from tests.video.waiting import finish
from ui.downloads import ArchiveNames
from ui.next_step import step_line
from ui.result_views import appearance_view
from utils.errors import BadRequest, Cancelled, SessionError
from utils.types import Progress, Prompt, Stroke

FRAMES = 6
PATCH = Stroke(((120.5, 80.5), (140.5, 80.5)), 5.0)
REQUEST = MatteRequest(engine="builtin", outputs=("alpha", "png"))


@pytest.fixture
def session_id(work: Orchestrator, tmp_path: Path) -> str:
    """A session with a result."""
    clip = write_clip(tmp_path / "clip.mp4", FRAMES)
    made = work.create_session(clip, "clip.mp4").id
    work.segment(made, 0, Prompt(mask=disc_frame(0)[1]))
    work.run_now(made, REQUEST, RunContext())
    return made


def alpha(work: Orchestrator, session_id: str, version: int | None = None) -> np.ndarray:
    return work.alpha_still(session_id, 0, Edges(), version)


def test_versions_are_kept_taken_and_deleted(
    work: Orchestrator, session_id: str, settings: Settings, tmp_path: Path
) -> None:
    session = SessionStore(settings.workspace_dir).open(session_id)
    first = alpha(work, session_id)
    work.run_now(session_id, REQUEST.model_copy(update={"outputs": ("alpha",)}), RunContext())
    assert [info.record.number for info in work.versions(session_id)] == [1]

    work.segment(session_id, 0, Prompt(mask=disc_frame(0)[1], strokes=(PATCH,)))
    work.run_now(session_id, REQUEST, RunContext())
    second = alpha(work, session_id)
    assert first[80, 125, 0] == 0 and second[80, 125, 0] > 250
    versions = work.versions(session_id)
    assert [(info.record.number, info.is_current) for info in versions] == [(2, True), (1, False)]
    assert (alpha(work, session_id, 1) == first).all()
    assert (alpha(work, session_id, 2) == second).all()
    size_bytes = work.size_bytes(session_id)
    assert size_bytes >= sum(info.size_bytes for info in versions)

    state = work.take_version(session_id, 1)
    assert state.result_number == 1 and [one.kind for one in state.outputs] == ["alpha"]
    assert (alpha(work, session_id) == first).all()
    assert (alpha(work, session_id, 2) == second).all()
    assert not (session.folder / "foreground").exists()
    plan = work.next_job(session_id).plan
    assert plan is not None and plan.has_changes
    _, step = step_line(state, None, "en", NextJob(plan))
    assert "earlier result" in step and "Corrected" not in step, "nobody corrected anything"
    assert "已修正" not in step_line(state, None, "zh", NextJob(plan))[1]
    assert set(work.export(session_id, tmp_path / "out", 2)) == {"alpha", "png"}
    assert len(list((tmp_path / "out" / "foreground").iterdir())) == FRAMES

    state = work.take_version(session_id, 2)
    assert [info.is_current for info in work.versions(session_id)] == [True, False]
    assert (alpha(work, session_id) == second).all()
    assert len(list((session.folder / "foreground").iterdir())) == FRAMES
    plan = work.next_job(session_id).plan
    assert plan is not None and not plan.has_changes

    work.delete_version(session_id, 1)
    assert [info.record.number for info in work.versions(session_id)] == [2]
    assert work.size_bytes(session_id) < size_bytes
    for change in (work.take_version, work.delete_version):
        with pytest.raises(BadRequest, match="version 1"):
            change(session_id, 1)


def test_a_cancelled_job_leaves_no_version(work: Orchestrator, session_id: str) -> None:
    before = alpha(work, session_id)
    work.segment(session_id, 0, Prompt(mask=disc_frame(0)[1], strokes=(PATCH,)))
    context = RunContext()
    context.on_progress = lambda progress: context.cancel.set()
    with pytest.raises(Cancelled):
        work.run_now(session_id, REQUEST, context)
    assert [info.record.number for info in work.versions(session_id)] == [1]
    assert (alpha(work, session_id) == before).all()


def test_files_of_another_appearance_keep_the_former_ones(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    session = SessionStore(settings.workspace_dir).open(session_id)
    first = (session.folder / "alpha.mp4").read_bytes()
    work.rerender(session_id, RenderRequest(outputs=("foreground",)))
    finish(work, session_id)
    assert [info.record.number for info in work.versions(session_id)] == [1]
    work.rerender(session_id, RenderRequest(edges=Edges(grow_px=-2.0), outputs=("alpha",)))
    finish(work, session_id)
    versions = work.versions(session_id)
    assert [(info.record.number, info.is_current) for info in versions] == [(2, True), (1, False)]
    assert (session.folder / "alpha.mp4").read_bytes() != first
    work.take_version(session_id, 1)
    assert (session.folder / "alpha.mp4").read_bytes() == first
    assert {one.kind for one in work.outputs(session_id)} == {"alpha", "foreground", "png"}
    assert work.state(session_id).result_request.edges == Edges()


def test_the_files_of_a_result_are_there_while_the_next_one_is_made(
    work: Orchestrator, session_id: str
) -> None:
    """The page went on offering them: each was answered with 404, all of them with an empty ZIP."""
    kinds: list[list[str]] = []
    packed: list[list[str]] = []
    edges: list[float] = []

    def look(_: Progress) -> None:
        if kinds:
            return
        kinds.append([output.kind for output in work.outputs(session_id)])
        pieces = b"".join(work.archive([session_id], ArchiveNames()))
        with zipfile.ZipFile(io.BytesIO(pieces)) as archive:
            packed.append(archive.namelist())
        shown = appearance_view(work.state(session_id))
        assert shown is not None
        edges.append(shown["edges"]["feather_px"])

    other = REQUEST.model_copy(update={"every_frame": True, "edges": Edges(feather_px=2.0)})
    work.run_now(session_id, other, RunContext(on_progress=look))
    assert kinds == [["alpha", "png"]]
    assert packed == [["clip/clip_alpha.mp4", "clip/clip_png.zip"]]
    assert edges == [0.0], "the edges shown are those of the files"
    assert [output.kind for output in work.outputs(session_id)] == ["alpha", "png"]


def test_sessions_without_a_result_are_no_empty_archive(work: Orchestrator, tmp_path: Path) -> None:
    made = work.create_session(write_clip(tmp_path / "clip.mp4", FRAMES), "clip.mp4").id
    with pytest.raises(SessionError) as caught:
        work.archive([made], ArchiveNames())
    assert caught.value.code == "job.no_result"
