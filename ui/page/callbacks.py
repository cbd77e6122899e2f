"""What the page does: read the inputs, make one pipeline call, format the answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TypeAlias

import gradio as gr

from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.postprocess.appearance import PICTURE
from pipeline.session.request import RenderRequest
from pipeline.session.state import SessionState
from ui import result_views
from ui.inputs import (
    cached_upload,
    event_value,
    forget_button_upload,
    forget_upload,
    kept_instances,
    session_key,
    short_text,
    whole_number,
)
from ui.page.answers import Answers, Updates, merged
from ui.page.components import Page
from ui.page.job_request import read_job
from ui.page.labels import Labels
from ui.page.session_steps import SessionSteps
from ui.page.target_steps import TargetSteps
from ui.page.upload_steps import UploadSteps
from ui.report import report_internal_error
from ui.request_values import page_controls, read_request
from ui.text import as_language, choose_language, translate
from ui.widgets.edges.edges import read_appearance
from ui.widgets.viewer.viewer import Marks, read_annotation
from utils.errors import BadRequest, SessionError, SplazmatteError, UnusablePrompt
from utils.messages import Language
from utils.types import Prompt

logger = logging.getLogger(__name__)

Step: TypeAlias = Callable[..., Updates]


class Callbacks:
    """The page's event handlers; each takes the session id and the language first."""

    def __init__(self, orchestrator: Orchestrator, settings: Settings, cache_dir: Path) -> None:
        self._orchestrator = orchestrator
        self._settings = settings
        self._cache_dir = cache_dir
        self._answers: Answers | None = None
        self.sessions = SessionSteps(orchestrator, lambda: self._answer)
        self.targets = TargetSteps(orchestrator, lambda: self._answer)
        self.uploads = UploadSteps(orchestrator, settings, cache_dir, lambda: self._answer)

    def bind(self, page: Page) -> None:
        """Tell the callbacks which components they answer to."""
        self._answers = Answers(self._orchestrator, page)

    @property
    def _answer(self) -> Answers:
        if self._answers is None:
            raise RuntimeError("bind the callbacks to a page first")
        return self._answers

    def _labels(self, language: Language) -> Updates:
        labels = Labels(self._orchestrator, self._settings, self._answer.page)
        return labels.in_language(language)

    def guarded(self, step: Step) -> Step:
        """Return the handler with errors turned into a status line; unexpected ones get a number."""

        @wraps(step)
        def safe(session: object, language: object, *inputs: object) -> Updates:
            spoken = as_language(language)
            try:
                return step(session, spoken, *inputs)
            except SplazmatteError as error:
                if error.detail:
                    logger.info("%s: %s", error.code, error.detail)
                return self._answer.problem(error.text(spoken), spoken)
            except Exception:
                number = report_internal_error()
                return self._answer.problem(
                    translate("page.internal_error", spoken, number=number), spoken
                )

        return safe

    # --- the page and its language --------------------------------------------------------------

    def load(self, session: object, language: Language, hint: object) -> Updates:
        """Show the page in the browser's language, and the session its address names."""
        spoken = choose_language(short_text(hint, "language"), self._settings.language)
        texts = merged(self._labels(spoken), {self._answer.page.language: gr.update(value=spoken)})
        if not session:
            return merged(texts, self._answer.nothing(spoken))
        try:
            state = self._orchestrator.state(session_key(session))
        except SessionError as error:
            return merged(texts, self._answer.unknown_session(error.text(spoken), spoken))
        return merged(texts, self._answer.whole(state, spoken))

    def change_language(self, session: object, language: Language) -> Updates:
        """Show everything in the other language."""
        texts = self._labels(language)
        if not session:
            return merged(texts, self._answer.nothing(language, chosen=language))
        state = self._orchestrator.state(session_key(session))
        return merged(
            texts,
            self._answer.whole(state, language),
            self._answer.session_texts(state, language, chosen=language),
        )

    # --- target -------------------------------------------------------------------------------

    def annotate(
        self, session: object, language: Language, value: object, is_example: object
    ) -> Updates:
        """Find what the new marks point at, frame by frame; no marks means no selection there."""
        session_id = session_key(session)
        annotation = read_annotation(value)
        for marks in annotation.waiting or (annotation.marks,):
            self._mark(session_id, marks, is_example is True)
        state = self._orchestrator.state(session_id)
        return self._answer.selection(state, language, annotation.sequence)

    def _mark(self, session_id: str, marks: Marks, is_example: bool) -> None:
        prompt = marks.prompt(is_example=is_example)
        if prompt.is_empty and not marks.own_mask:
            self._orchestrator.remove_keyframe(session_id, marks.frame, marks.target)
        else:
            self._orchestrator.segment(
                session_id,
                marks.frame,
                prompt,
                with_own_mask=marks.own_mask,
                target=marks.target,
                is_undo=marks.is_undo,
            )

    def find_text(
        self, session: object, language: Language, value: object, text: object, is_example: object
    ) -> Updates:
        """Find what the words name on the frame; without words, what the marks point at."""
        session_id = session_key(session)
        words = short_text(text, "text")
        marks = read_annotation(value).marks
        if not words:
            if not marks.points and marks.box is None:
                raise BadRequest("page.text_empty")
            return self.annotate(session, language, value, is_example)
        self._orchestrator.segment(session_id, marks.frame, Prompt(text=words), target=marks.target)
        return self._answer.selection(self._orchestrator.state(session_id), language)

    def main_object(self, session: object, language: Language, value: object) -> Updates:
        """Select what a network finds on the frame without a mark."""
        session_id = session_key(session)
        marks = read_annotation(value).marks
        self._orchestrator.select_main_object(session_id, marks.frame, marks.target)
        return self._answer.selection(self._orchestrator.state(session_id), language)

    def source_alpha(self, session: object, language: Language, value: object) -> Updates:
        """Select what the clip's own transparency shows on the frame."""
        session_id = session_key(session)
        marks = read_annotation(value).marks
        self._orchestrator.select_source_alpha(session_id, marks.frame, marks.target)
        return self._answer.selection(self._orchestrator.state(session_id), language)

    def own_mask(
        self, session: object, language: Language, value: object, upload: object
    ) -> Updates:
        """Take a mask PNG as the selection on the frame."""
        path = cached_upload(upload, self._cache_dir)
        try:
            session_id = session_key(session)
            marks = read_annotation(value).marks
            self._orchestrator.read_mask_upload(session_id, marks.frame, path, target=marks.target)
        finally:
            forget_button_upload(path, self._cache_dir)
        return self._answer.selection(self._orchestrator.state(session_id), language)

    def replace_sky(
        self, session: object, language: Language, value: object, upload: object
    ) -> Updates:
        """Take a picture as the new sky and select the old one; where it isn't found, a click says what it is."""
        path = cached_upload(upload, self._cache_dir)
        missing: UnusablePrompt | None = None
        try:
            session_id = session_key(session)
            marks = read_annotation(value).marks
            self._orchestrator.replace_sky(session_id, marks.frame, path, marks.target)
        except UnusablePrompt as error:
            missing = error
        finally:
            forget_button_upload(path, self._cache_dir)
        state = self._orchestrator.state(session_id)
        shown = merged(self._answer.selection(state, language), self._answer.chosen(state))
        behind = self._picture_behind(state)
        if behind is not None:
            shown = merged(shown, behind)
        if missing is not None:
            shown = merged(shown, self._answer.problem(missing.text(language), language, state.id))
        return shown

    def keep(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Remember which objects of a frame are kept; the preview shows it already."""
        frame = whole_number(event_value(event, "frame"), "frame")
        kept = kept_instances({str(frame): event_value(event, "kept")})[frame]
        target = whole_number(event_value(event, "target"), "target")
        state = self._orchestrator.keep(session_key(session), frame, kept, target)
        return self._answer.kept(state, language)

    # --- jobs and results -----------------------------------------------------------------------

    def start(
        self,
        session: object,
        language: Language,
        marks: object,
        engine: object,
        outputs: object,
        appearance: object,
        *controls: object,
    ) -> Updates:
        """Queue the matting job; `controls` are the values of `page_controls`, in their order."""
        session_id = session_key(session)
        request = read_job(marks, engine, outputs, appearance, controls)
        self._orchestrator.submit(session_id, request)
        return self._answer.working(session_id, language)

    def render(
        self,
        session: object,
        language: Language,
        appearance: object,
        outputs: object,
        *controls: object,
    ) -> Updates:
        """Render the files again from the kept alpha, with these edges, backgrounds and `controls`."""
        session_id = session_key(session)
        names = [spec.name for spec in page_controls(RenderRequest)]
        values = {"outputs": outputs, **dict(zip(names, controls, strict=True))}
        request = read_request(RenderRequest, values, read_appearance(appearance))
        self._orchestrator.rerender(session_id, request)
        return self._answer.working(session_id, language)

    def picture(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Take a picture as the session's own background, and show it behind the still."""
        path = cached_upload(event_value(event, "path"), self._cache_dir)
        try:
            session_id = session_key(session)
            self._orchestrator.set_background_picture(session_id, path)
        finally:
            forget_upload(path)
        shown = self._picture_behind(self._orchestrator.state(session_id))
        if shown is None:
            raise SessionError("job.no_result")
        return shown

    def _picture_behind(self, state: SessionState) -> Updates | None:
        """Show the result over the session's picture; None while there is no result."""
        shown = result_views.appearance_view(state, PICTURE)
        if shown is None:
            return None
        return {self._answer.page.edges: gr.update(result={**shown, "picture": time.time_ns()})}

    def clean_plate(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Take a picture of the scene without the target."""
        path = cached_upload(event_value(event, "path"), self._cache_dir)
        try:
            session_id = session_key(session)
            self._orchestrator.set_clean_plate(session_id, path)
        finally:
            forget_upload(path)
        return self._answer.say("step", translate("job.clean_plate_kept", language), language)

    def finished(self, session: object, language: Language) -> Updates:
        """Show how the job ended."""
        state = self._orchestrator.state(session_key(session))
        return merged(self._answer.outcome(state, language), self._answer.status(state, language))
