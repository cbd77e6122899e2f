"""Several users, the queue, cancel, reload, and a server that is restarted in the middle of a job."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer, Watch
from tests.ui.steps import (
    open_recent,
    select_disc,
    state_file,
    status_text,
    upload,
    wait_done,
)

pytestmark = pytest.mark.browser


def start_long_job(page: Any, clip: Path) -> str:
    session = upload(page, clip)
    select_disc(page, (320, 192))
    page.click("#sm-start")
    page.wait_for_selector(".sm-progress[data-state=running]")
    return session


def test_two_users_queue_reload_and_cancel_at_once_without_touching_each_other(
    app: AppServer, open_page: Callable[..., Any], clip: Path, long_clip: Path
) -> None:
    first, second = open_page(app.url, locale="zh-CN"), open_page(app.url)
    first_session = start_long_job(first, long_clip)

    second_session = upload(second, clip)
    assert second_session != first_session
    select_disc(second)
    second.click("#sm-start")
    second.wait_for_selector(".sm-progress[data-state=queued]")
    second.wait_for_function(
        "document.querySelector('.sm-line').textContent.includes('in front of you: 1')"
    )
    assert "queue" in status_text(second)
    second.click("[data-part=cancel]")
    second.wait_for_function(
        "document.querySelector('.sm-status').textContent.includes('Cancelled')"
    )
    assert state_file(app.workspace, second_session)["status"] == "cancelled"
    # What can't be deleted now looks so, and says why.
    other_tab = open_page(app.url, context=first.context)
    other_tab.click(".sm-recent summary")
    delete = other_tab.locator(f"li[data-session='{first_session}'] [data-part=delete]")
    assert delete.is_disabled() and "取消任务后才能删除" in delete.get_attribute("title")
    assert delete.evaluate("node => Number(getComputedStyle(node).opacity)") < 1
    other_tab.close()
    second.click("#sm-start:not([disabled])")
    second.wait_for_selector(".sm-progress[data-state=queued]")
    first.wait_for_function("/^[0-9]+ %/.test(document.title)")

    first.reload()
    first.wait_for_selector(".sm-progress[data-state=running]:not([hidden])")
    first.click("[data-part=cancel]")
    first.wait_for_function("document.querySelector('.sm-status').textContent.includes('已取消')")
    assert state_file(app.workspace, first_session)["status"] == "cancelled"
    assert not list((app.workspace / "sessions" / first_session).glob("*.mp4.partial*"))
    assert first.locator(".sm-results").is_hidden()
    assert first.locator("#sm-start").is_enabled()

    wait_done(second)
    assert state_file(app.workspace, second_session)["status"] == "done"
    assert state_file(app.workspace, first_session)["outputs"] == []


def test_a_restart_in_the_middle_of_a_job_loses_no_clip_and_no_selection(
    make_server: Callable[..., AppServer],
    open_page: Callable[..., Any],
    watch: Watch,
    long_clip: Path,
) -> None:
    server = make_server()
    page = open_page(server.url)
    session = start_long_job(page, long_clip)
    watch.is_server_away = True
    server.stop(signal.SIGKILL)
    assert state_file(server.workspace, session)["status"] == "running"
    server.start()
    page.wait_for_function(
        "document.querySelector('.sm-status').textContent.includes('server stopped')"
    )
    assert state_file(server.workspace, session)["status"] == "interrupted"

    page.goto(f"{server.url}?s={session}")
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector(".sm-keyframes li")
    assert "server stopped" in status_text(page)
    page.click("#sm-start:not([disabled])")
    page.wait_for_selector(".sm-progress[data-state=running]")

    assert server.stop(signal.SIGTERM) == 0
    assert state_file(server.workspace, session)["status"] == "interrupted"
    assert not server.errors()


def test_recent_clips_of_this_browser_are_listed_and_opened(
    app: AppServer, open_page: Callable[..., Any], clip: Path
) -> None:
    page = open_page(app.url)
    session = upload(page, clip)
    open_recent(page)
    link = page.locator(".sm-recent li a").first
    assert link.inner_text() == clip.name
    link.click()
    page.wait_for_selector(".sm-viewer.sm-loaded")
    assert session in page.url
    assert state_file(app.workspace, session)["owner"] == "127.0.0.1"
    page.click("[data-part=keep]")
    page.wait_for_selector("[data-part=keep][aria-pressed=true]")
    assert state_file(app.workspace, session)["is_kept"] is True
    assert page.locator("[data-part=sign-out]").is_hidden()

    stranger = open_page(app.url)
    assert stranger.locator(".sm-recent details:visible").count() == 0


def test_a_job_in_a_worker_process_is_followed_over_a_reload(
    make_server: Callable[..., AppServer], open_page: Callable[..., Any], medium_clip: Path
) -> None:
    server = make_server(SPLAZMATTE_WORKERS="1")
    page = open_page(server.url)
    session = start_long_job(page, medium_clip)
    page.reload()
    wait_done(page)
    state = state_file(server.workspace, session)
    assert state["status"] == "done"
    assert state["outputs"]
    assert page.locator(".sm-results").is_visible()


def test_the_page_says_that_the_last_files_are_being_finished(
    app: AppServer, open_page: Callable[..., Any], medium_clip: Path
) -> None:
    """It stood at 100 % with 0:00 remaining for as long as the encoders went on."""
    page = open_page(app.url)

    page.evaluate(
        """() => {
          const real = window.fetch;
          window.fetch = async (...asked) => {
            const answer = await real(...asked);
            if (!String(asked[0].url || asked[0]).includes("component_server")) return answer;
            const body = await answer.json();
            const all = { fraction: 1, remaining_s: 0, stage_remaining_s: 0, is_preparing: false };
            if (body && body.job) Object.assign(body.job, all);
            return new Response(JSON.stringify(body), { status: answer.status });
          };
        }"""
    )
    start_long_job(page, medium_clip)
    page.wait_for_function(
        "document.querySelector('.sm-progress').innerText.includes('Finishing the files…')"
    )
    shown = page.inner_text(".sm-progress")
    assert "99%" in shown and "remaining" not in shown
    page.click(".sm-progress [data-part=cancel]")
    page.wait_for_selector(".sm-progress", state="hidden")


def test_the_page_says_that_a_job_prepares_before_its_first_frame(
    app: AppServer, open_page: Callable[..., Any], long_clip: Path
) -> None:
    """It stood at 0 % for up to a minute while networks were loaded and asked, as if the job hung."""
    page = open_page(app.url, locale="zh-CN")
    page.evaluate(
        """() => {
          const real = window.fetch;
          window.fetch = async (...asked) => {
            const answer = await real(...asked);
            if (!String(asked[0].url || asked[0]).includes("component_server")) return answer;
            const body = await answer.json();
            if (body && body.job) Object.assign(body.job, { is_preparing: window.isPreparing });
            return new Response(JSON.stringify(body), { status: answer.status });
          };
          window.isPreparing = true;
        }"""
    )
    start_long_job(page, long_clip)
    bar = page.locator(".sm-progress [role=progressbar]")
    page.wait_for_selector(".sm-progress [role=progressbar]:not([aria-valuenow])")
    shown = page.inner_text(".sm-progress")
    assert "%" not in shown and "/" not in page.inner_text(".sm-line")
    page.evaluate("window.isPreparing = false")
    page.wait_for_selector(".sm-progress [role=progressbar][aria-valuenow]")
    assert "%" in page.inner_text(".sm-progress") and bar.get_attribute("data-open") is None
    page.click(".sm-progress [data-part=cancel]")
    page.wait_for_selector(".sm-progress", state="hidden")
