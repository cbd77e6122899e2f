"""The ASGI guard in front of every request: Host and Origin, headers, lock-out, upload budget."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config import Settings
from ui.text import choose_language, shown_bytes, translate

logger = logging.getLogger(__name__)

BUDGET_WINDOW_S = 3600.0
"""Seconds over which a client's upload budget counts."""
MOST_CLIENTS = 10_000
"""Client addresses remembered; the oldest are forgotten first."""
FORM_OVERHEAD_BYTES = 1024**2
"""Bytes a multipart upload may have beside the file itself."""
MOST_BODY_BYTES = 32 * 1024**2
"""Largest body of a request that is no upload, in bytes."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
}
"""Sent with every answer; Gradio's templates need 'unsafe-eval'."""


class _TooLargeError(Exception):
    """The body grew beyond what its client may send."""


class ClientLedger:
    """What each client address did lately: amounts with their times, within a window."""

    def __init__(self, window_s: float, clock: Callable[[], float]) -> None:
        self._window_s = window_s
        self._clock = clock
        self._entries: dict[str, deque[tuple[float, int]]] = {}

    def add(self, client: str, amount: int) -> None:
        """Record an amount of a client."""
        entries = self._entries.pop(client, deque())
        entries.append((self._clock(), amount))
        self._entries[client] = entries
        while len(self._entries) > MOST_CLIENTS:
            del self._entries[next(iter(self._entries))]

    def total(self, client: str) -> int:
        """Return the client's sum within the window."""
        entries = self._entries.get(client)
        if entries is None:
            return 0
        horizon_s = self._clock() - self._window_s
        while entries and entries[0][0] <= horizon_s:
            entries.popleft()
        return sum(amount for _, amount in entries)

    def clear(self, client: str) -> None:
        """Forget a client."""
        self._entries.pop(client, None)


class Guard:
    """Refuses foreign hosts and origins, too many passwords and too many bytes; adds headers."""

    def __init__(
        self, app: ASGIApp, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._settings = settings
        self._uploads = ClientLedger(BUDGET_WINDOW_S, clock)
        self._failures = ClientLedger(float(settings.login_lockout_s), clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        refusal = self._refusal(scope, client)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        counted = self._counting(scope, client, receive)
        watched = self._watching_login(scope, client, _with_headers(send))
        try:
            await self._app(scope, counted, watched)
        except _TooLargeError:
            limit = shown_bytes(self._settings.max_upload_bytes)
            answer = _refuse(scope, 413, "page.guard.too_large", limit=limit)
            await answer(scope, receive, _with_headers(send))
        except ClientDisconnect:
            # An upload that breaks off is nobody's fault here; the janitor takes what it left.
            logger.info("a client went away in the middle of %r", scope["path"][:80])

    def _refusal(self, scope: Scope, client: str) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_known_host(host):
            return _refuse(scope, 403, "page.guard.host")
        if not _is_same_origin(headers, host):
            return _refuse(scope, 403, "page.guard.origin")
        path = scope["path"].lower()
        if path.startswith(
            ("/gradio_api/file=http", "/file=http", "/gradio_api/proxy=", "/proxy=")
        ):
            return _refuse(scope, 403, "page.guard.path")
        if scope["method"] != "POST":
            return None
        if _is_login(scope) and self._failures.total(client) >= self._settings.login_attempts:
            seconds = self._settings.login_lockout_s
            return _refuse(scope, 429, "page.guard.locked", seconds=seconds)
        return self._size_refusal(scope, client, headers)

    def _size_refusal(self, scope: Scope, client: str, headers: Headers) -> JSONResponse | None:
        declared = headers.get("content-length", "0")
        size_bytes = int(declared) if declared.isdecimal() else 0
        if size_bytes > self._body_limit(scope):
            limit = shown_bytes(self._body_limit(scope))
            return _refuse(scope, 413, "page.guard.too_large", limit=limit)
        if _is_upload(scope):
            budget = self._settings.client_upload_budget_bytes
            if self._uploads.total(client) + size_bytes > budget:
                return _refuse(scope, 429, "page.guard.budget", limit=shown_bytes(budget))
        return None

    def _body_limit(self, scope: Scope) -> int:
        if _is_upload(scope):
            return self._settings.max_upload_bytes + FORM_OVERHEAD_BYTES
        return MOST_BODY_BYTES

    def _is_known_host(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name in {item.lower() for item in self._settings.allowed_hosts}:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _counting(self, scope: Scope, client: str, receive: Receive) -> Receive:
        if scope["method"] != "POST":
            return receive
        limit = self._body_limit(scope)
        is_upload = _is_upload(scope)
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            size = len(message.get("body", b"")) if message["type"] == "http.request" else 0
            seen += size
            if is_upload and size:
                self._uploads.add(client, size)
            if seen > limit:
                raise _TooLargeError
            return message

        return counted

    def _watching_login(self, scope: Scope, client: str, send: Send) -> Send:
        if scope["method"] != "POST" or not _is_login(scope):
            return send

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] in (400, 401):
                    self._failures.add(client, 1)
                elif message["status"] < 400:
                    self._failures.clear(client)
            await send(message)

        return watched


def _is_same_origin(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return False
    is_foreign = headers.get("sec-fetch-site") == "cross-site"
    return not is_foreign or headers.get("sec-fetch-mode") == "navigate"


def _is_login(scope: Scope) -> bool:
    return bool(scope["path"].rstrip("/").lower().endswith("/login"))


def _is_upload(scope: Scope) -> bool:
    return bool(scope["path"].rstrip("/").lower().endswith("/upload"))


def _refuse(scope: Scope, status: int, code: str, **params: str | int | float) -> JSONResponse:
    language = choose_language(Headers(scope=scope).get("accept-language", ""))
    text = translate(code, language, **params)
    return JSONResponse({"error": text, "detail": text}, status_code=status)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
