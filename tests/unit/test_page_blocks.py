"""The page's blocks: Gradio makes one web application of them, at the launch."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest
from gradio.routes import App

from ui.page.blocks import PageBlocks, without_interim_apps


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
