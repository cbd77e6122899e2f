"""The result's files, a download link with its size for each, and the earlier results."""

from __future__ import annotations

import gradio as gr

from ui.widgets.widget import build_widget
from utils.messages import Language


def build_results(language: Language) -> gr.HTML:
    """Return the widget.

    Prop: `result`, None before there is one. Events with the number of a version: `take`, `discard`.
    """
    return build_widget("results", language, result=None)
