"""Files that are rendered again, noted in the session's state until they are made: the next start makes the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable

from engines.base import RunContext
from pipeline.jobs.rerender import RenderJob
from pipeline.session.request import RenderRequest
from pipeline.session.session import Session
from pipeline.session.state import WaitingRender
from utils.errors import SplazmatteError

logger = logging.getLogger(__name__)


class NotedRender:
    """One such job; a state that can't be written changes nothing of it.

    Args:
        is_stopping: tells whether the process stops, so that what is broken off is made at the next start.
    """

    def __init__(
        self,
        session: Session,
        job: RenderJob,
        request: RenderRequest,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._session = session
        self._job = job
        self._is_stopping = is_stopping
        known = session.state.render
        # Begun already by a page that was killed meanwhile.
        starts = known.starts if known is not None and known.request == request else 0
        self.waiting = WaitingRender(request=request, starts=starts)

    def run(self, context: RunContext) -> None:
        """Render; see `RenderJob.run`."""
        self._note(self.waiting.model_copy(update={"starts": self.waiting.starts + 1}))
        try:
            self._job.run(context)
        except BaseException:
            self._note(self.waiting if self._is_stopping() else None)
            raise
        self._note(None)

    def drop(self) -> None:
        """Forget it: a user took it out of the queue."""
        self._note(None)

    def _note(self, render: WaitingRender | None) -> None:
        try:
            self._session.update(render=render)
        except (OSError, SplazmatteError) as error:
            logger.warning("session %s keeps an old state: %s", self._session.id[:6], error)
