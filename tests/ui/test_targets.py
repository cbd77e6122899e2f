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


def test_a_name_that_is_being_typed_outlasts_the_answer_to_something_else(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload_and_select(page, clip)
    page.click(".sm-targets [data-part=add]")
    page.wait_for_selector(".sm-target[data-target='2'][data-chosen=true]")
    page.focus(".sm-target[data-target='2'] input[type=text]")
    page.keyboard.type("ro")
    page.evaluate(
        "() => { const row = document.querySelector(\".sm-target[data-target='1']\"); row.dataset.former = '';"
        " const colour = row.querySelector('input[type=color]'); colour.value = '#112233';"
        " colour.dispatchEvent(new Event('change')); }"
    )
    page.wait_for_selector(".sm-target[data-former]", state="detached")
    page.keyboard.type("bot")
    page.keyboard.press("Enter")
    assert page.input_value(".sm-target[data-target='2'] input[type=text]") == "robot"
    page.wait_for_selector(".sm-target[data-target='2'] [aria-label*='robot']")
    targets = state_file(app.workspace, session)["targets"]
    assert (targets[0]["name"], targets[0]["colour"].lower()) == ("", "#112233")
    assert targets[1]["name"] == "robot"

    # A button keeps the keyboard's place, in the list made again.
    page.focus(".sm-target[data-target='1'] [data-toggle=shown]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sm-target[data-target='1'] [data-toggle=shown][aria-pressed=false]")
    assert page.evaluate("document.activeElement.dataset.toggle") == "shown"
    # In the next session the field takes nothing along.
    page.focus(".sm-target[data-target='1'] input[type=text]")
    page.keyboard.type("nobody")
    page.set_input_files("#sm-upload input[type=file]", str(clip))
    page.wait_for_function(
        f"new URL(location.href).searchParams.get('s') !== '{session}'"
        " && document.querySelectorAll('.sm-target').length === 1"
    )
    assert page.input_value(".sm-target[data-target='1'] input[type=text]") == ""
