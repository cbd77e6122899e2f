"""After a correction only the frames it can change are matted again; the others stay to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from config import Settings
from engines.base import Agreement, MattedFrame, RunContext
from engines.builtin.engine import BuiltinEngine
from engines.device.manager import ModelManager
from engines.matanyone.engine import MatAnyoneEngine
from engines.registry import build_registry
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.hand_marks import HandMarks
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.tracking import masks_token
from pipeline.orchestrator import Orchestrator
from pipeline.postprocess.appearance import Edges
from pipeline.selection.target_list import TargetChange
from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest
from pipeline.session.state import ResultPlan, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.video_io import read_master
from tests.disc import disc_frame, write_clip
from tests.video.waiting import finish
from ui.next_step import start_label, step_line
from utils.alpha_levels import to_bytes
from utils.errors import BadRequest, Cancelled
from utils.types import Box, Message, Point, Progress, Prompt, Stroke

FRAMES = 30
PATCH = Stroke(((120.5, 80.5), (140.5, 80.5)), 5.0)
REQUEST = MatteRequest(engine="builtin", outputs=("alpha",))


def disc_mask(frame: int) -> np.ndarray:
    return disc_frame(frame)[1]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", FRAMES)


class DiscNetwork:
    """A foreground network that knows the disc by its red; keeps what it was asked about."""

    network = "disc"
    answers_quickly = True

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        self.asked.append(image.tobytes())
        return (image[..., 0] > 150).astype(np.float32)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> DiscNetwork:
    """Asked by the built-in engine; named before `work`, which connects it."""
    made = DiscNetwork()
    monkeypatch.setattr("engines.foreground.foregrounds", lambda *_: (made,))
    return made


@pytest.fixture
def session_id(work: Orchestrator, clip: Path) -> str:
    made = work.create_session(clip, "clip.mp4").id
    for frame in (0, 20):
        work.segment(made, frame, Prompt(mask=disc_mask(frame)))
    return made


def frames_to_rerun(work: Orchestrator, session_id: str) -> int:
    plan = work.next_job(session_id).plan
    assert plan is not None
    return plan.frames


def run(work: Orchestrator, session_id: str, request: MatteRequest = REQUEST) -> dict[str, int]:
    """Run the job; return the units of each stage it reported."""
    units: dict[str, int] = {}

    def note(progress: Progress) -> None:
        units[progress.stage] = progress.total

    work.run_now(session_id, request, RunContext(on_progress=note))
    return units


def plan_of(work: Orchestrator, session_id: str) -> ResultPlan:
    plan = work.state(session_id).result_plan
    assert plan is not None
    return plan


def alphas(settings: Settings, session_id: str) -> np.ndarray:
    session = SessionStore(settings.workspace_dir).open(session_id)
    return np.stack([to_bytes(alpha) for alpha in read_master(session.master)])


def test_a_correction_is_matted_between_its_key_frames_only(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    assert work.next_job(session_id).plan is None
    assert run(work, session_id)["matte"] == FRAMES
    assert frames_to_rerun(work, session_id) == 0
    before = alphas(settings, session_id)
    confidence = work.confidence(session_id)
    work.segment(session_id, 10, Prompt(mask=disc_mask(10), strokes=(PATCH,)))
    plan = work.next_job(session_id).plan
    assert plan is not None and plan.spans == ((1, 19),) and plan.has_changes
    assert frames_to_rerun(work, session_id) == 19
    for change, frames in (({"first": 5, "last": 24}, 20), ({"every_frame": True}, FRAMES)):
        work.remember(session_id, REQUEST.model_copy(update=change))
        assert frames_to_rerun(work, session_id) == frames, "every frame of the range is matted"
    work.remember(session_id, REQUEST)
    assert frames_to_rerun(work, session_id) == 19

    assert run(work, session_id)["matte"] == 21
    after = alphas(settings, session_id)
    assert after.shape == before.shape
    same = [frame for frame in range(FRAMES) if (after[frame] == before[frame]).all()]
    assert set(same) >= {0, *range(20, FRAMES)}
    assert before[10, 80, 125] == 0 and after[10, 80, 125] > 250
    assert after[10][disc_mask(10)].mean() > 240
    # No seam: beside the kept key frames a step is no larger than it was, but for rounding.
    for left, right in ((0, 1), (19, 20)):
        step, step_before = (
            np.abs(many[right].astype(float) - many[left]).mean() for many in (after, before)
        )
        assert step <= step_before + 1.0
    assert frames_to_rerun(work, session_id) == 0
    assert work.confidence(session_id)[20:] == confidence[20:]
    assert "job.strokes_ignored" not in [one.code for one in work.state(session_id).warnings]


def test_an_eraser_decides_over_a_network_that_sees_the_target_there(
    work: Orchestrator, clip: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def process(engine: object, frames: FrameRange, *_: object) -> Iterator[MattedFrame]:
        for index in range(len(frames)):
            yield MattedFrame(index, np.full(frames.size_wh[::-1], 0.6, np.float32))

    monkeypatch.setattr(BuiltinEngine, "wants_tracked_masks", lambda engine, options: True)
    monkeypatch.setattr(BuiltinEngine, "process", process)
    session_id = work.create_session(clip, "clip.mp4").id
    work.segment(session_id, 15, Prompt(mask=disc_mask(15)))
    run(work, session_id)
    assert (alphas(settings, session_id) == 153).all()
    eraser = replace(PATCH, is_positive=False)
    work.segment(session_id, 15, Prompt(mask=disc_mask(15), strokes=(eraser,)))
    assert frames_to_rerun(work, session_id) == FRAMES, "though the mask has nothing there"
    run(work, session_id)
    after = alphas(settings, session_id)
    assert after[14:17, 80, 130].max() < 10 and (after[:, 20, 20] == 153).all()
    assert "job.strokes_ignored" not in [one.code for one in work.state(session_id).warnings]


def test_a_correction_ends_on_both_sides_where_the_answer_is_what_it_was(
    work: Orchestrator, clip: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HandMarks, "are_ignored", lambda marks, alpha: marks.strokes == (PATCH,))
    session_id = work.create_session(clip, "clip.mp4").id
    work.segment(session_id, 15, Prompt(mask=disc_mask(15)))
    run(work, session_id)
    before = alphas(settings, session_id)
    work.segment(session_id, 15, Prompt(mask=disc_mask(15), strokes=(PATCH,)))
    assert frames_to_rerun(work, session_id) == FRAMES
    run(work, session_id)
    after = alphas(settings, session_id)
    (notice,) = [one for one in work.state(session_id).warnings if one.code == "job.converged"]
    first, last = int(str(notice.params["first"])), int(str(notice.params["last"]))
    warnings = work.state(session_id).warnings
    assert [one.params["frame"] for one in warnings if one.code == "job.strokes_ignored"] == [15]
    assert 0 < first < 15 < last < FRAMES - 1
    for frame in (*range(first), *range(last + 1, FRAMES)):
        assert (after[frame] == before[frame]).all()
    assert before[15, 80, 125] == 0 and after[15, 80, 125] > 250
    assert after[15][disc_mask(15)].mean() > 240
    # No seam: a step at either end is no larger than it was, but for rounding.
    for left in (first - 1, first, last - 1, last):
        step, step_before = (
            np.abs(many[left + 1].astype(float) - many[left]).mean() for many in (after, before)
        )
        assert step <= step_before + 1.0


@pytest.mark.parametrize("corrected", [14, 17])
def test_a_correction_asks_a_network_about_no_picture_again(
    network: DiscNetwork, work: Orchestrator, clip: Path, corrected: int
) -> None:
    # Over four frames no question is left out.
    request = REQUEST.model_copy(update={"options": {"network_interval": 4}})
    session_id = work.create_session(clip, "clip.mp4").id
    work.segment(session_id, 14, Prompt(mask=disc_mask(14)))
    run(work, session_id, request)
    before, asked = set(network.asked), len(network.asked)
    assert asked == len(before) > FRAMES // 3
    work.segment(session_id, corrected, Prompt(mask=disc_mask(corrected), strokes=(PATCH,)))
    network.asked.clear()
    run(work, session_id, request)
    whole = max(map(len, before))
    again = [image for image in network.asked if image in before]
    assert not again, "the session's answers were not used"
    # The same frames are asked about as in a job of the whole clip, and the corrected one.
    assert sum(len(image) == whole for image in network.asked) <= int(corrected != 14)


def test_a_cut_is_told_by_the_number_of_its_frame_in_the_clip(
    work: Orchestrator, tmp_path: Path
) -> None:
    session_id = work.create_session(write_clip(tmp_path / "cut.mp4", 16, cuts=(11,)), "cut.mp4").id
    request = REQUEST.model_copy(update={"first": 4})
    for frame, further in ((6, ()), (8, (PATCH,))):
        work.segment(session_id, frame, Prompt(mask=disc_mask(frame), strokes=further))
        run(work, session_id, request)
        warnings = work.state(session_id).warnings
        assert [one.params["frame"] for one in warnings if one.code == "track.scene_cut"] == [11]


def test_a_frame_outside_the_result_is_refused_with_the_frames_that_it_has(
    work: Orchestrator, clip: Path
) -> None:
    session_id = work.create_session(clip, "clip.mp4").id
    work.segment(session_id, 6, Prompt(mask=disc_mask(6)))
    run(work, session_id, REQUEST.model_copy(update={"first": 4, "last": 9}))
    assert work.alpha_still(session_id, 9, Edges()).max() == 255
    for frame in (3, 10):
        with pytest.raises(BadRequest) as refused:
            work.alpha_still(session_id, frame, Edges())
        assert refused.value.text("en") == (
            f"The result has no frame {frame}: it has frames 4 to 9."
        )


def test_tracking_ends_too_where_the_masks_are_what_they_were(
    work: Orchestrator,
    clip: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BuiltinEngine, "guide_kind", "mask_per_frame")
    session_id = work.create_session(clip, "clip.mp4").id
    work.segment(session_id, 0, Prompt(mask=disc_mask(0)))
    run(work, session_id)
    before = alphas(settings, session_id)
    masks = SessionStore(settings.workspace_dir).open(session_id).masks_dir
    files = {path.name: path.stat().st_ino for path in masks.glob("*[0-9].png")}
    assert len(files) == FRAMES
    work.segment(session_id, 14, Prompt(mask=disc_mask(14), strokes=(PATCH,)))
    run(work, session_id)
    after = alphas(settings, session_id)
    (notice,) = [one for one in work.state(session_id).warnings if one.code == "job.converged"]
    last = int(str(notice.params["last"]))
    assert notice.params["first"] == 1 and 14 < last < FRAMES - 4
    assert (after[0] == before[0]).all(), "its key frame is as it was"
    assert (after[last + 1 :] == before[last + 1 :]).all()
    assert after[14, 80, 125] > 250
    # The masks of the last frames were not tracked again.
    made = {path.name: path.stat().st_ino for path in masks.glob("*[0-9].png")}
    assert made.keys() == files.keys()
    untouched = {name for name in files if made[name] == files[name]}
    assert untouched >= {f"{frame:06d}.png" for frame in range(FRAMES - 3, FRAMES)}
    assert "000014.png" not in untouched
    assert masks_token(masks) == plan_of(work, session_id).mask_tokens[0]

    # Nor those of the first frames, where the correction is on the only key frame.
    work.remove_keyframe(session_id, 0)
    run(work, session_id)
    files = {path.name: path.stat().st_ino for path in masks.glob("*[0-9].png")}
    before = alphas(settings, session_id)
    work.segment(session_id, 14, Prompt(mask=disc_mask(14)))
    run(work, session_id)
    made = {path.name: path.stat().st_ino for path in masks.glob("*[0-9].png")}
    assert made["000000.png"] == files["000000.png"] and made["000014.png"] != files["000014.png"]
    assert made["000029.png"] == files["000029.png"]
    assert (alphas(settings, session_id)[[0, FRAMES - 1]] == before[[0, FRAMES - 1]]).all()


def test_every_frame_again_and_other_options_keep_nothing(
    work: Orchestrator, session_id: str
) -> None:
    run(work, session_id)
    assert "matte" not in run(work, session_id)
    assert (
        run(work, session_id, REQUEST.model_copy(update={"every_frame": True}))["matte"] == FRAMES
    )
    others = REQUEST.model_copy(update={"options": {"network_interval": 5}})
    assert run(work, session_id, others)["matte"] == FRAMES
    assert run(work, session_id, others.model_copy(update={"last": 25}))["matte"] == 26


@pytest.mark.parametrize(
    "change", [{"options": {"network_interval": 5}}, {"refine_key_frames": True}]
)
@pytest.mark.parametrize("edit", ["correct", "remove"])
def test_with_other_options_no_line_says_that_frames_are_kept(
    work: Orchestrator, session_id: str, change: dict[str, object], edit: str
) -> None:
    """Line and button told how few frames the marks change, or that only files are made; all were matted."""
    second = work.add_target(session_id, TargetChange()).id
    work.segment(session_id, 0, Prompt(box=Box(100, 60, 150, 90)), target=second)
    run(work, session_id)
    if edit == "correct":
        work.segment(session_id, 10, Prompt(mask=disc_mask(10), strokes=(PATCH,)))
    else:
        work.remove_target(session_id, second)
    work.remember(session_id, REQUEST)
    state, chosen = work.state(session_id), work.next_job(session_id)
    line, label = step_line(state, None, "en", chosen)[1], start_label(chosen, "en")
    assert ("other frames stay" if edit == "correct" else "no frame is matted again") in line
    assert label == ("Matte 19 frames again" if edit == "correct" else "Make the files again")
    work.remember(session_id, REQUEST.model_copy(update=change))
    state, chosen = work.state(session_id), work.next_job(session_id)
    line, label = step_line(state, None, "en", chosen)[1], start_label(chosen, "en")
    assert "stay" not in line and "no frame" not in line
    assert label == f"Matte {FRAMES} frames again"


def test_a_removed_key_frame_is_matted_again_around_it(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    work.segment(session_id, 10, Prompt(mask=disc_mask(10), strokes=(PATCH,)))
    run(work, session_id)
    assert alphas(settings, session_id)[10, 80, 125] > 250
    work.remove_keyframe(session_id, 10)
    assert frames_to_rerun(work, session_id) == 19
    run(work, session_id)
    assert alphas(settings, session_id)[10, 80, 125] < 5


def test_a_cancelled_rerun_leaves_the_result_as_it_was(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    run(work, session_id)
    before = alphas(settings, session_id)
    work.segment(session_id, 10, Prompt(mask=disc_mask(10), strokes=(PATCH,)))
    context = RunContext()
    context.on_progress = lambda progress: context.cancel.set()
    with pytest.raises(Cancelled):
        work.run_now(session_id, REQUEST, context)
    assert (alphas(settings, session_id) == before).all()
    state = work.state(session_id)
    assert state.status is SessionStatus.CANCELLED
    assert [output.kind for output in state.outputs] == ["alpha"]
    assert frames_to_rerun(work, session_id) == 19
    run(work, session_id)
    assert alphas(settings, session_id)[10, 80, 125] > 250


def test_a_damaged_or_missing_alpha_is_made_whole_again(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    run(work, session_id)
    session = SessionStore(settings.workspace_dir).open(session_id)
    session.master.write_bytes(session.master.read_bytes()[:500])
    assert frames_to_rerun(work, session_id) == FRAMES
    assert run(work, session_id)["matte"] == FRAMES
    assert len(alphas(settings, session_id)) == FRAMES


def test_an_automatic_choice_stays_with_the_engine_of_the_result(
    work: Orchestrator, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(self: EngineChoice, request: MatteRequest) -> str:
        asked.append(request.engine)
        return ""

    monkeypatch.setattr(EngineChoice, "tried_first", note)
    automatic = REQUEST.model_copy(update={"engine": "auto"})
    run(work, session_id, automatic)
    work.segment(session_id, 10, Prompt(mask=disc_mask(10), strokes=(PATCH,)))
    run(work, session_id, automatic)
    run(work, session_id, automatic.model_copy(update={"every_frame": True}))
    assert asked == ["auto", "builtin", "auto"]
    assert work.status(session_id).state.request.engine == "auto"


def test_a_job_that_makes_files_alone_is_known_before_it_starts(
    work: Orchestrator, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page said that frames would be made, and for its first second showed such a job as tracking."""
    run(work, session_id)
    wanted = REQUEST.model_copy(
        update={"outputs": ("alpha", "foreground"), "edges": Edges(feather_px=2.0)}
    )
    work.remember(session_id, wanted)
    opened: list[Path] = []

    def open_image(path: Path) -> Image.Image:
        opened.append(path)
        return Image.open(path)

    monkeypatch.setattr("pipeline.session.masks.Image", SimpleNamespace(open=open_image))
    chosen = work.next_job(session_id)
    assert len(opened) == len(set(opened)) == 2, "each mask was read twice for a status line"
    monkeypatch.undo()
    line = step_line(work.state(session_id), None, "en", chosen)
    assert "no frame is matted again" in line[1]
    queued = work.submit(session_id, wanted)
    assert (queued.progress.stage, queued.progress.total) == ("render", FRAMES)
    finish(work, session_id)
    for other in (
        {"options": {"network_interval": 12}}, {"every_frame": True}, {"last": 9}, {"engine": "no engine"}
    ):  # fmt: skip
        work.remember(session_id, wanted.model_copy(update=other))
        assert not work.next_job(session_id).mattes_nothing, other
    work.remember(session_id, wanted)
    work.segment(session_id, 10, Prompt(mask=disc_mask(10), strokes=(PATCH,)))
    assert not work.next_job(session_id).mattes_nothing


