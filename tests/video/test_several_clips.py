"""Several clips on the command line: a folder each, and a bad one doesn't stop the rest."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import app
from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.session.store import SessionStore
from tests.disc import write_clip, write_mask_png
from ui.command_line.cli import main
from utils.errors import Cancelled


def test_a_bad_clip_between_two_good_ones_is_named_and_the_others_are_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        _env_file=None,
        workspace_dir=tmp_path / "workspace",
        models_dir=tmp_path / "models",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )
    (tmp_path / "a").mkdir()
    good, same_name = write_clip(tmp_path / "one.mp4", 3), write_clip(tmp_path / "a" / "one.mp4", 2)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(bytes(range(256)) * 300)
    words = ["matte", str(good), str(bad), str(same_name), "--box", "25,25,75,72"]
    words += ["--engine", "builtin", "--outputs", "alpha", "--out", str(tmp_path / "out"), "--json"]
    code = main(words, lambda: settings, app.build_orchestrator, lambda _: None)
    printed = capsys.readouterr()
    assert code == 2
    assert f"clip 2 of 3: {bad}" in printed.err
    assert f"error: {bad}" in printed.err and "1 of 3" in printed.err
    clips = json.loads(printed.out.splitlines()[-1])["clips"]
    assert [clip.get("frames") for clip in clips] == [3, None, 2]
    assert clips[1]["error"]
    for folder in ("one", "one_2"):
        assert (tmp_path / "out" / folder / "alpha.mp4").is_file()


@pytest.mark.expects_error_log
def test_an_internal_error_at_one_clip_does_not_stop_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did: the clips after it were never looked at."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    clips = [write_clip(tmp_path / name, 2) for name in ("one.mp4", "two.mp4")]
    create = Orchestrator.create_session

    def fails_once(orchestrator: Orchestrator, upload: Path, *words: Any, **more: Any) -> Any:
        if upload == clips[0]:
            raise RuntimeError("a case nobody thought of")
        return create(orchestrator, upload, *words, **more)

    monkeypatch.setattr(Orchestrator, "create_session", fails_once)
    words = ["matte", *map(str, clips), "--box", "25,25,75,72", "--engine", "builtin"]
    words += ["--outputs", "alpha", "--out", str(tmp_path / "out"), "--json"]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 1
    printed = capsys.readouterr()
    assert "a case nobody thought of" in printed.err and "1 of 2" in printed.err
    results = json.loads(printed.out.splitlines()[-1])["clips"]
    assert [result.get("frames") for result in results] == [None, 2]


def test_what_a_batch_has_finished_is_printed_where_it_is_cancelled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was: whoever pressed Ctrl+C in the last of a hundred clips had no record of the others."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    clips = [write_clip(tmp_path / name, 2) for name in ("one.mp4", "two.mp4")]
    run_now = Orchestrator.run_now

    def is_stopped_at_the_second(orchestrator: Orchestrator, session: str, *words: Any) -> Any:
        if orchestrator.state(session).shown_name == clips[1].name:
            raise Cancelled
        return run_now(orchestrator, session, *words)

    monkeypatch.setattr(Orchestrator, "run_now", is_stopped_at_the_second)
    words = ["matte", *map(str, clips), "--box", "25,25,75,72", "--engine", "builtin"]
    words += ["--outputs", "alpha", "--out", str(tmp_path / "out"), "--json"]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 130
    (line,) = capsys.readouterr().out.splitlines()
    assert [result["frames"] for result in json.loads(line)["clips"]] == [2]


def test_a_job_says_that_it_prepares_once_its_values_are_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was printed while a job loaded its networks, as if it hung; a wrong value stays one line."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    clip = write_clip(tmp_path / "one.mp4", 2)
    words = ["matte", str(clip), "--box", "25,25,75,72", "--engine", "builtin"]
    words += ["--outputs", "alpha", "--out", str(tmp_path / "out")]
    wrong = [*words, "--first", "1"]
    assert main(wrong, lambda: settings, app.build_orchestrator, lambda _: None) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first == "Preparing: loading networks and looking at the first frames"


def test_links_are_followed_and_a_further_key_frame_is_marked(tmp_path: Path) -> None:
    """A link to a clip was refused as no regular file; of marks on two frames all came onto the last one."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    write_clip(tmp_path / "one.mp4", 3)
    write_mask_png(tmp_path / "one.png", 2)
    for suffix in (".mp4", ".png"):
        (tmp_path / f"link{suffix}").symlink_to(f"one{suffix}")
    words = ["matte", str(tmp_path / "link.mp4"), "--frame", "0", "--box", "25,25,75,72"]
    words += ["--frame", "2", "--mask", str(tmp_path / "link.png"), "--engine", "builtin"]
    words += ["--outputs", "alpha", "--out", str(tmp_path / "out")]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 0
    (session,) = SessionStore(tmp_path / "w")
    assert (session.state.shown_name, sorted(session.state.keyframes)) == ("link.mp4", [0, 2])


def test_a_stroke_is_painted_on_a_mask_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    clip = write_clip(tmp_path / "one.mp4", 2)
    out = tmp_path / "mask.png"
    words = ["segment", str(clip), "--stroke", "fill:10,10;30,10;30,20;10,20"]
    words += ["--stroke=-1.5:20.5,15.5", "-o", str(out)]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 0
    mask = np.asarray(Image.open(out)) > 127
    expected = np.zeros((96, 160), bool)
    expected[10:20, 10:30] = True
    rows, columns = np.mgrid[:96, :160]
    expected &= np.hypot(columns - 20, rows - 15) > 1.5
    assert (mask == expected).all()
    with pytest.raises(SystemExit):
        main(["segment", str(clip), "--stroke", "0:1,1", "-o", str(out)], lambda: settings,
             app.build_orchestrator, lambda _: None)  # fmt: skip


@pytest.mark.parametrize("place", ["file", "frames"])
def test_files_never_take_the_place_of_the_clip_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """`matte foreground.mp4 --out .` replaced the clip, and a folder of plates called exr lost them."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    clip, kind = tmp_path / "foreground.mp4", "foreground"
    if place == "frames":
        clip, kind = tmp_path / "png16", "png16"
        clip.mkdir()
        for number in (1, 2):
            Image.new("RGB", (32, 32)).save(clip / f"{number:04d}.png")
    else:
        write_clip(clip, 2)
    words = ["matte", str(clip), "--box", "5,5,25,25", "--engine", "builtin"]
    words += ["--outputs", kind, "--out", str(tmp_path)]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 2
    assert "which is the clip itself" in capsys.readouterr().err
    assert not list((tmp_path / "w").glob("sessions/*/source*"))


def test_a_reader_that_ends_early_is_no_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`app.py engines --json | head -c 100` ended as an internal error with a traceback."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert main(["engines"], lambda: settings, app.build_orchestrator, lambda _: None) == 141
    assert capfd.readouterr().err == ""


def test_a_dry_run_deletes_no_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(_env_file=None, workspace_dir=tmp_path / "w", min_free_disk_bytes=0)
    orchestrator = app.build_orchestrator(settings)
    session = orchestrator.create_session(write_clip(tmp_path / "one.mp4", 2), "one.mp4").id
    words = ["sessions", "--delete", session, "--dry-run"]
    assert main(words, lambda: settings, lambda _: orchestrator, lambda _: None) == 2
    assert "--clean" in capsys.readouterr().err
    assert orchestrator.state(session).id == session
