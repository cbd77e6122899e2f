"""Endpoints for a session as a whole: its earlier results, and its deletion, which can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from pipeline.orchestrator import Orchestrator
from ui import result_views, views
from ui.http.answering import answering
from ui.inputs import session_key, whole_number
from utils.errors import SessionError


class SessionApi:
    """One method for each endpoint; parameters are checked as if a stranger sent them."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator

    def publish(self) -> None:
        """Add the endpoints to the open `gr.Blocks`."""
        endpoints: list[Callable[..., Any]] = [
            self.versions,
            self.take_version,
            self.delete_version,
            self.delete_session,
            self.restore_session,
        ]
        for endpoint in endpoints:
            gr.api(endpoint, api_name=endpoint.__name__)

    def versions(self, session: str, language: str = "en") -> list[dict[str, Any]]:
        """Return the current result and the earlier ones that are kept, the newest first."""
        with answering(language) as spoken:
            infos = self._orchestrator.versions(session_key(session))
            return result_views.version_views(infos, self._orchestrator.engines(), spoken)

    def take_version(
        self, session: str, version: int, language: str = "en"
    ) -> list[dict[str, Any]]:
        """Make an earlier result the current one; return the list as `/versions`."""
        with answering(language):
            key, number = session_key(session), whole_number(version, "version")
            self._orchestrator.take_version(key, number)
        return self.versions(session, language)

    def delete_version(
        self, session: str, version: int, language: str = "en"
    ) -> list[dict[str, Any]]:
        """Delete an earlier result for good; return the list as `/versions`."""
        with answering(language):
            key, number = session_key(session), whole_number(version, "version")
            self._orchestrator.delete_version(key, number)
        return self.versions(session, language)

    def delete_session(self, session: str, language: str = "en") -> bool:
        """Delete a session; it can be restored for a while."""
        with answering(language):
            if not self._orchestrator.delete(session_key(session)):
                raise SessionError("job.already_running")
            return True

    def restore_session(self, session: str, language: str = "en") -> dict[str, Any]:
        """Take a deleted session back; return its state."""
        with answering(language) as spoken:
            state = self._orchestrator.restore(session_key(session))
            return {
                "session": state.id,
                "state": state.status.value,
                "clip": views.clip_view(state, spoken),
            }
