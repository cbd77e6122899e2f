"""Before and after on a still, the preview's background, and edge controls with a live preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import gradio as gr

from pipeline.postprocess.edges import EdgeControls
from ui.inputs import short_text
from ui.views import edge_specs
from ui.widgets.widget import build_widget
from utils.errors import BadRequest
from utils.messages import Language


def build_look(language: Language) -> gr.HTML:
    """Return the widget. Props: `look`, `specs`. Value: `{"background", "screen", "edges"}`.

    Events: `apply`, and `picture` with the uploaded file's path in its data.
    """
    return build_widget("edges", language, value={}, look=None, specs=edge_specs())


@dataclass(frozen=True, slots=True)
class LookChoice:
    """The preview's background, the colour behind the foreground, and the edge controls."""

    background: str
    screen: str
    edges: EdgeControls


def read_look(value: object) -> LookChoice:
    """Return the widget's value, checked; nothing chosen gives the defaults.

    Raises:
        BadRequest: a value has another shape or is out of range.
    """
    if not isinstance(value, Mapping):
        return LookChoice("checker", "#00FF00", EdgeControls())
    return LookChoice(
        background=short_text(value.get("background"), "background", 20) or "checker",
        screen=short_text(value.get("screen"), "screen", 20) or "#00FF00",
        edges=read_edges(value.get("edges") or {}),
    )


def read_edges(values: object) -> EdgeControls:
    """Return edge controls from names and numbers (or their texts).

    Raises:
        BadRequest: an unknown name, or a value out of range.
    """
    if not isinstance(values, Mapping):
        raise BadRequest("page.bad_value", name="edges")
    known = {field.name for field in fields(EdgeControls)}
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if name not in known or isinstance(value, bool):
            raise BadRequest("page.bad_value", name=str(name)[:60])
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError) as error:
            raise BadRequest("page.bad_value", name=name) from error
    return EdgeControls(**numbers)
