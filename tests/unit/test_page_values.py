"""Values that reach the page from a stranger, and values it puts into words."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from config import Settings
from pipeline.jobs.queue import JobState
from pipeline.orchestrator import SessionView
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.results import OutputFile
from pipeline.session.state import (
    Keyframe,
    PromptRecord,
    SessionState,
    SessionStatus,
    StepSeconds,
    TargetRecord,
)
from ui.downloads import DEFAULT_NAME, ArchiveNames, file_name
from ui.http.api import Api
from ui.http.endpoint_values import read_examples, read_points
from ui.inputs import cached_upload, kept_instances, read_outputs, short_text, whole_number
from ui.next_step import step_line
from ui.page.callbacks import Callbacks
from ui.page.upload_steps import UploadSteps
from ui.request_values import read_request
from ui.result_views import result_view
from ui.text import about, choose_language, listed, sentences, shown_bytes, shown_fps, widget_texts
from ui.views import state_stamp
from ui.widgets.edges.edges import read_appearance, read_edges
from ui.widgets.engines.engines import read_choice
from ui.widgets.viewer.viewer import read_annotation, read_box, read_strokes
from utils.errors import BadRequest, SplazmatteError
from utils.messages import render
from utils.types import Box, Message, Stroke

MARKS = {"frame": 3, "points": [], "box": None, "first": 0, "last": 9, "sequence": 1}


@pytest.mark.parametrize(
    ("tags", "setting", "language"),
    [
        ("zh-Hans-CN,en", "auto", "zh"),
        ("zh", "auto", "zh"),
        ("zh_TW", "auto", "zh"),
        ("zh-HK;q=0.9", "auto", "zh"),
        ("en-GB,zh", "auto", "en"),
        ("fr-FR", "auto", "en"),
        ("fr,zh-CN", "auto", "zh"),
        ("zhx", "auto", "en"),
        ("", "auto", "en"),
        ("en", "zh", "zh"),
        ("zh", "en", "en"),
    ],
)
def test_language_is_the_first_one_we_speak(tags: str, setting: str, language: str) -> None:
    assert choose_language(tags, setting) == language


@pytest.mark.parametrize(("given", "number"), [("", None), (" ", None), (None, None), ("7", 7)])
def test_an_empty_number_of_the_first_frame_is_none(given: object, number: int | None) -> None:
    assert read_request(RenderRequest, {"first_number": given}).files.first_number == number


def test_an_empty_number_that_must_be_one_is_refused() -> None:
    with pytest.raises(BadRequest):
        read_request(RenderRequest, {"loops": ""})


def test_no_file_to_make_is_an_error_of_its_own() -> None:
    with pytest.raises(BadRequest) as problem:
        read_outputs([])
    assert problem.value.code == "page.no_outputs"


@pytest.mark.parametrize("value", [math.nan, math.inf, 1.5, 2**31, True, "3", None, [1]])
def test_only_whole_numbers_pass_as_numbers(value: object) -> None:
    with pytest.raises(BadRequest):
        whole_number(value, "frame")


@pytest.mark.parametrize(
    ("name", "read", "value", "form"),
    [
        ("points", read_points, [210, 120], "[[x, y], [x, y, 0], …]"),
        ("points", read_points, [[1.5, 2]], "[[x, y], [x, y, 0], …]"),
        ("box", read_box, [1, 2], "[x0, y0, x1, y1]"),
        ("examples", read_examples, [[1, 2]], "[[x0, y0, x1, y1], "),
        ("strokes", read_strokes, [{"vertices": []}], '"radius": 12'),
        ("kept", kept_instances, [0], '{"0": [0, 2]}'),
        ("outputs", read_outputs, "alpha", '["alpha", "png"]'),
    ],
)
def test_a_value_of_another_shape_is_answered_with_the_shape_it_has(
    name: str, read: Callable[[object], object], value: object, form: str
) -> None:
    """It said "can't be used" and named two documents."""
    with pytest.raises(BadRequest) as raised:
        read(value)
    for text in (raised.value.text("en"), raised.value.text("zh")):
        assert name in text and form in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"mask": {"path": "m.png"}, "points": [[1, 2]]},
            "mask can't be given together with points",
        ),
        (
            {"main_object": True, "box": [0, 0, 9, 9]},
            "main_object can't be given together with box",
        ),
        (
            {"source_alpha": True, "strokes": [{}]},
            "source_alpha can't be given together with strokes",
        ),
        ({"main_object": True, "source_alpha": True}, "together with source_alpha"),
        ({"main_object": True, "undo": True}, "main_object can't be given together with undo"),
    ],
)
def test_marks_that_exclude_each_other_are_refused_by_name(
    given: dict[str, Any], said: str
) -> None:
    """Points beside a mask were without effect; the others were "a value that can't be used"."""
    api = Api(cast(Any, None), Path())
    with pytest.raises(gr.Error, match=said):
        api.segment("A" * 24, **given)


def test_annotation_is_read_as_it_was_drawn() -> None:
    marks = read_annotation(
        {**MARKS, "points": [{"x": 4, "y": 5, "positive": False}], "box": [1, 2, 30, 40]}
    )
    assert (marks.frame, marks.first, marks.last) == (3, 0, 9)
    prompt = marks.marks.prompt()
    assert [(point.x, point.y, point.positive) for point in prompt.points] == [(4, 5, False)]
    assert prompt.box == Box(1, 2, 30, 40)
    assert marks.marks.prompt(is_example=True).exemplars == (Box(1, 2, 30, 40),)


def test_brush_strokes_are_read_with_every_frame_that_waits_for_an_answer() -> None:
    drawn = {"vertices": [[1, 2.5], [3, 4]], "radius": 6, "positive": False, "filled": False}
    waiting = [
        {"frame": 7, "strokes": [drawn], "own_mask": True},
        {"frame": 8, "strokes": [drawn], "is_undo": True},
    ]
    read = read_annotation({**MARKS, "waiting": waiting, "kept": {"3": [0]}})
    assert (read.waiting[0].frame, read.waiting[0].own_mask) == (7, True)
    assert [marks.is_undo for marks in read.waiting] == [False, True]
    assert read.waiting[0].strokes == (Stroke(((1.0, 2.5), (3.0, 4.0)), 6.0, is_positive=False),)
    assert read.kept == {3: (0,)}


@pytest.mark.parametrize(
    "change",
    [
        {"frame": None},
        {"frame": math.nan},
        {"points": "x"},
        {"points": [[1, 2]]},
        {"points": [{"x": 1}]},
        {"points": [{"x": 1, "y": 1, "positive": "yes"}]},
        {"points": [{"x": 1, "y": 1, "positive": True}] * 201},
        {"box": [1, 2, 3]},
        {"box": ["a", 2, 3, 4]},
        {"last": "end"},
        {"strokes": "x"},
        {"strokes": [{"path": []}]},
        {"strokes": [{"vertices": [[1]], "radius": 2}]},
        {"strokes": [{"vertices": [[1, math.inf]], "radius": 2}]},
        {"strokes": [{"vertices": [[1, 2]], "radius": -1}]},
        {"strokes": [{"vertices": [[1, 2]], "radius": 2000}]},
        {"strokes": [{"vertices": [[1, 2]], "radius": 2, "positive": 1}]},
        {"strokes": [{"vertices": [[1, 2]], "radius": 2}] * 501},
        {"strokes": [{"vertices": [[1, 2]] * 50_001, "radius": 2}]},
        {"waiting": [3]},
        {"waiting": [MARKS] * 51},
    ],
)
def test_a_forged_annotation_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        read_annotation({**MARKS, **change})


def test_no_annotation_means_no_clip_yet() -> None:
    with pytest.raises(BadRequest) as caught:
        read_annotation(None)
    assert caught.value.code == "page.no_session"


@pytest.mark.parametrize(
    "value",
    [{"gamma": "x"}, {"gamma": math.nan}, {"gamma": 99}, {"unknown": 1}, {"despill": True}, 3],
)
def test_edges_out_of_range_are_refused(value: object) -> None:
    with pytest.raises(SplazmatteError):
        read_edges(value)


def test_look_without_choices_is_the_default_and_texts_are_numbers_too() -> None:
    assert read_appearance(None).backgrounds.preview == "checker"
    assert read_edges({"grow_px": "1.5"}).grow_px == 1.5


def test_kept_objects_are_read_by_frame() -> None:
    assert kept_instances({"0": [1, 2], "12": []}) == {0: (1, 2), 12: ()}
    for forged in ({"-1": [0]}, {"0": "12"}, {"x": [0]}, {"0": [1.5]}, [0]):
        with pytest.raises(BadRequest):
            kept_instances(forged)


def test_engine_choice_and_outputs_must_have_their_shape() -> None:
    assert read_choice({"engine": "builtin", "options": {"size": "720"}}).options == {"size": "720"}
    assert read_choice("").name == "auto"
    for forged in ("x", {"options": [1]}, {"options": {"a": [1]}}, {"options": {"a": "b" * 200}}):
        with pytest.raises(BadRequest):
            read_choice(forged)
    for forged in ([], "alpha", [1], None):
        with pytest.raises(BadRequest):
            read_outputs(forged)
    with pytest.raises(BadRequest):
        short_text("x" * 501, "text")


def test_only_regular_files_inside_the_cache_are_taken(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    inside, outside = cache / "clip.mp4", tmp_path / "secret.mp4"
    for path in (inside, outside):
        path.write_bytes(b"x")
    (cache / "link.mp4").symlink_to(outside)
    assert cached_upload(str(inside), cache) == inside
    for forged in (outside, cache / "link.mp4", cache / ".." / "secret.mp4", cache, "", None, 5):
        with pytest.raises(BadRequest):
            cached_upload(forged, cache)


def test_an_upload_by_a_button_leaves_nothing_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio left an empty file there for each, until the clean-up an hour later."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    button = gr.UploadButton(file_types=[".png"])
    other = tmp_path / "of another" / "clip.mp4"
    mask = tmp_path / "own" / "mask.png"
    for path in (other, mask):
        path.parent.mkdir()
        path.write_bytes(b"bytes")
    given = button.preprocess(gr.FileData(path=str(mask)))
    read: list[Path] = []
    orchestrator = SimpleNamespace(
        read_mask_upload=lambda _session, _frame, path, target: read.append(path),
        state=lambda _session: None,
    )
    callbacks = Callbacks(cast(Any, orchestrator), Settings(_env_file=None), tmp_path)
    callbacks._answers = cast(Any, SimpleNamespace(selection=lambda *_: {}))
    callbacks.own_mask("a" * 24, "en", MARKS, given)
    assert read == [mask]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [other]


def test_sizes_and_rates_are_short() -> None:
    assert [shown_bytes(size) for size in (0, 999, 1536, 300 * 1024, 5 * 1024**2, 2 * 1024**3)] == [
        "0 B",
        "999 B",
        "1.5 KiB",
        "300 KiB",
        "5.0 MiB",
        "2.0 GiB",
    ]
    assert shown_fps(Fraction(30000, 1001)) == "29.97"
    assert shown_fps(Fraction(25)) == "25"


@pytest.mark.parametrize(
    "name", ["viewer", "engines", "progress", "results", "edges", "recent", "quick_preview"]
)
def test_every_text_a_script_asks_for_is_in_the_catalogue(name: str) -> None:
    import re

    folder = Path(__file__).resolve().parents[2] / "ui" / "widgets" / name
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.js"))
    markup = (folder / f"{name}.html").read_text("utf-8")
    asked = set(re.findall(r'label\("(\w+)"', source))
    asked |= set(re.findall(r'data-(?:text|label|title)="(\w+)"', markup))
    texts = widget_texts(name, "zh")
    assert asked <= set(texts), asked - set(texts)


def test_templates_hold_no_expression_that_the_browser_would_run() -> None:
    root = Path(__file__).resolve().parents[2] / "ui"
    for path in [*root.rglob("*.html"), *root.rglob("*.css")]:
        text = path.read_text("utf-8")
        for sign in ("${", "{{", "`", "\\"):
            assert sign not in text, (path.name, sign)


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        (DEFAULT_NAME, 0, "shot 1_alpha.mp4"),
        (DEFAULT_NAME, 2, "shot 1_alpha_cap.mp4"),
        ("{clip}_{target}_{output}", 0, "shot 1_alpha.mp4"),
        ("{clip}_{target}_{output}", 1, "shot 1_1_alpha.mp4"),
        ("../{output}", 0, "alpha.mp4"),
    ],
)
def test_downloads_are_named_by_tokens(pattern: str, target: int, expected: str) -> None:
    targets = (TargetRecord(), TargetRecord(id=2, name="cap"))
    state = SessionState(id="a", shown_name="shot 1.mov", targets=targets)
    output = OutputFile("alpha", Path("alpha.mp4"), 1, target)
    assert file_name(state, output, pattern) == expected


def test_a_target_without_a_mark_is_named_before_the_job_once_another_has_one() -> None:
    marked = Keyframe(
        frame=0, target=2, engine="builtin", prompt=PromptRecord(), instances=(), kept=(0,)
    )
    targets = (TargetRecord(), TargetRecord(id=2, keyframes={0: marked}))
    state = SessionState(id="a", status=SessionStatus.READY, targets=targets)
    assert "Target 1 has no mark" in step_line(state, None, "en")[1]
    alone = state.model_copy(update={"targets": targets[:1]})
    assert "no mark" not in step_line(alone, None, "en")[1]


@pytest.mark.parametrize("status", [SessionStatus.DONE, SessionStatus.CANCELLED])
def test_a_session_whose_marks_were_all_taken_away_asks_for_a_target(status: SessionStatus) -> None:
    """The line said that the selection was kept, or that all was done, with nothing selected."""
    marked = Keyframe(
        frame=0, target=1, engine="builtin", prompt=PromptRecord(), instances=(), kept=(0,)
    )
    state = SessionState(id="a", status=status, request=MatteRequest(), keyframes={0: marked})
    assert "Step 2" not in step_line(state, None, "en")[1]
    cleared = state.model_copy(update={"keyframes": {}})
    assert step_line(cleared, None, "zh") == (
        "step",
        "第 2 步，共 4 步 · 在画面上点击目标，或拖动框选。",
    )
    dropped = marked.model_copy(update={"kept": ()})
    dropped_all = state.model_copy(update={"keyframes": {0: dropped}})
    assert "Every object is dropped" in step_line(dropped_all, None, "en")[1]
    everyone = cleared.model_copy(update={"request": MatteRequest(everyone=True)})
    assert "Step 2" not in step_line(everyone, None, "en")[1]


def test_the_stamp_of_a_session_follows_marks_results_and_jobs_and_not_what_is_chosen() -> None:
    state = SessionState(id="a")
    marked = Keyframe(
        frame=0, target=1, engine="builtin", prompt=PromptRecord(), instances=(), kept=(0,)
    )
    idle = SessionView(state, None, None)
    running = SessionView(state, SimpleNamespace(state=JobState.RUNNING), None)
    changed = [
        {"keyframes": {0: marked}},
        {"targets": (TargetRecord(), TargetRecord(id=2))},
        {"status": SessionStatus.DONE},
        {"result_number": 2},
    ]
    stamps = {
        state_stamp(SessionView(state.model_copy(update=change), None, None)) for change in changed
    }
    assert len(stamps | {state_stamp(idle), state_stamp(running)}) == len(changed) + 2
    draft = state.model_copy(update={"draft": MatteRequest(), "updated_at_s": 1.0})
    assert state_stamp(SessionView(draft, None, None)) == state_stamp(idle)


def test_a_long_job_took_minutes() -> None:
    """The page said that a job took 389.9 s."""
    outputs = [OutputFile("alpha", Path("alpha.mp4"), 1, 0)]
    state = SessionState(id="a", seconds=StepSeconds(total=389.9))
    shown = [result_view(state, outputs, [], "RVM", language) for language in ("en", "zh")]
    assert [view["took"] for view in shown] == ["RVM · 6 min 30 s", "RVM · 用时 6 分 30 秒"]
    short = state.model_copy(update={"seconds": StepSeconds(total=4.25)})
    assert result_view(short, outputs, [], "RVM", "en")["took"] == "RVM · 4.2 s"
    assert result_view(state, outputs, [], "", "en")["took"] == ""


@pytest.mark.parametrize(
    ("file", "english", "chinese"),
    [
        ("foreground.webm", "“VP9 with alpha, WebM”", "VP9 带 Alpha 通道 WebM"),
        ("foreground.partial.webm", "“VP9 with alpha, WebM”", "VP9 带 Alpha 通道 WebM"),
        (
            "foreground.gif, alpha.mp4",
            "“Animated GIF”, “Alpha matte, MP4”",
            "动态 GIF、Alpha 通道 MP4",
        ),
        ("other.bin", "other.bin", "other.bin"),
    ],
)
def test_the_page_calls_a_file_in_a_note_as_its_download_and_not_as_its_folder_does(
    file: str, english: str, chinese: str
) -> None:
    """A note named foreground.webm, which was downloaded as “shot 1_webm.webm” or as the user's pattern said."""
    note = Message("video.encode_failed", {"file": file})
    nested = Message("job.about_target", {"target": "cap", "said": note})
    outputs = [OutputFile("webm", Path("foreground.webm"), 1, 0)]
    state = SessionState(id="a", status=SessionStatus.FAILED, warnings=(nested,), error=note)
    for language, label in (("en", english), ("zh", chinese)):
        shown = result_view(state, outputs, [], "", language)["notes"]
        assert shown == [
            render(
                Message(
                    nested.code,
                    {
                        "target": "cap",
                        "said": render(Message(note.code, {"file": label}), language),
                    },
                ),
                language,
            )
        ]
        assert step_line(state, None, language) == (
            "error",
            render(Message(note.code, {"file": label}), language),
        )
    assert file in render(note), "the command line writes files by these names"


