"""Jobs that waited when a page's process ended are queued again by another one; nothing of them was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.session.page_mark import PageMark
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionState, SessionStatus
from utils.errors import SessionError, SplazmatteError

logger = logging.getLogger(__name__)

MOST_STARTS = 2
"""Times that the rendering of files is begun; the process was killed during each, so that a further one may be as well."""


@dataclass(frozen=True, slots=True)
class Queue:
    """How what waited is queued: a matting job, or files from the kept alpha, for the session of an id.

    `active` returns the ids of sessions whose jobs this process has; `follow` follows those on that workers have of
    pages that ended, and returns how many.
    """

    matte: Callable[[str, MatteRequest], object]
    render: Callable[[str, RenderRequest], object]
    active: Callable[[], frozenset[str]]
    follow: Callable[[], int]


def queue_again(sessions: Iterable[Session], queue: Queue, page: PageMark) -> int:
    """Queue what is marked as waiting, in the order in which it was asked for; return how many jobs wait again.

    Those of another page that lives are left to it. One that can't be queued any more, as where its engine is gone, has
    failed with that reason.
    """
    count = 0
    for session, state in _waiting(sessions, page):
        if session.id in queue.active():  # a worker has it, or somebody has started it meanwhile
            continue
        try:
            count += _queue_one(session, state, queue)
        except (OSError, SplazmatteError) as error:
            if isinstance(error, SplazmatteError) and error.code == "job.stopping":
                break  # We stop already: the next start is theirs.
            if session.id not in queue.active():
                _record(session, state, error)
    return count


def _queue_one(session: Session, state: SessionState, queue: Queue) -> bool:
    if state.status is SessionStatus.QUEUED:
        if state.request is None:
            session.update(status=SessionStatus.INTERRUPTED)
            return False
        queue.matte(session.id, state.request)
    elif state.render is not None:
        if state.render.starts >= MOST_STARTS:
            logger.warning("session %s: rendering ended its process twice", session.id[:6])
            session.update(render=None)
            return False
        queue.render(session.id, state.render.request)
    return True


def _waiting(sessions: Iterable[Session], page: PageMark) -> list[tuple[Session, SessionState]]:
    found = []
    for session in sessions:
        try:
            state = session.state
        except SessionError:
            continue
        if state.is_waiting and not session.is_running and not page.is_living(state.page):
            found.append((session, state))
    return sorted(found, key=lambda item: item[1].updated_at_s)


def _record(session: Session, state: SessionState, error: OSError | SplazmatteError) -> None:
    logger.warning("session %s can't be queued again: %s", session.id[:6], error)
    message = error.message if isinstance(error, SplazmatteError) else None
    status = SessionStatus.INTERRUPTED if message is None else SessionStatus.FAILED
    try:
        if state.status is SessionStatus.QUEUED:
            session.update(status=status, error=message)
        else:
            session.update(render=None)  # the result before is as good as it was
    except (OSError, SplazmatteError) as second:
        logger.warning("session %s keeps an old state: %s", session.id[:6], second)
