"""The result's files, a download link with its size for each, and the earlier results."""

from __future__ import annotations

import gradio as gr

from ui.downloads import NAME_PARTS
from ui.widgets.widget import build_widget
from utils.messages import Language


def build_results(language: Language) -> gr.HTML:
    """Return the widget.

    Props: `result`, None before there is one, and `name_parts` of `ui.downloads`. Events with the number of a version: `take`, `discard`.
    """
    return build_widget("results", language, result=None, name_parts=NAME_PARTS)
