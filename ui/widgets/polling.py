"""What widgets ask the server for beside Gradio's queue; anybody may ask anything, so all is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.orchestrator import Orchestrator
from ui import views
from ui.inputs import session_key
from ui.text import as_language
from utils.errors import SplazmatteError

MOST_RECENT = 12
"""Recent sessions asked for at a time."""

Answer = dict[str, views.Json]
_UNUSABLE = (SplazmatteError, KeyError, TypeError, AttributeError, ValueError)


class Polling:
    """Functions a widget calls by name; each takes one JSON value and never raises."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator

    def functions(self, *names: str) -> list[Callable[..., Answer]]:
        """Return methods as plain functions, which Gradio marks with an attribute."""
        return [_as_function(getattr(self, name), name) for name in names]

    def job_status(self, data: Any) -> Answer:
        """Return the progress of a session's job; `job` is None where there is none any more."""
        try:
            view = self._orchestrator.status(session_key(data["session"]))
            language = as_language(data.get("language"))
        except _UNUSABLE:
            return {"ok": False}
        try:
            live = str(view.live.stat().st_mtime_ns) if view.live is not None else ""
        except FileNotFoundError:
            live = ""
        job = None if view.job is None else views.job_view(view.job, live, language)
        return {"ok": True, "job": job}

    def cancel_job(self, data: Any) -> Answer:
        """Ask a session's job to stop."""
        try:
            return {"ok": True, "asked": self._orchestrator.cancel(session_key(data["session"]))}
        except _UNUSABLE:
            return {"ok": False}

    def recent_sessions(self, data: Any) -> Answer:
        """Return those of the given sessions that still exist."""
        try:
            ids = [session_key(item) for item in list(data["ids"])[:MOST_RECENT]]
            language = as_language(data.get("language"))
            states = self._orchestrator.sessions_exist(ids)
        except _UNUSABLE:
            return {"ok": False}
        return {"ok": True, "sessions": views.status_texts(states, language)}


def _as_function(method: Callable[[Any], Answer], name: str) -> Callable[..., Answer]:
    def function(data: Any = None) -> Answer:
        return method(data)

    function.__name__ = name
    return function
