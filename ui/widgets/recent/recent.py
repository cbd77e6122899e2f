"""This browser's recent sessions, kept in its localStorage; the server is asked by id."""

from __future__ import annotations

import gradio as gr

from ui.widgets.polling import Polling
from ui.widgets.widget import build_widget
from utils.messages import Language


def build_recent(language: Language, polling: Polling) -> gr.HTML:
    """Return the widget.

    Prop: `current` ({"session", "language", "chosen", "further", "refused"}). Event: `start_all` with the ids of sessions.
    """
    return build_widget(
        "recent",
        language,
        helpers=("list",),
        server_functions=polling.functions(
            "recent_sessions",
            "keep_session",
            "rename_session",
            "delete_session",
            "restore_session",
            "purge_session",
        ),
        current={},
    )
