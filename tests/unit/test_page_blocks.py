"""The page's blocks: Gradio makes one web application of them, at the launch."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import pytest
from gradio.routes import App

from app import build_orchestrator
from config import Settings
from ui.page.blocks import PageBlocks, without_interim_apps
from ui.page.wiring import build_page


def test_no_web_application_is_made_while_blocks_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(App, "create_app", lambda *_, **__: made.append(True))

    async def build() -> None:
        # Where no loop runs, Gradio makes one and leaves it open.
        with PageBlocks() as blocks:
            gr.Textbox()
        blocks.queue()

    # In a thread: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        with without_interim_apps():
            pool.submit(asyncio.run, build()).result()
        assert made == []
        pool.submit(asyncio.run, build()).result()
    assert made


def test_what_is_chosen_for_the_next_job_is_kept_in_the_order_it_was_chosen(tmp_path: Path) -> None:
    settings = Settings(workspace_dir=tmp_path)

    async def build() -> list[tuple[object, object]]:
        orchestrator = build_orchestrator(settings)
        try:
            blocks = build_page(settings, orchestrator, tmp_path, lambda: None)
        finally:
            orchestrator.close()
        steps = [
            step for step in blocks.fns.values() if str(step.api_name).startswith("page_remember")
        ]
        return [(step.concurrency_id, step.concurrency_limit) for step in steps]

    with ThreadPoolExecutor(1) as pool:
        queues = pool.submit(asyncio.run, build()).result()
    assert len(queues) > 2
    assert set(queues) == {(queues[0][0], 1)}
