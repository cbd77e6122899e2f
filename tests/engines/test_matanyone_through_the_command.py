"""MatAnyone through the command line, on random weights of the real architecture: files and messages only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from pipeline.session.store import SessionStore
from tests.disc import write_clip, write_mask_png
from tests.engines.fake_matanyone import write_random_weights
from ui.command_line.cli import main

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors")

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("matanyone-command")
    write_clip(made / "clip.mp4", frame_count=4)
    write_mask_png(made / "mask2.png", index=2)
    write_random_weights(made / "matanyone2")
    return made


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    def call(*options: str) -> tuple[int, str, str]:
        monkeypatch.setenv("SPLAZMATTE_WORKSPACE_DIR", str(tmp_path / "workspace"))
        monkeypatch.setenv("SPLAZMATTE_MODELS_DIR", str(folder))
        monkeypatch.setenv("SPLAZMATTE_MIN_FREE_DISK_BYTES", "1000000")
        monkeypatch.setenv("SPLAZMATTE_DEVICE", "cpu")
        monkeypatch.setattr("signal.signal", lambda *_: None)
        arguments = [
            "matte", str(folder / "clip.mp4"), "--mask", str(folder / "mask2.png"), "--frame", "2",
            "--engine", "matanyone", "--outputs", "alpha,png", "--out", str(tmp_path / "out"),
            "--json", *options,
        ]  # fmt: skip
        code = main(arguments, app.build_settings, app.build_orchestrator, app.serve)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_mask_on_a_middle_frame_gives_an_alpha_of_every_frame(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SPLAZMATTE_MATANYONE_CUDA_GRAPHS", "true")
    code, out, err = run("--option", "warmup=1")
    assert code == 0, err
    summary = json.loads(out.splitlines()[-1])
    # Said once, though neither step of neither direction is a graph.
    assert sum("CUDA graphs need an NVIDIA GPU" in text for text in summary["warnings"]) == 1
    assert (summary["engine"], summary["frames"]) == ("matanyone", 4)
    assert len(list((tmp_path / "out" / "alpha").iterdir())) == 4
    session = SessionStore(tmp_path / "workspace").open(summary["session"])
    assert session.state.options_used["warmup"] == 1
    assert session.state.options_used["processing_size"] == "720"
    # Backwards 3 frames, forwards 2; each with a seed and a warm-up step more.
    assert "9/9" in err


def test_a_crop_tracks_the_target_first(run):
    code, out, err = run("--option", "warmup=0", "--option", "crop=yes")
    assert code == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert summary["seconds"]["track"] > 0
    assert summary["frames"] == 4


def test_a_generation_without_weights_is_told_in_one_line_with_the_command(run, tmp_path):
    code, _, err = run("--option", "generation=1")
    assert code == 2
    assert "bash scripts/download_models.sh matanyone" in err.strip().splitlines()[-1]
    assert not (tmp_path / "out" / "alpha.mp4").exists()


def test_an_option_out_of_its_range_is_told(run):
    code, _, err = run("--option", "dilate=1000")
    assert code == 2
    assert "dilate" in err
