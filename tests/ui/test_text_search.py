"""Finding a target by text in the page, on a tiny random SAM 3 (which knows nothing: no quality here)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.ui.conftest import AppServer
from tests.ui.steps import click, state_file, upload, wait_masks

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sam_app(make_module_server: Callable[..., AppServer], tmp_path_factory) -> AppServer:
    pytest.importorskip("transformers")
    from tests.engines.tiny_sam3 import build_tiny_sam3

    models = tmp_path_factory.mktemp("page-models")
    build_tiny_sam3(models / "sam3")
    return make_module_server(
        SPLAZMATTE_MODELS_DIR=str(models), SPLAZMATTE_SEGMENTER="auto", SPLAZMATTE_DEVICE="cpu"
    )


def test_chinese_text_finds_targets_shows_its_english_and_mattes(
    sam_app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(sam_app.url, locale="zh-CN")
    session = upload(page, clip)
    page.fill("#sm-text textarea, #sm-text input", "人")
    page.click("#sm-segment")
    wait_masks(page)
    assert "person" in page.inner_text("body")
    keyframe = state_file(sam_app.workspace, session)["keyframes"]["0"]
    assert (keyframe["engine"], keyframe["text_used"]) == ("sam3", "person")

    click(page, 48, 48)
    wait_masks(page)
    assert state_file(sam_app.workspace, session)["keyframes"]["0"]["prompt"]["points"]
    assert not sam_app.errors()


def test_a_picture_replaces_the_sky_in_one_gesture(
    sam_app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "sky.png"
    Image.new("RGB", (160, 96), (255, 128, 0)).save(picture)
    page = open_page(sam_app.url)
    session = upload(page, clip)
    with page.expect_file_chooser() as chooser:
        page.click("#sm-sky")
    chooser.value.set_files(str(picture))
    wait_masks(page)
    page.wait_for_selector("#sm-invert input:checked")
    state = state_file(sam_app.workspace, session)
    found = state["keyframes"]["0"]
    assert found["prompt"]["text"] == "sky"
    assert found["kept"] == [one["id"] for one in found["instances"]]
    page.reload()
    page.wait_for_selector("#sm-invert input:checked")
    wait_masks(page)
    state = state_file(sam_app.workspace, session)
    assert state["draft"]["edges"]["invert"] is True
    assert state["draft"]["backgrounds"]["preview"] == "picture"
    assert not sam_app.errors()


def test_text_it_cannot_translate_says_what_to_do(
    sam_app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(sam_app.url, locale="zh-CN")
    upload(page, clip)
    page.fill("#sm-text textarea, #sm-text input", "饕餮纹青铜鼎")
    page.click("#sm-segment")
    page.wait_for_selector("text=download_models.sh opus-mt-zh-en")


@pytest.fixture(scope="module")
def ungated_app(make_module_server: Callable[..., AppServer], tmp_path_factory) -> AppServer:
    pytest.importorskip("transformers")
    from tests.engines.tiny_sam3 import build_tiny_grounding_dino, build_tiny_sam2

    models = tmp_path_factory.mktemp("ungated-models")
    build_tiny_sam2(models / "sam2.1-hiera-tiny")
    build_tiny_grounding_dino(models / "grounding-dino")
    return make_module_server(
        SPLAZMATTE_MODELS_DIR=str(models), SPLAZMATTE_SEGMENTER="auto", SPLAZMATTE_DEVICE="cpu"
    )


def test_text_without_gated_weights_names_who_answered(
    ungated_app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(ungated_app.url, locale="zh-CN")
    session = upload(page, clip)
    page.fill("#sm-text textarea, #sm-text input", "人")
    page.click("#sm-segment")
    wait_masks(page)
    keyframe = state_file(ungated_app.workspace, session)["keyframes"]["0"]
    assert (keyframe["engine"], keyframe["text_used"]) == ("sam2", "person")
    named = page.get_attribute("#sm-text textarea, #sm-text input", "placeholder")
    assert "Grounding DINO" in named
    assert not ungated_app.errors()
