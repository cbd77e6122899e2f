"""From a clip to a downloaded matte, as a colleague does it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.ui.conftest import AppServer
from tests.ui.disc import write_disc_mask
from tests.ui.steps import (
    click,
    drag,
    go_to,
    state_file,
    status_text,
    upload,
    upload_and_matte,
    upload_and_select,
    wait_done,
    wait_masks,
)

pytestmark = pytest.mark.browser


def test_clip_to_downloaded_matte_with_the_tab_closed_in_between(
    app: AppServer, open_page: Callable[..., Any], medium_clip: Path, tmp_path: Path
) -> None:
    page = open_page(app.url, locale="zh-CN")
    assert "上传" in status_text(page)
    session = upload(page, medium_clip)
    assert "点击目标" in status_text(page)

    drag(page, (50, 50), (142, 142))
    wait_masks(page)
    click(page, 96, 96)
    click(page, 10, 10, button="right")
    wait_masks(page)
    page.wait_for_selector("#sm-start:not([disabled])")
    assert "开始抠图" in status_text(page)

    page.click("#sm-start:not([disabled])")
    page.wait_for_selector(".sm-live:not([hidden]) img[src]")
    assert "帧/秒" in page.inner_text(".sm-line") or "抠图" in page.inner_text(".sm-line")
    link = page.url
    assert session in link
    context = page.context
    page.close()

    page = open_page(link, context=context)
    # On a slow machine the job may be done before the page is there.
    page.wait_for_selector(".sm-progress:not([hidden]), .sm-results:not([hidden])")
    wait_done(page)
    assert "完成" in status_text(page)

    with page.expect_download() as waiting:
        page.click(".sm-download[data-kind=alpha]")
    path = tmp_path / "alpha.mp4"
    waiting.value.save_as(path)
    assert waiting.value.suggested_filename == "medium_alpha.mp4"
    frames, _ = imageio_ffmpeg.count_frames_and_secs(path)
    assert frames == 60
    assert state_file(app.workspace, session)["status"] == "done"


def test_background_and_edges_render_again_without_the_engine(
    app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    page = open_page(app.url)
    session = upload_and_matte(page, clip)
    folder = app.workspace / "sessions" / session
    master = (folder / "alpha_master.nut").read_bytes()
    before = (folder / "preview.mp4").read_bytes()

    page.wait_for_function("document.querySelector('.sm-appearance').dataset.after")
    hint = page.locator(".sm-appearance [data-part=hint]")
    assert "have these changes" not in hint.inner_text()
    shown = page.get_attribute(".sm-appearance", "data-after")
    page.click("[data-background=black]")
    page.fill("[data-edge=grow_px]", "2")
    page.wait_for_function(
        "shown => { const now = document.querySelector('.sm-appearance').dataset.after;"
        " return now !== shown && now.includes('grow_px=2') && now.includes('000000'); }",
        arg=shown,
    )
    # That the files don't have them must be said.
    page.wait_for_selector(".sm-appearance[data-applied=false] [data-part=apply].sm-primary")
    assert "The files don't have these changes yet" in hint.inner_text()
    # The stage shows them too, on any frame.
    with page.expect_request(re.compile(r"/still/7\.jpg\?.*grow_px=2.*background=%23000000")):
        go_to(page, 7)

    picture = tmp_path / "wall.png"
    Image.new("RGB", (64, 64), (200, 30, 30)).save(picture)
    page.set_input_files(".sm-appearance input[type=file]", str(picture))
    page.wait_for_selector("[data-background=picture][aria-pressed=true]")
    page.wait_for_function(
        "document.querySelector('.sm-appearance').dataset.after.includes('background=picture')"
    )
    with page.expect_request(re.compile(r"/still/9\.jpg\?.*grow_px=2.*background=picture")):
        go_to(page, 9)
    version = page.get_attribute(".sm-results", "data-version")
    page.click("[data-part=apply]")
    page.wait_for_function(
        "old => document.querySelector('.sm-results').dataset.version !== old", arg=version
    )
    page.wait_for_selector(".sm-appearance[data-applied=true]")
    assert "have these changes" not in hint.inner_text()
    assert (folder / "alpha_master.nut").read_bytes() == master
    assert (folder / "preview.mp4").read_bytes() != before
    request = state_file(app.workspace, session)["request"]
    assert request["edges"]["grow_px"] == 2
    assert request["backgrounds"]["preview"] == "picture"


def test_own_mask_and_in_and_out_points_limit_what_is_matted(
    app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, clip)
    with page.expect_file_chooser() as chooser:
        page.click("#sm-own-mask")
    chooser.value.set_files(str(write_disc_mask(tmp_path / "mask.png")))
    wait_masks(page, 1)
    go_to(page, 2)
    page.keyboard.press("i")
    go_to(page, 8)
    page.click("[data-part=out]")
    page.locator(".sm-keyframes .sm-chip").click()
    page.click("#sm-start:not([disabled])")
    page.wait_for_selector(".sm-status[data-kind=error]")
    assert "in and out points" in status_text(page)

    page.click("[data-part=in]")
    page.click("#sm-start")
    wait_done(page)
    request = state_file(app.workspace, session)["request"]
    assert (request["first"], request["last"]) == (0, 8)


def test_correction_on_a_later_frame_is_listed_and_can_be_removed(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    go_to(page, 6)
    click(page, 57, 48)
    page.wait_for_function("document.querySelectorAll('.sm-keyframes li').length === 2")
    page.locator(".sm-keyframes .sm-icon").nth(1).click()
    page.wait_for_function("document.querySelectorAll('.sm-keyframes li').length === 1")
    assert list(state_file(app.workspace, session)["keyframes"]) == ["0"]


def test_the_least_confident_frame_is_offered_and_a_click_there_corrects_the_result(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload_and_matte(page, clip)
    weakest = page.locator("[data-part=weakest]")
    # No frame of this plain clip stands out by itself.
    values = [1.0, *[0.9] * 4, *[0.7] * 5, *[0.9] * 2]
    (app.workspace / "sessions" / session / "confidence.json").write_text(json.dumps(values))
    page.reload()
    weakest.wait_for()
    said = weakest.inner_text()
    frame = int("".join(filter(str.isdigit, said)))
    assert frame == 7
    weakest.click()
    page.wait_for_selector(f".sm-viewer[data-frame='{frame}']")
    click(page, 130, 80)
    wait_masks(page)
    keyframe = state_file(app.workspace, session)["keyframes"][str(frame)]
    assert keyframe["prompt"]["has_mask"]
    assert keyframe["instances"][0]["area_px"] > 800
    page.click("#sm-start")
    page.wait_for_function(
        "said => { const node = document.querySelector('[data-part=weakest]');"
        " return node.hidden || node.textContent !== said; }",
        arg=said,
        timeout=120_000,
    )


def test_undo_redo_clear_and_keyboard_change_the_selection(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, clip)
    page.focus(".sm-ink")
    page.keyboard.press("Enter")
    for _ in range(16):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    wait_masks(page)
    points = state_file(app.workspace, session)["keyframes"]["0"]["prompt"]["points"]
    assert [(point["x"], point["y"], point["positive"]) for point in points] == [(48, 48, True)]

    page.keyboard.press("Control+z")
    wait_masks(page, 0)
    page.keyboard.press("Control+Shift+z")
    wait_masks(page)
    page.keyboard.press("Delete")
    wait_masks(page, 0)
    assert state_file(app.workspace, session)["keyframes"] == {}
