"""Jobs that waited when the page's process ended are queued again by the next one; nothing of them was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionState, SessionStatus
from utils.errors import SessionError, SplazmatteError

logger = logging.getLogger(__name__)


def queue_again(
    sessions: Iterable[Session],
    submit: Callable[[str, MatteRequest], object],
    active: Callable[[], frozenset[str]],
) -> int:
    """Submit what is marked as waiting, in the order in which it was asked for; return how many jobs wait again.

    One that can't be queued any more, as where its engine is gone, has failed with that reason.

    Args:
        submit: queues a request for the session of an id.
        active: returns the ids of sessions whose jobs this process has.
    """
    count = 0
    for session, state in _waiting(sessions):
        if session.id in active():  # a worker has it, or somebody has started it meanwhile
            continue
        try:
            if state.request is None:
                session.update(status=SessionStatus.INTERRUPTED)
            else:
                submit(session.id, state.request)
                count += 1
        except (OSError, SplazmatteError) as error:
            if isinstance(error, SplazmatteError) and error.code == "job.stopping":
                break  # We stop already: the next start is theirs.
            if session.id not in active():
                _record(session, error)
    return count


def _waiting(sessions: Iterable[Session]) -> list[tuple[Session, SessionState]]:
    found = []
    for session in sessions:
        try:
            state = session.state
        except SessionError:
            continue
        if state.status is SessionStatus.QUEUED and not session.is_running:
            found.append((session, state))
    return sorted(found, key=lambda item: item[1].updated_at_s)


def _record(session: Session, error: OSError | SplazmatteError) -> None:
    logger.warning("session %s can't be queued again: %s", session.id[:6], error)
    message = error.message if isinstance(error, SplazmatteError) else None
    status = SessionStatus.INTERRUPTED if message is None else SessionStatus.FAILED
    try:
        session.update(status=status, error=message)
    except (OSError, SplazmatteError) as second:
        logger.warning("session %s keeps an old state: %s", session.id[:6], second)
