"""RVM and frame networks through the command line and the pipeline, on tiny random files in the real layout.

Random weights know nothing: these tests look at files, counts and messages, never at quality.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.onnx.networks import FRAME_NETWORKS, RVM_NETWORKS
from pipeline.selection.main_object import main_object
from tests.disc import write_clip, write_mask_png
from tests.engines.tiny_onnx import install, unpinned_manifest
from utils.errors import UnusablePrompt


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    made = tmp_path_factory.mktemp("onnx-commands")
    write_clip(made / "clip.mp4", frame_count=6)
    with unpinned_manifest(made):
        install(RVM_NETWORKS["rvm"], made / "rvm")
        install(RVM_NETWORKS["rvm"], made / "all")
        install(FRAME_NETWORKS["u2netp"], made / "all")
        install(FRAME_NETWORKS["background-matting"], made / "all")
        install(FRAME_NETWORKS["modnet"], made / "modnet")
        yield made


def test_everyone_needs_no_mark(run, folder: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "matte", folder / "clip.mp4", "--everyone", "--outputs", "alpha,png", "--out", tmp_path,
        "--json",
    )  # fmt: skip
    assert code == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert (summary["engine"], summary["frames"]) == ("rvm", 6)
    assert len(list((tmp_path / "alpha").iterdir())) == 6
    chosen = "Chosen by itself: Robust Video Matting, because nobody is marked"
    assert [one for one in summary["warnings"] if one.startswith(chosen)]
    code, out, err = run(
        "rerun", summary["session"], "--outputs", "alpha", "--engine", "rvm", "--out", tmp_path / "named",
    )  # fmt: skip
    assert code == 0 and "Chosen by itself" not in out + err, out + err
    code, out, err = run(
        "matte", folder / "clip.mp4", "--everyone", "--outputs", "alpha", "--out", tmp_path / "text"
    )
    assert code == 0 and chosen in out + err, out + err


@pytest.mark.parametrize(("models", "engine"), [("all", "u2netp"), ("rvm", "rvm")])
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


def test_marked_frames_take_a_frame_network_s_alpha(
    run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refined = np.zeros((96, 160), np.float32)
    refined[30:50, 40:90] = 0.6
    asked = []

    def alpha_of_frame(manager, name, frame, target):
        asked.append((name, frame.shape, target.sum()))
        return refined

    monkeypatch.setattr("pipeline.selection.main_object.alpha_of_frame", alpha_of_frame)
    write_mask_png(tmp_path / "mask.png", index=3)
    code, _, err = run(
        "matte", folder / "clip.mp4", "--mask", tmp_path / "mask.png", "--frame", "3", "--engine",
        "builtin", "--refine-key-frames", "--outputs", "png", "--out", tmp_path,
    )  # fmt: skip
    assert code == 0, err
    assert [(name, shape) for name, shape, _ in asked] == [("u2netp", (96, 160, 3))]
    alphas = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "alpha").iterdir())]
    assert np.array_equal(alphas[3], np.rint(refined * 255))
    assert not np.array_equal(alphas[2], alphas[3])


def test_a_clean_plate_is_given_with_the_clip(run, folder: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "large.mp4", frame_count=2, size_wh=(360, 240))
    Image.new("RGB", (720, 480), (40, 90, 160)).save(tmp_path / "plate.png")
    Image.new("RGB", (400, 400)).save(tmp_path / "square.png")

    def matte(plate: str) -> tuple[int, str, str]:
        return run(
            "matte", clip, "--everyone", "--engine", "background-matting", "--outputs", "alpha",
            "--clean-plate", tmp_path / plate, "--out", tmp_path, "--json",
        )  # fmt: skip

    code, out, err = matte("plate.png")
    assert code == 0, err
    session = tmp_path / "workspace" / "sessions" / json.loads(out.splitlines()[-1])["session"]
    state = json.loads((session / "session.json").read_text())
    assert state["run_details"]["clean_plate"] == "picture"
    assert state["result_plan"]["options"]["clean_plate_file"]
    with Image.open(session / "clean_plate.png") as kept:
        assert (kept.size, kept.getpixel((9, 9))) == ((360, 240), (40, 90, 160))
    code, _, err = matte("square.png")
    assert code == 2
    assert "360 x 240" in err


def test_refining_needs_a_network(run, folder: Path, tmp_path: Path) -> None:
    write_mask_png(tmp_path / "mask.png")
    code, _, err = run(
        "matte", folder / "clip.mp4", "--mask", tmp_path / "mask.png", "--refine-key-frames",
        "--out", tmp_path, models="none",
    )  # fmt: skip
    assert code == 2
    assert "download_models.sh" in err


@pytest.mark.parametrize(
    ("engine", "option", "said"),
    [
        ("rvm", "network=resnet50", "download_models.sh rvm-resnet50"),
        ("background-matting", "skip_unchanged=maybe", "skip_unchanged"),
        ("modnet", "as_rembg=true", "rembg does not have MODNet"),
    ],
)
def test_what_an_option_asks_for_in_vain_is_told_before_the_clip_is_tracked(
    run, folder: Path, tmp_path: Path, engine: str, option: str, said: str
) -> None:
    """Minutes later, after the whole clip was tracked, is too late."""
    write_mask_png(tmp_path / "mask.png")
    code, out, err = run(
        "matte", folder / "clip.mp4", "--mask", tmp_path / "mask.png", "--engine", engine,
        "--option", option, "--out", tmp_path, models="modnet" if engine == "modnet" else "all",
    )  # fmt: skip
    assert code == 2
    assert said in err
    assert "Tracking" not in out + err


def test_an_engine_that_needs_a_mark_names_what_does_not_and_can_be_had_here(
    run, folder: Path, tmp_path: Path
) -> None:
    """Without any network it named 32 engines, services that the clip would be sent to among them."""
    for models, known in (("none", "rvm"), ("all", "rvm, u2netp, background-matting")):
        code, _, err = run(
            "matte", folder / "clip.mp4", "--everyone", "--engine", "builtin", "--out", tmp_path,
            models=models,
        )  # fmt: skip
        assert code == 2
        assert f"finds people by itself: {known}." in err


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
