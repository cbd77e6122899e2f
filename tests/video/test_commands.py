"""The command line from end to end on the built-in engine, as a script would call it.

A process of its own is started where that is what is tested; the other commands run in this one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
from config import Settings
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from tests.disc import disc_frame, write_clip, write_mask_png
from ui.command_line.cli import main

ROOT = Path(__file__).resolve().parents[2]


def script(
    *arguments: object, workspace: Path, **settings: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "SPLAZMATTE_WORKSPACE_DIR": str(workspace),
        "SPLAZMATTE_MODELS_DIR": str(workspace / "no-models"),
        "SPLAZMATTE_MIN_FREE_DISK_BYTES": "1000000",
        **settings,
    }
    return subprocess.run(
        [sys.executable, "app.py", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments: object, workspace: Path) -> Finished:
    """Run a command in this process."""
    settings = Settings(
        _env_file=None,
        workspace_dir=workspace,
        models_dir=workspace / "no-models",
        min_free_disk_bytes=1_000_000,
    )

    def serve(_: Settings) -> None:
        raise AssertionError("nothing is served")

    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            words = [str(item) for item in arguments]
            code = main(words, lambda: settings, app.build_orchestrator, serve)
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Finished(code, out.getvalue(), error.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("commands")
    write_clip(made / "clip.mp4", audio=True)
    write_mask_png(made / "mask.png")
    return made


@pytest.fixture(scope="module")
def matted(folder: Path) -> tuple[Path, dict]:
    out = folder / "out"
    result = script(
        "matte", folder / "clip.mp4", "--mask", folder / "mask.png", "--engine", "builtin",
        "--outputs", "alpha,foreground,preview,png,prores,webm", "--out", out, "--json",
        workspace=folder / "workspace",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return out, json.loads(result.stdout.splitlines()[-1])


def test_matte_prints_one_object_with_the_promised_keys(matted) -> None:
    _, summary = matted
    assert set(summary) == {
        "session", "engine", "frames", "width", "height", "fps", "seconds", "outputs", "warnings",
    }  # fmt: skip
    assert set(summary["seconds"]) == {"segment", "track", "matte", "encode", "total"}
    assert (summary["engine"], summary["frames"]) == ("builtin", 12)
    assert (summary["width"], summary["height"], summary["fps"]) == (160, 96, 25.0)


def test_matte_writes_every_file_where_it_says(matted) -> None:
    out, summary = matted
    for name in ("alpha.mp4", "foreground.mp4", "preview.mp4", "foreground.mov", "foreground.webm"):
        assert (out / name).stat().st_size > 0
    assert set(summary["outputs"]) == {"alpha", "foreground", "preview", "png", "prores", "webm"}
    for path in summary["outputs"].values():
        assert Path(path).exists()
    frames = sorted((out / "foreground").iterdir())
    assert [path.name for path in frames] == [f"{index:06d}.png" for index in range(12)]


def test_rgba_pngs_carry_the_alpha_pngs_and_follow_the_disc(matted) -> None:
    out, _ = matted
    for index in (0, 6, 11):
        rgba = np.asarray(Image.open(out / "foreground" / f"{index:06d}.png"))
        alpha = np.asarray(Image.open(out / "alpha" / f"{index:06d}.png"))
        assert rgba.shape == (96, 160, 4)
        assert np.array_equal(rgba[..., 3], alpha)
        truth = disc_frame(index)[1]
        found = alpha > 127
        assert (truth & found).sum() / (truth | found).sum() > 0.9


def test_the_session_keeps_what_is_needed_to_render_again(folder: Path, matted) -> None:
    _, summary = matted
    session = SessionStore(folder / "workspace").open(summary["session"])
    state = session.state
    assert state.status is SessionStatus.DONE
    assert session.master.is_file()
    assert state.seconds.total > 0
    assert not list(session.folder.rglob("*.partial*"))


def test_segment_writes_a_mask_that_matte_takes(folder: Path) -> None:
    mask = folder / "found.png"
    result = command(
        "segment", folder / "clip.mp4", "--box", "25,25,75,72", "-o", mask,
        workspace=folder / "workspace",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = np.asarray(Image.open(mask))
    assert set(np.unique(found)) == {0, 255}
    truth = disc_frame(0)[1]
    assert (truth & (found > 0)).sum() / (truth | (found > 0)).sum() > 0.85


def test_a_click_on_a_middle_frame_mattes_both_ways(folder: Path) -> None:
    out = folder / "from-middle"
    result = command(
        "matte", folder / "clip.mp4", "--point", "57,48", "--point", "140,10,-", "--frame", "6",
        "--engine", "builtin", "--outputs", "png", "--out", out,
        workspace=folder / "workspace",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    for index in (0, 11):
        found = np.asarray(Image.open(out / "alpha" / f"{index:06d}.png")) > 127
        truth = disc_frame(index)[1]
        assert (truth & found).sum() / (truth | found).sum() > 0.85


def test_in_and_out_points_limit_the_work(folder: Path) -> None:
    out = folder / "range"
    result = command(
        "matte", folder / "clip.mp4", "--mask", folder / "mask.png", "--engine", "builtin",
        "--frame", "0", "--last", "4", "--outputs", "png,alpha", "--out", out, "--json",
        workspace=folder / "workspace",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["frames"] == 5
    assert len(list((out / "alpha").iterdir())) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--box", "0,0,10"], "a box is X0,Y0,X1,Y1"),
        (["--box", "500,0,600,90"], "160x96"),
        (["--point", "1e9,2"], "out of range"),
        (["--point", "nan,2"], "out of range"),
        (["--point", "999,2"], "160x96"),
        ([], "--mask, --text, --point, --box"),
        (["--text", "disc"], "text"),
        (["--box", "25,25,75,72", "--mask", "mask.png"], "not both"),
        (["--box", "25,25,75,72", "--frame", "12"], "0 to 11"),
        (["--box", "25,25,75,72", "--outputs", "bmp"], "bmp"),
        (["--box", "25,25,75,72", "--background", "green"], "#RRGGBB"),
        (["--box", "25,25,75,72", "--last", "99"], "0 to 11"),
        (["--box", "25,25,75,72", "--option", "nope=1"], "nope"),
        (["--box", "25,25,75,72", "--engine", "matanyone"], "bash scripts/"),
        (["--mask", "clip.mp4"], "PNG"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_2(
    folder: Path, arguments: list[str], said: str
) -> None:
    arguments = [str(folder / item) if (folder / item).is_file() else item for item in arguments]
    result = command(
        "matte", folder / "clip.mp4", *arguments, "--out", folder / "never",
        workspace=folder / "workspace",
    )  # fmt: skip
    assert result.returncode == 2, (result.stdout, result.stderr)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert said in lines[0]
    assert not list((folder / "never").glob("*"))


def test_engines_names_what_is_missing_and_the_command(folder: Path) -> None:
    result = command("engines", "--json", workspace=folder / "workspace")
    assert result.returncode == 0, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["builtin"]["available"]
    assert rows["builtin"]["default"]
    for name in ("sam3", "sam2", "matanyone", "videomama"):
        assert not rows[name]["available"]
        assert all(item["what"] for item in rows[name]["missing"])
        assert any("scripts/" in item["command"] for item in rows[name]["missing"])


def test_sessions_lists_and_a_dry_run_deletes_nothing(folder: Path, matted) -> None:
    _, summary = matted
    workspace = folder / "workspace"
    listed = command("sessions", workspace=workspace)
    assert summary["session"] in listed.stdout
    state_path = workspace / "sessions" / summary["session"] / "session.json"
    kept = state_path.read_text()
    aged = {**json.loads(kept), "updated_at_s": time.time() - 100 * 3600}
    state_path.write_text(json.dumps(aged))
    dry = command("sessions", "--clean", "--dry-run", workspace=workspace)
    assert f"would delete {summary['session']}" in dry.stdout
    assert summary["session"] in command("sessions", workspace=workspace).stdout
    state_path.write_text(kept)


def test_the_output_folder_can_be_new_and_nested(folder: Path) -> None:
    out = folder / "a" / "b" / "c"
    result = command(
        "matte", folder / "clip.mp4", "--mask", folder / "mask.png", "--engine", "builtin",
        "--last", "1", "--outputs", "alpha", "--out", out, workspace=folder / "workspace",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (out / "alpha.mp4").is_file()


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_json_is_valid_on_a_terminal_of_any_encoding(folder: Path, encoding: str) -> None:
    out = folder / f"é猫 {encoding}"
    result = script(
        "matte", folder / "clip.mp4", "--mask", folder / "mask.png", "--engine", "builtin",
        "--last", "2", "--outputs", "alpha", "--out", out, "--json",
        workspace=folder / "workspace", PYTHONIOENCODING=encoding,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["outputs"]["alpha"] == str(out / "alpha.mp4")
