"""Languages, sizes, dark mode, exact coordinates, and what a screen reader reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer
from tests.ui.disc import write_disc_clip
from tests.ui.steps import (
    click,
    drag,
    place,
    state_file,
    status_text,
    upload,
    upload_and_select,
    wait_done,
    wait_masks,
)

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def finished(app: AppServer, browser: Any, clip: Path) -> str:
    """The link of a finished session."""
    page = browser.new_page()
    page.goto(app.url)
    page.wait_for_selector("body[data-ready]")
    upload_and_select(page, clip)
    page.click("#sm-start")
    wait_done(page)
    link = str(page.url)
    page.close()
    return link


@pytest.mark.parametrize(
    ("locale", "start", "html_lang"),
    [
        ("zh-CN", "开始抠图", "zh-CN"),
        ("zh", "开始抠图", "zh-CN"),
        ("zh-HK", "开始抠图", "zh-CN"),
        ("zh-Hans-CN", "开始抠图", "zh-CN"),
        ("en-GB", "Start matting", "en"),
        ("fr-FR", "Start matting", "en"),
    ],
)
def test_language_follows_the_browser(
    app: AppServer, open_page: Callable[..., Any], locale: str, start: str, html_lang: str
) -> None:
    page = open_page(app.url, locale=locale)
    assert page.inner_text("#sm-start") == start
    assert page.evaluate("document.documentElement.lang") == html_lang


def test_the_switch_changes_everything_and_is_remembered(
    finished: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(finished, locale="en-US")
    assert "Downloads" in page.inner_text("#sm-results")
    page.click("#sm-language label:has-text('中文')")
    page.wait_for_function("document.querySelector('#sm-results').innerText.includes('下载')")
    assert "已完成" in status_text(page)
    assert page.inner_text("#sm-segment") == "分割"
    assert page.is_disabled("#sm-segment")
    assert "内置引擎" in page.inner_text("#sm-engines")
    page.reload()
    page.wait_for_function("document.querySelector('#sm-start')?.innerText === '开始抠图'")


@pytest.mark.parametrize(
    ("locale", "words", "session_words"),
    [("en-US", "not a video", "no such session"), ("zh-CN", "视频", "会话不存在")],
)
def test_errors_speak_the_language_of_the_page(
    app: AppServer,
    open_page: Callable[..., Any],
    tmp_path: Path,
    locale: str,
    words: str,
    session_words: str,
) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(bytes(range(256)) * 400)
    page = open_page(app.url, locale=locale)
    page.set_input_files("#sm-upload input[type=file]", str(noise))
    page.wait_for_selector(".sm-status[data-kind=error][role=alert]")
    assert words in status_text(page)
    page = open_page(f"{app.url}?s=AAAAAAAAAAAAAAAAAAAAAAAA", locale=locale)
    assert session_words in status_text(page)
    assert "s=" not in page.url


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("size_wh", [(160, 96), (90, 160)])
def test_clicks_and_boxes_arrive_at_the_exact_pixel(
    app: AppServer,
    open_page: Callable[..., Any],
    tmp_path: Path,
    ratio: int,
    size_wh: tuple[int, int],
) -> None:
    clip = write_disc_clip(tmp_path / "shape.mp4", 2, size_wh)
    page = open_page(app.url, size=(900, 620), device_scale_factor=ratio)
    session = upload(page, clip)
    cx, cy = int(size_wh[0] * 0.3), size_wh[1] // 2
    page.evaluate("window.scrollBy({top: 60, behavior: 'instant'})")
    click(page, cx, cy)
    wait_masks(page)
    click(page, 0, 0, button="right")
    drag(page, (cx - 17, cy - 22), (cx + 19, cy + 23))
    wait_masks(page)
    prompt = _prompt(app, session)
    assert [(p["x"], p["y"], p["positive"]) for p in prompt["points"]] == [
        (cx, cy, True),
        (0, 0, False),
    ]
    box = prompt["box"]
    assert (box["x0"], box["y0"], box["x1"], box["y1"]) == (cx - 17, cy - 22, cx + 19, cy + 23)


def _prompt(app: AppServer, session: str) -> Any:
    return state_file(app.workspace, session)["keyframes"]["0"]["prompt"]


def test_touch_selects_on_a_phone(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(
        app.url, size=(390, 844), has_touch=True, is_mobile=True, device_scale_factor=2
    )
    session = upload(page, clip)
    page.touchscreen.tap(*place(page, 48.5, 48.5))
    wait_masks(page)
    points = _prompt(app, session)["points"]
    assert [(p["x"], p["y"]) for p in points] == [(48, 48)]


@pytest.mark.parametrize("width", [390, 820, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways(
    finished: str, open_page: Callable[..., Any], width: int, scheme: str
) -> None:
    page = open_page(finished, locale="zh-CN", size=(width, 900), color_scheme=scheme)
    page.wait_for_selector(".sm-appearance:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    is_dark = page.evaluate("document.body.classList.contains('dark')")
    assert is_dark == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_violation_in_any_state(
    app: AppServer, finished: str, open_page: Callable[..., Any], clip: Path, scheme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run npm ci in tests/ui")
    page = open_page(app.url, color_scheme=scheme)
    page.evaluate(AXE.read_text("utf-8"))
    found = {"empty": _violations(page)}
    upload(page, clip)
    found["ready"] = _violations(page)
    drag(page, (26, 26), (70, 70))
    wait_masks(page)
    page.click(".sm-targets [data-part=add]")
    page.keyboard.press("?")
    found["marked"] = _violations(page)
    page.goto(finished)
    page.wait_for_selector(".sm-appearance:not([hidden])")
    page.evaluate(AXE.read_text("utf-8"))
    for fold in page.locator("summary:visible").all():
        fold.click()
    found["done"] = _violations(page)
    page.goto(f"{app.url}?s=AAAAAAAAAAAAAAAAAAAAAAAA")
    page.wait_for_selector(".sm-status[data-kind=error]")
    page.evaluate(AXE.read_text("utf-8"))
    found["error"] = _violations(page)
    assert not any(found.values()), json.dumps(found, indent=1, ensure_ascii=False)


def _violations(page: Any) -> list[Any]:
    found = page.evaluate(
        "async () => { await new Promise(r => setTimeout(r, 300));"
        " return axe.run(document, {resultTypes: ['violations']}); }"
    )
    return [
        (violation["id"], node["html"][:200], node["failureSummary"][:300])
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def test_hostile_names_are_shown_as_text(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path, clip: Path
) -> None:
    name = "<img src=x onerror=alert(1)> ${alert(2)} {{constructor}} `$(touch pwned)`.mp4"
    hostile = tmp_path / name
    hostile.write_bytes(clip.read_bytes())
    page = open_page(app.url)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    upload(page, hostile)
    shown = page.inner_text("[data-part=clip]")
    assert "<img" in shown or "img src" in shown
    assert page.locator("[data-part=clip] img").count() == 0
