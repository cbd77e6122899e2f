"""What a command says of an error that ends it, or one of its clips."""

from __future__ import annotations

import logging

from ui.command_line.console import one_line
from utils.errors import SplazmatteError

EXIT_INTERNAL_ERROR = 1
logger = logging.getLogger(__name__)


def described(error: Exception) -> tuple[str, int]:
    """Return what is said of an error, in a line, and the exit code; the log gets the rest."""
    if isinstance(error, SplazmatteError):
        logger.debug("detail: %s", error.detail)
        return one_line(error.user_message), error.exit_code
    logger.error("unexpected", exc_info=error)
    return f"internal error: {type(error).__name__}: {one_line(str(error))}", EXIT_INTERNAL_ERROR
