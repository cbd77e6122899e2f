"""Jobs through the facade, in process, on the built-in engine: targets, corrections, re-rendering."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
from config import Settings
from engines.base import Instance, RunContext
from engines.builtin.engine import BuiltinEngine
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.device.manager import ModelManager
from pipeline.orchestrator import Orchestrator, RenderRequest
from pipeline.postprocess.appearance import Backgrounds, Edges
from pipeline.postprocess.least_confident import least_confident
from pipeline.session.keyframes import Found, store_keyframe
from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import read_master
from tests.disc import disc_frame, write_clip
from tests.video.waiting import finish
from utils.alpha_levels import to_bytes
from utils.errors import BadRequest, Cancelled, NotEnoughDisk, SessionError, UnusablePrompt
from utils.mask_utils import dilate
from utils.types import Box, Point, Progress, Prompt

BOX = Box(25, 25, 75, 72)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture
def session_id(work: Orchestrator, clip: Path) -> str:
    made = work.create_session(clip, "clip.mp4").id
    work.segment(made, 0, Prompt(box=BOX))
    return made


def alphas(settings: Settings, session_id: str) -> np.ndarray:
    session = SessionStore(settings.workspace_dir).open(session_id)
    return np.stack([to_bytes(levels) for levels in read_master(session.master)])


def test_a_queued_job_ends_done_with_its_files(work, session_id: str) -> None:
    work.submit(session_id, MatteRequest(engine="builtin"))
    finish(work, session_id)
    view = work.status(session_id)
    assert view.state.status is SessionStatus.DONE
    assert view.live is not None
    assert [item.kind for item in work.outputs(session_id)] == ["alpha", "foreground", "preview"]
    assert len(work.confidence(session_id)) == 12
    assert all(value is not None for value in work.confidence(session_id))


def test_working_memory_of_networks_is_given_back_between_tracking_and_matting(
    work, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    matte = BuiltinEngine.process

    def process(*arguments):
        steps.append("process")
        return matte(*arguments)

    monkeypatch.setattr(BuiltinEngine, "wants_tracked_masks", lambda engine, options: True)
    monkeypatch.setattr(BuiltinEngine, "process", process)
    monkeypatch.setattr(ModelManager, "release_working_memory", lambda _: steps.append("memory"))
    context = RunContext(on_progress=lambda progress: steps.append(progress.stage))
    work.run_now(session_id, MatteRequest(engine="builtin", outputs=("alpha",)), context)
    at = steps.index("memory")
    assert steps[0] == "prepare" and {*steps[1:at]} == {"track"}
    assert steps[at + 1] == "process"
    assert "track" not in steps[at:]
    assert steps[-1] == "memory" and steps.count("memory") == 2, "after the job too"

    def cancel_at_first_matte(progress: Progress) -> None:
        if progress.stage == "matte":
            context.cancel.set()

    steps.clear()
    context.on_progress = cancel_at_first_matte
    again = MatteRequest(engine="builtin", outputs=("alpha",), every_frame=True)
    with pytest.raises(Cancelled):
        work.run_now(session_id, again, context)
    assert steps == ["memory", "process", "memory"], "after a job that was ended too"


def test_a_box_in_which_nothing_is_found_at_full_size_is_refused_at_once(
    work, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty mask was shown as a selection, and refused by the job that it was for."""
    kept = work.state(session_id).keyframes
    nothing = Instance(np.zeros_like(disc_frame(0)[1]), 0.3)
    found = Instance(disc_frame(0)[1], 0.2)
    answers = [[nothing], [nothing, found]]
    monkeypatch.setattr(BuiltinSegmentation, "segment", lambda *_: answers.pop(0))
    with pytest.raises(UnusablePrompt) as refused:
        work.segment(session_id, 0, Prompt(box=Box(40, 8, 42, 60)))
    assert refused.value.message.code == "prompt.nothing_found"
    assert work.state(session_id).keyframes == kept
    keyframe = work.segment(session_id, 0, Prompt(box=Box(44, 8, 46, 60)))
    assert [one.area_px for one in keyframe.instances] == [np.count_nonzero(found.mask)]


