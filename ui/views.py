"""What the widgets show of a session, as plain values; it decides nothing and changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from pipeline.jobs.queue import ACTIVE, JobState, JobStatus
from pipeline.orchestrator import EngineInfo, SessionView
from pipeline.postprocess.appearance import Edges
from pipeline.selection.corrections import is_own_mask
from pipeline.session.state import (
    FIRST_TARGET,
    Keyframe,
    SessionState,
    TargetRecord,
)
from pipeline.session.trash import DeletedSession
from pipeline.video_io import ClipInfo
from pipeline.video_io.playback import RATE
from ui.downloads import render_for_page
from ui.text import about, sentences, shown_bytes, shown_fps, translate
from utils.messages import CATALOGUE, Language, render
from utils.options import specs_of
from utils.types import PREPARE, Message

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def clip_view(state: SessionState, language: Language) -> Json:
    """Return the clip's facts for the viewer."""
    clip = state.clip
    if clip is None:
        return None
    request = state.draft or state.request
    width, height = clip.size_wh
    last = clip.frame_count - 1
    return {
        "session": state.id,
        "name": state.shown_name,
        "width": width,
        "height": height,
        "pixel_aspect": float(clip.sample_aspect),
        "fps": shown_fps(Fraction(clip.fps)),
        "is_variable_rate": clip.is_variable_rate,
        "rate": max(float(clip.fps), 0.001),
        "playback_rate": float(RATE),
        "frames": clip.frame_count,
        "first": request.first if request else 0,
        "last": request.last if request and request.last is not None else last,
        "start": first_marked(state),
        "notes": [render(notice, language) for notice in clip.notices],
    }


def shown_ratio(clip: ClipInfo) -> float:
    """Return the width over the height of the picture as players show it."""
    width, height = clip.size_wh
    return float(clip.sample_aspect * width / height)


def state_stamp(view: SessionView) -> str:
    """Return a text that changes with a session's marks, its result, and what became of its job.

    Three parts with full stops between them, as `marks_stamp`, `result_stamp` and `job_stamp` have them.
    """
    state = view.state
    return f"{marks_stamp(state)}.{result_stamp(state)}.{job_stamp(state, view.job)}"


def marks_stamp(state: SessionState) -> str:
    """Return a text that changes with a session's marks and targets."""
    return _digest(state, {"keyframes", "targets"})


def result_stamp(state: SessionState) -> str:
    """Return a text that changes with a session's result."""
    # A job that begins changes nothing of the result that is shown meanwhile.
    shown = state.model_copy(update={"outputs": state.result_outputs})
    return _digest(shown, {"outputs", "result_number", "result_at_s"})


def job_stamp(state: SessionState, job: JobStatus | None) -> str:
    """Return "active" while the job waits or runs, else how the last one ended."""
    is_active = job is not None and job.state in ACTIVE
    return "active" if is_active else state.status.value


def _digest(state: SessionState, fields: set[str]) -> str:
    content = state.model_dump_json(include=fields).encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def first_marked(state: SessionState) -> int:
    """Return the first frame with marks, 0 where there is none."""
    return min((keyframe.frame for keyframe in state.all_keyframes), default=0)


def target_views(state: SessionState, language: Language) -> list[dict[str, Any]]:
    """Return the targets as the list shows them."""
    return [target_view(state, target, language) for target in state.targets]


def target_view(state: SessionState, target: TargetRecord, language: Language) -> dict[str, Any]:
    """Return one target; `label` is its name, or its number in words where it has none."""
    return {
        "id": target.id,
        "name": target.name,
        "label": target.name or translate("page.target", language, number=target.id),
        "colour": target.colour,
        "shown": target.is_shown,
        "locked": target.is_locked,
        "frames": sorted(state.keyframes_of(target.id)),
    }


def mask_path(session_id: str, keyframe: Keyframe, instance: int) -> str:
    """Return the address of a found instance's mask, from the server's root."""
    query = "" if keyframe.target == FIRST_TARGET else f"?target={keyframe.target}"
    return f"/media/{session_id}/mask/{keyframe.frame}/{instance}.png{query}"


def keyframe_views(state: SessionState, language: Language) -> Json:
    """Return every keyframe with its prompt, its instances and which are kept, by frame."""
    views: list[Json] = []
    for keyframe in sorted(state.all_keyframes, key=lambda one: (one.frame, one.target)):
        prompt = keyframe.prompt
        box = prompt.box
        views.append(
            {
                "frame": keyframe.frame,
                "target": keyframe.target,
                "kept": list(keyframe.kept),
                "version": f"{state.updated_at_s:.3f}",
                "note": translate("page.searched", language, text=keyframe.text_used)
                if keyframe.text_used and keyframe.text_used != prompt.text.strip()
                else "",
                "points": [
                    {"x": int(point.x), "y": int(point.y), "positive": point.positive}
                    for point in prompt.points
                ],
                "strokes": [
                    {
                        "vertices": [list(vertex) for vertex in stroke.vertices],
                        "radius": stroke.radius_px,
                        "positive": stroke.is_positive,
                        "filled": stroke.is_filled,
                    }
                    for stroke in prompt.strokes
                ],
                "own_mask": is_own_mask(keyframe),
                "alternatives": keyframe.has_alternatives,
                "box": [int(box.x0), int(box.y0), int(box.x1), int(box.y1)] if box else None,
                "instances": [
                    {"id": item.id, "score": round(item.score, 3), "label": item.label[:60]}
                    for item in keyframe.instances
                ],
            }
        )
    return views


