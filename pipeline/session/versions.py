"""Reads a session's state file of any version up to today's; writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.session.state import STATE_VERSION, SessionState
from utils.errors import BadRequest, SessionError

Fields = dict[str, Any]
"""The JSON object of a state file."""


def _group_backgrounds(fields: Fields) -> Fields:
    """Version 1 had a request's two backgrounds beside each other."""
    changed = dict(fields)
    for key in ("request", "result_request"):
        request = fields.get(key)
        if request is not None:
            backgrounds = {
                "foreground": request["background"],
                "preview": request["preview_background"],
            }
            changed[key] = {**request, "backgrounds": backgrounds}
    return changed


MIGRATIONS: Mapping[int, Callable[[Fields], Fields]] = {1: _group_backgrounds}
"""By the version that they read: functions that return the fields as the next version has them."""


def parse_state(content: bytes) -> SessionState:
    """Return the state that the bytes of a state file describe, in today's shape.

    Raises:
        SessionError: the file is damaged, or a newer SplazMatte wrote it.
    """
    try:
        fields = json.loads(content)
        if not isinstance(fields, dict):
            raise ValueError("not a JSON object")
        return SessionState.model_validate(_migrated(fields))
    except (ValueError, KeyError, TypeError, AttributeError, BadRequest) as error:
        raise SessionError("job.session_damaged", detail=str(error)) from error


def _migrated(fields: Fields) -> Fields:
    version = fields["version"]
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"version {str(version)[:20]}")
    if version > STATE_VERSION:
        raise SessionError("job.session_newer", version=version, known=STATE_VERSION)
    for step in range(version, STATE_VERSION):
        fields = MIGRATIONS[step](fields)
    return {**fields, "version": STATE_VERSION}
