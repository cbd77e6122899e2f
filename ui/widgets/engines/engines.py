"""The engine choice: cards with what each engine is for, greyed where something is missing."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.inputs import short_text
from ui.widgets.widget import build_widget
from utils.errors import BadRequest
from utils.messages import Language
from utils.options import OptionValue


def build_engines(language: Language) -> gr.HTML:
    """Return the widget.

    Props: `engines`, `chosen` (what an earlier choice was, or None). Value: `{"engine": name, "options":
    {name: value}}`. Events: `choose` after the user changed it, and `clean_plate` with the uploaded picture's path
    in its data.
    """
    return build_widget("engines", language, value={}, engines=[], chosen=None)


@dataclass(frozen=True, slots=True)
class ChosenEngine:
    """An engine's name ("auto" for the default) and the options that differ from its defaults."""

    name: str
    options: dict[str, OptionValue]


def read_choice(value: object) -> ChosenEngine:
    """Return the widget's value, checked for its shape; the pipeline checks names and ranges.

    Raises:
        BadRequest: it has another shape.
    """
    if value in (None, ""):
        return ChosenEngine("auto", {})
    if not isinstance(value, dict) or not isinstance(value.get("options") or {}, dict):
        raise BadRequest("page.bad_value", name="engine")
    options: dict[str, OptionValue] = {}
    for name, item in (value.get("options") or {}).items():
        if not isinstance(item, (str, int, float, bool)) or len(str(item)) > 100:
            raise BadRequest("page.bad_value", name=str(name)[:60])
        options[str(name)[:60]] = item
    return ChosenEngine(short_text(value.get("engine"), "engine", 60) or "auto", options)