def test_why_an_engine_was_chosen_is_still_said_when_only_its_files_are_made_again(
    work: Orchestrator, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {"name": "A", "recall": 5, "overlap": 2}
    reason = Message("engine.rvm.disagrees", shares)
    monkeypatch.setattr(
        EngineChoice, "tried_first", lambda _, request: "rvm" if request.engine == "auto" else ""
    )
    monkeypatch.setattr(
        "pipeline.jobs.target_mattes.choose_by_looking", lambda *_: Agreement(False, reason)
    )
    automatic = REQUEST.model_copy(update={"engine": "auto"})
    run(work, session_id, automatic)
    label = BuiltinEngine.label
    said = Message("engine.chosen_instead", {"name": label, "said": reason})
    assert said in work.state(session_id).warnings
    for outputs in (("alpha", "foreground"), ("alpha",)):
        assert "matte" not in run(
            work, session_id, automatic.model_copy(update={"outputs": outputs})
        )
        assert work.state(session_id).warnings.count(said) == 1
    assert work.state(session_id).result_number == 1
    run(work, session_id, REQUEST)
    assert said not in work.state(session_id).warnings, "somebody named the engine"


def test_the_engine_that_is_taken_without_a_look_says_why_unless_somebody_named_it(
    work: Orchestrator, session_id: str
) -> None:
    said = Message("engine.preferred_on_cpu", {"name": BuiltinEngine.label})
    run(work, session_id)
    assert said not in work.state(session_id).warnings
    automatic = REQUEST.model_copy(update={"engine": "auto", "every_frame": True})
    run(work, session_id, automatic)
    assert said in work.state(session_id).warnings


def test_the_best_engine_on_a_gpu_says_that_it_was_chosen_for_that(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = build_registry(settings)
    monkeypatch.setattr(MatAnyoneEngine, "is_available", True)
    monkeypatch.setattr(ModelManager, "device", "cuda")
    manager = ModelManager(registry, device="cpu")
    reason = EngineChoice(settings, registry, manager).why_default()
    assert reason == Message("engine.preferred_on_gpu", {"name": MatAnyoneEngine.label})
    named = settings.model_copy(update={"default_engine": "builtin"})
    assert EngineChoice(named, registry, manager).why_default() is None


def test_marks_that_are_taken_back_and_put_back_leave_nothing_to_matte_again(
    work: Orchestrator, clip: Path
) -> None:
    """The deleted frame was selected again from the result, and the page still said that it was corrected."""
    height, width = disc_mask(0).shape
    rows, columns = np.nonzero(disc_mask(10))
    centre = Point(float(columns.mean()), float(rows.mean()))
    made = work.create_session(clip, "clip.mp4").id
    first = Prompt(points=(centre,))
    work.segment(made, 10, first)
    run(work, made)
    assert frames_to_rerun(work, made) == 0
    before = work.state(made)

    corner = Point(width - 20.0, height - 20.0)
    work.segment(made, 10, Prompt(points=(centre, corner)))
    work.segment(made, 20, Prompt(points=(centre,)))
    assert frames_to_rerun(work, made) > 0
    work.remove_keyframe(made, 10)
    work.segment(made, 10, Prompt(points=(centre, corner)), is_undo=True)
    for _ in range(2):  # the page asks again for what it has no answer of yet
        work.segment(made, 10, first, is_undo=True)
    work.remove_keyframe(made, 20)
    assert frames_to_rerun(work, made) == 0
    assert work.state(made).keyframes == before.keyframes
    plan = work.next_job(made).plan
    assert plan is not None and not plan.has_changes

    work.segment(made, 10, Prompt(points=(centre, corner)), is_undo=True)
    assert frames_to_rerun(work, made) > 0, "redone"


def test_the_same_click_made_again_is_answered_from_what_the_session_shows_now(
    work: Orchestrator, clip: Path, settings: Settings
) -> None:
    """It gave the mask of before back, whatever had changed since."""
    made = work.create_session(clip, "clip.mp4").id
    rows, columns = np.nonzero(disc_mask(10))
    click = Prompt(points=(Point(float(columns.mean()), float(rows.mean())),))
    first = work.segment(made, 10, click)
    path = SessionStore(settings.workspace_dir).open(made).instance_path(10, 0)
    found = read_mask(path)
    work.remove_keyframe(made, 10)
    brought = np.zeros_like(found)
    brought[:40, :40] = True
    work.segment(made, 20, Prompt(mask=brought))
    run(work, made)
    assert not first.prompt.has_mask
    again = work.segment(made, 10, click)
    assert again.prompt.has_mask, "it corrects the result"
    assert not np.array_equal(read_mask(path), found)
    for other in (PATCH, replace(PATCH, radius_px=9.0)):
        work.segment(made, 10, Prompt(strokes=(other,)))
    redone = work.segment(made, 10, click, is_undo=True)
    assert redone == again


def test_of_a_frame_s_former_selections_few_are_kept(
    work: Orchestrator, session_id: str, settings: Settings
) -> None:
    for place in range(12):
        stroke = replace(PATCH, radius_px=5.0 + place)
        work.segment(session_id, 0, Prompt(mask=disc_mask(0), strokes=(stroke,)))
        work.remove_keyframe(session_id, 0)
        work.segment(session_id, 0, Prompt(strokes=(stroke,)))
    session = SessionStore(settings.workspace_dir).open(session_id)
    kept = [*session.instance_path(0, 0).with_name("former").iterdir()]
    assert 1 <= len(kept) <= 8


def test_marks_that_correct_a_brought_mask_do_not_give_an_earlier_selection_back(
    work: Orchestrator, clip: Path, settings: Settings
) -> None:
    """The same click had selected something on the frame before the mask was brought."""
    made = work.create_session(clip, "clip.mp4").id
    rows, columns = np.nonzero(disc_mask(10))
    click = Prompt(points=(Point(float(columns.mean()), float(rows.mean())),))
    work.segment(made, 10, click)
    brought = np.zeros_like(disc_mask(10))
    brought[:40, :40] = True
    work.segment(made, 10, Prompt(mask=brought))
    corrected = work.segment(made, 10, click, is_undo=True)
    assert corrected.prompt.own_mask
    session = SessionStore(settings.workspace_dir).open(made)
    assert read_mask(session.instance_path(10, 0))[:40, :40].mean() > 0.9
    without = work.segment(made, 10, click, with_own_mask=False, is_undo=True)
    assert not without.prompt.own_mask
    assert read_mask(session.instance_path(10, 0))[:30, :30].mean() < 0.1
