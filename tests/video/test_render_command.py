"""`render` and picture backgrounds on the command line, in process, on the built-in engine."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
from config import Settings
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from tests.disc import write_clip, write_mask_png
from ui.command_line.cli import main
from utils.errors import SessionError


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        _env_file=None,
        workspace_dir=tmp_path_factory.mktemp("work"),
        models_dir=tmp_path_factory.mktemp("models"),
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )


def run(settings: Settings, *words: str) -> int:
    return main(words, lambda: settings, app.build_orchestrator, lambda _: None)


@pytest.fixture(scope="module")
def session(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("clip")
    clip, mask = write_clip(folder / "clip.mp4", 4), write_mask_png(folder / "mask.png")
    words = [
        "matte",
        str(clip),
        "--mask",
        str(mask),
        "--engine",
        "builtin",
        "--outputs",
        "alpha,foreground",
    ]
    assert run(settings, *words, "--background", "#0000FF", "--out", str(folder / "out")) == 0
    (made,) = SessionStore(settings.workspace_dir)
    return made.id


def corner(settings: Settings, path: Path) -> np.ndarray:
    video = VideoIO(settings)
    frame = next(iter(video.open(path, video.probe(path)).read(0, 1)))
    return frame[2, 2].astype(int)


def test_what_is_not_given_stays_as_the_last_files_have_it(
    settings: Settings, session: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["render", session, "--grow", "-3", "--json", "--out", str(tmp_path / "out")]
    assert run(settings, *words) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert sorted(summary["outputs"]) == ["alpha", "foreground"]
    assert summary["session"] == session
    assert np.abs(corner(settings, tmp_path / "out" / "foreground.mp4") - (0, 0, 255)).max() < 12
    stored = SessionStore(settings.workspace_dir).open(session).state.result_request
    assert stored is not None
    assert stored.edges.grow_px == -3.0
    assert stored.engine == "builtin"


def test_files_that_somebody_removed_are_named_and_do_not_stop_others(
    settings: Settings, session: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = SessionStore(settings.workspace_dir).open(session).folder
    (folder / "foreground.mp4").unlink()
    work = app.build_orchestrator(settings)
    with pytest.raises(SessionError, match=r"removed from the workspace: foreground\.mp4\."):
        work.export(session, tmp_path / "out")
    assert work.close()
    words = ["render", session, "--outputs", "gif", "--json", "--out", str(tmp_path / "out")]
    assert run(settings, *words) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert sorted(summary["outputs"]) == ["alpha", "gif"]


def test_a_picture_lies_behind_the_foreground(
    settings: Settings, session: str, tmp_path: Path
) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (40, 30), (200, 20, 20)).save(picture)
    words = ["render", session, "--background", "picture", "--background-picture", str(picture)]
    assert run(settings, *words, "--outputs", "foreground", "--out", str(tmp_path / "out")) == 0
    found = corner(settings, tmp_path / "out" / "foreground.mp4")
    assert np.abs(found - (200, 20, 20)).max() < 12


def test_a_picture_alone_lies_behind_the_preview(
    settings: Settings, session: str, tmp_path: Path
) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (40, 30), (200, 20, 20)).save(picture)
    words = ["render", session, "--background", "#00FF00", "--background-picture", str(picture)]
    assert run(settings, *words, "--outputs", "preview", "--out", str(tmp_path / "out")) == 0
    assert np.abs(corner(settings, tmp_path / "out" / "preview.mp4") - (200, 20, 20)).max() < 12


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--grow", "99"], "grow_px"),
        (["--background", "green"], "green"),
        (["--background-picture", "/nowhere.png"], "no such picture"),
        (["--outputs", "bmp"], "bmp"),
        (["--outputs", ""], "output"),
    ],
)
def test_a_wrong_value_is_one_line_and_exit_code_2(
    settings: Settings,
    session: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    named: str,
) -> None:
    before = SessionStore(settings.workspace_dir).open(session).state
    assert run(settings, "render", session, *words, "--out", str(tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert named in error
    assert len(error.splitlines()) == 1
    assert SessionStore(settings.workspace_dir).open(session).state == before


def test_a_full_disk_of_the_folder_is_named_with_the_way_to_the_kept_result(
    settings: Settings,
    session: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After hours of matting it said to try again."""

    def is_full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    out, words = tmp_path / "out", ("render", session, "--outputs", "alpha", "--out")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.session.results.link_or_copy", is_full)
        assert run(settings, *words, str(out)) == 2
    note, error = capsys.readouterr().err.splitlines()[-2:]
    assert str(out) in error
    command = note[note.index("versions") : note.index(" DIR")].split()
    assert run(settings, *command, str(out)) == 0
    assert (out / "alpha.mp4").is_file()


def test_options_of_files_count_when_they_are_rendered_again(
    settings: Settings, session: str, tmp_path: Path
) -> None:
    """They were taken without a word and changed nothing; files that don't read them stay in the result."""
    for words in (["--outputs", "alpha,png"], ["--outputs", "png", "--first-number", "1001"]):
        assert run(settings, "render", session, *words, "--out", str(tmp_path / "out")) == 0
    names = sorted(path.name for path in (tmp_path / "out" / "foreground").iterdir())
    assert names[0] == "001001.png"
    state = SessionStore(settings.workspace_dir).open(session).state
    assert {"alpha", "png"} <= {record.kind for record in state.outputs}
    assert state.result_request is not None and state.result_request.files.first_number == 1001


def test_a_session_that_is_not_there_is_named(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, "render", "a" * 24, "--out", str(tmp_path / "out")) == 2
    assert "no such session" in capsys.readouterr().err
