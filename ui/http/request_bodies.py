"""Bodies of requests: how large they may be, and that JSON names no file that was not uploaded."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from ui.http.allowed_routes import FORM_BYTES, JSON_BYTES, AllowedRoute
from ui.http.refusal import refuse
from ui.text import shown_bytes

logger = logging.getLogger(__name__)


class RequestBodies:
    """Reads the bodies of small requests.

    Args:
        uploads_dir: where uploaded files lie; a file that a request names must be below it.
    """

    def __init__(self, uploads_dir: Path) -> None:
        self._uploads_dir = uploads_dir.resolve()

    async def read(
        self, scope: Scope, receive: Receive, route: AllowedRoute
    ) -> bytes | Response | None:
        """Return the body where it is small and was read, None where the route reads it itself, or a refusal.

        Raises:
            ClientDisconnect: it broke off.
        """
        headers = Headers(scope=scope)
        if route.body == "upload":
            return None
        if route.body == "none":
            has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
            return refuse(scope, 413, "page.access.body", limit="0 B") if has_body else None
        limit = JSON_BYTES if route.body == "json" else FORM_BYTES
        body = await _read_body(headers, receive, limit)
        if body is None:
            return refuse(scope, 413, "page.access.body", limit=shown_bytes(limit))
        if route.body == "json" and not self._is_usable_json(headers, body, route):
            return refuse(scope, 400, "page.access.json")
        return body

    def _is_usable_json(self, headers: Headers, body: bytes, route: AllowedRoute) -> bool:
        if not headers.get("content-type", "").lower().startswith("application/json"):
            return False
        try:
            value = json.loads(body)
            paths = _file_paths(value)
        except (ValueError, RecursionError):
            return False
        if not isinstance(value, dict):
            return False
        if all(self._is_uploaded(path) for path in paths):
            return True
        logger.warning("a request to %s names a file that was not uploaded", route.path)
        return False

    def _is_uploaded(self, path: object) -> bool:
        """Return whether the path is below the uploads; a URL or a relative path is not."""
        if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
            return False
        try:
            return Path(path).resolve().is_relative_to(self._uploads_dir)
        except (OSError, RuntimeError):
            return False


async def _read_body(headers: Headers, receive: Receive, limit: int) -> bytes | None:
    """Return the whole body, None where it is larger than the limit.

    Raises:
        ClientDisconnect: it broke off.
    """
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 15 or int(declared) > limit:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once, then what the connection says."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _file_paths(value: Any) -> list[object]:
    """Return the path of every file that a JSON value names, as Gradio's `FileData` does.

    Raises:
        ValueError: a text in it is no Unicode (half of a surrogate pair).
    """
    found: list[object] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if item.get("path") is not None:
                found.append(item["path"])
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, str):
            item.encode("utf-8")
        elif isinstance(item, list):
            waiting.extend(item)
    return found
