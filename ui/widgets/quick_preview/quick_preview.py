"""The preview of a clip just uploaded: the newest frame while it is made, then a clip to play."""

from __future__ import annotations

import gradio as gr

from ui.widgets.polling import Polling
from ui.widgets.widget import build_widget
from utils.messages import Language


def build_quick_preview(language: Language, polling: Polling) -> gr.HTML:
    """Return the widget. Prop: `session`, "" before there is one."""
    return build_widget(
        "quick_preview",
        language,
        server_functions=polling.functions("quick_preview"),
        session="",
    )
