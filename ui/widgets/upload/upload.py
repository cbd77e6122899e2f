"""Buttons that choose clips or a folder of clips; the viewer sends them."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from ui.widgets.widget import build_widget
from utils.messages import Language


def build_upload(language: Language, limits: str, formats: Sequence[str]) -> gr.HTML:
    """Return the widget. Props: `limits`, what may be uploaded in words; `formats`, the suffixes taken.

    `clip` is the session on the page, "" before there is one.
    """
    return build_widget("upload", language, limits=limits, formats=list(formats), clip="")
