"""Languages, sizes, dark mode, exact coordinates, and what a screen reader reads."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pipeline.postprocess.appearance import FileOptions
from tests.clips import ffmpeg
from tests.forked import ROOT
from tests.ui.conftest import AppServer, Watch
from tests.ui.disc import FIGURE_CLICK, write_disc_clip, write_figure_clip
from tests.ui.steps import (
    click,
    drag,
    fetch,
    place,
    resize,
    select_disc,
    state_file,
    status_text,
    stroke,
    upload,
    upload_and_matte,
    upload_and_select,
    wait_laid_out,
    wait_masks,
)
from ui.http.login_page import login_page

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def finished(app: AppServer, browser: Any, clip: Path) -> str:
    """The link of a finished session with two versions of its result."""
    page = browser.new_page()
    page.goto(app.url)
    page.wait_for_selector("body[data-ready]")
    upload_and_matte(page, clip)
    page.keyboard.press("d")
    stroke(page, (120, 80), (140, 80))
    page.click("#sm-start:has-text('again')")
    page.wait_for_selector(".sm-results [data-version='2']", timeout=120_000)
    link = str(page.url)
    page.close()
    return link


@pytest.mark.parametrize(
    ("locale", "start", "html_lang"),
    [
        ("zh-Hans-CN", "开始抠图", "zh-CN"),
        ("fr-FR", "Start matting", "en"),
    ],
)
def test_language_follows_the_browser(
    app: AppServer, open_page: Callable[..., Any], locale: str, start: str, html_lang: str
) -> None:
    page = open_page(app.url, locale=locale)
    assert page.inner_text("#sm-start") == start
    assert page.evaluate("document.documentElement.lang") == html_lang
    assert page.locator(".wrap.hide:visible").count() == 0, "Gradio's progress, in English"
    page.wait_for_function("!document.querySelector('input[type=checkbox][title]')")
    assert "1920x1080" in page.inner_text("#sm-upload [data-part=limits]")


def test_long_times_have_hours(browser: Any) -> None:
    helpers = (ROOT / "ui" / "widgets" / "dom.js").read_text("utf-8")
    page = browser.new_page()
    shown = page.evaluate(f"(() => {{ {helpers}\nreturn [59.6, 3599, 13151].map(shownTime); }})()")
    page.close()
    assert shown == ["1:00", "59:59", "3:39:11"]


def test_the_switch_changes_everything_and_is_remembered(
    finished: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(finished, locale="en-US")
    assert "Downloads" in page.inner_text("#sm-results")
    page.fill("[data-edge=grow_px]", "2")
    page.click("#sm-language label:has-text('中文')")
    page.wait_for_function("document.querySelector('#sm-results').innerText.includes('下载')")
    assert "已完成" in status_text(page)
    assert "语言" in page.text_content("#sm-language")
    assert page.is_hidden("#sm-segment")
    assert "SAM 3" in page.get_attribute("#sm-text input", "placeholder")
    assert "内置引擎" in page.inner_text("#sm-engines")
    assert page.input_value("[data-edge=grow_px]") == "2", "what is being chosen stays"
    assert "适应窗口" in page.get_attribute("[data-part=zoom-fit]", "aria-label")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.reload()
    page.wait_for_function("document.querySelector('#sm-start')?.innerText === '开始抠图'")
    page.wait_for_selector(".sm-results:not([hidden])")
    assert not [body for body in asked if "quick_preview" in body], "there is a result"


def test_all_files_of_a_result_come_as_one_zip(
    app: AppServer, finished: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(finished)
    link = page.get_attribute(".sm-results [data-part=together]", "href")
    status, headers, content = fetch(app.url + str(link))
    assert status == 200
    assert headers["content-disposition"].endswith("moving%20disc.zip")
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert len(names) == page.locator(".sm-files li").count() > 1
    for pattern in ("{clip}_{shot}", "{clip}_{镜头}"):
        page.fill(".sm-results [data-part=name]", "")
        page.press(".sm-results [data-part=name]", "Tab")
        page.fill(".sm-results [data-part=name]", pattern)
        page.press(".sm-results [data-part=name]", "Tab")
        assert "{clip} {target} {output}" in page.inner_text(".sm-results [data-part=name-problem]")
    assert link == page.get_attribute(".sm-results [data-part=together]", "href")


def test_options_of_files_are_shown_while_a_format_that_reads_them_is_ticked(
    app: AppServer, open_page: Callable[..., Any]
) -> None:
    page = open_page(app.url)
    names = [field.name.replace("_", "-") for field in fields(FileOptions)]

    def shown() -> set[str]:
        return {name for name in names if page.locator(f"#sm-{name}").is_visible()}

    assert shown() == set()
    assert page.is_hidden("#sm-options-files")
    page.check("#sm-outputs input[name=exr]")
    assert shown() == {"first-number", "exr-alpha"}
    page.uncheck("#sm-outputs input[name=exr]")
    page.check("#sm-outputs input[name=gif]")
    assert shown() == {"loops", "size-limit-mb", "size-limit-by"}
    page.keyboard.press("Tab")
    focus = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focus == "solid", "the keyboard's place is seen"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_ticked_box_of_a_widget_looks_ticked(
    app: AppServer, open_page: Callable[..., Any], scheme: str
) -> None:
    """Gradio's styles took the browser's tick away, and drew their own in Gradio's components alone."""
    page = open_page(app.url, color_scheme=scheme)
    box = page.locator("#sm-upload [data-part=hold]")
    looks = []
    for is_ticked in (False, True):
        box.evaluate("(node, isTicked) => { node.checked = isTicked; }", is_ticked)
        wait_laid_out(page)
        looks.append(box.screenshot())
    assert looks[0] != looks[1]


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


