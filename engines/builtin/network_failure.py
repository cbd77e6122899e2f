"""Tells of a network that failed in a job, which goes on without it."""

from __future__ import annotations

import logging

from engines.base import RunContext
from utils.errors import SplazmatteError
from utils.types import Message

log = logging.getLogger(__name__)


def tell_failure(context: RunContext, name: str, problem: Exception) -> None:
    """Log why the network of that name failed, and give the job's user a notice of it."""
    log.warning("network %s failed: %r", name, problem)
    reason = (
        problem.user_message if isinstance(problem, SplazmatteError) else type(problem).__name__
    )
    context.on_notice(Message("engine.foreground_failed", {"name": name, "reason": str(reason)}))
