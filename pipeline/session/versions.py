"""Reads a session's state file of any version up to today's; writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.session.state import STATE_VERSION, SessionState
from utils.errors import BadRequest, SessionError
from utils.messages import CATALOGUE

Fields = dict[str, Any]
"""The JSON object of a state file."""


def _from_version_1(fields: Fields) -> Fields:
    """Version 1 had a request's two backgrounds beside each other, and some texts under older codes."""
    changed = _with_known_texts(fields)
    for key in ("request", "result_request"):
        request = fields.get(key)
        if request is not None:
            backgrounds = {
                "foreground": request["background"],
                "preview": request["preview_background"],
            }
            changed[key] = {**request, "backgrounds": backgrounds}
    return changed


MIGRATIONS: Mapping[int, Callable[[Fields], Fields]] = {1: _from_version_1}
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


def _with_known_texts(fields: Fields) -> Fields:
    """Return the fields without messages whose texts are no longer in the catalogue."""
    changed = {**fields, "warnings": _known(fields.get("warnings", []))}
    error = fields.get("error")
    if error is not None and error["code"] not in CATALOGUE:
        changed["error"] = {"code": "job.internal_error", "params": {}}
    if fields.get("clip") is not None:
        clip = fields["clip"]
        changed["clip"] = {**clip, "notices": _known(clip.get("notices", []))}
    changed["keyframes"] = {
        frame: {**keyframe, "notices": _known(keyframe.get("notices", []))}
        for frame, keyframe in fields.get("keyframes", {}).items()
    }
    return changed


def _known(messages: list[Fields]) -> list[Fields]:
    return [message for message in messages if message["code"] in CATALOGUE]


def _migrated(fields: Fields) -> Fields:
    version = fields["version"]
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"version {str(version)[:20]}")
    if version > STATE_VERSION:
        raise SessionError("job.session_newer", version=version, known=STATE_VERSION)
    for step in range(version, STATE_VERSION):
        fields = MIGRATIONS[step](fields)
    return {**fields, "version": STATE_VERSION}
