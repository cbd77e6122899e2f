"""RVM and frame networks through the command line and the pipeline, on tiny random files in the real layout.

Random weights know nothing: these tests look at files, counts and messages, never at quality.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app
from engines.onnx.networks import FRAME_NETWORKS, RVM_NETWORKS
from pipeline.selection.main_object import main_object
from tests.disc import write_clip
from tests.engines.tiny_onnx import install, unpinned_manifest
from ui.command_line.cli import main
from utils.errors import UnusablePrompt


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    made = tmp_path_factory.mktemp("onnx-commands")
    write_clip(made / "clip.mp4", frame_count=6)
    with unpinned_manifest(made):
        install(RVM_NETWORKS["rvm"], made / "rvm")
        install(RVM_NETWORKS["rvm"], made / "both")
        install(FRAME_NETWORKS["u2netp"], made / "both")
        yield made


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    def call(*arguments: object, models: str = "both") -> tuple[int, str, str]:
        monkeypatch.setenv("SPLAZMATTE_WORKSPACE_DIR", str(tmp_path / "workspace"))
        monkeypatch.setenv("SPLAZMATTE_MODELS_DIR", str(folder / models))
        monkeypatch.setenv("SPLAZMATTE_MIN_FREE_DISK_BYTES", "1000000")
        monkeypatch.setenv("SPLAZMATTE_DEVICE", "cpu")
        monkeypatch.setattr("signal.signal", lambda *_: None)
        code = main(
            [str(item) for item in arguments],
            app.build_settings,
            app.build_orchestrator,
            app.serve,
        )
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_everyone_needs_no_mark(run, folder: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "matte", folder / "clip.mp4", "--everyone", "--outputs", "alpha,png", "--out", tmp_path,
        "--json",
    )  # fmt: skip
    assert code == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert (summary["engine"], summary["frames"]) == ("rvm", 6)
    assert len(list((tmp_path / "alpha").iterdir())) == 6


@pytest.mark.parametrize(("models", "engine"), [("both", "u2netp"), ("rvm", "rvm")])
def test_the_main_object_is_found_without_a_mark(
    run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: str, engine: str
) -> None:
    found = np.zeros((96, 160), np.float32)
    found[20:60, 30:70] = 0.9
    monkeypatch.setattr("pipeline.selection.targets.alpha_of_frame", lambda *_: found)
    mask = tmp_path / "found.png"
    code, out, err = run("segment", folder / "clip.mp4", "--main-object", "-o", mask, models=models)
    assert code == 0, err
    assert f"found by {engine}" in out
    assert np.array_equal(np.asarray(Image.open(mask)) > 0, found > 0.5)


def test_a_job_goes_on_from_the_main_object(run, folder: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "matte", folder / "clip.mp4", "--main-object", "--engine", "u2netp", "--outputs", "alpha",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["frames"] == 6


def test_nothing_else_names_the_target_beside_the_main_object(run, folder, tmp_path) -> None:
    code, _, err = run(
        "segment", folder / "clip.mp4", "--main-object", "--point", "5,5", "-o", tmp_path / "m.png"
    )
    assert code == 2
    assert "--main-object" in err


def test_without_a_network_the_command_that_gets_one_is_named(run, folder, tmp_path) -> None:
    code, _, err = run(
        "segment", folder / "clip.mp4", "--main-object", "-o", tmp_path / "m.png", models="none"
    )
    assert code == 2
    assert "download_models.sh" in err


def test_small_parts_are_not_the_main_object() -> None:
    alpha = np.zeros((100, 200), np.float32)
    alpha[10:60, 10:60] = 0.8
    alpha[10:40, 100:130] = 0.6  # 900 of 2500 pixels
    alpha[80:90, 180:190] = 1.0  # 100 of 2500 pixels
    expected = alpha > 0
    expected[80:] = False
    assert np.array_equal(main_object(alpha), expected)
    for nothing in (np.zeros_like(alpha), np.ones_like(alpha)):
        with pytest.raises(UnusablePrompt):
            main_object(nothing)
