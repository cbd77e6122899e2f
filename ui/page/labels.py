"""Every label of the page in one language, and which controls the engines that are ready need."""

from __future__ import annotations

import gradio as gr

from config import Settings
from engines.base import Capability
from pipeline.engine_choice import EngineInfo
from pipeline.orchestrator import Orchestrator
from ui import views
from ui.page.answers import Updates
from ui.page.components import Page, heading_html, output_choices, upload_label
from ui.page.controls import control_updates
from ui.text import translate, widget_texts
from utils.errors import EngineUnavailable
from utils.messages import Language, render


class Labels:
    """The labels of one page's components."""

    def __init__(self, orchestrator: Orchestrator, settings: Settings, page: Page) -> None:
        self._orchestrator = orchestrator
        self._settings = settings
        self._page = page

    def in_language(self, language: Language) -> Updates:
        """Show every label in the language."""
        page = self._page
        segmenter = self._segmenter()
        return {
            page.heading: heading_html(language),
            page.language: gr.update(label=translate("page.language", language)),
            **self._of_selection(language, segmenter),
            **self._of_job(language),
            **self._of_widgets(language, segmenter),
        }

    def _of_selection(self, language: Language, segmenter: EngineInfo | None) -> Updates:
        page = self._page
        can_text = segmenter is not None and Capability.TEXT in segmenter.capabilities
        can_exemplars = segmenter is not None and Capability.EXEMPLARS in segmenter.capabilities
        hint = translate("page.text_hint" if can_text else "page.text_off", language)
        if segmenter is not None and can_text:
            hint = f"{hint} · {render(segmenter.label, language)}"
        return {
            page.text: gr.update(
                label=translate("page.text", language),
                show_label=can_text,
                placeholder=hint,
                interactive=can_text,
            ),
            page.segment: gr.update(value=translate("page.segment", language), visible=can_text),
            page.exemplars: gr.update(
                label=translate("page.exemplars", language), visible=can_exemplars
            ),
            page.own_mask: gr.update(label=translate("page.own_mask", language)),
            page.main_object: gr.update(value=translate("page.main_object", language)),
            page.source_alpha: gr.update(value=translate("page.source_alpha", language)),
            page.sky: gr.update(label=translate("page.sky", language)),
        }

    def _of_job(self, language: Language) -> Updates:
        page = self._page
        capabilities = views.ready_capabilities(self._orchestrator.engines())
        return {
            page.outputs: gr.update(
                label=translate("page.outputs", language), choices=output_choices(language)
            ),
            **control_updates(page.controls, language, capabilities),
            page.start: gr.update(value=translate("page.start", language)),
        }

    def _of_widgets(self, language: Language, segmenter: EngineInfo | None) -> Updates:
        page = self._page
        finders = [] if segmenter is None else self._orchestrator.segmenters()
        engines = views.engine_choices(self._orchestrator.engines(), language, finders)
        return {
            page.upload: gr.update(
                limits=upload_label(self._settings, language),
                texts=widget_texts("upload", language),
            ),
            page.engines: gr.update(engines=engines, texts=widget_texts("engines", language)),
            page.viewer: gr.update(texts=widget_texts("viewer", language)),
            page.targets: gr.update(texts=widget_texts("targets", language)),
            page.status: gr.update(texts=widget_texts("status", language)),
            page.progress: gr.update(texts=widget_texts("progress", language), spoken=language),
            page.results: gr.update(texts=widget_texts("results", language)),
            page.quick_preview: gr.update(texts=widget_texts("quick_preview", language)),
            page.edges: gr.update(
                texts=widget_texts("edges", language), specs=views.edge_specs(language)
            ),
        }

    def _segmenter(self) -> EngineInfo | None:
        try:
            return self._orchestrator.segmenter_info()
        except EngineUnavailable:
            return None
