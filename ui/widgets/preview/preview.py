"""The mask preview: coloured instances on the frame, kept or dropped by a click."""

from __future__ import annotations

import gradio as gr

from ui.widgets.widget import build_widget
from utils.messages import Language


def build_preview(language: Language) -> gr.HTML:
    """Return the widget. Props: `clip`, `keyframes`. Value: `{"kept": {frame: [instance ids]}}`.

    Event: `keep` after a toggle, with frame and kept ids in its data.
    """
    return build_widget("preview", language, value={}, clip=None, keyframes=[])
