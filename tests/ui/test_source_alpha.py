"""A clip's own transparency as the starting mask: on the command line, in the API and on the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gradio.exceptions import Error

import app
from config import Settings
from pipeline.orchestrator import Orchestrator
from tests.clips import decode, ffmpeg, make_clip
from ui.command_line.cli import main

FRAMES, STEP = 6, 3
INSIDE = f"lt(hypot(X-50-{STEP}*N,Y-48),24)"
DISC = f"format=rgba,geq=r='if({INSIDE},200,90)':g='if({INSIDE},60,90)':b='if({INSIDE},40,90)'"


def disc(frame: int) -> np.ndarray:
    y, x = np.mgrid[:96, :160]
    return np.hypot(x - 50 - STEP * frame, y - 48) < 24


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("source_alpha")
    return Settings(
        _env_file=None,
        workspace_dir=folder / "workspace",
        models_dir=folder / "models",
        min_free_disk_bytes=0,
        disk_floor_bytes=0,
    )


@pytest.fixture(scope="module")
def clip(settings: Settings) -> Path:
    """VP9 with alpha: FFmpeg's usual decoder drops it."""
    path = settings.workspace_dir.parent / "clip.webm"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25", "-frames:v", str(FRAMES)),
        *("-vf", f"{DISC}:a='if({INSIDE},255,0)'", "-pix_fmt", "yuva420p"),
        *("-c:v", "libvpx-vp9", "-auto-alt-ref", "0", "-crf", "10", "-b:v", "0", path),
    )
    return path


@pytest.fixture(scope="module")
def work(settings: Settings) -> Orchestrator:
    return app.build_orchestrator(settings)


def run(settings: Settings, *arguments: object) -> int:
    def serve(_: Settings) -> None:
        raise AssertionError("nothing is served")

    words = [str(item) for item in arguments]
    return main(words, lambda: settings, app.build_orchestrator, serve)


def test_a_job_goes_on_from_the_clips_own_transparency(
    settings: Settings, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--engine", "builtin", "--outputs", "alpha", "--out", tmp_path)
    assert run(settings, "matte", clip, "--source-alpha", "--frame", "2", *out) == 0
    assert "its own transparency" in capsys.readouterr().err
    alphas = decode(tmp_path / "alpha.mp4", "gray") > 127
    for frame in range(FRAMES):
        common = np.count_nonzero(alphas[frame] & disc(frame))
        assert common / np.count_nonzero(alphas[frame] | disc(frame)) > 0.95, frame


@pytest.mark.parametrize(
    "extra", [("--point", "5,5"), ("--main-object",), ("--everyone",), ("--mask", "m.png")]
)
def test_nothing_else_names_the_target_beside_it(
    settings: Settings, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: tuple
) -> None:
    assert run(settings, "matte", clip, "--source-alpha", *extra, "--out", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "selects by itself" in line


def test_a_clip_without_it_says_so(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = make_clip(tmp_path / "plain.mp4", frames=3)
    assert run(settings, "segment", plain, "--source-alpha", "-o", tmp_path / "mask.png") == 2
    assert "no transparency of its own" in capsys.readouterr().err


def test_api_and_page_take_it_too(work: Orchestrator, settings: Settings, clip: Path) -> None:
    from tests.page_handlers import page_handlers
    from ui.http.api import Api

    state = work.create_session(clip, clip.name)
    api = Api(work, settings.workspace_dir)
    found = api.segment(state.id, frame=3, source_alpha=True)
    assert found["instances"][0]["area_px"] == pytest.approx(np.count_nonzero(disc(3)), rel=0.03)
    with pytest.raises(Error, match="source_alpha"):
        api.segment(state.id, frame=3, source_alpha=True, points=[[5, 5]])

    calls, page = page_handlers(work, settings)
    assert calls.load("", "en", "en")[page.source_alpha]["visible"] is False
    assert calls.load(state.id, "en", "en")[page.source_alpha]["visible"] is True
    marks = {"frame": 5, "points": [], "box": None, "first": 0, "last": 5, "sequence": 1}
    assert page.viewer in calls.source_alpha(state.id, "en", marks)
    assert work.state(state.id).keyframes[5].prompt.own_mask
