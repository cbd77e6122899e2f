"""Numbers for unexpected errors: the user sees the number, the log has the trace beside it."""

from __future__ import annotations

import logging
import secrets

logger = logging.getLogger(__name__)


def report_internal_error() -> str:
    """Log the exception being handled under a new number; return the number."""
    number = secrets.token_hex(4)
    logger.exception("report no. %s", number)
    return number
