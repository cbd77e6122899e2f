"""The page's `gr.Blocks`, with calls that leave out values completed or refused in words."""

from __future__ import annotations

import copy
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from ui.text import translate


class PageBlocks(gr.Blocks):  # type: ignore[misc]
    """Gradio's blocks; they would log what an incomplete call sent, a session's key among it."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Complete a call of the API with its parameters' defaults, so that it may grow at its end.

        Raises:
            gr.Error: an event of the page lacks values.
        """
        missing = block_fn.inputs[len(inputs) :]
        if not all(isinstance(item, Api) for item in missing):
            raise gr.Error(translate("page.access.json", "en"), print_exception=False)
        inputs.extend(copy.deepcopy(item.value) for item in missing)