def test_notes_of_the_clip_are_not_said_again_beside_its_files() -> None:
    of_clip, of_job = Message("video.hdr", {}), Message("engine.everyone_none", {})
    clip = SimpleNamespace(notices=(of_clip,))
    state = SessionState(id="a", warnings=(of_clip, of_job)).model_copy(update={"clip": clip})
    view = result_view(state, [OutputFile("alpha", Path("alpha.mp4"), 1, 0)], [], "", "en")
    assert isinstance(view, dict)
    assert view["notes"] == [render(of_job)]


def test_each_clip_of_an_archive_has_a_folder_of_its_own_that_every_system_takes() -> None:
    name_of = ArchiveNames("{output}")
    output = OutputFile("alpha", Path("alpha.mp4"), 1, 0)
    names = ["shot.mov", "Shot.mp4", "take 1: wide?.mov", "....mov"]
    states = [SessionState(id=str(at), shown_name=name) for at, name in enumerate(names)]
    found = [name_of(state, output) for state in [*states, states[0]]]
    folders = ["shot", "Shot_2", "take 1_ wide", "clip", "shot"]
    assert found == [f"{folder}/alpha.mp4" for folder in folders]


@pytest.mark.parametrize("pattern", ["{user}", "{}", "__", " . "])
def test_a_name_of_other_tokens_or_of_nothing_is_refused(pattern: str) -> None:
    state = SessionState(id="a", shown_name="shot.mov")
    with pytest.raises(BadRequest):
        file_name(state, OutputFile("alpha", Path("alpha.mp4"), 1, 0), pattern)


