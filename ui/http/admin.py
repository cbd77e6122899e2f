"""The administrator's page and its actions, for administrators only; each action is one call."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import parse_qs

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from config import Settings
from pipeline.operations import Operations
from pipeline.workers.records import Order
from ui.client import Client, client_of
from ui.http.admin_page import admin_page
from ui.http.clients import network_address
from ui.text import as_language, choose_language, translate
from utils.errors import BadRequest, SplazmatteError
from utils.messages import Language

_NO_STORE = {"Cache-Control": "no-store"}


class Admin:
    """The routes; whoever gets here has passed the access control, and is checked to be an administrator."""

    def __init__(self, settings: Settings, operations: Operations) -> None:
        self._settings = settings
        self._operations = operations
        self._actions: Mapping[str, Callable[[str], None]] = {
            "pause_queue": lambda _: operations.pause(is_paused=True),
            "resume_queue": lambda _: operations.pause(is_paused=False),
            **{order.value: partial(self._order, order=order) for order in Order},
            "retry": operations.retry,
            "cancel": operations.cancel,
        }

    def routes(self) -> list[Route]:
        """Return the routes to serve."""
        return [
            Route("/admin", self._show, methods=["GET"]),
            Route("/admin", self._act, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        language = self._language(request)
        refusal = self._refusal(request, language)
        if refusal is not None:
            return refusal
        return await anyio.to_thread.run_sync(self._page, language, "", 200)

    async def _act(self, request: Request) -> Response:
        language = self._language(request)
        refusal = self._refusal(request, language)
        if refusal is not None:
            return refusal
        fields = _fields(await request.body())
        try:
            action = self._actions.get(fields.get("action", ""))
            if action is None:
                raise BadRequest("admin.bad_action")
            await anyio.to_thread.run_sync(action, fields.get("target", ""))
        except SplazmatteError as error:
            problem = error.text(language)
            return await anyio.to_thread.run_sync(self._page, language, problem, 400)
        return RedirectResponse(f"admin?language={language}", 303)

    def _page(self, language: Language, problem: str, status: int) -> Response:
        page = admin_page(self._operations.overview(), language, problem)
        return HTMLResponse(page, status, headers=_NO_STORE)

    def _order(self, worker: str, order: Order) -> None:
        self._operations.order(worker, order)

    def _language(self, request: Request) -> Language:
        asked = request.query_params.get("language")
        if asked is not None:
            return as_language(asked)
        tags = request.headers.get("accept-language", "")
        return choose_language(tags, self._settings.language)

    def _refusal(self, request: Request, language: Language) -> Response | None:
        if is_administrator(self._settings, client_of(request)):
            return None
        return PlainTextResponse(translate("admin.refused", language), 403, headers=_NO_STORE)


def is_administrator(settings: Settings, client: Client) -> bool:
    """Return whether a client may see and change how the service runs.

    With named users those of that role, with one shared password who knows it; without a login this machine,
    or everybody where the settings say so.
    """
    if settings.users_file is not None:
        return client.is_admin
    if settings.password is not None:
        return client.is_signed_in
    return settings.admin_without_login or _is_this_machine(client.address)


def _is_this_machine(address: str) -> bool:
    if address == network_address("::1"):
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _fields(body: bytes) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(body.decode("utf-8")).items()}
    except ValueError:
        return {}
