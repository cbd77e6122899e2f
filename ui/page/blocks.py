"""The page's `gr.Blocks`: incomplete calls are completed or refused in words, components described once."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio import blocks as gradio_blocks
from gradio.blocks import BlocksConfig
from gradio.components.api_component import Api

from ui.text import translate


class PageBlocks(gr.Blocks):  # type: ignore[misc]
    """Gradio's blocks; they would log what an incomplete call sent, a session's key among it."""

    def __init__(self, **options: Any) -> None:
        """See `gr.Blocks`."""
        super().__init__(**options)
        self.default_config = DescribedOnce(self)

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Complete a call of the API with its parameters' defaults, so that it may grow at its end.

        Raises:
            gr.Error: an event of the page lacks values.
        """
        missing = block_fn.inputs[len(inputs) :]
        if not all(isinstance(item, Api) for item in missing):
            raise gr.Error(translate("page.access.json", "en"), print_exception=False)
        inputs.extend(copy.deepcopy(item.value) for item in missing)


@contextlib.contextmanager
def without_interim_apps() -> Iterator[None]:
    """Let `gr.Blocks` that are built in the `with` block make no web application before they are launched.

    Gradio makes one when blocks are created, one when they are complete and one for their queue, and
    launches none of these: three quarters of the processor time in which the page is built.
    """
    real = gradio_blocks.App
    gradio_blocks.App = _NoApp
    try:
        yield
    finally:
        gradio_blocks.App = real


class _NoApp:
    @staticmethod
    def create_app(*_: object, **__: object) -> None:
        pass


class DescribedOnce(BlocksConfig):  # type: ignore[misc]
    """Gradio's table of components; what it says of each is worked out once for all visits and calls.

    Gradio has every component describe itself again for each visit, and for each call of the API, which is
    a visit of its own: with the page's two hundred that was three quarters of a call's processor time.
    """

    def __init__(self, root_block: gr.Blocks) -> None:
        super().__init__(root_block)
        self._described: dict[int, dict[str, Any]] = {}

    def __copy__(self) -> DescribedOnce:
        """Return the table of a visit; it may change its components, but not the descriptions."""
        made = DescribedOnce(self.root_block)
        made.__dict__.update(super().__copy__().__dict__)
        made._described = self._described
        return made

    def config_for_block(
        self, _id: int, rendered_ids: list[int], block: Any, renderable: Any = None
    ) -> dict[str, Any]:
        """Return a component's description; a visit changes the value in its own one."""
        is_shared = self.root_block.blocks.get(_id) is block
        if rendered_ids or renderable is not None or not is_shared:
            described: dict[str, Any] = super().config_for_block(
                _id, rendered_ids, block, renderable
            )
            return described
        if _id not in self._described:
            self._described[_id] = super().config_for_block(_id, [], block)
        described = self._described[_id]
        return {**described, "props": dict(described["props"])}
