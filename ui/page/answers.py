"""Answers to the page's events: new values and properties of its components; it decides nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import gradio as gr

from engines.base import Capability
from pipeline.jobs.queue import ACTIVE
from pipeline.jobs.rerun import NextJob
from pipeline.orchestrator import EngineInfo, Orchestrator
from pipeline.postprocess.least_confident import least_confident
from pipeline.session.state import SessionState
from ui import result_views, views
from ui.next_step import start_label, step_line
from ui.page.components import Page
from ui.request_values import page_controls
from ui.text import sentences, translate, widget_texts
from ui.views import ready_capabilities
from utils.errors import SplazmatteError
from utils.messages import Language, render

Updates: TypeAlias = dict[Any, Any]
"""New values and properties by component; what is not in it stays."""


class Answers:
    """Formats sessions, results and problems for the components of one page."""

    def __init__(self, orchestrator: Orchestrator, page: Page) -> None:
        self._orchestrator = orchestrator
        self.page = page

    def problem(self, text: str, language: Language, session: str | None = None) -> Updates:
        """Show an error; everything else stays as it is, but for the session in the address."""
        status = {"kind": "error", "text": text, "language": language, "at": _now()}
        if session is not None:
            status["session"] = session
        return {
            self.page.status: gr.update(status=status),
            self.page.viewer: gr.update(answered=_now()),
        }

    def say(self, kind: str, text: str, language: Language) -> Updates:
        """Say something in the status line; everything else stays."""
        return {
            self.page.status: gr.update(status={"kind": kind, "text": text, "language": language})
        }

    def list_again(self, language: Language, refused: Sequence[str] = ()) -> Updates:
        """Have the list of sessions ask the server again, and show why jobs of it could not start."""
        current = {"language": language, "chosen": "", "at": _now(), "refused": list(refused)}
        return {self.page.recent: gr.update(current=current)}

    def unknown_session(self, text: str, language: Language) -> Updates:
        """Show that the address names no session of ours, and forget it."""
        status = {"kind": "error", "text": text, "language": language, "session": ""}
        return merged(self.nothing(language), {self.page.status: gr.update(status=status)})

    def nothing(self, language: Language, chosen: str = "") -> Updates:
        """Show the page before there is a clip."""
        page = self.page
        text = translate("page.step.upload", language)
        status = {"kind": "step", "text": text, "language": language, "session": ""}
        return {
            page.session: "",
            page.upload: gr.update(clip=""),
            page.quick_preview: gr.update(session=""),
            page.source_alpha: gr.update(visible=False),
            page.status: gr.update(status=status),
            page.recent: gr.update(
                current={"session": "", "language": language, "chosen": chosen},
                texts=widget_texts("recent", language),
            ),
        }

    def whole(
        self, state: SessionState, language: Language, further: tuple[str, ...] = ()
    ) -> Updates:
        """Show a session from the start: its clip, selection, job and result.

        Args:
            further: ids of sessions made with it, for the list of recent ones.
        """
        page = self.page
        clip = views.clip_view(state, language)
        keyframes = views.keyframe_views(state, language)
        targets = views.target_views(state, language)
        return merged(
            self.session_texts(state, language, further=further),
            self.outcome(state, language),
            {
                page.session: state.id,
                page.upload: gr.update(clip=state.id),
                page.viewer: gr.update(
                    clip=clip,
                    keyframes=keyframes,
                    targets=targets,
                    shown_marks=views.marks_stamp(state),
                    answered=_now(),
                ),
                page.targets: gr.update(targets=targets, session=state.id),
                page.source_alpha: gr.update(
                    visible=state.clip is not None and state.clip.has_alpha
                ),
                page.progress: _widget_update(job=self._watched(state)),
            },
            self.chosen(state),
        )

    def chosen(self, state: SessionState) -> Updates:
        """Show what was chosen for the next job, or for the last one."""
        page = self.page
        request = state.draft or state.request
        if request is None:
            return {
                page.engines: _widget_update(chosen=None),
                page.edges: _widget_update(chosen=None),
            }
        controls = {page.controls[spec.name]: spec for spec in page_controls()}
        return {
            page.outputs: gr.update(value=list(request.outputs)),
            page.edges: gr.update(chosen=result_views.appearance_choice(state, request)),
            page.engines: gr.update(
                chosen={"engine": request.engine, "options": request.options, "session": state.id}
            ),
            **{
                control: gr.update(value=spec.value_in(request))
                for control, spec in controls.items()
            },
        }

    def session_texts(
        self,
        state: SessionState,
        language: Language,
        chosen: str = "",
        further: tuple[str, ...] = (),
    ) -> Updates:
        """Show what of a session is worded: the status line and the recent list."""
        current = {
            "session": state.id,
            "language": language,
            "chosen": chosen,
            "further": list(further),
        }
        return self.status(state, language) | {
            self.page.recent: gr.update(current=current, texts=widget_texts("recent", language))
        }

    def selection(
        self, state: SessionState, language: Language, sequence: int | None = None
    ) -> Updates:
        """Show what is selected now, in answer to the gesture of that number."""
        answered = _now() if sequence is None else str(sequence)
        return merged(self.kept(state, language), {self.page.viewer: gr.update(answered=answered)})

    def kept(self, state: SessionState, language: Language) -> Updates:
        """Show the targets and what is kept of them, in answer to no gesture on the stage."""
        keyframes = views.keyframe_views(state, language)
        targets = views.target_views(state, language)
        return merged(
            self.status(state, language),
            {
                self.page.viewer: gr.update(
                    keyframes=keyframes, targets=targets, shown_marks=views.marks_stamp(state)
                ),
                self.page.targets: gr.update(targets=targets),
            },
        )

    def status(self, state: SessionState, language: Language) -> Updates:
        """Name the next step, and let the job be started where it can be."""
        job = self._orchestrator.status(state.id).job
        is_busy = job is not None and job.state in ACTIVE
        chosen = NextJob() if is_busy else self._orchestrator.next_job(state.id)
        plan = chosen.plan
        kind, text = step_line(state, job, language, chosen)
        if not is_busy and kind == "step":
            notices = (self.before_start(state, language), self._missing_network(language))
            text = sentences((text, *notices), language)
        status = {"kind": kind, "text": text, "language": language, "session": state.id}
        can_start = state.has_target or Capability.EVERYONE.value in ready_capabilities(
            self._orchestrator.engines()
        )
        return {
            self.page.status: gr.update(status=status),
            self.page.viewer: gr.update(
                rerun=plan.changed_spans if plan else [], shown_job=views.job_stamp(state, job)
            ),
            self.page.start: gr.update(
                interactive=can_start and not is_busy,
                value=start_label(chosen, language),
                # What is done leads to its files, which have the primary button then.
                variant="secondary" if kind == "done" else "primary",
            ),
        }

    def before_start(self, state: SessionState, language: Language) -> str:
        """Return what must be known before the job that is chosen starts, "" for nothing."""
        request = state.draft or state.request
        if request is None:
            return ""
        try:
            notice = self._orchestrator.before_start(state.id, request)
        except SplazmatteError as error:
            return error.text(language)
        return "" if notice is None else render(notice, language)

    def _missing_network(self, language: Language) -> str:
        """Return what marks are answered without, "" where nothing is missing."""
        notice = self._orchestrator.missing_network()
        return "" if notice is None else render(notice, language)

    def working(self, session_id: str, language: Language) -> Updates:
        """Show that a job was queued, and have the progress bar follow it."""
        state = self._orchestrator.state(session_id)
        return self.status(state, language) | {
            self.page.progress: gr.update(job={"session": session_id, "nonce": _now()})
        }

    def followed(self, session_id: str, language: Language) -> Updates:
        """Show a session's next step and, where it has a job, its progress."""
        state = self._orchestrator.state(session_id)
        return self.status(state, language) | self.job(state)

    def job(self, state: SessionState) -> Updates:
        """Have the progress bar follow the job that waits or runs, whoever started it."""
        watched = self._watched(state)
        return {} if watched is None else {self.page.progress: gr.update(job=watched)}

    def outcome(self, state: SessionState, language: Language) -> Updates:
        """Show the result, or that there is none; the preview without a mark makes room for it."""
        page = self.page
        outputs = self._orchestrator.outputs(state.id)
        appearance = result_views.appearance_view(state)
        engines = self._orchestrator.engines()
        versions = self._versions(state, engines, language) if outputs else []
        engine = _engine_label(state.result_engine, engines, language)
        result = result_views.result_view(state, outputs, versions, engine, language)
        earlier = [version for version in versions if not version["is_current"]]
        confidence = self._orchestrator.confidence(state.id) if outputs else ()
        weakest = least_confident(confidence, {one.frame for one in state.all_keyframes})
        return {
            page.results: _widget_update(result=result),
            page.quick_preview: gr.update(session="" if outputs else state.id),
            page.edges: _widget_update(result=appearance),
            page.viewer: _widget_update(
                confidence=list(confidence),
                weakest=-1 if weakest is None else weakest,
                result=result_views.viewer_result(state, outputs, earlier),
                review=self._review(state, language) if outputs else [],
                shown_result=views.result_stamp(state),
            ),
        }

    def _review(self, state: SessionState, language: Language) -> list[views.Json]:
        return result_views.review_views(self._orchestrator.places_to_review(state.id), language)

    def _watched(self, state: SessionState) -> views.Json:
        job = self._orchestrator.status(state.id).job
        if job is None or job.state not in ACTIVE:
            return None
        return {"session": state.id, "nonce": _now()}

    def _versions(
        self, state: SessionState, engines: Sequence[EngineInfo], language: Language
    ) -> list[dict[str, views.Json]]:
        found = self._orchestrator.versions(state.id)
        shown = result_views.version_views(found, engines, language)
        return [
            {**view, "engine_label": _engine_label(info.record.engine_used, engines, language)}
            for view, info in zip(shown, found, strict=True)
        ]


def _engine_label(name: str, engines: Sequence[EngineInfo], language: Language) -> str:
    """Return what the page calls an engine; its name where it is none of today's."""
    return next((render(one.label, language) for one in engines if one.name == name), name)


def merged(*parts: Updates) -> Updates:
    """Return all updates together; properties of one component that several parts change add up."""
    result: Updates = {}
    for part in parts:
        for component, update in part.items():
            known = result.get(component)
            if isinstance(known, dict) and isinstance(update, dict):
                result[component] = {**known, **update}
            else:
                result[component] = update
    return result


def _widget_update(**properties: Any) -> Any:
    """Return an update of a widget of ours: False for None, since Gradio leaves out a property that is None."""
    return gr.update(
        **{name: False if value is None else value for name, value in properties.items()}
    )


def _now() -> str:
    return str(time.time_ns())
