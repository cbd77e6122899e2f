"""Builds the page's own widgets: a static template, styles and a script beside each module.

A template never holds a value: its output is evaluated as a JavaScript template literal in the
browser, so user text goes through props and `textContent` only. They are plain `gr.HTML` objects,
because Gradio writes a stub file beside the module of every subclass.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ui.text import widget_texts
from utils.messages import Language

_HERE = Path(__file__).parent


def build_widget(
    name: str,
    language: Language,
    *,
    value: Any = None,
    helpers: tuple[str, ...] = (),
    server_functions: list[Callable[..., Any]] | None = None,
    **props: Any,
) -> gr.HTML:
    """Return the widget of `ui/<name>/<name>.{html,css,js}`; props and texts go to its script.

    Args:
        helpers: further scripts of the folder, put before the widget's own.
    """
    folder = _HERE / name
    scripts = [_HERE / "dom.js", *(folder / f"{item}.js" for item in (*helpers, name))]
    return gr.HTML(
        value=value,
        html_template=(folder / f"{name}.html").read_text("utf-8"),
        css_template=(folder / f"{name}.css").read_text("utf-8"),
        js_on_load="\n".join(script.read_text("utf-8") for script in scripts),
        apply_default_css=False,
        server_functions=server_functions,
        elem_id=f"sm-{name}",
        texts=widget_texts(name, language),
        **props,
    )
