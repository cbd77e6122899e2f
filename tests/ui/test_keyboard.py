"""A whole job without a mouse: choose a clip, mark it, start, and download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer
from tests.ui.steps import (
    click,
    loaded_session,
    select_disc,
    state_file,
    upload,
    wait_done,
    wait_masks,
)

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


def _press_on(page: Any, selector: str, times: int = 1) -> None:
    page.locator(selector).first.focus()
    _press(page, "Enter", times)


def _wait_focus(page: Any, selector: str) -> None:
    page.wait_for_function(f"document.activeElement.matches({selector!r})")


def test_the_keyboard_goes_on_at_the_progress_of_a_job_and_after_it_at_what_comes_next(
    app: AppServer, open_page: Callable[..., Any], clip: Path, long_clip: Path
) -> None:
    """Start is disabled once it was pressed, and the progress goes at its end: the browser dropped the focus."""
    page = open_page(app.url)
    upload(page, long_clip)
    select_disc(page, (320, 192))
    _press_on(page, "#sm-start")
    page.wait_for_selector(".sm-progress[data-state=running]")
    _wait_focus(page, ".sm-progress")
    page.keyboard.press("Tab")
    _wait_focus(page, ".sm-progress [data-part=cancel]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sm-progress", state="hidden")
    _wait_focus(page, "#sm-start")
    page.click("[data-part=fresh]")
    page.wait_for_selector("body[data-ready]")
    upload(page, clip)
    select_disc(page)
    _press_on(page, "#sm-start")
    wait_done(page)
    _wait_focus(page, ".sm-results a[href]")
    page.locator("#sm-edges [data-edge=grow_px]").fill("1")
    _press_on(page, "#sm-edges [data-part=apply]")
    page.wait_for_selector(".sm-progress", state="visible")
    page.wait_for_selector(".sm-progress", state="hidden")
    page.wait_for_function("document.activeElement !== document.body")


def test_the_keyboard_stays_in_a_list_whose_line_it_removes(
    make_server: Callable[..., AppServer], open_page: Callable[..., Any], clip: Path
) -> None:
    """Each session that was deleted or restored sent the focus back to the top of the page."""
    page = open_page(make_server().url)
    for _ in range(3):
        upload(page, clip)
        page.click("[data-part=fresh]")
        page.wait_for_selector("body[data-ready]")
    page.click(".sm-recent summary")
    lines = page.locator(".sm-recent li[data-session]")
    first, second, third = (lines.nth(at).get_attribute("data-session") for at in range(3))
    _press_on(page, f"[data-session='{second}'] [data-part=delete]", 2)
    page.wait_for_selector(f"[data-session='{second}']", state="detached")
    _wait_focus(page, f"[data-session='{third}'] [data-part=delete]")
    _press(page, "Enter", 2)
    page.wait_for_selector(f"[data-session='{third}']", state="detached")
    _wait_focus(page, f"[data-session='{first}'] [data-part=delete]")
    page.locator("[data-part=deleted] summary").click()
    _press_on(page, f"[data-deleted='{third}'] [data-part=restore]")
    page.wait_for_selector(f"[data-deleted='{third}']", state="detached")
    _wait_focus(page, f"[data-deleted='{second}'] [data-part=restore]")
    _press_on(page, f"[data-deleted='{second}'] [data-part=purge]", 2)
    page.wait_for_selector("[data-part=deleted]", state="hidden")
    page.wait_for_function("document.activeElement.matches('.sm-recent *')")


def test_a_pointer_press_on_a_control_that_goes_moves_no_focus(
    app: AppServer, open_page: Callable[..., Any], long_clip: Path
) -> None:
    """The space bar plays the clip for whoever works with the mouse; it must not press another button."""
    page = open_page(app.url)
    upload(page, long_clip)
    select_disc(page, (320, 192))
    page.click("#sm-start")
    page.wait_for_selector(".sm-progress[data-state=running]")
    page.wait_for_function("document.activeElement === document.body")
    page.click(".sm-progress [data-part=cancel]")
    page.wait_for_selector(".sm-progress", state="hidden")
    page.wait_for_selector("#sm-start:not([disabled])")
    assert page.evaluate("document.activeElement === document.body")
