"""How the files of a job get to its worker and back: the interface, and the folder that page and workers share."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from pipeline.session.session import Session
from pipeline.session.store import SessionStore
from pipeline.workers.attempts import Attempt
from pipeline.workers.records import JobRecord


class PageFiles(Protocol):
    """The page's side. Every method raises `StoreUnavailable` where what lies between can't be reached."""

    def send(self, session: Session, record: JobRecord, cancel: threading.Event) -> None:
        """Have what the next attempt at a job begins with ready for any worker.

        Raises:
            Cancelled: the event was set.
        """

    def fetch(
        self, session: Session, attempt: Attempt, record: JobRecord, cancel: threading.Event
    ) -> bool:
        """Return whether an attempt is complete; what it made is in its folder then.

        Raises:
            ObjectMissing: its manifest names what is not there.
            NotEnoughDisk: the page's disk is full.
            Cancelled: the event was set.
        """

    def fetch_cache(self, session: Session, attempt: Attempt, record: JobRecord) -> None:
        """Bring what an engine keeps to go on from to the attempt's folder."""

    def fetch_live(self, session: Session, attempt: Attempt, record: JobRecord) -> None:
        """Bring the newest picture of a running attempt to its folder."""

    def discard(self, session: Session, record: JobRecord) -> None:
        """Remove what was sent for a job, or for a part of one, that has ended."""

    def forget(self, session_id: str) -> None:
        """Remove everything of a session that is gone."""

    def sweep(self, sessions: SessionStore) -> int:
        """Remove everything of sessions that are gone, however they went; return of how many."""

    def link(self, session: Session, path: Path, name: str, media_type: str) -> str:
        """Return an address to fetch a finished file from for a while, "" where the page has to send it.

        Args:
            name: what the file is called where it is saved.
        """


class WorkerFiles(Protocol):
    """The worker's side. Every method raises `StoreUnavailable` where what lies between can't be reached."""

    def begin(self, attempt: Attempt, record: JobRecord, cancel: threading.Event) -> None:
        """Make the attempt's folder, with the session as the job finds it.

        Raises:
            SessionError: the session was removed.
            ObjectMissing: what was sent is not there any more.
            NotEnoughDisk: the worker's disk is full.
            Cancelled: the event was set.
        """

    def deliver(self, attempt: Attempt, record: JobRecord, cancel: threading.Event) -> None:
        """Give the page what the attempt made, its manifest last.

        Raises:
            NotEnoughDisk: there is no space for it.
            Cancelled: the event was set.
        """

    def deliver_cache(self, attempt: Attempt, record: JobRecord) -> None:
        """Give the page what the engine can go on from, of an attempt that ends without a result."""


class SharedFolder:
    """A workspace that page and workers share: an attempt's folder is there for both, and nothing is transferred."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions

    def send(self, session: Session, record: JobRecord, cancel: threading.Event) -> None:
        """Do nothing."""

    def fetch(
        self, session: Session, attempt: Attempt, record: JobRecord, cancel: threading.Event
    ) -> bool:
        """Return whether the attempt's manifest is there."""
        return attempt.is_complete

    def fetch_cache(self, session: Session, attempt: Attempt, record: JobRecord) -> None:
        """Do nothing."""

    def fetch_live(self, session: Session, attempt: Attempt, record: JobRecord) -> None:
        """Do nothing."""

    def discard(self, session: Session, record: JobRecord) -> None:
        """Do nothing."""

    def forget(self, session_id: str) -> None:
        """Do nothing."""

    def sweep(self, sessions: SessionStore) -> int:
        """Do nothing."""
        return 0

    def link(self, session: Session, path: Path, name: str, media_type: str) -> str:
        """Return "": files are the page's."""
        return ""

    def begin(self, attempt: Attempt, record: JobRecord, cancel: threading.Event) -> None:
        """Make the folder as a copy of the session, whose files it shares."""
        attempt.begin(self._sessions.open(record.session_id))

    def deliver(self, attempt: Attempt, record: JobRecord, cancel: threading.Event) -> None:
        """Write the manifest."""
        attempt.commit()

    def deliver_cache(self, attempt: Attempt, record: JobRecord) -> None:
        """Do nothing."""