def test_lists_and_sentences_have_the_marks_of_the_language() -> None:
    assert about("甲.mp4", "太大。", "zh") == "甲.mp4：太大。"
    assert about("a.mp4", "Too big.", "en") == "a.mp4: Too big."
    assert (listed("ab", "zh"), listed("ab", "en")) == ("a、b", "a, b")
    assert sentences(("一。", "", "二。"), "zh") == "一。二。"
    assert sentences(("One.", "", "Two."), "en") == "One. Two."


def test_clips_that_are_refused_are_named_with_the_marks_of_the_language(tmp_path: Path) -> None:
    answers = SimpleNamespace(problem=lambda text, language, session=None: {"said": text})
    steps = UploadSteps(SimpleNamespace(), Settings(_env_file=None), tmp_path, lambda: answers)
    files = [{"name": f"{name}.mp4", "error": "坏: 文件。"} for name in "甲乙"]
    assert steps.clips("", "zh", gr.EventData(None, {"files": files})) == {
        "said": "甲.mp4：坏: 文件。乙.mp4：坏: 文件。"
    }
    assert steps.clips("", "zh", gr.EventData(None, {"files": files[:1]})) == {"said": "坏: 文件。"}


def test_of_too_many_clips_the_first_are_taken_and_the_rest_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were sent, none was taken, and the page said to send the others later."""
    monkeypatch.setattr("ui.page.upload_steps.MOST_CLIPS", 2)
    paths = [tmp_path / str(number) / f"{number}.mp4" for number in range(5)]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(b"clip")
    made: list[str] = []

    def create_session(source: Path, *_: object, **__: object) -> SimpleNamespace:
        made.append(source.name)
        return SimpleNamespace(id=source.stem)

    answers = SimpleNamespace(
        whole=lambda state, language, further: {"shown": (state.id, *further)},
        problem=lambda text, language, session=None: {"said": text},
    )
    steps = UploadSteps(
        SimpleNamespace(create_session=create_session),
        Settings(_env_file=None),
        tmp_path,
        lambda: answers,
    )
    event = gr.EventData(None, {"files": [{"path": str(path)} for path in paths]})
    said = steps.clips("", "zh", event)
    assert made == ["0.mp4", "1.mp4"]
    assert said["shown"] == ("0", "1")
    assert "有 3 个未上传" in said["said"]
    assert not list(tmp_path.rglob("*.mp4"))
