"""The page's handlers without a server or a browser: tests call them as its events do."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import gradio as gr

from config import Settings
from pipeline.orchestrator import Orchestrator
from ui.page.callbacks import Callbacks
from ui.page.components import Page, lay_out
from ui.widgets.polling import Polling


def page_handlers(work: Orchestrator, settings: Settings) -> tuple[Callbacks, Page]:
    """Return the handlers, and the components that they answer to."""

    async def build() -> Page:
        # Where no loop runs, Gradio makes one and leaves it open.
        with gr.Blocks():
            return lay_out(settings, Polling(work), "en")

    # In a thread: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(asyncio.run, build()).result()
    calls = Callbacks(work, settings, settings.workspace_dir)
    calls.bind(page)
    return calls, page
