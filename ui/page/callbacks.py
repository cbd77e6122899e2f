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
from pipeline.session.request import MatteRequest, RenderRequest
from ui import views
from ui.client import client_of
from ui.inputs import (
    cached_upload,
    forget_upload,
    kept_instances,
    session_key,
    short_text,
    whole_number,
)
from ui.page.answers import Answers, Updates, merged
from ui.page.components import Page
from ui.report import report_internal_error
from ui.request_values import page_controls, read_request
from ui.text import as_language, choose_language, translate
from ui.widgets.annotator.annotator import read_annotation
from ui.widgets.edges.edges import read_appearance
from ui.widgets.engines.engines import read_choice
from utils.errors import BadRequest, SessionError, SplazmatteError
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

    def bind(self, page: Page) -> None:
        """Tell the callbacks which components they answer to."""
        self._answers = Answers(self._orchestrator, self._settings, page)

    @property
    def _answer(self) -> Answers:
        if self._answers is None:
            raise RuntimeError("bind the callbacks to a page first")
        return self._answers

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
        texts = merged(self._answer.in_language(spoken), {self._answer.page.language: spoken})
        if not session:
            return merged(texts, self._answer.nothing(spoken))
        try:
            state = self._orchestrator.state(session_key(session))
        except SessionError as error:
            return merged(texts, self._answer.unknown_session(error.text(spoken), spoken))
        return merged(texts, self._answer.whole(state, spoken))

    def change_language(self, session: object, language: Language) -> Updates:
        """Show everything in the other language."""
        texts = self._answer.in_language(language)
        if not session:
            return merged(texts, self._answer.nothing(language, chosen=language))
        state = self._orchestrator.state(session_key(session))
        return merged(
            texts,
            self._answer.whole(state, language),
            self._answer.session_texts(state, language, chosen=language),
        )

    # --- clip and target ------------------------------------------------------------------------

    def upload(
        self,
        session: object,
        language: Language,
        upload: object,
        request: gr.Request | None = None,
    ) -> Updates:
        """Make a new session of the clip, and forget the upload."""
        path = cached_upload(upload, self._cache_dir)
        try:
            owner = client_of(request).key
            state = self._orchestrator.create_session(path, path.name, may_link=True, owner=owner)
        finally:
            forget_upload(path)
        return merged(
            self._answer.whole(state, language), {self._answer.page.upload: gr.update(value=None)}
        )

    def annotate(
        self, session: object, language: Language, value: object, is_example: object
    ) -> Updates:
        """Find what the marks on the frame point at; no marks means no selection there."""
        marks = read_annotation(value)
        exemplars = (marks.box,) if is_example and marks.box is not None else ()
        box = None if exemplars else marks.box
        prompt = Prompt(points=marks.points, box=box, exemplars=exemplars)
        session_id = session_key(session)
        if prompt.is_empty:
            state = self._orchestrator.remove_keyframe(session_id, marks.frame)
        else:
            self._orchestrator.segment(session_id, marks.frame, prompt)
            state = self._orchestrator.state(session_id)
        return self._answer.selection(state, language, marks.sequence)

    def find_text(
        self, session: object, language: Language, value: object, text: object, is_example: object
    ) -> Updates:
        """Find what the words name on the frame; without words, what the marks point at."""
        words = short_text(text, "text")
        marks = read_annotation(value)
        session_id = session_key(session)
        if not words:
            if not marks.points and marks.box is None:
                raise BadRequest("page.text_empty")
            return self.annotate(session, language, value, is_example)
        self._orchestrator.segment(session_id, marks.frame, Prompt(text=words))
        return self._answer.selection(self._orchestrator.state(session_id), language)

    def own_mask(
        self, session: object, language: Language, value: object, upload: object
    ) -> Updates:
        """Take a mask PNG as the selection on the frame."""
        path = cached_upload(upload, self._cache_dir)
        try:
            frame = read_annotation(value).frame
            session_id = session_key(session)
            self._orchestrator.read_mask_upload(session_id, frame, path)
        finally:
            forget_upload(path)
        return self._answer.selection(self._orchestrator.state(session_id), language)

    def remove(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Forget the selection of a frame."""
        frame = whole_number(_event_value(event, "frame"), "frame")
        state = self._orchestrator.remove_keyframe(session_key(session), frame)
        return self._answer.selection(state, language)

    def keep(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Remember which objects of a frame are kept; the preview shows it already."""
        frame = whole_number(_event_value(event, "frame"), "frame")
        kept = kept_instances({str(frame): _event_value(event, "kept")})[frame]
        state = self._orchestrator.keep(session_key(session), frame, kept)
        keyframes = views.keyframe_views(state, language)
        return merged(
            self._answer.status(state, language),
            {self._answer.page.annotator: gr.update(keyframes=keyframes)},
        )

    # --- jobs and results -----------------------------------------------------------------------

    def start(
        self,
        session: object,
        language: Language,
        marks: object,
        kept: object,
        engine: object,
        outputs: object,
        appearance: object,
        *controls: object,
    ) -> Updates:
        """Queue the matting job; `controls` are the values of `page_controls`, in their order."""
        session_id = session_key(session)
        annotation = read_annotation(marks)
        choice = read_choice(engine)
        values = dict(zip([spec.name for spec in page_controls()], controls, strict=True))
        request = read_request(
            MatteRequest,
            {"outputs": outputs, "engine": choice.name, **values},
            read_appearance(appearance),
            options=choice.options,
            first=annotation.first,
            last=annotation.last,
            kept=kept_instances(kept.get("kept") or {}) if isinstance(kept, dict) else {},
        )
        self._orchestrator.submit(session_id, request)
        return self._answer.working(session_id, language)

    def render(
        self, session: object, language: Language, appearance: object, outputs: object
    ) -> Updates:
        """Render the files again from the kept alpha, with these edges and backgrounds."""
        session_id = session_key(session)
        request = read_request(RenderRequest, {"outputs": outputs}, read_appearance(appearance))
        self._orchestrator.rerender(session_id, request)
        return self._answer.working(session_id, language)

    def picture(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Take a picture as the session's own background, and show it behind the still."""
        path = cached_upload(_event_value(event, "path"), self._cache_dir)
        try:
            session_id = session_key(session)
            self._orchestrator.set_background_picture(session_id, path)
        finally:
            forget_upload(path)
        shown = views.appearance_view(self._orchestrator.state(session_id), PICTURE)
        if shown is None:
            raise SessionError("job.no_result")
        return {self._answer.page.edges: gr.update(result={**shown, "picture": time.time_ns()})}

    def finished(self, session: object, language: Language) -> Updates:
        """Show how the job ended."""
        state = self._orchestrator.state(session_key(session))
        return merged(self._answer.outcome(state, language), self._answer.status(state, language))


def _event_value(event: gr.EventData, name: str) -> object:
    data = event._data
    if not isinstance(data, dict) or name not in data:
        raise BadRequest("page.bad_value", name=name)
    return data[name]
