"""The progress bar: asks for the job's status by session id, so a reload or a restart loses nothing."""

from __future__ import annotations

import gradio as gr

from ui.widgets.polling import Polling
from ui.widgets.widget import build_widget
from utils.messages import Language


def build_progress(language: Language, polling: Polling) -> gr.HTML:
    """Return the widget. Props: `job` ({"session", "nonce"} or None), `spoken` (its language).

    Event: `finished` when the job has ended.
    """
    return build_widget(
        "progress",
        language,
        server_functions=polling.functions("job_status", "cancel_job"),
        job=None,
        spoken=language,
    )
