"""Which event of which component calls which handler; builds the page as one `gr.Blocks`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.session.request import RenderRequest
from ui.page.blocks import PageBlocks, without_interim_apps
from ui.page.callbacks import Callbacks, Step
from ui.page.components import Page, lay_out
from ui.request_values import page_controls
from ui.text import as_language
from ui.widgets.polling import Polling

SEGMENT_QUEUE = "segment"
"""Gradio's queue that the clicks of the page and of the API share."""
SEGMENTS_AT_ONCE = 2
"""Clicks answered at a time: more would share the cores, and all would come late."""
CHOICE_QUEUE = "choice"
"""Gradio's queue of what is chosen for the next job."""
QUEUE_CHECK_S = 0.02
"""Seconds between two looks for new events: Gradio's own 0.001 costs an idle server 7 % of a core."""
READ_ADDRESS = """() => [
  new URLSearchParams(location.search).get("s") || "",
  "en",
  localStorage.getItem("splazmatte.language") || (navigator.languages || [navigator.language]).join(",")
]"""
"""Runs in the browser before `load`: the session in the address, and the languages wanted."""


def build_page(
    settings: Settings,
    orchestrator: Orchestrator,
    cache_dir: Path,
    publish_api: Callable[[], None],
) -> gr.Blocks:
    """Return the page with all its events, and what `publish_api` adds to its `gr.Blocks`."""
    callbacks = Callbacks(orchestrator, settings, cache_dir)
    polling = Polling(orchestrator)
    with without_interim_apps():
        with PageBlocks(title="SplazMatte", analytics_enabled=False, fill_width=True) as blocks:
            page = lay_out(settings, polling, as_language(settings.language))
            callbacks.bind(page)
            _connect(blocks, page, callbacks)
            publish_api()
        blocks.queue(default_concurrency_limit=8)
    blocks._queue.sleep_when_free = QUEUE_CHECK_S
    blocks._queue.progress_update_sleep_when_free = QUEUE_CHECK_S
    return blocks


class _Events:
    """Connects the events of a page with steps of its callbacks: each gets session and language, and answers with everything."""

    def __init__(self, page: Page, calls: Callbacks) -> None:
        self._calls = calls
        self._base = [page.session, page.language]
        self._outputs = page.components

    def connect(self, event: Any, step: Step, *inputs: Any, **options: Any) -> None:
        """Have an event call a step, with further inputs; `options` are those of Gradio's events."""
        event(
            self._calls.guarded(step),
            inputs=[*self._base, *inputs],
            outputs=self._outputs,
            show_progress="hidden",
            api_name=f"page_{step.__name__}",
            api_visibility="private",
            **options,
        )


def _connect(blocks: gr.Blocks, page: Page, calls: Callbacks) -> None:
    events = _Events(page, calls)
    events.connect(blocks.load, calls.load, page.hint, js=READ_ADDRESS)
    events.connect(page.language.input, calls.change_language)
    # A file chosen while another is being checked is taken too.
    events.connect(page.viewer.clips, calls.uploads.clips, trigger_mode="multiple")
    _connect_selection(events, page, calls)
    _connect_job(events, page, calls)
    _connect_result(events, page, calls)


def _connect_selection(events: _Events, page: Page, calls: Callbacks) -> None:
    on = events.connect
    quick: dict[str, Any] = {
        "trigger_mode": "always_last",
        "concurrency_id": SEGMENT_QUEUE,
        "concurrency_limit": SEGMENTS_AT_ONCE,
    }
    on(page.viewer.annotate, calls.annotate, page.viewer, page.exemplars, **quick)
    on(page.viewer.keep, calls.keep, trigger_mode="always_last")
    on(page.targets.create, calls.targets.add_target)
    on(page.targets.edit, calls.targets.change_target)
    on(page.targets.discard, calls.targets.remove_target)
    words = (page.viewer, page.text, page.exemplars)
    on(page.segment.click, calls.find_text, *words, **quick)
    on(page.text.submit, calls.find_text, *words, **quick)
    on(page.main_object.click, calls.main_object, page.viewer, **quick)
    on(page.source_alpha.click, calls.source_alpha, page.viewer, **quick)
    on(page.own_mask.upload, calls.own_mask, page.viewer, page.own_mask)
    on(page.sky.upload, calls.replace_sky, page.viewer, page.sky, **quick)


def _connect_job(events: _Events, page: Page, calls: Callbacks) -> None:
    on = events.connect
    job = (page.viewer, page.engines, page.outputs, page.edges, *page.controls.values())
    on(page.start.click, calls.start, *job)
    on(page.recent.start_all, calls.sessions.start_all, *job)
    # One at a time, in the order they come: an earlier choice that is kept later would take a later one back.
    in_turn: dict[str, Any] = {
        "trigger_mode": "always_last",
        "concurrency_id": CHOICE_QUEUE,
        "concurrency_limit": 1,
    }
    for changed in (
        page.viewer.range,
        page.engines.choose,
        page.outputs.input,
        *(control.input for control in page.controls.values()),
    ):
        on(changed, calls.sessions.remember, *job, **in_turn)
    on(page.viewer.refresh, calls.sessions.refresh, trigger_mode="always_last")
    on(page.progress.finished, calls.finished)
    on(page.engines.clean_plate, calls.clean_plate)


def _connect_result(events: _Events, page: Page, calls: Callbacks) -> None:
    on = events.connect
    on(page.results.take, calls.sessions.take_version)
    on(page.results.discard, calls.sessions.delete_version)
    again = [page.controls[spec.name] for spec in page_controls(RenderRequest)]
    on(page.edges.apply, calls.render, page.edges, page.outputs, *again)
    on(page.edges.picture, calls.picture)
