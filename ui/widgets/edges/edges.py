"""Before and after on a still, the preview's background, and edge controls with a live preview."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from pipeline.postprocess.appearance import Edges
from pipeline.session.request import RenderRequest
from ui.request_values import read_request
from ui.views import edge_specs
from ui.widgets.widget import build_widget
from utils.errors import BadRequest
from utils.messages import Language


def build_edges(language: Language) -> gr.HTML:
    """Return the widget.

    Props: `result` (see `ui.result_views.appearance_view`), `chosen` for the next job while there is no
    result (see `appearance_choice`), `specs`. Value: `{"background",
    "preview_background", "edges"}`. Events: `apply`, and `picture` with the uploaded file's path in
    its data.
    """
    return build_widget(
        "edges", language, value={}, result=None, chosen=None, specs=edge_specs(language)
    )


def read_appearance(value: object) -> RenderRequest:
    """Return the widget's value as a request, checked; nothing chosen gives the defaults.

    Raises:
        BadRequest: a value has another shape or is out of range.
    """
    if not isinstance(value, Mapping):
        return RenderRequest()
    given = {name: value.get(name) for name in ("background", "preview_background")}
    edges = value.get("edges") or {}
    if not isinstance(edges, Mapping):
        raise BadRequest("page.bad_value", name="edges")
    return read_request(RenderRequest, {**given, **edges})


def read_edges(values: object) -> Edges:
    """Return edge controls from names and numbers (or their texts).

    Raises:
        BadRequest: an unknown name, or a value out of range.
    """
    if not isinstance(values, Mapping):
        raise BadRequest("page.bad_value", name="edges")
    return read_request(RenderRequest, values).edges
