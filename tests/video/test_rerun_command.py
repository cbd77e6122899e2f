"""`rerun` on the command line: a session corrected and matted again, in process, on the built-in engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.session.session import Session
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from tests.disc import write_clip, write_mask_png
from ui.command_line.arguments import parse_arguments
from ui.command_line.cli import main
from ui.command_line.commands.rerun import check_rerun
from utils.errors import EngineError, UnusablePrompt

BOX, CLICK, BESIDE = ("--box", "25,25,75,72"), ("--point", "52,48"), ("--point", "150,10,-")


def run(settings: Settings, *words: object) -> int:
    return main(list(map(str, words)), lambda: settings, app.build_orchestrator, lambda _: None)


@pytest.fixture
def session(settings: Settings, tmp_path: Path) -> Session:
    clip, out = write_clip(tmp_path / "clip.mp4", 4), tmp_path / "out"
    words = ("matte", clip, *BOX, "--engine", "builtin", "--outputs", "alpha,png", "--out", out)
    assert run(settings, *words, "--grow", "2") == 0
    (made,) = SessionStore(settings.workspace_dir)
    return made


def kept_files(session: Session) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in session.folder.rglob("*.[mp][pn]*[4g]")}


def test_a_correction_is_added_and_the_former_result_is_a_version(
    settings: Settings, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("rerun", session.id, "--frame", "3", *CLICK, "--out", tmp_path / "two", "--json")
    assert run(settings, *words) == 0
    printed = capsys.readouterr()
    summary = json.loads(printed.out.splitlines()[-1])
    assert (summary["session"], summary["version"]) == (session.id, 2)
    assert sorted(summary["outputs"]) == ["alpha", "png"], "as the job before"
    assert "--take 1 takes it back" in printed.err
    state = session.state
    assert sorted(state.keyframes) == [0, 3]
    assert state.request is not None
    assert (state.request.engine, state.request.edges.grow_px) == ("builtin", 2)
    assert run(settings, *words, "--frame", "0", *BESIDE) == 0
    first, last = (session.state.keyframes[frame].prompt for frame in (0, 3))
    assert first.box is not None and len(first.points) == 1, "a click beside the box that is there"
    assert len(last.points) == 1, "the same click does not count twice"
    assert run(settings, "versions", session.id, "--take", "2") == 0, "it is the current one"
    assert run(settings, "versions", session.id, "--delete", "2") == 2
    assert "current result" in capsys.readouterr().err.splitlines()[-1]
    assert run(settings, "sessions", "--json") == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["session"], one["status"]) for one in listed["sessions"]] == [(session.id, "done")]
    assert listed["deleted"] == []
    mask = write_mask_png(tmp_path / "mask.png", 3)
    words = ("rerun", session.id, "--frame", "3", "--unmark", "--target", "2", "--mask", mask)
    assert run(settings, *words, "--out", tmp_path / "three") == 0
    state = session.state
    assert (sorted(state.keyframes), sorted(state.keyframes_of(2))) == ([0], [0])
    assert state.target(2).name == "2"


def test_where_one_mark_is_refused_all_are_taken_back(
    settings: Settings, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, files = session.state, kept_files(session)
    refused = [
        ("999,3 outside", ("--frame", "0", *BESIDE, "--frame", "3", "--point", "999,3")),
        (
            "marked frames: 0",
            ("--target", "B", *CLICK, "--target", "1", "--frame", "2", "--unmark"),
        ),
        ("can't run here", ("--frame", "3", *CLICK, "--engine", "rvm")),
        ("not a range", ("--frame", "3", *CLICK, "--last", "99")),
        ("no target", ("--unmark",)),
    ]
    for _, marks in refused:
        assert run(settings, "rerun", session.id, *marks, "--out", tmp_path / "two") == 2
        (line,) = [one for one in capsys.readouterr().err.splitlines() if one]
        assert line.startswith("error: ")
        after = session.state
        assert (after.keyframes, after.targets) == (before.keyframes, before.targets)
        assert kept_files(session) == files
    session.update(status=SessionStatus.QUEUED)
    assert run(settings, "rerun", session.id, *CLICK, "--out", tmp_path / "two") == 2
    assert "waiting or running" in capsys.readouterr().err
    assert not (tmp_path / "two").exists()


def test_a_rerun_that_fails_leaves_the_result_and_another_engine_has_options_of_its_own(
    settings: Settings, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.update(
        request=session.state.request.model_copy(update={"engine": "rvm", "options": {"x": 1}})
    )
    asked = []

    def fails(orchestrator: Orchestrator, key: str, request, context) -> None:
        asked.append(request)
        raise EngineError("engine.bad_alpha", name="x", frame=1, problem="x")

    monkeypatch.setattr(Orchestrator, "run_now", fails)
    files = kept_files(session)
    words = ("rerun", session.id, "--engine", "builtin", "--option", "network_interval=3")
    assert run(settings, *words, "--out", tmp_path / "two") == 1
    (request,) = asked
    assert (request.engine, request.options) == ("builtin", {"network_interval": "3"})
    assert kept_files(session) == files
    assert session.state.result_number == 1


def test_a_session_without_a_result_is_said_to_have_none_and_can_be_run(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = app.build_orchestrator(settings)
    made = work.create_session(write_clip(tmp_path / "clip.mp4", 2), "clip.mp4").id
    assert work.close()
    assert run(settings, "versions", made) == 0
    assert capsys.readouterr().out == "0 results: There is no matte yet. Start matting first.\n"
    assert run(settings, "versions", made, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    words = ("rerun", made, *BOX, "--engine", "builtin", "--outputs", "alpha")
    assert run(settings, *words, "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / "alpha.mp4").is_file()


@pytest.mark.parametrize(
    "marks",
    [
        ["--frame", "3"],
        ["--target", "B"],
        ["--everyone", "--point", "1,2"],
        ["--mask", "m.png", "--box", "1,2,3,4"],
        ["--mask", "m.png", "--example", "1,2,3,4"],
    ],
)
def test_a_frame_or_target_without_marks_or_with_two_is_refused(marks: list[str]) -> None:
    with pytest.raises(UnusablePrompt):
        check_rerun(parse_arguments(["rerun", "s", *marks, "--out", "o"]))
