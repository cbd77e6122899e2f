"""What widgets ask the server for beside Gradio's queue; anybody may ask anything, so all is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from pipeline.orchestrator import Orchestrator
from pipeline.session.state import SessionState
from pipeline.session.trash import DeletedSession
from ui import views
from ui.client import Client, client_of
from ui.inputs import session_key, short_text
from ui.next_step import step_line
from ui.text import as_language
from utils.errors import SessionError, SplazmatteError
from utils.messages import Language

MOST_RECENT = 60
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

    def job_status(self, data: Any, client: Client) -> Answer:
        """Return the progress of a session's job; `job` is None where there is none any more."""
        del client
        try:
            view = self._orchestrator.status(session_key(data["session"]))
            language = as_language(data.get("language"))
        except _UNUSABLE:
            return {"ok": False}
        try:
            live = str(view.live.stat().st_mtime_ns) if view.live is not None else ""
        except FileNotFoundError:
            live = ""
        if view.job is None:
            return {"ok": True, "job": None}
        _, step = step_line(view.state, view.job, language)
        return {"ok": True, "job": {**views.job_view(view.job, live, language), "step": step}}

    def cancel_job(self, data: Any, client: Client) -> Answer:
        """Ask a session's job to stop."""
        del client
        try:
            return {"ok": True, "asked": self._orchestrator.cancel(session_key(data["session"]))}
        except _UNUSABLE:
            return {"ok": False}

    def playback(self, data: Any, client: Client) -> Answer:
        """Return whether the clip that the page plays is ready, and the scene cuts; it is made when first asked for."""
        try:
            key = session_key(data["session"])
            ready = self._orchestrator.has_playback(key)
            cuts = list(self._orchestrator.scene_cuts(key))
        except _UNUSABLE:
            return {"ok": False}
        return {"ok": True, "ready": ready, "cuts": cuts}

    def quick_preview(self, data: Any, client: Client) -> Answer:
        """Return how far the preview without a mark is; `state` is None where there is none."""
        del client
        try:
            state = self._orchestrator.quick_preview(session_key(data["session"]))
        except _UNUSABLE:
            return {"ok": False}
        if state is None or state.has_failed:
            return {"ok": True, "state": None}
        shown = {"done": state.done, "total": state.total, "ready": state.is_ready}
        return {"ok": True, "state": shown}

    def recent_sessions(self, data: Any, client: Client) -> Answer:
        """Return those of the given sessions that still exist, and why others were removed.

        A named user gets the own sessions on any browser, an admin everybody's.
        """
        try:
            ids = [session_key(item) for item in list(data["ids"])[:MOST_RECENT]]
            language = as_language(data.get("language"))
            states, notices = self._known(ids, language)
            if client.name:
                owner = None if client.is_admin else client.name
                known = {state.id for state in states}
                others = self._orchestrator.sessions_of(owner, MOST_RECENT)
                states += [state for state in others if state.id not in known]
            deleted = self._deleted(ids, client)
        except _UNUSABLE:
            return {"ok": False}
        return {
            "ok": True,
            "sessions": [self._session(state, language) for state in states],
            "deleted": [views.deleted_view(item) for item in deleted],
            "notices": notices,
            "user": client.name,
            "can_sign_out": client.is_signed_in,
        }

    def keep_session(self, data: Any, client: Client) -> Answer:
        """Protect a session from removal by age, or stop protecting it."""
        del client
        try:
            key = session_key(data["session"])
            state = self._orchestrator.set_kept(key, is_kept=data["keep"] is True)
        except SplazmatteError as error:
            return {"ok": False, "text": error.text(as_language(data.get("language")))}
        except _UNUSABLE:
            return {"ok": False}
        return {"ok": True, "kept": state.is_kept}

    def rename_session(self, data: Any, client: Client) -> Answer:
        """Give a session another name to show, and its downloads with it."""
        del client
        return _answered(
            data, lambda key: self._orchestrator.rename(key, short_text(data["name"], "name"))
        )

    def delete_session(self, data: Any, client: Client) -> Answer:
        """Move a session to the trash; one with a job that runs or waits stays."""
        del client

        def delete(key: str) -> None:
            if not self._orchestrator.delete(key):
                raise SessionError("job.already_running")

        return _answered(data, delete)

    def restore_session(self, data: Any, client: Client) -> Answer:
        """Take a session back from the trash."""
        del client
        return _answered(data, self._orchestrator.restore)

    def purge_session(self, data: Any, client: Client) -> Answer:
        """Remove a session of the trash for good."""
        del client
        return _answered(data, self._orchestrator.purge)

    def _session(self, state: SessionState, language: Language) -> Answer:
        job = self._orchestrator.status(state.id).job
        size_bytes = self._orchestrator.size_bytes(state.id)
        return views.session_view(state, job, size_bytes, language)

    def _deleted(self, ids: Sequence[str], client: Client) -> list[DeletedSession]:
        """Return the deleted ones of these sessions, and a named user's own on any browser."""
        if not client.name:
            found = [self._orchestrator.deleted(key) for key in ids]
            return [item for item in found if item is not None]
        return [
            item
            for item in self._orchestrator.list_deleted()[:MOST_RECENT]
            if client.is_admin or item.owner == client.name or item.id in ids
        ]

    def _known(
        self, ids: Sequence[str], language: Language
    ) -> tuple[list[SessionState], list[str]]:
        states, notices = [], []
        for key in ids:
            try:
                states.append(self._orchestrator.state(key))
            except SessionError as error:
                if error.code == "job.session_removed":
                    notices.append(error.text(language))
        return states, notices


def _answered(data: Any, change: Callable[[str], object]) -> Answer:
    """Return whether a change of a session was made, with the error's text where it was not."""
    try:
        change(session_key(data["session"]))
    except SplazmatteError as error:
        return {"ok": False, "text": error.text(as_language(data.get("language")))}
    except _UNUSABLE:
        return {"ok": False}
    return {"ok": True}


def _as_function(method: Callable[[Any, Client], Answer], name: str) -> Callable[..., Answer]:
    # Gradio resolves these annotations to know where the request goes: only plain types work.
    def function(data: Any = None, request: gr.Request | None = None) -> dict[str, Any]:
        return method(data, client_of(request))

    function.__name__ = name
    return function
