"""What is on the page: components and their places; what they do is in `callbacks`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

import gradio as gr

from config import Settings
from pipeline.video_io.clip import PICTURE_KINDS, PICTURE_SUFFIXES
from pipeline.video_io.outputs.registry import default_outputs, formats
from ui.page.controls import Control, build_controls, controls_css
from ui.text import listed, shown_bytes, translate
from ui.widgets.edges.edges import build_edges
from ui.widgets.engines.engines import build_engines
from ui.widgets.polling import Polling
from ui.widgets.progress.progress import build_progress
from ui.widgets.quick_preview.quick_preview import build_quick_preview
from ui.widgets.recent.recent import build_recent
from ui.widgets.results.results import build_results
from ui.widgets.status.status import build_status
from ui.widgets.targets.targets import build_targets
from ui.widgets.upload.upload import build_upload
from ui.widgets.viewer.viewer import build_viewer
from utils.messages import Language

FONTS = ["system-ui", "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "sans-serif"]
STAGE_PX = 560
"""Least width of the viewer's column; narrower windows stack the panel under it."""
PANEL_PX = 330
"""Least width of the panel beside it."""

_Parts: TypeAlias = dict[str, Any]
"""Components by their names in `Page`."""


@dataclass(frozen=True, slots=True)
class Page:
    """Every component that a callback reads or changes."""

    session: gr.Textbox
    hint: gr.Textbox
    heading: gr.HTML
    language: gr.Radio
    status: gr.HTML
    recent: gr.HTML
    upload: gr.HTML
    targets: gr.HTML
    viewer: gr.HTML
    quick_preview: gr.HTML
    text: gr.Textbox
    segment: gr.Button
    exemplars: gr.Checkbox
    own_mask: gr.UploadButton
    main_object: gr.Button
    source_alpha: gr.Button
    sky: gr.UploadButton
    engines: gr.HTML
    outputs: gr.CheckboxGroup
    controls: dict[str, Control]
    """Of the request's own options, by name."""
    start: gr.Button
    progress: gr.HTML
    results: gr.HTML
    edges: gr.HTML

    @property
    def components(self) -> list[Any]:
        """All components one by one."""
        values = [getattr(self, item.name) for item in fields(self)]
        parts = [list(value.values()) if isinstance(value, dict) else [value] for value in values]
        return [component for part in parts for component in part]


def page_css() -> str:
    """Return the page's own styles."""
    return f"{(Path(__file__).parent / 'page.css').read_text('utf-8')}\n{controls_css()}"


def theme() -> gr.themes.Base:
    """Return the style of Gradio's own components: blue, local fonts only."""
    return gr.themes.Default(
        primary_hue="blue",
        secondary_hue="blue",
        neutral_hue="slate",
        font=FONTS,
        font_mono=["ui-monospace", "Consolas", "monospace"],
    ).set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_label_text_color_selected="*body_text_color",
        checkbox_label_text_color_selected_dark="*body_text_color",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )


def output_choices(language: Language) -> list[tuple[str, str]]:
    """Return the outputs to choose from, in the language."""
    return [(item.label_in(language), kind) for kind, item in formats().items()]


def upload_label(settings: Settings, language: Language) -> str:
    """Return what may be uploaded: formats, picture size, duration and bytes."""
    return translate(
        "page.upload",
        language,
        formats=listed((name.upper() for name in settings.formats), language),
        pictures=listed(PICTURE_KINDS, language),
        long_side=settings.max_long_side,
        short_side=settings.max_short_side,
        seconds=f"{settings.max_duration_s:g}",
        size=shown_bytes(settings.max_upload_bytes),
    )


def clip_suffixes(settings: Settings) -> list[str]:
    """Return what the names of files may end in that become a clip each."""
    return [*settings.formats, "zip"]


def heading_html(language: Language) -> str:
    """Return the page's heading; it holds no user text."""
    return f'<div class="sm-head"><h1>SplazMatte</h1><p>{translate("page.tagline", language)}</p></div>'