def test_an_engine_is_told_where_the_box_or_the_users_own_mask_ends(
    work, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    matte = BuiltinEngine.process

    def process(*arguments):
        told.append(arguments[-1].bounds)
        return matte(*arguments)

    monkeypatch.setattr(BuiltinEngine, "process", process)
    mask = disc_frame(0)[1]
    request = MatteRequest(engine="builtin", first=0, outputs=("alpha",), every_frame=True)
    work.run_now(session_id, request, RunContext())
    box = np.zeros_like(mask)
    box[BOX.y0 :, BOX.x0 : BOX.x1] = True
    work.segment(session_id, 0, Prompt(mask=mask))
    work.run_now(session_id, request, RunContext())
    work.segment(session_id, 4, Prompt(points=(Point(60, 50),)))
    work.run_now(session_id, request.model_copy(update={"first": 2}), RunContext())
    for found, expected in zip(told, [{0: box}, {0: mask}, {}], strict=True):
        assert list(found) == list(expected)
        assert all(np.array_equal(found[frame], expected[frame]) for frame in expected)


def test_a_job_is_not_shown_with_the_newest_frame_of_the_one_before(
    work, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another target was being tracked, under a picture of the former one as the newest matted frame."""
    work.submit(session_id, MatteRequest(engine="builtin", outputs=("alpha",)))
    finish(work, session_id)
    assert work.status(session_id).live is not None
    monkeypatch.setattr("pipeline.jobs.target_mattes.write_image", lambda *_: None)
    work.submit(session_id, MatteRequest(engine="builtin", outputs=("alpha",), every_frame=True))
    assert work.status(session_id).live is None
    finish(work, session_id)
    assert work.status(session_id).live is None


def test_a_box_over_the_edge_is_clipped_the_same_way_for_everybody(work, clip: Path) -> None:
    session = work.create_session(clip, "clip.mp4").id
    found = work.segment(session, 0, Prompt(box=Box(-5, 25, 75, 72)))
    assert found.prompt.box == Box(0, 25, 75, 72)
    with pytest.raises(UnusablePrompt) as caught:
        work.segment(session, 0, Prompt(box=Box(-5, 25, 1, 72)))
    assert caught.value.code == "prompt.box_small"
    assert "1x47" in caught.value.user_message
    assert work.state(session).keyframes[0] == found


def test_a_negative_click_alone_takes_from_the_result(work, session_id: str) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin", outputs=("alpha",)), RunContext())
    found = work.segment(session_id, 6, Prompt(points=(Point(57, 48, positive=False),)))
    assert found.prompt.has_mask
    with pytest.raises(UnusablePrompt) as caught:
        work.segment(session_id, 6, Prompt(points=(Point(160, 48),)))
    assert caught.value.code == "prompt.point_outside"


def test_edges_and_background_render_again_without_the_engine(
    work, session_id: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    before = alphas(settings, session_id)
    monkeypatch.setattr(
        "engines.builtin.engine.BuiltinEngine.process", lambda *_: pytest.fail("the engine ran")
    )
    edges = Edges(grow_px=-2.0)
    work.rerender(
        session_id,
        RenderRequest(edges=edges, backgrounds=Backgrounds("#0000FF"), outputs=("alpha", "png")),
    )
    finish(work, session_id)
    assert np.array_equal(alphas(settings, session_id), before)
    state = work.state(session_id)
    assert {record.kind for record in state.outputs} == {"alpha", "png"}
    folder = settings.workspace_dir / "sessions" / session_id
    assert not (folder / "foreground.mp4").exists()
    shrunk = np.asarray(Image.open(folder / "alpha" / "000003.png"))
    assert (shrunk > 127).sum() < (before[3] > 127).sum()
    still = work.still(session_id, 3, edges, "#0000FF")
    assert tuple(still[0, 0]) == (0, 0, 255)


def test_another_format_of_the_same_look_is_added(work, session_id: str) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin", outputs=("alpha",)), RunContext())
    work.rerender(session_id, RenderRequest(outputs=("prores",)))
    finish(work, session_id)
    assert {item.kind for item in work.outputs(session_id)} == {"alpha", "prores"}


def test_a_correction_on_a_later_frame_wins_from_there_on(work, session_id, settings) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    square = np.zeros((96, 160), np.bool_)
    square[60:90, 100:140] = True
    work.segment(session_id, 6, Prompt(mask=square))
    work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    matte = alphas(settings, session_id) > 127
    truth = disc_frame(2)[1]
    assert (matte[2] & truth).sum() / (matte[2] | truth).sum() > 0.8
    assert matte[6][65:85, 105:135].mean() > 0.9
    assert matte[6][disc_frame(6)[1]].mean() < 0.2


def selected(settings: Settings, session_id: str, frame: int) -> np.ndarray:
    session = SessionStore(settings.workspace_dir).open(session_id)
    return np.asarray(read_mask(session.instance_path(frame, 0)))


def test_a_click_on_a_later_frame_corrects_the_result_there(work, session_id, settings) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    result = alphas(settings, session_id)[6] > 127
    truth = disc_frame(6)[1]
    x, y = (int(values.mean()) for values in np.nonzero(truth)[::-1])
    agreed = Point(x, y)
    work.segment(session_id, 6, Prompt(points=(agreed,)))
    assert np.array_equal(selected(settings, session_id, 6), result)
    elsewhere = Point(130, 80)
    work.segment(session_id, 6, Prompt(points=(agreed, elsewhere)))
    added = selected(settings, session_id, 6)
    assert added[80, 130]
    assert (added & truth).sum() > 0.95 * (result & truth).sum()
    work.segment(session_id, 6, Prompt(points=(agreed,)))
    assert np.array_equal(selected(settings, session_id, 6), result)


@pytest.mark.parametrize(("sure", "starts_again"), [(0.3, True), (0.6, False)])
def test_a_click_beside_a_result_that_lost_the_target_starts_again(
    work, session_id, settings, sure, starts_again
) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    path = SessionStore(settings.workspace_dir).open(session_id).folder / "confidence.json"
    path.write_text(json.dumps([sure] * len(json.loads(path.read_text()))))
    truth = disc_frame(6)[1]
    x, y = (int(values.mean()) for values in np.nonzero(truth)[::-1])
    work.segment(session_id, 6, Prompt(points=(Point(130, 80),)))
    assert bool(selected(settings, session_id, 6)[y, x]) is not starts_again
    remove = Prompt(points=(Point(x, y, positive=False),))
    work.remove_keyframe(session_id, 6)
    work.segment(session_id, 6, remove)
    kept = selected(settings, session_id, 6)
    assert not kept[y, x]
    # A tracked edge may lie a pixel outside.
    assert not (kept & ~dilate(truth, 1)).any()


def test_a_click_on_another_frame_knows_the_confirmed_target(
    work, session_id, settings, monkeypatch
) -> None:
    asked: list[Prompt] = []
    answer = BuiltinSegmentation.segment

    def record(image: BuiltinSegmentation, prompt: Prompt) -> list[Instance]:
        asked.append(prompt)
        return answer(image, prompt)

    monkeypatch.setattr(BuiltinSegmentation, "segment", record)
    area = int(selected(settings, session_id, 0).sum())
    click = (Point(57, 48),)
    for frame, prompt in ((9, Prompt(points=click)), (8, Prompt(box=BOX)), (0, Prompt(box=BOX))):
        work.segment(session_id, frame, prompt)
    assert asked[0].expected is not None
    assert asked[0].expected.area == pytest.approx(area)
    # 0.3 of the selection, and 0.1 times the root of nine frames.
    assert asked[0].expected.deviation == pytest.approx(0.3 * 2**0.5)
    assert [prompt.expected for prompt in asked[1:]] == [None, None]
    (example,) = asked[0].examples
    assert np.array_equal(example.mask, selected(settings, session_id, 0))
    assert np.abs(example.read().astype(int) - disc_frame(0)[0]).mean() < 8
    assert not asked[1].examples


def test_a_box_on_a_later_frame_starts_again(work, session_id, settings) -> None:
    work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    keyframe = work.segment(session_id, 6, Prompt(box=Box(100, 60, 150, 90)))
    assert not keyframe.prompt.has_mask
    assert selected(settings, session_id, 6)[:55].sum() == 0


def test_clicks_correct_a_mask_of_the_users_own_until_it_is_removed(
    work, session_id, settings
) -> None:
    square = np.zeros((96, 160), np.bool_)
    square[60:90, 100:140] = True
    work.segment(session_id, 5, Prompt(mask=square))
    work.segment(session_id, 5, Prompt(points=(Point(120, 75), Point(20, 10))))
    assert selected(settings, session_id, 5)[10, 20]
    assert selected(settings, session_id, 5)[62:88, 102:138].all()
    work.remove_keyframe(session_id, 5)
    again = work.segment(session_id, 5, Prompt(points=(Point(57, 48),)))
    assert not again.prompt.has_mask
    assert not selected(settings, session_id, 5)[80, 120]


def test_more_clicks_on_the_first_frame_do_not_start_from_the_result(work, clip, settings) -> None:
    made = work.create_session(clip, "clip.mp4").id
    truth = disc_frame(0)[1]
    x, y = (int(values.mean()) for values in np.nonzero(truth)[::-1])
    work.segment(made, 0, Prompt(points=(Point(x, y),)))
    work.run_now(made, MatteRequest(engine="builtin"), RunContext())
    keyframe = work.segment(made, 0, Prompt(points=(Point(x, y), Point(130, 80))))
    assert not keyframe.prompt.has_mask


def test_separate_targets_give_a_matte_each_and_one_together(work, clip, settings) -> None:
    made = work.create_session(clip, "clip.mp4").id
    square = np.zeros((96, 160), np.bool_)
    square[70:90, 120:150] = True
    found = [Instance(square, 0.9), Instance(disc_frame(0)[1], 0.8)]
    session = SessionStore(settings.workspace_dir).open(made)
    store_keyframe(session, 0, Found(found, "mask", Prompt(box=BOX)))
    alone = []
    for kept in ((0,), (1,)):
        request = MatteRequest(engine="builtin", outputs=("alpha",), kept={0: kept})
        work.run_now(made, request, RunContext())
        alone.append(work.confidence(made))
    request = MatteRequest(
        engine="builtin", outputs=("alpha",), kept={0: (0, 1)}, separate_targets=True
    )
    state = work.run_now(made, request, RunContext())
    assert alone[0] != alone[1]
    assert work.confidence(made) == tuple(map(min, *alone))
    assert [record.file for record in state.outputs] == [
        "alpha.mp4",
        "targets/1/alpha.mp4",
        "targets/2/alpha.mp4",
    ]
    exported = work.export(made, settings.workspace_dir / "out")
    assert set(exported) == {"alpha", "alpha 1", "alpha 2"}
    parts = [
        np.stack(
            [
                to_bytes(levels)
                for levels in read_master(session.folder / "targets" / str(n) / "alpha_master.nut")
            ]
        )
        for n in (1, 2)
    ]
    assert np.array_equal(alphas(settings, made), np.maximum(*parts))

    context = RunContext()
    before = {path: path.read_bytes() for path in (session.folder / "targets").rglob("*.*")}
    assert len(before) == 4

    def cancel_in_the_second(progress: Progress) -> None:
        if list((session.folder / "targets.partial" / "2").glob("*")):
            context.cancel.set()

    context.on_progress = cancel_in_the_second
    with pytest.raises(Cancelled):
        work.run_now(made, request.model_copy(update={"background": "#FF0000"}), context)
    assert work.state(made).outputs == state.outputs
    assert {path: path.read_bytes() for path in (session.folder / "targets").rglob("*.*")} == before
    assert not list(session.folder.rglob("*.partial*"))

    work.rerender(made, RenderRequest(outputs=("prores",)))
    finish(work, made)
    assert [item.path.relative_to(session.folder).as_posix() for item in work.outputs(made)] == [
        "foreground.mov",
        "alpha.mp4",
        "targets/1/foreground.mov",
        "targets/1/alpha.mp4",
        "targets/2/foreground.mov",
        "targets/2/alpha.mp4",
    ]
    smaller = RenderRequest(edges=Edges(grow_px=-2.0), outputs=("png",))
    work.rerender(made, smaller)
    finish(work, made)
    assert sorted(work.export(made, settings.workspace_dir / "smaller")) == [
        "png",
        "png 1",
        "png 2",
    ]
    shutil.rmtree(session.versions_dir)
    assert {path.name for path in session.folder.rglob("*.m[op][4v]")} == {"source.mp4"}
    for number, part in enumerate(parts, start=1):
        shrunk = np.asarray(
            Image.open(session.folder / "targets" / str(number) / "alpha" / "000003.png")
        )
        assert 0 < (shrunk > 127).sum() < (part[3] > 127).sum()

    together = MatteRequest(engine="builtin", outputs=("alpha",), kept={0: (0, 1)})
    assert len(work.run_now(made, together, RunContext()).outputs) == 1
    assert not (session.folder / "targets").exists()


def test_cancel_keeps_the_earlier_result_and_leaves_nothing_half_written(
    work, session_id: str, settings: Settings
) -> None:
    first = work.run_now(session_id, MatteRequest(engine="builtin"), RunContext())
    context = RunContext()

    def cancel_soon(progress: Progress) -> None:
        if progress.done >= 3:
            context.cancel.set()

    context.on_progress = cancel_soon
    with pytest.raises(Cancelled):
        work.run_now(session_id, MatteRequest(engine="builtin", outputs=("alpha",)), context)
    state = work.state(session_id)
    assert state.status is SessionStatus.CANCELLED
    assert state.outputs == first.outputs
    folder = settings.workspace_dir / "sessions" / session_id
    assert not list(folder.rglob("*.partial*"))
    assert all((folder / record.file).is_file() for record in state.outputs)
    assert len(alphas(settings, session_id)) == 12


def test_too_little_disk_is_refused_before_anything_starts(settings: Settings, clip: Path) -> None:
    work = app.build_orchestrator(settings)
    made = work.create_session(clip, "clip.mp4").id
    work.segment(made, 0, Prompt(box=BOX))
    tight = app.build_orchestrator(settings.model_copy(update={"min_free_disk_bytes": 2**60}))
    with pytest.raises(NotEnoughDisk) as caught:
        tight.submit(made, MatteRequest(engine="builtin"))
    assert "MB" in caught.value.user_message
    assert tight.state(made).status is SessionStatus.READY


def test_stopping_the_server_marks_the_job_interrupted_and_it_runs_again(
    settings: Settings, tmp_path: Path
) -> None:
    long_clip = write_clip(tmp_path / "long.mp4", frame_count=150)
    work = app.build_orchestrator(settings)
    made = work.create_session(long_clip, "long.mp4").id
    work.segment(made, 0, Prompt(box=BOX))
    work.submit(made, MatteRequest(engine="builtin", outputs=("alpha",)))
    for _ in range(400):
        job = work.status(made).job
        if job is not None and job.progress.done > 2:
            break
        threading.Event().wait(0.05)
    assert work.close()
    again = app.build_orchestrator(settings)
    assert again.state(made).status is SessionStatus.INTERRUPTED
    request = again.state(made).request
    assert request is not None
    done = again.run_now(made, request.model_copy(update={"last": 5}), RunContext())
    assert done.status is SessionStatus.DONE


def test_nothing_kept_is_said_before_the_job(work, session_id: str) -> None:
    work.keep(session_id, 0, ())
    with pytest.raises(BadRequest) as caught:
        work.submit(session_id, MatteRequest(engine="builtin"))
    assert caught.value.code == "job.no_target"


def test_a_removed_keyframe_is_gone(work, session_id: str) -> None:
    work.segment(session_id, 5, Prompt(points=(Point(57, 48),)))
    assert sorted(work.state(session_id).keyframes) == [0, 5]
    work.remove_keyframe(session_id, 5)
    assert sorted(work.state(session_id).keyframes) == [0]


def test_rendering_without_a_matte_is_refused(work, session_id: str) -> None:
    with pytest.raises(SessionError) as caught:
        work.rerender(session_id, RenderRequest())
    assert caught.value.code == "job.no_result"


@pytest.mark.parametrize(
    ("confidence", "confirmed", "frame"),
    [
        ([1.0, 0.9, 0.8, 0.4, 0.4, 0.4, 0.4, 0.4, 0.8, 0.9], (0,), 5),
        ([1.0, 0.9, 0.8, 0.4, 0.4, 0.4, 0.4, 0.4, 0.8, 0.9], (0, 5), 4),
        ([1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.2, 0.2], (0,), 7),
        ([None, None, 1.0, 0.9, 0.5, 0.5, 0.5, None], (2,), 6),
        ([1.0, *[0.7] * 4, *[0.8] * 30, *[0.71] * 9], (0,), 43),
        ([0.7, 0.7, 0.7], (), None),
        ([1.0, 0.9, 0.92, 0.91, 0.9, 0.89, 0.91], (0,), None),
        ([None, None], (), None),
        ([0.9, 0.8], (0, 1), None),
    ],
)
def test_the_middle_of_the_least_confident_stretch_is_to_be_checked_first(
    confidence: list[float | None], confirmed: tuple[int, ...], frame: int | None
) -> None:
    assert least_confident(confidence, confirmed) == frame
