"""The target list: marks go to the chosen target; each may be named, coloured, hidden, locked or removed."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from pipeline.orchestrator import TargetChange
from ui.inputs import short_text
from ui.widgets.widget import build_widget
from utils.errors import BadRequest
from utils.messages import Language

_TEXT_LIMIT = 200


def build_targets(language: Language) -> gr.HTML:
    """Return the widget.

    Props: `targets` (see `ui.views.target_views`), `session` (whose they are), `added` (the number of a target to
    choose, and when it was added). Events with their data: `create`, `edit` (the target and its new values), `discard` (the target).
    """
    return build_widget("targets", language, targets=[], session="", added="")


def read_target_change(values: Mapping[str, object]) -> TargetChange:
    """Return new values of a target from what a page or a client sent; None leaves one as it is.

    Raises:
        BadRequest: a value is of another type.
    """
    texts, flags = {}, {}
    for name in ("name", "colour"):
        text = values.get(name)
        texts[name] = None if text is None else short_text(text, name, _TEXT_LIMIT)
    for name in ("shown", "locked"):
        flag = values.get(name)
        if flag is not None and not isinstance(flag, bool):
            raise BadRequest("page.bad_value", name=name)
        flags[name] = flag
    return TargetChange(texts["name"], texts["colour"], flags["shown"], flags["locked"])
