"""Controls of a matting job's plain options, drawn from what the request declares of each."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from itertools import groupby
from typing import Any, TypeAlias

import gradio as gr

from pipeline.video_io.outputs.registry import formats
from ui.request_values import page_controls
from utils.messages import Language
from utils.options import OptionSpec

Control: TypeAlias = gr.Checkbox | gr.Slider | gr.Number | gr.Dropdown | gr.Textbox


_FILES = "files"
"""The group of options that only some kinds of files know."""
_NUMBER_LENGTH = 12
LEAST_WIDTH_PX = 150
"""Controls of a group that would be narrower go below each other."""


def build_controls(language: Language) -> dict[str, Control]:
    """Place a control for each option inside the open `gr.Blocks`; return them by option name.

    Options of a group stand side by side.
    """
    controls: dict[str, Control] = {}
    for group, specs in groupby(page_controls(), lambda spec: spec.path[:-1]):
        with gr.Row(elem_id=_element("options", *group)) if group else nullcontext():
            controls |= {spec.name: _build(spec, language) for spec in specs}
    return controls


def controls_css() -> str:
    """Return the rules that hide controls of file options while no format that reads them is ticked."""
    rules = []
    hidden = (
        "#sm-panel:not(:has(#sm-outputs input:is({kinds}):checked)) #{element} {{ display: none; }}"
    )
    specs = [spec for spec in page_controls() if spec.path[0] == _FILES]
    for element, names in [
        (_element("options", _FILES), {spec.path[-1] for spec in specs}),
        *((_element(spec.name), {spec.path[-1]}) for spec in specs),
    ]:
        readers = [kind for kind, item in formats().items() if names & set(item.file_options)]
        kinds = ", ".join(f'[name="{kind}"]' for kind in readers)
        rules.append(hidden.format(kinds=kinds, element=element))
    return "\n".join(rules)


def control_updates(
    controls: dict[str, Control], language: Language, capabilities: Collection[str]
) -> dict[Any, Any]:
    """Return labels in the language, and which controls are shown.

    Args:
        capabilities: what the ready engines can do; an option that needs another one is hidden.
    """
    return {
        controls[spec.name]: gr.update(
            label=spec.option.label.in_language(language),
            **_choices(spec, language),
            visible=not spec.option.needs or spec.option.needs in capabilities,
        )
        for spec in page_controls()
    }


def _build(spec: OptionSpec, language: Language) -> Control:
    option = spec.option
    shared: dict[str, Any] = {
        "label": option.label.in_language(language),
        "value": spec.default,
        "elem_id": _element(spec.name),
        "visible": not option.needs,
        "min_width": LEAST_WIDTH_PX,
    }
    if spec.kind == "bool":
        return gr.Checkbox(**shared)
    if spec.kind == "choice":
        return gr.Dropdown(**_choices(spec, language), **shared)
    if spec.kind in ("int", "float") and spec.default is None:
        # A number field of Gradio's shows 0 for none, and sends it.
        return gr.Textbox(max_length=_NUMBER_LENGTH, **shared)
    if spec.kind in ("int", "float"):
        whole = spec.kind == "int"
        if option.slider is not None:
            low, high, step = option.slider
            return gr.Slider(low, high, step=step, **shared)
        limits = {"minimum": option.minimum, "maximum": option.maximum}
        return gr.Number(precision=0 if whole else None, **limits, **shared)
    return gr.Textbox(**shared)


def _element(*names: str) -> str:
    """Return the id of an element on the page."""
    return "-".join(("sm", *names)).replace("_", "-")


def _choices(spec: OptionSpec, language: Language) -> dict[str, Any]:
    """Return the choices of a control in the language, by the names that requests have for them."""
    if spec.kind != "choice":
        return {}
    return {"choices": list(zip(spec.choice_labels(language), spec.choices, strict=True))}
