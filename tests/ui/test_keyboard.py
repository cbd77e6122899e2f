"""A whole job without a mouse: choose a clip, mark it, start, and download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer
from tests.ui.steps import click, loaded_session, state_file, upload, wait_done, wait_masks

pytestmark = pytest.mark.browser

NOTE = ".sm-viewer [data-part=note]"


def _press(page: Any, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def _wait_note(page: Any, words: str) -> None:
    page.wait_for_function(f"document.querySelector('{NOTE}').textContent.includes('{words}')")


def test_a_job_from_upload_to_download_by_keys_alone(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url, locale="zh-CN")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.sm-drop')"):
            break
    assert page.evaluate("document.activeElement.className") == "sm-drop"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(str(clip))
    session = loaded_session(page)
    page.wait_for_function("document.activeElement.matches('.sm-ink')")
    _wait_note(page, "按回车显示光标")
    page.keyboard.press("?")
    shown = page.locator(".sm-keys kbd").all_inner_texts()
    assert {"空格", "回车", "Tab 回车"} <= set(shown)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    _wait_note(page, "回车＝保留")
    page.keyboard.press("b")
    _wait_note(page, "第一个角")
    # The clip has 160x96 pixels: one step is 2 of them; the disc is at (48, 48) and 19 wide to either side.
    _press(page, "ArrowLeft", 27)
    _press(page, "ArrowUp", 12)
    page.keyboard.press("Enter")
    _wait_note(page, "移动到对角")
    _press(page, "ArrowRight", 22)
    _press(page, "ArrowDown", 23)
    page.keyboard.press("Enter")
    wait_masks(page)
    page.wait_for_selector("#sm-start:not([disabled])")
    page.keyboard.press("Control+Enter")
    wait_done(page)
    marks = state_file(app.workspace, session)["keyframes"]["0"]["prompt"]
    assert marks["box"] is not None and not marks["points"]
    # Cursor, tool, picture.
    _press(page, "Escape", 3)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('.sm-results a')")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("moving disc")


def test_enter_away_from_the_picture_and_after_a_click_sets_no_mark_at_the_cursor(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    """The cursor stayed where the keyboard had left it: the key for the next step set a mark there."""
    page = open_page(app.url)
    session = upload(page, clip)
    page.wait_for_selector("#sm-start[disabled]")
    page.locator(".sm-ink").evaluate("node => node.focus()")
    page.keyboard.press("Enter")
    _wait_note(page, "Arrows move the cursor")
    page.locator("#sm-outputs input").first.focus()
    page.keyboard.press("Enter")
    page.locator(".sm-ink").evaluate("node => node.focus()")
    click(page, 48, 48)
    wait_masks(page)
    page.wait_for_selector("#sm-start:not([disabled])")
    page.keyboard.press("Enter")
    wait_done(page)
    points = state_file(app.workspace, session)["keyframes"]["0"]["prompt"]["points"]
    assert len(points) == 1
