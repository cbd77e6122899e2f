"""Deletes sessions: to the trash and back, or for good; none that has a job."""

from __future__ import annotations

from pipeline.jobs.upkeep import Upkeep
from pipeline.selection.targets import Targets
from pipeline.session.store import SessionStore
from pipeline.workers.dispatch import Dispatcher


class Deletion:
    """For all sessions; any thread may use it.

    With a session goes what is kept of it elsewhere: what clicks have computed, and its objects in an object store.
    """

    def __init__(
        self,
        store: SessionStore,
        upkeep: Upkeep,
        targets: Targets,
        workers: Dispatcher | None,
    ) -> None:
        self._store = store
        self._upkeep = upkeep
        self._targets = targets
        self._workers = workers

    def delete(self, session_id: str) -> bool:
        """Move a session to the trash; False when a job runs or waits.

        Raises:
            SessionError: it is unknown.
        """
        if self._upkeep.has_job(session_id):
            return False
        self._targets.forget(session_id)
        return self._store.delete(self._store.open(session_id))

    def discard(self, session_id: str) -> bool:
        """Remove a session for good; False when a job runs or waits.

        Raises:
            SessionError: it is unknown.
        """
        if self._upkeep.has_job(session_id):
            return False
        self._targets.forget(session_id)
        is_gone = self._store.remove(self._store.open(session_id))
        self._forget_objects(session_id, is_gone=is_gone)
        return is_gone

    def purge(self, session_id: str) -> bool:
        """Remove a session of the trash for good; False where it is not there."""
        is_gone = self._store.purge(session_id)
        self._forget_objects(session_id, is_gone=is_gone)
        return is_gone

    def _forget_objects(self, session_id: str, *, is_gone: bool) -> None:
        if self._workers is not None and is_gone:
            self._workers.files.forget(session_id)
