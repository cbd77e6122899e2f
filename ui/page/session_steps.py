"""What concerns sessions as a whole: remember what is chosen, bring another tab up to date, start many."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from engines.base import Capability
from pipeline.orchestrator import Orchestrator
from pipeline.session.request import MatteRequest
from ui import result_views
from ui.inputs import event_value, session_key, short_text, whole_number
from ui.next_step import chosen_range, keeps_everyone
from ui.page.answers import Answers, Updates, merged
from ui.page.job_request import read_job
from ui.text import about, listed, more, sentences, translate
from utils.errors import BadRequest, SplazmatteError
from utils.messages import Language

MOST_AT_ONCE = 60
"""Most sessions that one press starts."""
_SHOWN_NAMES = 3
"""Names of clips that are given beside a reason they share."""


class SessionSteps:
    """Handlers; see `Callbacks`."""

    def __init__(self, orchestrator: Orchestrator, answers: Callable[[], Answers]) -> None:
        self._orchestrator = orchestrator
        self._answers = answers

    def remember(
        self,
        session: object,
        language: Language,
        marks: object,
        engine: object,
        outputs: object,
        appearance: object,
        *controls: object,
    ) -> Updates:
        """Keep what is chosen for the next job, so that a reload finds it; the start says what it will matte."""
        page = self._answers().page
        if not session:
            return {page.session: gr.skip()}
        try:
            request = read_job(marks, engine, outputs, appearance, controls)
        except BadRequest:
            # Half typed, or nothing ticked: the start says so.
            return {page.session: gr.skip()}
        session_id = session_key(session)
        before = self._orchestrator.state(session_id)
        said = self._answers().before_start(before, language)
        self._orchestrator.remember(session_id, request)
        state = self._orchestrator.state(session_id)
        is_other_step = keeps_everyone(before) != keeps_everyone(state)
        is_other_step |= chosen_range(before) != chosen_range(state)
        if (
            state.result_plan
            or said
            or is_other_step
            or self._answers().before_start(state, language)
        ):
            return self._answers().status(state, language)
        return {page.session: gr.skip()}

    def refresh(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Show marks, job and result as they are now: another tab may have changed them."""
        state = self._orchestrator.state(session_key(session))
        answers = self._answers()
        made = short_text(event_value(event, "made"), "made")
        # The same result again would take back edges that are being chosen.
        is_other = made != (result_views.made_at(state) if state.result_outputs else "")
        return merged(
            answers.kept(state, language),
            answers.job(state),
            answers.outcome(state, language) if is_other else {},
        )

    def take_version(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Make an earlier result the current one, and show it."""
        number = whole_number(event_value(event, "version"), "version")
        state = self._orchestrator.take_version(session_key(session), number)
        return self._answers().whole(state, language)

    def delete_version(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Delete an earlier result, and show those that are left."""
        number = whole_number(event_value(event, "version"), "version")
        state = self._orchestrator.delete_version(session_key(session), number)
        return self._answers().outcome(state, language)

    def start_all(
        self,
        session: object,
        language: Language,
        event: gr.EventData,
        marks: object,
        engine: object,
        outputs: object,
        appearance: object,
        *values: object,
    ) -> Updates:
        """Queue a job with these settings for each of the sessions; one that can't run doesn't stop the rest."""
        keys = event_value(event, "sessions")
        if not isinstance(keys, list) or len(keys) > MOST_AT_ONCE:
            raise BadRequest("page.bad_value", name="sessions")
        whole = read_job(marks, engine, outputs, appearance, values)
        request = whole.model_copy(update={"first": 0, "last": None, "kept": {}})
        names: dict[str, list[str | None]] = {}
        for key in map(session_key, keys):
            name = None
            try:
                name = self._orchestrator.state(key).shown_name
                self._start(key, request)
            except SplazmatteError as error:
                names.setdefault(error.text(language), []).append(name)
        refused = [_refusal(those, reason, language) for reason, those in names.items()]
        answers = self._answers()
        shown = answers.followed(session_key(session), language) if session else {}
        started = len(keys) - sum(map(len, names.values()))
        queued = [translate("page.started_all", language, count=started)] if started else []
        said = answers.say(
            "error" if refused else "step", sentences([*queued, *refused], language), language
        )
        return merged(shown, said, answers.list_again(language, refused))

    def _start(self, session_id: str, request: MatteRequest) -> None:
        state = self._orchestrator.state(session_id)
        if not state.all_keyframes and not request.everyone:
            if self._finds_people():
                request = request.model_copy(update={"everyone": True})
            else:
                self._orchestrator.select_main_object(session_id, 0)
        self._orchestrator.submit(session_id, request)

    def _finds_people(self) -> bool:
        ready = [engine for engine in self._orchestrator.engines() if engine.is_available]
        return any(Capability.EVERYONE in engine.capabilities for engine in ready)


def _refusal(names: list[str | None], reason: str, language: Language) -> str:
    """Return which clips can't run and why; a session that is gone has no name."""
    known = [name for name in names if name is not None]
    if not known:
        return reason
    shown = [listed(known[:_SHOWN_NAMES], language), more(len(known), _SHOWN_NAMES)]
    return about(sentences(shown, language), reason, language)