def lay_out(settings: Settings, polling: Polling, language: Language) -> Page:
    """Place the components inside the open `gr.Blocks`; return them."""
    parts: _Parts = {"session": gr.Textbox(visible=False), "hint": gr.Textbox(visible=False)}
    parts |= _header(language)
    parts |= {"status": build_status(language), "recent": build_recent(language, polling)}
    with gr.Row(equal_height=False, elem_id="sm-work"):
        with gr.Column(scale=7, min_width=STAGE_PX):
            parts |= _stage(settings, polling, language)
        with gr.Column(scale=2, min_width=PANEL_PX, elem_id="sm-panel"):
            parts |= _target(settings, language)
            # Before the many kinds of files, so that start and progress are in view.
            parts |= _job(polling, language)
            parts |= _job_options(language)
    return Page(**parts)


def _header(language: Language) -> _Parts:
    with gr.Row(equal_height=True):
        with gr.Column(scale=4, min_width=150):
            heading = gr.HTML(heading_html(language), apply_default_css=False)
        with gr.Column(scale=1, min_width=190):
            switch = gr.Radio(
                [("中文", "zh"), ("English", "en")],
                value=language,
                label=translate("page.language", language),
                show_label=False,
                container=False,
                elem_id="sm-language",
            )
    return {"heading": heading, "language": switch}


def _stage(settings: Settings, polling: Polling, language: Language) -> _Parts:
    """Place the clip with its marks and results, and the result's edges below it."""
    viewer = build_viewer(
        language, polling, clip_suffixes(settings), PICTURE_SUFFIXES, settings.max_upload_bytes
    )
    return {"viewer": viewer, "edges": build_edges(language)}


def _target(settings: Settings, language: Language) -> _Parts:
    """Place what brings clips, lists the targets, and selects without the stage."""
    suffixes = [*clip_suffixes(settings), *PICTURE_SUFFIXES]
    parts: _Parts = {
        "upload": build_upload(language, upload_label(settings, language), suffixes),
        "targets": build_targets(language),
    }
    parts |= _selection(language)
    sky = gr.UploadButton(
        translate("page.sky", language),
        file_types=[".png", ".jpg", ".jpeg"],
        size="sm",
        elem_id="sm-sky",
    )
    return {**parts, "sky": sky}


def _selection(language: Language) -> _Parts:
    with gr.Row(equal_height=True):
        text = gr.Textbox(
            label=translate("page.text", language),
            placeholder=translate("page.text_hint", language),
            max_length=200,
            max_lines=1,
            scale=4,
            min_width=180,
            elem_id="sm-text",
        )
        segment = gr.Button(
            translate("page.segment", language), scale=1, min_width=90, elem_id="sm-segment"
        )
    exemplars = gr.Checkbox(label=translate("page.exemplars", language), visible=False)
    return {"text": text, "segment": segment, "exemplars": exemplars, **_ready_masks(language)}


def _ready_masks(language: Language) -> _Parts:
    """Place what selects without a mark."""
    with gr.Row(equal_height=True):
        main_object = gr.Button(
            translate("page.main_object", language),
            size="sm",
            min_width=120,
            elem_id="sm-main-object",
        )
        own_mask = gr.UploadButton(
            translate("page.own_mask", language),
            file_types=[".png"],
            size="sm",
            min_width=120,
            elem_id="sm-own-mask",
        )
    source_alpha = gr.Button(
        translate("page.source_alpha", language),
        size="sm",
        visible=False,
        elem_id="sm-source-alpha",
    )
    return {"main_object": main_object, "own_mask": own_mask, "source_alpha": source_alpha}


def _job(polling: Polling, language: Language) -> _Parts:
    """Place what starts a job and shows how it goes and what it made."""
    start = gr.Button(
        translate("page.start", language),
        variant="primary",
        interactive=False,
        elem_id="sm-start",
    )
    return {
        "start": start,
        "progress": build_progress(language, polling),
        "quick_preview": build_quick_preview(language, polling),
        "results": build_results(language),
    }


def _job_options(language: Language) -> _Parts:
    outputs = gr.CheckboxGroup(
        output_choices(language),
        value=list(default_outputs()),
        label=translate("page.outputs", language),
        elem_id="sm-outputs",
    )
    controls = build_controls(language)
    return {"outputs": outputs, "controls": controls, "engines": build_engines(language)}
