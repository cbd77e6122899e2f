"""Access control in front of every request: Host, Origin, the list of routes, login, body size.

It is the outermost layer: what it refuses costs no thread, no file and no memory beyond the request's
head, and nothing behind it reads a body before the sender is known.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config import Settings
from ui.client import Client
from ui.http.allowed_routes import (
    ALLOWED_ROUTES,
    WEBHOOK_ROUTE,
    AllowedRoute,
    find_route,
)
from ui.http.login import Login, client_address
from ui.http.refusal import refuse, text_for
from ui.http.request_bodies import RequestBodies, replaying
from ui.http.streams import answer_until

logger = logging.getLogger(__name__)

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

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_STARTUP_PATH = "/gradio_api/startup-events"
_STARTING_S = "2"
"""Seconds after which whoever came before the server was open may ask again."""


class AccessControl:
    """Refuses what is not meant for this server, and adds the headers to every answer.

    Args:
        uploads_dir: see `RequestBodies`.
        is_open: set once the server has started; until then Gradio's own start-up call is answered.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        login: Login,
        uploads_dir: Path,
        is_open: threading.Event,
    ) -> None:
        self._app = app
        self._settings = settings
        self._login = login
        self._bodies = RequestBodies(uploads_dir)
        self._is_open = is_open
        self._hosts = {item.lower() for item in settings.allowed_hosts} | {"localhost"}
        self._routes = ALLOWED_ROUTES
        if settings.remote_webhook_url:
            self._routes += (WEBHOOK_ROUTE,)
            self._hosts.add((urlsplit(settings.remote_webhook_url).hostname or "").lower())
        self._at_once: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
            return
        sending = _with_headers(send, is_page=scope["path"] == "/")
        route = find_route(scope["method"], scope["path"], self._routes)
        refusal = self._refusal(scope, route)
        if refusal is not None or route is None:
            await (refusal or refuse(scope, 404, "page.access.path"))(scope, receive, sending)
            return
        client = self._login.client(scope)
        if client is None and not self._is_public(route):
            await refuse(scope, 401, "page.access.login")(scope, receive, sending)
            return
        if client is None and route.path == "/":
            await self._login.page(scope)(scope, receive, sending)
            return
        await self._serve(scope, receive, sending, route, client or Client())

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket through on the terms of a request that changes something; else it is closed unopened."""
        route = find_route("WEBSOCKET", scope["path"])
        is_refused = self._refusal({**scope, "method": "POST"}, route) is not None
        client = None if is_refused else self._login.client(scope)
        if route is None or client is None:
            await send({"type": "websocket.close", "code": 1008})
            return
        with self._counted(client_address(scope)) as has_place:
            if not has_place:
                await send({"type": "websocket.close", "code": 1013})
                return
            scope.setdefault("state", {})["client"] = client
            await self._pass_on(scope, receive, send, route)

    @contextmanager
    def _counted(self, address: str) -> Iterator[bool]:
        """Count a request of an address while it is answered; yield whether it may be."""
        has_place = self._at_once[address] < self._settings.connections_per_client
        if not has_place:
            yield False
            return
        self._at_once[address] += 1
        try:
            yield True
        finally:
            self._at_once[address] -= 1
            if not self._at_once[address]:
                del self._at_once[address]

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, route: AllowedRoute
    ) -> None:
        """Have the application answer; a stream ends with the sender's sign-in."""
        ended = self._login.end_of_sign_in(scope) if route.is_stream else None
        if ended is None:
            await self._app(scope, receive, send)
        else:
            await answer_until(ended, self._app, scope, receive, send)

    def _refusal(self, scope: Scope, route: AllowedRoute | None) -> Response | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            return refuse(scope, 400, "page.access.header", name="Host")
        if not self._is_known_host(hosts[0]):
            return refuse(scope, 403, "page.access.host")
        if len(origins) > 1 or not all(map(_is_origin, origins)):
            return refuse(scope, 400, "page.access.header", name="Origin")
        if not _is_same_origin(scope["method"], headers, hosts[0]):
            return refuse(scope, 403, "page.access.origin")
        if route is None:
            return refuse(scope, 404, "page.access.path")
        return self._start_refusal(scope, route)

    def _start_refusal(self, scope: Scope, route: AllowedRoute) -> Response | None:
        """Before the server is open only Gradio's own start-up calls are answered, later not they."""
        is_start_up = route.path == _STARTUP_PATH
        if self._is_open.is_set():
            return refuse(scope, 404, "page.access.path") if is_start_up else None
        is_page = route.path == "/"
        if is_start_up or (is_page and scope["method"] == "HEAD"):
            return None
        if is_page:
            refusal: Response = PlainTextResponse(text_for(scope, "page.access.starting"), 503)
            refusal.headers["Refresh"] = _STARTING_S  # The browser asks again by itself.
        else:
            refusal = refuse(scope, 503, "page.access.starting")
        refusal.headers["Retry-After"] = _STARTING_S
        return refusal

    def _is_public(self, route: AllowedRoute) -> bool:
        return route.is_public or route.path == _STARTUP_PATH

    def _is_known_host(self, host: str) -> bool:
        name = host.lower().partition("]")[0].lstrip("[")
        if not host.startswith("["):
            name = name.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts
        return True

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, route: AllowedRoute, client: Client
    ) -> None:
        with self._counted(client_address(scope)) as has_place:
            if not has_place:
                limit = self._settings.connections_per_client
                await refuse(scope, 429, "page.access.busy", limit=limit)(scope, receive, send)
                return
            try:
                scope.setdefault("state", {})["client"] = client
                body = await self._bodies.read(scope, receive, route)
                if isinstance(body, Response):
                    await body(scope, receive, send)
                else:
                    reading = receive if body is None else replaying(body, receive)
                    await self._pass_on(scope, reading, send, route)
            except ClientDisconnect:
                # A request that breaks off is nobody's fault here.
                logger.info("a client went away in the middle of a request to %s", route.path)


def _is_origin(origin: str) -> bool:
    if origin == "null":
        return True
    scheme, separator, host = origin.partition("://")
    return bool(separator and scheme.isalpha() and _HOST.fullmatch(host))


def _is_same_origin(method: str, headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return False
    is_foreign = headers.get("sec-fetch-site") == "cross-site"
    return not is_foreign or (method == "GET" and headers.get("sec-fetch-mode") == "navigate")


def _with_headers(send: Send, is_page: bool) -> Send:
    """Add the headers of every answer; a browser keeps no page, which Back would show after signing out."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if is_page:
                headers["cache-control"] = "no-store"
        await send(message)

    return sending
