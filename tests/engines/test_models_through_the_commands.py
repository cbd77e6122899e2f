"""SAM 3, SAM 2.1 and VideoMaMa through the command line, on tiny random checkpoints in the real format.

Random weights know nothing: these tests look at files, counts and messages, never at quality.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.session.store import SessionStore
from tests.disc import write_clip, write_mask_png

pytest.importorskip("transformers")
pytest.importorskip("diffusers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.engines.tiny_sam3 import (
        build_tiny_grounding_dino,
        build_tiny_sam2,
        build_tiny_sam3,
    )
    from tests.engines.tiny_videomama import build_tiny_videomama

    made = tmp_path_factory.mktemp("models-commands")
    write_clip(made / "clip.mp4", frame_count=6)
    write_mask_png(made / "mask.png")
    write_mask_png(made / "mask3.png", index=3)
    build_tiny_sam3(made / "all" / "sam3")
    build_tiny_sam2(made / "all" / "sam2.1-hiera-tiny")
    build_tiny_sam2(made / "only-sam2" / "sam2.1-hiera-tiny")
    build_tiny_sam2(made / "ungated" / "sam2.1-hiera-tiny")
    build_tiny_grounding_dino(made / "ungated" / "grounding-dino")
    build_tiny_videomama(made / "all")
    return made


def test_english_text_finds_instances(run, folder: Path, tmp_path: Path) -> None:
    mask = tmp_path / "found.png"
    code, out, err = run("segment", folder / "clip.mp4", "--text", "orange disc", "-o", mask)
    assert code == 0, err
    assert np.asarray(Image.open(mask)).shape == (96, 160)
    assert "score" in out


def test_chinese_text_says_the_english_it_searched_for(run, folder: Path, tmp_path: Path) -> None:
    code, _, err = run("segment", folder / "clip.mp4", "--text", "人", "-o", tmp_path / "m.png")
    assert code == 0, err
    assert "person" in err


def test_chinese_text_nobody_can_translate_names_the_command(run, folder: Path, tmp_path) -> None:
    code, _, err = run(
        "segment", folder / "clip.mp4", "--text", "饕餮纹青铜鼎", "-o", tmp_path / "m.png"
    )
    assert code == 2
    assert "download_models.sh" in err


@pytest.mark.parametrize("text", ["red car", "红色的车"])
def test_text_without_gated_weights_is_found_by_grounding_dino_and_sam2(
    run, folder: Path, tmp_path: Path, text: str
) -> None:
    mask = tmp_path / "found.png"
    code, out, err = run(
        "segment", folder / "clip.mp4", "--text", text, "-o", mask, models="ungated"
    )
    assert code == 0, err
    assert np.asarray(Image.open(mask)).any()
    assert "found by sam2" in out
    if text != "red car":
        assert "red car" in err


def test_text_over_the_limit_is_refused(run, folder: Path, tmp_path: Path) -> None:
    code, _, err = run(
        "segment",
        folder / "clip.mp4",
        "--text",
        "very " * 40 + "red disc",
        "-o",
        tmp_path / "m.png",
    )
    assert code == 2
    assert "32" in err


def test_clicks_and_boxes_go_to_the_same_engine(run, folder: Path, tmp_path: Path) -> None:
    for arguments in (["--point", "48,48"], ["--box", "25,25,75,72"]):
        mask = tmp_path / "m.png"
        code, out, err = run("segment", folder / "clip.mp4", *arguments, "-o", mask)
        assert code == 0, err
        assert np.asarray(Image.open(mask)).any()
        assert "found by sam3" in out


def test_sam2_serves_clicks_and_refuses_text_when_sam3_is_absent(run, folder, tmp_path) -> None:
    mask = tmp_path / "m.png"
    code, _, err = run(
        "segment", folder / "clip.mp4", "--point", "48,48", "-o", mask, models="only-sam2"
    )
    assert code == 0, err
    code, _, err = run(
        "segment", folder / "clip.mp4", "--text", "disc", "-o", mask, models="only-sam2"
    )
    assert code == 2
    assert len(err.strip().splitlines()) == 1


@pytest.fixture
def new_sky(tmp_path: Path) -> Path:
    path = tmp_path / "sky.png"
    Image.new("RGB", (320, 192), (255, 128, 0)).save(path)
    return path


def test_without_text_weights_a_sky_needs_a_mark_and_everything_else_is_kept(
    run, folder: Path, tmp_path: Path, new_sky: Path
) -> None:
    out = tmp_path / "out"
    words = ("matte", folder / "clip.mp4", "--replace-sky", new_sky, "--out", out)
    code, _, err = run(*words, models="only-sam2")
    assert code == 2
    assert "--point X,Y on the sky" in err
    assert run(*words, "--everyone")[0] == 2
    words += ("--last", "1", "--engine", "builtin", "--outputs", "png,preview", "--json")
    code, stdout, err = run(*words, "--mask", folder / "mask.png", models="only-sam2")
    assert code == 0, err
    session = json.loads(stdout.splitlines()[-1])["session"]
    request = SessionStore(tmp_path / "workspace").open(session).state.result_request
    assert request is not None
    assert (request.edges.invert, request.backgrounds.preview) == (True, "picture")
    kept = np.asarray(Image.open(out / "alpha" / "000000.png"))
    marked = np.asarray(Image.open(folder / "mask.png")) > 127
    assert ((kept > 127) & marked).sum() < 0.05 * marked.sum()
    assert ((kept > 127) | marked).mean() > 0.98
    # A new render keeps it so until told otherwise: then it is the sky's own matte.
    code, _, err = run("render", session, "--no-invert", "--outputs", "png", "--out", out)
    assert code == 0, err
    sky = np.asarray(Image.open(out / "alpha" / "000000.png")).astype(int)
    assert np.abs(255 - kept - sky).max() <= 1


def test_a_tracked_mask_per_frame_feeds_videomama(run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, err = run(
        "matte", folder / "clip.mp4", "--mask", folder / "mask3.png", "--frame", "3",
        "--engine", "videomama", "--outputs", "alpha,png", "--out", out, "--json",
    )  # fmt: skip
    assert code == 0, err
    summary = json.loads(stdout.splitlines()[-1])
    assert (summary["engine"], summary["frames"]) == ("videomama", 6)
    assert summary["seconds"]["track"] > 0
    assert len(list((out / "alpha").iterdir())) == 6
    session = SessionStore(tmp_path / "workspace").open(summary["session"])
    assert len(list((session.folder / "masks").glob("*.png"))) == 6
    assert not session.cache_dir.exists()
    assert session.state.options_used["window"] == 24
