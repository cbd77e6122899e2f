"""What the widgets show of a session's results, as plain values; it decides nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.orchestrator import EngineInfo, OutputFile
from pipeline.postprocess.review import ReviewPlace
from pipeline.session.output_records import target_number
from pipeline.session.request import RenderRequest
from pipeline.session.result_versions import VersionInfo
from pipeline.session.state import SessionState
from ui.downloads import output_views, render_for_page
from ui.text import shown_bytes, translate
from ui.version_changes import version_changes
from ui.views import Json, first_marked, shown_ratio
from utils.messages import Language

_PLAYED = ("preview", "foreground", "alpha")
"""Kinds of files that the viewer can play, best first."""
_MATTE = "alpha"
"""The kind that it plays as the alpha."""


def result_view(
    state: SessionState,
    outputs: Sequence[OutputFile],
    versions: Sequence[Json],
    engine: str,
    language: Language,
) -> Json:
    """Return the result for its widget, None while there is none."""
    if not outputs:
        return None
    told = state.clip.notices if state.clip is not None else ()
    return {
        "session": state.id,
        "version": f"{state.updated_at_s:.3f}",
        "took": _took(state.seconds.total, engine, language),
        "outputs": output_views(state, outputs, language),
        "versions": versions,
        # Those of the clip stand above the stage.
        "notes": [render_for_page(note, language) for note in state.warnings if note not in told],
    }


def _took(seconds: float, engine: str, language: Language) -> str:
    """Return which engine made a result and how long that took, "" where no engine is known."""
    shown = f"{seconds:.1f}" if seconds < 59.95 else f"{seconds:.0f}"
    return translate("page.took", language, engine=engine, seconds=shown) if engine else ""


def version_views(
    versions: Sequence[VersionInfo], engines: Sequence[EngineInfo], language: Language
) -> list[dict[str, Json]]:
    """Return the results as the list of versions shows them, each with how it differs from the one before.

    Args:
        versions: the newest first.
        engines: those that may have made them.
    """
    labels = {
        (engine.name, spec.name): spec.option.label.in_language(language)
        for engine in engines
        for spec in engine.option_specs
    }
    changes = version_changes(versions, lambda *names: labels.get(names, ""), language)
    return [
        {**_version_view(info, language), "changes": changes.get(info.record.number, "")}
        for info in versions
    ]


def _version_view(info: VersionInfo, language: Language) -> dict[str, Json]:
    record = info.record
    kinds = {output.kind for output in record.outputs if not target_number(output)}
    return {
        "version": record.number,
        "label": translate("page.results.version", language, number=record.number),
        "is_current": info.is_current,
        "engine": record.engine_used,
        "frames": record.frames_done,
        "made_at_s": record.made_at_s,
        "size": shown_bytes(info.size_bytes),
        "size_bytes": info.size_bytes,
        "first": record.request.first,
        "edges": asdict(record.request.edges),
        "playable": next((kind for kind in _PLAYED if kind in kinds), ""),
    }


def appearance_view(state: SessionState, background: str | None = None) -> dict[str, Any] | None:
    """Return what the before and after view starts from, None while there is no result.

    Args:
        background: behind the preview instead of the one the files were made with.
    """
    request = state.result_request or state.request
    if request is None or state.clip is None or not state.result_outputs:
        return None
    last = request.last if request.last is not None else state.clip.frame_count - 1
    start = request.start if request.start is not None else first_marked(state)
    return {
        "session": state.id,
        "version": f"{state.updated_at_s:.3f}",
        "made": made_at(state),
        "ratio": shown_ratio(state.clip),
        "first": request.first,
        "last": last,
        "frame": min(max(start, request.first), last),
        "edges": asdict(request.edges),
        "background": request.backgrounds.foreground,
        "preview_background": background or request.backgrounds.preview,
    }


def appearance_choice(state: SessionState, request: RenderRequest) -> dict[str, Any]:
    """Return the edges and backgrounds of the job that is chosen, as the value of their widget."""
    return {
        "session": state.id,
        "background": request.backgrounds.foreground,
        "preview_background": request.backgrounds.preview,
        "edges": asdict(request.edges),
    }


def review_views(places: Sequence[ReviewPlace], language: Language) -> list[Json]:
    """Return the places to look at as the viewer lists them, each with its reason in words."""
    return [
        {
            "frame": place.frame,
            "reason": translate(
                f"page.review.{place.reason}", language, percent=round(100 * place.amount)
            ),
        }
        for place in places
    ]


def made_at(state: SessionState) -> str:
    """Return when the result was made, as a name that only another result changes."""
    return f"{state.result_number} {state.result_at_s:.3f}"


def viewer_result(
    state: SessionState,
    outputs: Sequence[OutputFile],
    versions: Sequence[Json],
) -> dict[str, Any] | None:
    """Return what the viewer needs to show the result, None while there is none.

    `made` is when the result was made, whatever was marked since. `playable` is the kind of the file that it plays over
    its background, `matte` that of the alpha, "" where none of the files can be; `versions` are the earlier results that
    it can be compared with.
    """
    request = state.result_request
    if request is None or state.clip is None or not outputs:
        return None
    kinds = {output.kind for output in outputs if not output.target}
    return {
        "session": state.id,
        "version": f"{state.updated_at_s:.3f}",
        "made": made_at(state),
        "first": request.first,
        "last": request.last if request.last is not None else state.clip.frame_count - 1,
        "background": request.backgrounds.preview,
        "edges": asdict(request.edges),
        "playable": next((kind for kind in _PLAYED if kind in kinds), ""),
        "matte": _MATTE if _MATTE in kinds else "",
        "versions": versions,
    }
