"""Gestures of a user, in image pixels; every place is read from the live page right before."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

STAGE = ".sm-ink"
VIEWER = ".sm-viewer"


def upload(page: Any, clip: Path) -> str:
    """Give the page a clip and return the session id."""
    page.set_input_files("#sm-upload input[type=file]", str(clip))
    return loaded_session(page)


def loaded_session(page: Any) -> str:
    """Return the session id once the page shows a clip."""
    page.wait_for_selector(".sm-viewer.sm-loaded")
    page.wait_for_function("new URL(location.href).searchParams.get('s')")
    return str(page.evaluate("new URL(location.href).searchParams.get('s')"))


def place(page: Any, x: float, y: float) -> tuple[float, float]:
    """Return where an image pixel is on the screen now, as the stage is zoomed and panned."""
    page.wait_for_selector(f"{VIEWER}[data-camera][data-frame]")
    page.locator(STAGE).evaluate(
        "node => node.scrollIntoView({block: 'center', behavior: 'instant'})"
    )
    box = _settled_box(page, STAGE)
    scale, left, top = (float(item) for item in page.get_attribute(VIEWER, "data-camera").split())
    aspect = float(page.get_attribute(VIEWER, "data-aspect"))
    return box["x"] + left + x * scale * aspect, box["y"] + top + y * scale


def _settled_box(page: Any, selector: str) -> dict[str, float]:
    """Return where an element is once two pictures of the page in a row agree on it."""
    box: dict[str, float] = page.locator(selector).evaluate(
        "async node => { const now = () => { const r = node.getBoundingClientRect();"
        " return {x: r.x, y: r.y, width: r.width, height: r.height}; };"
        " let last = null, next = now();"
        " do { last = next; await new Promise(r => requestAnimationFrame(() =>"
        " requestAnimationFrame(r))); next = now(); }"
        " while (JSON.stringify(last) !== JSON.stringify(next));"
        " return next; }"
    )
    return box


def resize(page: Any, width: int, height: int = 900) -> None:
    """Change the window's size and wait until the page is laid out in it."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(f"innerWidth === {width}")
    wait_laid_out(page)


def wait_laid_out(page: Any) -> None:
    page.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def click(page: Any, x: int, y: int, **options: Any) -> None:
    page.mouse.move(*place(page, x + 0.5, y + 0.5))
    page.mouse.down(**options)
    page.mouse.up(**options)


def drag(page: Any, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*place(page, *end))
    page.mouse.up()


def wait_masks(page: Any, count: int | None = None) -> None:
    """Wait until the viewer shows masks (that many, where given)."""
    wanted = "Number(p.dataset.masks) > 0" if count is None else f"p.dataset.masks === '{count}'"
    page.wait_for_function(
        "() => { const p = document.querySelector('.sm-viewer');"
        f" return !p.classList.contains('sm-busy') && {wanted}; }}"
    )


def select_disc(page: Any, size_wh: tuple[int, int] = (160, 96)) -> None:
    """Drag a box around the disc on the first frame."""
    width, height = size_wh
    x, y, r = int(width * 0.3), height // 2, height // 5 + 3
    drag(page, (x - r, y - r), (x + r, y + r))
    wait_masks(page)
    page.wait_for_selector("#sm-start:not([disabled])")


def upload_and_select(page: Any, clip: Path) -> str:
    """Give the page a clip, drag a box around its disc, and return the session id."""
    session = upload(page, clip)
    select_disc(page)
    return session


def upload_and_matte(page: Any, clip: Path) -> str:
    """Give the page a clip, matte its disc from a box, and return the session id."""
    session = upload_and_select(page, clip)
    page.click("#sm-start")
    wait_done(page)
    return session


def stroke(page: Any, *places: tuple[float, float], **options: Any) -> None:
    """Draw through the places with the tool in hand."""
    page.mouse.move(*place(page, *places[0]))
    page.mouse.down(**options)
    for at in places[1:]:
        page.mouse.move(*place(page, *at))
    page.mouse.up(**options)


def go_to(page: Any, frame: int) -> None:
    """Show a frame and wait for it."""
    page.locator(".sm-frames input[type=range]").fill(str(frame))
    page.wait_for_selector(f"{VIEWER}[data-frame='{frame}']")


def open_recent(page: Any) -> None:
    """Leave the clip that is shown, and open the list of recent ones."""
    page.click("[data-part=fresh]")
    page.wait_for_selector("body[data-ready]")
    page.click(".sm-recent summary")


def wait_done(page: Any, timeout_ms: int = 120_000) -> None:
    page.wait_for_selector(".sm-results:not([hidden])", timeout=timeout_ms)
    page.wait_for_selector(".sm-status[data-kind=done]", timeout=timeout_ms)


def state_file(workspace: Path, session: str) -> dict[str, Any]:
    return dict(json.loads((workspace / "sessions" / session / "session.json").read_text()))


def status_text(page: Any) -> str:
    return str(page.inner_text("#sm-status"))


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """GET and return status, headers and body, whatever the status."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()
