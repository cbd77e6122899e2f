"""The status line that names the next step, or says what went wrong and what to do."""

from __future__ import annotations

import gradio as gr

from ui.widgets.widget import build_widget
from utils.messages import Language


def build_status(language: Language) -> gr.HTML:
    """Return the widget.

    Prop: `status` ({"text", "kind": "step" | "done" | "error", "language", "session"}).
    """
    return build_widget("status", language, helpers=("focus",), status={})