def test_a_mask_or_picture_of_another_type_is_refused_by_its_name(
    app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    """The page said that the server could not take that just now: trying again was of no use."""
    page = open_page(app.url, locale="zh-CN")
    upload(page, clip)
    for button, name, allowed in (
        ("#sm-own-mask", "蒙版. Only.jpg", "仅支持 PNG。"),
        ("#sm-own-mask", "轮廓.svg", "仅支持 PNG。"),
        ("#sm-sky", "天空.bmp", "仅支持 PNG / JPG / JPEG。"),
    ):
        (tmp_path / name).write_bytes(b"a")
        with page.expect_file_chooser() as chooser:
            page.click(button)
        chooser.value.set_files(str(tmp_path / name))
        page.wait_for_function(
            "name => document.querySelector('.sm-status').textContent.includes(name)", arg=name
        )
        assert allowed in status_text(page)


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
    assert "long press" in page.inner_text(".sm-viewer [data-part=note]")
    page.touchscreen.tap(*place(page, 48.5, 48.5))
    wait_masks(page)
    points = _prompt(app, session)["points"]
    assert [(p["x"], p["y"]) for p in points] == [(48, 48)]
    small = page.evaluate(
        "() => [...document.querySelectorAll('button, a, summary, select, label:has(input)')]"
        ".map((node) => [node.outerHTML.slice(0, 90), node.getBoundingClientRect()])"
        ".filter(([, at]) => at.width && (at.width < 39.5 || at.height < 39.5))"
    )
    assert small == [], "narrower than a finger"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_and_fields_follow_the_scheme(
    finished: str, open_page: Callable[..., Any], scheme: str
) -> None:
    page = open_page(finished, locale="zh-CN", size=(390, 900), color_scheme=scheme)
    page.wait_for_selector(".sm-appearance:not([hidden])")
    for width in (390, 820, 1920):
        resize(page, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    is_dark = page.evaluate("document.body.classList.contains('dark')")
    assert is_dark == (scheme == "dark")
    upload_fold = page.locator("#sm-upload")
    assert upload_fold.locator("[data-part=rate]").is_hidden(), "there is a clip"
    upload_fold.locator("summary").click()
    for name in ("rate", "alpha"):
        field = upload_fold.locator(f"[data-part={name}]")
        background = field.evaluate("node => getComputedStyle(node).backgroundColor")
        assert (background == "rgb(255, 255, 255)") != is_dark


def test_no_accessibility_violation_in_any_state(
    app: AppServer, finished: str, open_page: Callable[..., Any], clip: Path
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run npm ci in tests/ui")
    page = open_page(app.url)
    page.evaluate(AXE.read_text("utf-8"))
    found = {"empty": _violations(page)}
    session = upload(page, clip)
    found["ready"] = _violations(page)
    drag(page, (26, 26), (70, 70))
    wait_masks(page)
    page.click(".sm-targets [data-part=add]")
    page.keyboard.press("?")
    found["marked"] = _violations(page)
    resize(page, 390)
    found["list of keys that scrolls"] = _violations(page)
    resize(page, 1400)
    page.goto(finished)
    page.wait_for_selector(".sm-appearance:not([hidden])")
    page.evaluate(AXE.read_text("utf-8"))
    for fold in page.locator("summary:visible").all():
        fold.click()
    found["done"] = _violations(page)
    page.goto(f"{app.url}?s=AAAAAAAAAAAAAAAAAAAAAAAA")
    page.wait_for_selector(".sm-status[data-kind=error]")
    page.evaluate(AXE.read_text("utf-8"))
    page.click(".sm-recent summary")
    for _ in range(2):
        page.click(f".sm-recent li[data-session='{session}'] [data-part=delete]")
    page.click(".sm-recent [data-part=deleted] summary")
    page.locator(".sm-recent [data-part=purge]").first.click()
    found["error"] = _violations(page)
    page.set_content(login_page("zh", "/", "用户名或密码错误。"))
    page.evaluate(AXE.read_text("utf-8"))
    found["login"] = _violations(page)
    assert not any(found.values()), json.dumps(found, indent=1, ensure_ascii=False)


def test_no_two_controls_have_the_same_name_and_values_are_not_read_out_twice(
    app: AppServer, finished: str, open_page: Callable[..., Any], clip: Path
) -> None:
    """Marks of two targets on a frame, versions, and engines' options could not be told apart by ear."""
    page = open_page(app.url)
    upload_and_select(page, clip)
    page.click(".sm-targets [data-part=add]")
    page.wait_for_selector(".sm-target[data-target='2'][data-chosen=true]")
    page.keyboard.press("d")
    stroke(page, (120, 80), (150, 80))
    wait_masks(page, 2)
    page.wait_for_selector(".sm-keyframes li:nth-child(2)")
    found = _same_names(page)
    page.goto(finished)
    page.wait_for_selector(".sm-appearance:not([hidden])")
    for fold in page.locator("summary:visible").all():
        fold.click()
    assert [*found, *_same_names(page)] == []
    assert page.locator("label output").count() == 0, "a live region beside a slider that speaks"
    assert page.locator("[data-part=chips][role]:not(:has(*))").count() == 0, "a group of nothing"


def _same_names(page: Any) -> list[tuple[str, str]]:
    """Return the controls, by role and name, that a screen reader finds more than once."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "link", "checkbox", "radio", "slider", "textbox", "DisclosureTriangle")
    controls = Counter(
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in roles
    )
    assert len(controls) > 40
    return [control for control, count in controls.items() if count > 1]


def test_running_cancelled_and_failed_are_accessible_and_outlast_a_reload(
    app: AppServer, open_page: Callable[..., Any], watch: Watch, long_clip: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, long_clip)
    select_disc(page, (320, 192))
    found: dict[str, list[Any]] = {}

    def examine(state: str) -> None:
        if AXE.is_file():
            page.evaluate(AXE.read_text("utf-8"))
            found[state] = _violations(page)

    def is_all_there(text: str) -> None:
        page.wait_for_selector(".sm-keyframes li")
        page.wait_for_function(
            f"document.querySelector('.sm-status').textContent.includes('{text}')"
        )
        assert page.locator("#sm-outputs input").nth(3).is_checked()
        assert page.locator("#sm-start").is_enabled()
        assert page.locator(".sm-progress").is_hidden()

    page.locator("#sm-outputs input").nth(3).check()
    page.click("#sm-start")
    page.wait_for_selector(".sm-live:not([hidden])")
    assert "Working" in status_text(page)
    examine("running")
    page.click("[data-part=cancel]")
    is_all_there("Cancelled")
    examine("cancelled")
    watch.is_server_away = (
        True  # Gradio tells of what a reload broke off; frames are damaged below.
    )
    page.reload()
    is_all_there("Cancelled")
    (source,) = (app.workspace / "sessions" / session).glob("source.*")
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 3])
    page.click("#sm-start")
    page.wait_for_selector(".sm-status[data-kind=error]")
    is_all_there("decoded")
    examine("failed")
    page.reload()
    is_all_there("decoded")
    assert not any(found.values()), json.dumps(found, indent=1, ensure_ascii=False)


def _violations(page: Any) -> list[Any]:
    """Return what axe finds, in light and in dark colours."""
    violations = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate(
            "async (scheme) => {"
            # A colour on its way to the other scheme is no colour of the page.
            " const still = document.createElement('style');"
            " still.textContent = '*, *::before, *::after { transition: none !important; }';"
            " document.head.append(still);"
            " document.body.classList.toggle('dark', scheme === 'dark');"
            " await new Promise(r => setTimeout(r, 300));"
            " return axe.run(document, {resultTypes: ['violations']}); }",
            scheme,
        )
        violations += [
            (scheme, violation["id"], node["html"][:200], node["failureSummary"][:300])
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
    return violations


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_notes_leave_the_timeline_in_view_and_name_nothing_of_the_command_line(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path, locale: str
) -> None:
    """The timeline's lower edge lay below the window, and the notes named --source-alpha and --alpha-mode."""
    clip = tmp_path / "with alpha.webm"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25", "-frames:v", "4"),
        *("-vf", "format=rgba,geq=r='p(X,Y)':g='p(X,Y)':b='p(X,Y)':a='if(lt(X,80),255,0)'"),
        *("-pix_fmt", "yuva420p", "-c:v", "libvpx-vp9", "-auto-alt-ref", "0", clip),
    )
    page = open_page(app.url, locale=locale)
    upload(page, clip)
    notes = page.inner_text(".sm-viewer [data-part=notes]")
    assert "Alpha" in notes or "transparency" in notes
    assert "--" not in notes
    wait_laid_out(page)
    timeline = page.locator(".sm-timeline").bounding_box()
    assert timeline["y"] + timeline["height"] <= page.viewport_size["height"]


def test_the_preview_without_a_mark_has_its_place_before_its_picture(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    """Boxes to tick moved down by the picture's height when it came."""
    page = open_page(app.url)
    upload(page, clip)
    show = (
        "state => { const root = document.querySelector('.sm-quick-preview'); root.hidden = false;"
    )
    show += " for (const one of root.querySelectorAll('img, video')) one.hidden = state; }"
    page.evaluate(show, True)
    wait_laid_out(page)
    before = page.locator("#sm-outputs").bounding_box()
    page.evaluate(show, False)
    wait_laid_out(page)
    assert page.locator("#sm-outputs").bounding_box() == before
    assert page.locator(".sm-quick-space").bounding_box()["height"] > 100


@pytest.mark.parametrize("size", [(390, 844), (1400, 600)])
def test_the_list_of_keys_scrolls_down_alone(
    app: AppServer, open_page: Callable[..., Any], clip: Path, size: tuple[int, int]
) -> None:
    """On a phone its second column lay beside the stage."""
    page = open_page(app.url, locale="zh-CN", size=size)
    upload(page, clip)
    page.click(".sm-viewer [data-part=help]")
    keys = page.locator(".sm-viewer [data-part=keys]")
    assert keys.evaluate("node => node.scrollWidth <= node.clientWidth")
    keys.locator("p").last.scroll_into_view_if_needed()
    stage, last = page.locator(".sm-stage").bounding_box(), keys.locator("p").last.bounding_box()
    assert last["x"] + last["width"] <= stage["x"] + stage["width"]
    assert last["y"] + last["height"] <= stage["y"] + stage["height"]


def test_answers_to_choose_from_do_not_move_the_timeline(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(app.url, locale="zh-CN")
    upload(page, write_figure_clip(tmp_path / "figure.mp4"))
    wait_laid_out(page)
    before = page.locator(".sm-timeline").bounding_box()
    click(page, *FIGURE_CLICK)
    wait_masks(page)
    page.wait_for_selector(".sm-viewer [data-part=chips] .sm-chip:nth-child(2)")
    assert page.locator(".sm-timeline").bounding_box() == before


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
