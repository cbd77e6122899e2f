"""Several targets on the page: a list, marks that go to the chosen one, and a matte of each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer
from tests.ui.disc import write_disc_clip
from tests.ui.steps import VIEWER, state_file, stroke, upload_and_select, wait_done, wait_masks

pytestmark = pytest.mark.browser


def test_two_targets_are_marked_apart_and_give_two_mattes(
    app: AppServer, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    clip = write_disc_clip(tmp_path / "two.mp4", 4)
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    page.fill(".sm-target[data-target='1'] input[type=text]", "disc")
    page.click(".sm-targets [data-part=add]")
    page.wait_for_selector(".sm-target[data-target='2'][data-chosen=true]")
    page.keyboard.press("d")
    stroke(page, (120, 80), (150, 80))
    wait_masks(page, 2)
    state = state_file(app.workspace, session)
    assert [target["name"] for target in state["targets"]] == ["disc", ""]
    assert list(state["keyframes"]) == ["0"] and not state["keyframes"]["0"]["prompt"]["strokes"]
    assert state["targets"][1]["keyframes"]["0"]["prompt"]["strokes"]

    page.keyboard.press("t")
    page.wait_for_selector(".sm-target[data-target='1'][data-chosen=true]")
    page.keyboard.press("Control+z")
    wait_masks(page, 1)
    page.wait_for_selector(".sm-target[data-target='2'][data-chosen=true]")
    page.keyboard.press("Control+Shift+z")
    wait_masks(page, 2)

    page.click(".sm-target[data-target='1'] [data-toggle=shown]")
    wait_masks(page, 1)
    page.click(".sm-target[data-target='2'] [data-toggle=locked]")
    page.wait_for_selector(".sm-target[data-target='2'] [data-toggle=locked][aria-pressed=true]")
    stroke(page, (100, 20), (110, 20))
    page.wait_for_function(
        "document.querySelector('[data-part=note]').textContent.includes('locked')"
    )
    page.check("#sm-separate-targets input")
    page.click("#sm-start:not([disabled])")
    wait_done(page)
    files = [record["file"] for record in state_file(app.workspace, session)["outputs"]]
    assert "targets/1/alpha.mp4" in files and "targets/2/alpha.mp4" in files
    assert "disc" in page.inner_text(".sm-files")
    kinds = [file for file in files if "/" not in file]
    assert page.locator(".sm-files .sm-about").count() == len(kinds), (
        "each format is explained once"
    )
    page.reload()
    page.wait_for_selector(f"{VIEWER}[data-shown=over]")
    assert page.input_value(".sm-target[data-target='1'] input[type=text]") == "disc"
