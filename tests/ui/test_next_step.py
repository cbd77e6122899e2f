"""The status line, the upload box and the keys name and take the next step in every state."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer, Watch
from tests.ui.steps import (
    loaded_session,
    select_disc,
    state_file,
    status_text,
    upload,
    wait_done,
)

pytestmark = pytest.mark.browser


def test_a_refused_file_leaves_the_box_ready_and_enter_starts_the_job(
    app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(bytes(range(256)) * 400)
    page = open_page(app.url)
    page.keyboard.press("Enter")
    page.evaluate(
        "Object.defineProperty(File.prototype, 'size', { value: 3e9, configurable: true })"
    )
    page.set_input_files("#sm-upload input[type=file]", str(clip))
    page.wait_for_selector(".sm-status[data-kind=error][role=alert]")
    assert "larger than 2.0 GiB" in status_text(page), "it is not sent first"
    page.evaluate("delete File.prototype.size")
    # The next file may be chosen while the first is still being checked.
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/queue/join*", hold)
    for count, path in enumerate((noise, clip), start=1):
        page.set_input_files("#sm-upload input[type=file]", str(path))
        while len(held) < count:
            page.wait_for_timeout(20)
    held[0].continue_()
    page.wait_for_selector(".sm-status[data-kind=error][role=alert]")
    held[1].continue_()
    page.unroute("**/queue/join*", hold)
    session = loaded_session(page)
    page.wait_for_selector(".sm-status[data-kind=step]")
    page.wait_for_function("document.title.startsWith('moving disc.mp4')")
    select_disc(page)

    ticked = page.locator("#sm-outputs input:checked")
    for _ in range(ticked.count()):
        ticked.first.uncheck()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sm-status[data-kind=error]")
    assert "Tick at least one" in status_text(page)
    page.locator("#sm-outputs input").first.check()
    _look_away(page)
    page.locator(".sm-ink").evaluate("node => node.focus()")
    page.keyboard.press("Control+Enter")
    wait_done(page)
    assert state_file(app.workspace, session)["status"] == "done"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('.sm-results a')"), "no second job"
    page.wait_for_function("window.told.length === 2")
    assert page.evaluate("window.told") == ["sound", ["✓ Matte done", "moving disc.mp4"]]
    page.wait_for_function("document.title.startsWith('✓ Matte done')")
    page.evaluate("document.isAway = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("document.title.startsWith('moving disc.mp4')")
    page.wait_for_selector("#sm-start.secondary")
    colour = (
        "getComputedStyle(document.querySelector('.sm-results-head .sm-primary')).backgroundColor"
    )
    of_primary = page.evaluate(colour)
    page.locator("#sm-outputs input").nth(1).check()
    page.wait_for_selector("#sm-start.primary")
    assert page.evaluate(colour) != of_primary, "one primary button at a time"
    assert "settings changed" in status_text(page)
    assert "no frame is matted again" in status_text(page)
    assert page.inner_text("#sm-start") in status_text(page), "the line names the button"
    assert page.inner_text("#sm-start") == "Make the files again"
    page.locator("#sm-outputs input").nth(1).uncheck()
    page.wait_for_selector("#sm-start.secondary")
    assert page.inner_text("#sm-start") == "Start matting"


def test_a_gesture_while_the_server_is_away_is_sent_when_it_is_back(
    app: AppServer, open_page: Callable[..., Any], watch: Watch, clip: Path
) -> None:
    page = open_page(app.url, locale="zh-CN")
    session = upload(page, clip)
    watch.is_server_away = True
    page.route("**/gradio_api/app_id", lambda route: route.fulfill(status=401))
    page.wait_for_selector(".sm-status[data-kind=error] a:has-text('重新登录')")
    page.unroute("**/gradio_api/app_id")
    page.route("**/gradio_api/app_id", lambda route: route.fulfill(status=502))
    page.wait_for_function(
        "document.querySelector('.sm-status').textContent.includes('服务器没有响应')"
    )
    page.unroute("**/gradio_api/app_id")
    page.context.set_offline(True)
    page.keyboard.press("d")
    page.mouse.move(*_middle(page))
    page.mouse.down()
    page.mouse.up()
    page.keyboard.press("End")
    page.context.set_offline(False)
    page.wait_for_selector(".sm-status[data-kind=step]")
    page.wait_for_selector("#sm-start:not([disabled])")
    assert state_file(app.workspace, session)["keyframes"]["0"]["prompt"]["strokes"]
    page.wait_for_selector(".sm-viewer[data-frame='11']")
    refusal = {"error": "文件太大"}
    page.route("**/gradio_api/upload", lambda route: route.fulfill(status=413, json=refusal))
    page.set_input_files("#sm-upload input[type=file]", str(clip))
    page.wait_for_function("document.querySelector('.sm-status').textContent === '文件太大'")


def _look_away(page: Any) -> None:
    """Switch sound and notification on, hide the tab, and let its jobs seem long; what is told is noted."""
    page.evaluate("""() => {
      localStorage.setItem("splazmatte.notify", "on");
      localStorage.setItem("splazmatte.sound", "on");
      window.told = [];
      document.isAway = true;
      Object.defineProperty(document, "hidden", {get: () => document.isAway});
      window.Notification = class {
        static permission = "granted";
        constructor(title, options) { window.told.push([title, options.body]); }
      };
      const createOscillator = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function () {
        window.told.push("sound");
        return createOscillator.call(this);
      };
    }""")

    def lengthen(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=re.sub(r'"elapsed_s":[\d.]+', '"elapsed_s":60', answer.text())
        )

    page.route(re.compile("/component_server"), lengthen)


def _middle(page: Any) -> tuple[float, float]:
    box = page.locator(".sm-ink").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_clip_given_before_the_page_is_answered_comes_in_its_language(
    app: AppServer, open_page: Callable[..., Any], watch: Watch, clip: Path
) -> None:
    page = open_page(app.url, "zh-CN")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    watch.is_server_away = True  # Gradio tells of a request that the reload broke off.
    page.route("**/queue/join*", hold)
    page.reload()
    with page.expect_response("**/gradio_api/upload"):
        page.set_input_files("#sm-upload input[type=file]", str(clip))
    while not held:
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    assert len(held) == 1, "the clip's request went out before the page was answered"
    held[0].continue_()
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].continue_()
    page.unroute("**/queue/join*", hold)
    loaded_session(page)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