def found_view(session_id: str, keyframe: Keyframe) -> dict[str, Any]:
    """Return what was found on a frame as other programs are told it: each instance with the address of its mask."""
    return {
        "frame": keyframe.frame,
        "target": keyframe.target,
        "instances": [
            {
                "id": item.id,
                "score": item.score,
                "label": item.label,
                "area_px": item.area_px,
                "url": mask_path(session_id, keyframe, item.id),
            }
            for item in keyframe.instances
        ],
        "kept": list(keyframe.kept),
    }


def licence_text(engine: EngineInfo, language: Language) -> str:
    """Return the licence of the engine's weights and whether it allows commercial use; "" without weights."""
    if engine.licence is None:
        return ""
    code = "engine.licence_clean" if engine.commercial_use else "engine.licence_restricted"
    return render(Message(code, {"licence": engine.licence.in_language(language)}), language)


def ready_capabilities(engines: Sequence[EngineInfo]) -> set[str]:
    """Return what those of the engines can do that are ready."""
    ready = [engine for engine in engines if engine.is_available]
    return {capability.value for engine in ready for capability in engine.capabilities}


def engine_choices(
    engines: Sequence[EngineInfo], language: Language, finders: Sequence[EngineInfo] = ()
) -> list[dict[str, Any]]:
    """Return the engines as the page offers them, with the automatic choice before them.

    Args:
        engines: those for matting.
        finders: those that find targets; the missing ones are listed last, with what gets them.
    """
    default = next((render(engine.label, language) for engine in engines if engine.is_default), "")
    automatic = {
        "name": "auto",
        "label": translate("page.engines.automatic", language),
        "description": translate("page.engines.automatic_about", language, name=default),
        "available": True,
        "initial": True,
        "missing": [],
        "options": [],
    }
    names = {engine.name for engine in engines}
    absent = [one for one in finders if not one.is_available and one.name not in names]
    views = engine_views([*engines, *absent], language)
    return [automatic, *({**view, "initial": False} for view in views)]


def engine_views(engines: Sequence[EngineInfo], language: Language) -> list[dict[str, Any]]:
    """Return the engines as the cards show them."""
    return [
        {
            "name": engine.name,
            "label": render(engine.label, language),
            "description": sentences(
                (
                    render(engine.description, language),
                    "" if engine.device_note is None else render(engine.device_note, language),
                    licence_text(engine, language),
                ),
                language,
            ),
            "available": engine.is_available,
            "initial": engine.is_default,
            "takes_clean_plate": engine.takes_clean_plate,
            "missing": [
                {"label": render(what, language), "command": command}
                for what, command in engine.missing
            ],
            "options": [
                {
                    "name": spec.name,
                    "kind": spec.kind,
                    "initial": spec.default,
                    "label": spec.option.label.in_language(language),
                    "minimum": spec.option.minimum,
                    "maximum": spec.option.maximum,
                    "choices": list(spec.choices),
                    "choice_labels": list(spec.choice_labels(language)),
                }
                for spec in engine.option_specs
            ],
        }
        for engine in engines
    ]


def job_view(status: JobStatus, live: str, language: Language) -> dict[str, Any]:
    """Return a job's progress; `live` tells one live picture from the next, "" for none."""
    progress = status.progress
    code = f"job.stage.{PREPARE if progress.is_preparing else progress.stage}"
    return {
        "state": status.state.value,
        "is_active": status.state in ACTIVE,
        "is_cancelling": status.is_cancelling,
        "is_preparing": progress.is_preparing,
        "stage": translate(code, language) if code in CATALOGUE else progress.stage,
        "done": progress.done,
        "total": progress.total,
        "fraction": round(progress.fraction, 4),
        "fps": _rounded(progress.fps, 2),
        "elapsed_s": round(progress.elapsed_s, 1),
        "remaining_s": _rounded(progress.remaining_s, 1),
        "stage_remaining_s": _rounded(progress.stage_remaining_s, 1),
        "in_front": status.in_front,
        "wait_s": _rounded(status.expected_wait_s, 1),
        "live": live,
        "error": None if status.error is None else render_for_page(status.error, language),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def session_view(
    state: SessionState, job: JobStatus | None, size_bytes: int, language: Language
) -> dict[str, Json]:
    """Return a session as a line of the list."""
    is_active = job is not None and job.state in ACTIVE
    status = translate(f"page.recent.status_{state.status.value}", language)
    if job is not None and job.state is JobState.QUEUED:
        status = translate("page.recent.place", language, count=job.in_front)
    elif job is not None and is_active:
        percent = int(100 * job.progress.fraction)
        status = f"{status} {percent}%" if language == "zh" else f"{status} {percent} %"
    elif state.error is not None:
        status = about(status, render_for_page(state.error, language), language)
    return {
        "id": state.id,
        "name": state.shown_name,
        "created_at_s": state.created_at_s,
        "status": status,
        "size": shown_bytes(size_bytes),
        "active": is_active,
        "fraction": job.progress.fraction if job is not None and is_active else 0.0,
        "done": bool(state.outputs) and not is_active,
        "owner": state.owner,
        "kept": state.is_kept,
        "pixel_aspect": 1.0 if state.clip is None else float(state.clip.sample_aspect),
    }


def deleted_view(item: DeletedSession) -> dict[str, Json]:
    """Return a deleted session as a line of the list."""
    return {
        "id": item.id,
        "name": item.shown_name,
        "deleted_at_s": item.deleted_at_s,
        "size": shown_bytes(item.size_bytes),
        "owner": item.owner,
    }


def edge_specs(language: Language) -> list[Json]:
    """Return the edge sliders: name, label, range, step and neutral value."""
    sliders = [(spec, spec.option.slider) for spec in specs_of(Edges)]
    return [
        {
            "name": spec.name,
            "label": spec.option.label.in_language(language),
            "minimum": slider[0],
            "maximum": slider[1],
            "step": slider[2],
            "initial": spec.default,
        }
        for spec, slider in sliders
        if slider is not None
    ]
