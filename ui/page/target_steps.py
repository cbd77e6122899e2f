"""What the target list does: add, change and remove targets of the session."""

from __future__ import annotations

import time
from collections.abc import Callable

import gradio as gr

from pipeline.orchestrator import Orchestrator, TargetChange
from ui.inputs import event_value, event_values, session_key, whole_number
from ui.page.answers import Answers, Updates, merged
from ui.widgets.targets.targets import read_target_change
from utils.messages import Language


class TargetSteps:
    """Handlers of the target list's events; see `Callbacks`."""

    def __init__(self, orchestrator: Orchestrator, answers: Callable[[], Answers]) -> None:
        self._orchestrator = orchestrator
        self._answers = answers

    def add_target(self, session: object, language: Language) -> Updates:
        """Add a target and have the page choose it."""
        key = session_key(session)
        added = self._orchestrator.add_target(key, TargetChange())
        chosen = f"{added.id} {time.time_ns()}"
        page = self._answers().page
        return merged(self._shown(key, language), {page.targets: gr.update(added=chosen)})

    def change_target(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Name, colour, show or lock a target."""
        key = session_key(session)
        number = whole_number(event_value(event, "target"), "target")
        change = read_target_change(event_values(event))
        self._orchestrator.change_target(key, number, change)
        return self._shown(key, language)

    def remove_target(self, session: object, language: Language, event: gr.EventData) -> Updates:
        """Remove a target with its marks."""
        key = session_key(session)
        number = whole_number(event_value(event, "target"), "target")
        self._orchestrator.remove_target(key, number)
        return self._shown(key, language)

    def _shown(self, key: str, language: Language) -> Updates:
        return self._answers().selection(self._orchestrator.state(key), language)
