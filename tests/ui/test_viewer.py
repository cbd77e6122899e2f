"""The viewer: zoom and pan, brush and polygon to the pixel, undo, alternatives, playback, and keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import AppServer
from tests.ui.disc import (
    FIGURE_CLICK,
    disc_mask,
    write_disc_clip,
    write_disc_mask,
    write_figure_clip,
)
from tests.ui.steps import (
    STAGE,
    VIEWER,
    click,
    drag,
    go_to,
    place,
    resize,
    select_disc,
    state_file,
    status_text,
    stroke,
    upload,
    upload_and_matte,
    upload_and_select,
    wait_done,
    wait_laid_out,
    wait_masks,
)
from utils.strokes import paint
from utils.types import Stroke

pytestmark = pytest.mark.browser
SIZE_WH = (160, 96)


def saved_mask(app: AppServer, session: str, frame: int = 0, instance: int = 0) -> np.ndarray:
    folder = app.workspace / "sessions" / session / "instances" / f"{frame:06d}"
    return np.asarray(Image.open(folder / f"{instance}.png").convert("L")) > 127


def prompt_of(app: AppServer, session: str, frame: int = 0) -> Any:
    return state_file(app.workspace, session)["keyframes"][str(frame)]["prompt"]


def strokes_of(prompt: Any) -> list[Stroke]:
    return [
        Stroke(
            tuple(map(tuple, item["vertices"])),
            item["radius_px"],
            is_positive=item["is_positive"],
            is_filled=item["is_filled"],
        )
        for item in prompt["strokes"]
    ]


def camera(page: Any) -> list[float]:
    return [float(item) for item in page.get_attribute(VIEWER, "data-camera").split()]


def zoom_in(page: Any, at: tuple[float, float], scale: float) -> None:
    """Turn the wheel over a pixel until the scale is reached."""
    for _ in range(60):
        was = page.get_attribute(VIEWER, "data-camera")
        if float(was.split()[0]) >= scale:
            return
        page.mouse.move(*place(page, *at))
        page.mouse.wheel(0, -100)
        page.wait_for_function(
            "was => document.querySelector('.sm-viewer').dataset.camera !== was", arg=was
        )
    pytest.fail("the wheel did not zoom")


def stage_colour(page: Any, x: int, y: int) -> list[int]:
    """Return the colour that the stage shows at an image pixel, once it has been laid out."""
    wait_laid_out(page)
    scale, left, top = camera(page)
    wide = scale * float(page.get_attribute(VIEWER, "data-aspect"))
    at = [left + (x + 0.5) * wide, top + (y + 0.5) * scale]
    found = page.locator(".sm-picture").evaluate(
        "(node, [x, y]) =>"
        " [...node.getContext('2d').getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data]",
        at,
    )
    return [int(level) for level in found[:3]]


def wait_answered(page: Any) -> None:
    page.wait_for_function("!document.querySelector('.sm-viewer').classList.contains('sm-busy')")


def give_mask(page: Any, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#sm-own-mask")
    chooser.value.set_files(str(path))
    wait_masks(page, 1)


@pytest.mark.parametrize("ratio", [1, 2])
def test_brush_and_eraser_at_400_percent_give_exactly_those_pixels(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path, ratio: int
) -> None:
    clip = write_disc_clip(tmp_path / "hair.mp4", 2, (640, 360))
    page = open_page(app.url, device_scale_factor=ratio)
    session = upload(page, clip)
    path = write_disc_mask(tmp_path / "mask.png", (640, 360))
    give_mask(page, path)
    page.keyboard.press("1")
    zoom_in(page, (250, 120), 4.2 / ratio)
    assert int(page.inner_text("[data-part=zoom-fit]").split()[0]) > 400
    page.keyboard.press("d")
    for _ in range(12):
        page.keyboard.press("[")
    page.keyboard.press("]")
    size = int(page.inner_text("[data-part=size-shown]"))
    assert size <= 4
    stroke(page, (250, 110), (256.5, 121), (249, 130))
    page.keyboard.press("e")
    stroke(page, (252, 108), (254, 128))
    wait_masks(page, 1)
    wait_answered(page)
    prompt = prompt_of(app, session)
    assert [item["is_positive"] for item in prompt["strokes"]] == [True, False]
    first = prompt["strokes"][0]
    assert first["radius_px"] == size
    assert np.allclose(first["vertices"][0], (250, 110), atol=0.3)
    assert np.allclose(first["vertices"][-1], (249, 130), atol=0.3)
    expected = paint(disc_mask(0, (640, 360)), strokes_of(prompt))
    assert (saved_mask(app, session) == expected).all()
    assert (expected != disc_mask(0, (640, 360))).any()


def test_what_is_shown_under_the_pointer_is_what_is_marked(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    upload(page, clip)
    page.keyboard.press("s")
    page.wait_for_selector(f"{VIEWER}[data-shown=source]")
    zoom_in(page, (48, 30), 10)
    # The disc's upper rim is at row 29: orange below it, dark above it.
    for row, is_disc in ((33, True), (25, False)):
        x, y = place(page, 48.5, row + 0.5)
        shot = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 2, "height": 2})
        (tmp := app.workspace.parent / "shot.png").write_bytes(shot)
        red = np.asarray(Image.open(tmp).convert("RGB"))[..., 0].mean()
        assert (red > 150) == is_disc


def test_polygon_box_click_and_strokes_are_undone_one_by_one_and_redone(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    box_only = saved_mask(app, session)
    page.keyboard.press("g")
    for corner in ((100, 20), (120, 20), (120, 40), (100, 40)):
        click(page, *corner)
    page.keyboard.press("Enter")
    page.keyboard.press("d")
    stroke(page, (20, 80), (40, 80))
    wait_answered(page)
    prompt = prompt_of(app, session)
    assert [item["is_filled"] for item in prompt["strokes"]] == [True, False]
    both = saved_mask(app, session)
    assert (both == paint(box_only, strokes_of(prompt))).all()
    assert both[25, 110] and both[80, 30]

    page.keyboard.press("Control+z")
    wait_answered(page)
    assert not saved_mask(app, session)[80, 30] and saved_mask(app, session)[25, 110]
    page.keyboard.press("Control+z")
    wait_answered(page)
    assert (saved_mask(app, session) == box_only).all()
    page.keyboard.press("Control+z")
    wait_masks(page, 0)
    assert state_file(app.workspace, session)["keyframes"] == {}
    for _ in range(3):
        page.keyboard.press("Control+Shift+z")
    wait_masks(page, 1)
    wait_answered(page)
    assert (saved_mask(app, session) == both).all()
    page.reload()
    page.wait_for_selector(f"{VIEWER}[data-masks='1']")
    assert page.locator("[data-part=undo]").is_enabled()


def test_an_own_mask_stays_the_base_of_marks_and_undo_brings_it_back(
    app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, clip)
    give_mask(page, write_disc_mask(tmp_path / "mask.png"))
    own = disc_mask(0, SIZE_WH)
    assert (saved_mask(app, session) == own).all()
    click(page, 130, 80)
    wait_answered(page)
    grown = saved_mask(app, session)
    assert grown[own].all() and grown.sum() > own.sum()
    page.keyboard.press("Control+z")
    wait_answered(page)
    assert (saved_mask(app, session) == own).all()
    assert prompt_of(app, session)["own_mask"]
    page.keyboard.press("Control+z")
    wait_masks(page, 0)
    assert state_file(app.workspace, session)["keyframes"] == {}
    page.keyboard.press("Control+Shift+z")
    wait_masks(page, 1)
    assert (saved_mask(app, session) == own).all()


def test_answers_to_a_click_are_alternatives_and_a_choice_stays(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, write_figure_clip(tmp_path / "answers.mp4"))
    click(page, *FIGURE_CLICK)
    wait_masks(page)
    answers = page.locator(".sm-chips [role=radio]")
    answers.nth(1).wait_for()
    assert page.locator(".sm-chips [aria-checked=true]").count() == 1
    answers.nth(1).click()
    page.wait_for_selector(".sm-chips [role=radio]:nth-child(2)[aria-checked=true]")
    rims = answers.evaluate_all("nodes => nodes.map((node) => getComputedStyle(node).boxShadow)")
    assert rims[1] != "none" == rims[0], "the choice is seen"
    chosen = saved_mask(app, session, 0, 1)
    page.keyboard.press("d")
    stroke(page, (140, 10), (150, 10))
    wait_answered(page)
    keyframe = state_file(app.workspace, session)["keyframes"]["0"]
    kept = saved_mask(app, session, 0, keyframe["kept"][0])
    assert kept[10, 145]
    assert (kept & chosen).sum() == chosen.sum()
    assert "%" not in page.inner_text(".sm-chips")


def test_zoom_pan_fit_and_one_to_one(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url, device_scale_factor=2)
    upload(page, clip)
    fitted = camera(page)
    zoom_in(page, (80, 48), 1.5 * fitted[0])
    x, y = place(page, 48, 48)
    zoom_in(page, (48, 48), 2.5 * fitted[0])
    assert np.allclose(place(page, 48, 48), (x, y), atol=0.5)
    before = camera(page)
    page.mouse.down(button="middle")
    page.mouse.move(x - 40, y - 20)
    page.mouse.up(button="middle")
    after = camera(page)
    assert np.allclose(np.subtract(after[1:], before[1:]), (-40, -20), atol=0.5)
    page.click("[data-part=zoom-one]")
    assert camera(page)[0] == 0.5
    assert page.inner_text("[data-part=zoom-fit]") == "100 %"
    page.keyboard.press("0")
    assert np.allclose(camera(page), fitted)


def test_two_fingers_zoom(app: AppServer, open_page: Callable[..., Any], clip: Path) -> None:
    page = open_page(app.url, size=(390, 844), has_touch=True, is_mobile=True)
    session = upload(page, clip)
    fitted = camera(page)[0]
    x, y = place(page, 80, 48)
    session_cdp = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(places)]
        session_cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x - 20, y))
    touch("touchStart", (x - 20, y), (x + 20, y))
    for spread in (30, 45, 60):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    assert camera(page)[0] == pytest.approx(3 * fitted, rel=0.1)
    assert state_file(app.workspace, session)["keyframes"] == {}


def test_keys_step_jump_and_set_the_range(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    upload(page, clip)
    for keys, frame in (
        (["End"], 11),
        (["ArrowLeft"], 10),
        (["Shift+ArrowLeft"], 0),
        (["ArrowRight", "ArrowRight"], 2),
        (["Home"], 0),
    ):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_selector(f"{VIEWER}[data-frame='{frame}']")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("i")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("o")
    assert "1" in page.inner_text("[data-part=range]") and "10" in page.inner_text(
        "[data-part=range]"
    )
    page.keyboard.press("?")
    keys = page.inner_text("[data-part=keys]")
    assert "Ctrl Z" in keys and "scene cut" in keys, "the timeline's signs are explained as well"
    page.keyboard.press("Escape")
    assert page.locator("[data-part=keys]").is_hidden()
    # The key works on the whole page: the list comes into view.
    resize(page, 390, 700)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.keyboard.press("?")
    page.wait_for_function(
        "() => { const box = document.querySelector('[data-part=keys]').getBoundingClientRect();"
        " return box.top >= 0 && box.top < innerHeight / 2; }"
    )


def test_the_source_plays_before_a_job_and_the_result_after_it(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    clip = write_disc_clip(tmp_path / "play.mp4", 50)
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    page.wait_for_selector(f"{VIEWER}[data-playback=ready]")
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    page.wait_for_selector(f"{VIEWER}[data-playing=true]")
    page.wait_for_function("Number(document.querySelector('.sm-frames input').value) > 3")
    page.keyboard.press("k")
    frame = int(page.input_value(".sm-frames input[type=range]"))
    page.wait_for_selector(f"{VIEWER}[data-frame='{frame}'][data-playing=false]")
    page.keyboard.press("j")
    page.wait_for_function(f"Number(document.querySelector('.sm-frames input').value) < {frame}")
    page.keyboard.press("k")
    # A jump shows the playback clip's frame while the exact one is on its way.
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/frame/45.jpg*", hold)
    page.locator(".sm-frames input[type=range]").fill("45")
    page.wait_for_selector(f"{VIEWER}[data-quick='45']")
    assert page.get_attribute(VIEWER, "data-frame") != "45"
    while not held:
        page.wait_for_timeout(20)
    for route in held:
        route.continue_()
    page.wait_for_selector(f"{VIEWER}[data-frame='45']")
    page.unroute("**/frame/45.jpg*")

    page.click("#sm-start")
    wait_done(page)
    page.wait_for_selector(f"{VIEWER}[data-shown=over]")
    page.keyboard.press("Home")
    page.keyboard.press("l")
    page.wait_for_function("document.querySelector('.sm-frames input').value === '49'")
    page.wait_for_selector(f"{VIEWER}[data-frame='49'][data-playing=false]")
    alpha_plays_in_a_loop(page)
    for key, shown in (("a", "alpha"), ("c", "wipe"), ("m", "mask"), ("s", "source")):
        page.keyboard.press(key)
        page.wait_for_selector(f"{VIEWER}[data-shown={shown}]")
    assert (app.workspace / "sessions" / session / "playback.mp4").is_file()
    # A stage that changes its size while the result is on its way keeps what it shows.
    page.keyboard.press("m")
    page.wait_for_selector(f"{VIEWER}[data-shown=mask]")
    go_to(page, 40)
    tinted = stage_colour(page, 68, 48)
    page.route("**/still/40.jpg*", hold)
    held.clear()
    with page.expect_request("**/still/40.jpg*"):
        page.keyboard.press("r")
    was = page.locator(STAGE).evaluate("node => node.clientWidth")
    page.set_viewport_size({"width": 1900, "height": 900})
    page.wait_for_function(f"document.querySelector('{STAGE}').clientWidth > {was}")
    assert stage_colour(page, 68, 48) == pytest.approx(tinted, abs=12)
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.wait_for_selector(f"{VIEWER}[data-shown=over]")
    assert stage_colour(page, 68, 48) != pytest.approx(tinted, abs=12)


def alpha_plays_in_a_loop(page: Any) -> None:
    """Play frames 20 to 24 again and again, as the alpha alone and as an overlay over the source."""
    for key, frame in (("i", 20), ("o", 24)):
        go_to(page, frame)
        page.keyboard.press(key)
    page.keyboard.press("Shift+L")
    page.keyboard.press("a")
    page.keyboard.press(" ")
    page.wait_for_function(
        "() => { const now = Number(document.querySelector('.sm-frames input').value);"
        " window.passes = (window.passes || 0) + (now < window.last); window.last = now;"
        " return window.passes > 2; }"
    )
    assert page.get_attribute(VIEWER, "data-playing") == "true"
    assert stage_colour(page, 8, 48) == pytest.approx([0, 0, 0], abs=8)
    assert stage_colour(page, 59, 48) == pytest.approx([255, 255, 255], abs=8)
    page.keyboard.press("m")
    page.wait_for_timeout(100)
    red, green, blue = stage_colour(page, 59, 48)
    assert red > 200 and 90 < green < 130 and 60 < blue < 110  # orange under pink
    assert max(stage_colour(page, 8, 48)) < 70
    assert page.get_attribute(VIEWER, "data-playing") == "true"
    page.keyboard.press("k")
    page.keyboard.press("Shift+L")
    page.click("[data-part=whole]")


def test_a_stroke_on_the_result_corrects_it_there(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload_and_matte(page, clip)
    go_to(page, 6)
    page.keyboard.press("d")
    stroke(page, (120, 80), (130, 80))
    page.wait_for_selector(f"{VIEWER}[data-shown=mask]")
    wait_masks(page, 1)
    mask = saved_mask(app, session, 6)
    assert mask[80, 125]
    assert (mask & disc_mask(6, SIZE_WH)).sum() > 0.9 * disc_mask(6, SIZE_WH).sum()


def test_undo_gives_back_what_a_click_had_selected_and_the_same_click_again_asks_anew(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, clip)
    click(page, 48, 48)
    wait_masks(page)
    assert not prompt_of(app, session)["has_mask"]
    page.click("#sm-start")
    wait_done(page)
    made = state_file(app.workspace, session)["keyframes"]
    page.focus(".sm-ink")
    page.keyboard.press("Delete")
    wait_masks(page, 0)
    page.keyboard.press("Control+z")
    wait_masks(page)
    wait_answered(page)
    assert state_file(app.workspace, session)["keyframes"] == made
    page.keyboard.press("Delete")
    wait_masks(page, 0)
    click(page, 48, 48)
    wait_masks(page)
    wait_answered(page)
    assert prompt_of(app, session)["has_mask"], "it corrects the result"


def test_the_status_line_stays_in_view(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url, size=(1400, 500))
    upload_and_select(page, clip)
    page.evaluate("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    assert page.evaluate("scrollY") > 100
    box = page.locator(".sm-status").bounding_box()
    assert 0 <= box["y"] < 60
    assert "Start matting" in status_text(page)


def test_the_stage_is_as_wide_as_the_window_allows(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url, size=(390, 900), locale="zh-CN")
    upload(page, clip)
    for width in (390, 1400, 1920):
        resize(page, width)
        box = page.locator(".sm-stage").bounding_box()
        assert box["width"] > (0.9 if width < 900 else 0.68) * width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width >= 1400:
            timeline = page.locator(".sm-timeline").bounding_box()
            assert timeline["y"] + timeline["height"] < 870, "with room for a line below it"


def test_a_clip_dropped_on_the_stage_or_pasted_is_taken(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    import base64

    page = open_page(app.url)
    give = """([data, name]) => {
      const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
      const carrier = new DataTransfer();
      carrier.items.add(new File([bytes], name, {type: "video/mp4"}));
      const options = {dataTransfer: carrier, clipboardData: carrier, bubbles: true, cancelable: true};
      if (name === "pasted.mp4") document.dispatchEvent(new ClipboardEvent("paste", options));
      else document.querySelector(".sm-stage").dispatchEvent(new DragEvent("drop", options));
    }"""
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/gradio_api/upload", hold)
    page.evaluate(give, ["", "large.mp4"])
    while not held:
        page.wait_for_timeout(20)
    page.click("[data-part=stop-sending]")
    page.wait_for_function("document.querySelector('.sm-status').textContent.includes('cancelled')")
    assert page.locator(".sm-sent").is_hidden()
    held.pop().abort()  # A held request that nobody answers ends as an error of a later test.
    page.unroute("**/gradio_api/upload")

    page.route("**/queue/join*", hold)
    for name in ("dropped.mp4", "pasted.mp4"):
        page.evaluate(give, [base64.b64encode(clip.read_bytes()).decode(), name])
        if not held:
            page.wait_for_selector(".sm-checking .sm-sent")
            assert "Checking" in status_text(page)
            while not held:
                page.wait_for_timeout(20)
            held[0].continue_()
            page.unroute("**/queue/join*")
        page.wait_for_function(
            f"document.querySelector('.sm-loaded [data-part=clip]')?.textContent.includes('{name}')"
        )
        page.wait_for_selector(".sm-sent", state="hidden")
    page.go_back()
    page.wait_for_function(
        "document.querySelector('.sm-loaded [data-part=clip]')?.textContent.includes('dropped')"
    )
    drag(page, (30, 25), (66, 71))
    wait_masks(page)


def test_after_a_correction_the_page_says_and_makes_only_what_it_changes(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    clip = write_disc_clip(tmp_path / "again.mp4", 40)
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    go_to(page, 30)
    drag(page, (48 + 15 - 22, 26), (48 + 15 + 22, 70))
    wait_masks(page)
    page.click("#sm-start")
    wait_done(page)
    go_to(page, 12)
    page.keyboard.press("d")
    stroke(page, (130, 80), (140, 80))
    page.wait_for_function("document.querySelector('#sm-start').innerText.includes('29 frames')")
    assert "29 frames" in status_text(page)
    page.click("#sm-start")
    page.wait_for_function("document.querySelector('#sm-start').innerText === 'Start matting'")
    wait_done(page)
    details = state_file(app.workspace, session)
    assert details["status"] == "done"
    assert details["result_plan"]["guides"][0].keys() == {"0", "12", "30"}


def test_several_clips_or_a_folder_become_a_session_each_and_a_bad_one_is_named(
    app: AppServer, open_page: Callable[..., Any], clip: Path, tmp_path: Path
) -> None:
    other = write_disc_clip(tmp_path / "other.mp4", 3)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(bytes(range(256)) * 300)
    folder = tmp_path / "shots"
    folder.mkdir()
    (folder / "notes.txt").write_text("no clip")
    (folder / "inside.mp4").write_bytes(other.read_bytes())
    page = open_page(app.url)
    page.set_input_files("#sm-upload [data-part=directory]", str(folder))
    page.wait_for_function(
        "document.querySelector('.sm-loaded [data-part=clip]')?.textContent.includes('inside.mp4')"
    )
    page.set_input_files("[data-part=files]", [str(clip), str(bad), str(other)])
    page.wait_for_selector(".sm-status[data-kind=error]")
    assert "bad.mp4" in status_text(page)
    page.wait_for_selector(".sm-viewer.sm-loaded")
    assert clip.name in page.inner_text("[data-part=clip]")
    page.click(".sm-recent summary")
    page.locator(".sm-recent li a", has_text="other.mp4").click()
    page.wait_for_function(
        "(document.querySelector('[data-part=clip]')?.textContent || '').includes('other.mp4')"
    )


def test_the_review_list_leads_to_a_planted_fault(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    import json

    clip = write_disc_clip(tmp_path / "review.mp4", 24)
    page = open_page(app.url)
    session = upload_and_matte(page, clip)
    path = app.workspace / "sessions" / session / "measures.json"
    measures = json.loads(path.read_text())
    assert len(measures) == 24
    measures[15][0] *= 0.3
    path.write_text(json.dumps(measures))
    page.reload()
    page.wait_for_selector("[data-part=review-row]:not([hidden])")
    page.wait_for_selector(f"{VIEWER}[data-frame='0']")
    page.keyboard.press("n")
    page.wait_for_selector(f"{VIEWER}[data-frame='15']")
    assert "area" in page.inner_text("[data-part=review-reason]")


@pytest.mark.parametrize(("stored", "aspect"), [("2/1", 2.0), ("3/4", 0.75)])
def test_a_clip_whose_pixels_are_not_square_is_shown_as_players_show_it(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path, stored: str, aspect: float
) -> None:
    """An anamorphic clip was shown squeezed. Marks stay in the pixels of the file."""
    clip = write_disc_clip(tmp_path / "wide.mp4", 4, pixel_aspect=stored)
    page = open_page(app.url)
    session = upload(page, clip)
    assert page.get_attribute(VIEWER, "data-aspect") == f"{aspect:g}"
    stage = page.locator(".sm-stage").bounding_box()
    scale, left, top = camera(page)
    assert scale == pytest.approx(
        min(stage["width"] / (160 * aspect), stage["height"] / 96), rel=0.01
    )
    assert left == pytest.approx((stage["width"] - 160 * aspect * scale) / 2, abs=1)
    assert top == pytest.approx((stage["height"] - 96 * scale) / 2, abs=1)
    # The disc of radius 19 around (48, 48): its sides are where the stored pixels are.
    for inside, beside in (((64, 48), (72, 48)), ((48, 63), (48, 71)), ((32, 48), (25, 48))):
        assert stage_colour(page, *inside)[0] > 180, inside
        assert stage_colour(page, *beside)[0] < 100, beside

    select_disc(page)
    page.keyboard.press("d")
    stroke(page, (110, 40), (130, 40))
    wait_answered(page)
    prompt = prompt_of(app, session)
    box = [prompt["box"][name] for name in ("x0", "y0", "x1", "y1")]
    assert box == pytest.approx([26, 26, 70, 70], abs=1)
    (painted,) = prompt["strokes"]
    assert painted["vertices"][0] == pytest.approx([110, 40], abs=0.3)
    assert painted["vertices"][-1] == pytest.approx([130, 40], abs=0.3)
    # The brush is round in the stored pixels, and the mask is shown where it was painted.
    radius = painted["radius_px"]
    mask_colour = stage_colour(page, 120, 40)
    assert stage_colour(page, 120, int(40 + radius - 2)) != stage_colour(
        page, 120, int(40 + radius + 3)
    )
    assert mask_colour[0] > stage_colour(page, 120, 70)[0]

    page.click("#sm-start")
    wait_done(page)
    still = page.locator(".sm-compare").bounding_box()
    assert still["width"] / still["height"] == pytest.approx(160 * aspect / 96, rel=0.02)
