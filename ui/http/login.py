"""Signing in and out: no login, one shared password, or a file of named users.

Tokens live in memory: a restart signs everybody out. A password is counted as an attempt before it
is checked, so that parallel guesses gain nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from config import Settings
from ui.client import Client
from ui.http.clients import RecentAmounts, network_address
from ui.http.login_page import login_page
from ui.http.refusal import problem
from ui.http.users import User, canonical_name, is_password, nobodys_hash, read_users
from ui.text import choose_language, translate
from utils.errors import BadRequest

logger = logging.getLogger(__name__)

MOST_TOKENS = 1000
"""Sign-ins remembered; the oldest are forgotten first."""
CHECKS_AT_ONCE = 2
"""Passwords hashed at a time; each takes a core for a moment."""
RELOAD_S = 1.0
"""Seconds between two looks at whether the users file has changed."""
_ADDRESS = re.compile(r"/(\?[A-Za-z0-9_=&-]{0,200})?")


@dataclass(frozen=True, slots=True)
class _Token:
    name: str
    expires_s: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is signed out, or forgotten for newer ones."""


class Login:
    """Who is signed in; made once for a server."""

    def __init__(self, settings: Settings) -> None:
        """Read the users file, where there is one.

        Raises:
            BadRequest: the users file is unusable.
        """
        self._settings = settings
        self._tokens: dict[bytes, _Token] = {}
        self._failures = RecentAmounts(float(settings.login_lockout_s), time.monotonic)
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._users: dict[str, User] = {}
        self._users_changed_ns = 0
        self._next_look_s = float("-inf")
        self._unknown_user_hash = nobodys_hash()
        if settings.users_file is not None:
            self._users = read_users(settings.users_file)
            self._users_changed_ns = settings.users_file.stat().st_mtime_ns

    @property
    def is_required(self) -> bool:
        """Whether anybody has to sign in."""
        return self._settings.password is not None or self._settings.users_file is not None

    def routes(self) -> list[Route]:
        """Return the routes to serve."""
        return [
            Route("/login", self._go_to_page, methods=["GET"]),
            Route("/login", self._sign_in, methods=["POST"]),
            Route("/logout", self._sign_out, methods=["POST"]),
        ]

    def client(self, scope: Scope) -> Client | None:
        """Return who sends the request, None where somebody has to sign in first."""
        address = client_address(scope)
        if not self.is_required:
            return Client(address=address)
        token = self._tokens.get(self._token_key(scope))
        if token is None or token.expires_s <= time.monotonic():
            return None
        if self._settings.users_file is None:
            return Client(address=address, is_signed_in=True)
        user = self._current_users().get(token.name)
        return Client(user.name, address, user.role == "admin", is_signed_in=True) if user else None

    def page(self, scope: Scope) -> Response:
        """Return the login page.

        A browser that follows a link from another site sends no strict cookie along; a page of ours
        that goes on to the same address makes it send one, so somebody who is signed in sees none of
        this.
        """
        headers = Headers(scope=scope)
        query = scope["query_string"].decode("latin-1")
        address = _safe_address(f"/?{query}" if query else "/")
        comes_from_link = headers.get("sec-fetch-site") == "cross-site" and "again=1" not in query
        goes_on = (
            f".{address}" + ("&" if "?" in address else "?") + "again=1" if comes_from_link else ""
        )
        language = choose_language(headers.get("accept-language", ""), self._settings.language)
        return HTMLResponse(login_page(language, address, goes_on=goes_on), headers=_NO_STORE)

    async def _go_to_page(self, request: Request) -> Response:
        """Lead from the address that a browser shows after a wrong password to the page, or its form."""
        return RedirectResponse("./", 303)

    async def _sign_in(self, request: Request) -> Response:
        fields = _form_fields(await request.body())
        name = canonical_name(fields.get("username", [""])[0].strip()[:100])
        password = fields.get("password", [""])[0][:1000]
        address = _safe_address(fields.get("next", ["/"])[0])
        client = client_address(request.scope)
        if self._failures.total(client) >= self._settings.login_attempts:
            seconds = self._settings.login_lockout_s
            return self._refused(request, 429, address, name, "page.login.locked", seconds=seconds)
        self._failures.add(client, 1, name)
        async with self._checks:
            is_right = await anyio.to_thread.run_sync(self._is_right, name, password)
        if not is_right:
            logger.info("a wrong password from %s", client)
            return self._refused(request, 401, address, name, "page.login.wrong")
        self._failures.clear(client, name)
        return self._signed_in(request, name, address)

    def _signed_in(self, request: Request, name: str, address: str) -> Response:
        lasts_s = self._settings.login_hours * 3600.0
        token = secrets.token_urlsafe(32)
        self._tokens[_hashed(token)] = _Token(name, time.monotonic() + lasts_s)
        while len(self._tokens) > MOST_TOKENS:
            self._forget(next(iter(self._tokens)))
        answer: Response = (
            RedirectResponse(f".{address}", 303)  # the page may be under a path of its host
            if _wants_page(request)
            else JSONResponse({"success": True, "token": token, "expires_s": int(lasts_s)})
        )
        answer.set_cookie(
            self.cookie_name,
            token,
            max_age=int(lasts_s),
            path=self._cookie_path,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _sign_out(self, request: Request) -> Response:
        self._forget(self._token_key(request.scope))
        answer: Response = (
            RedirectResponse("./", 303) if _wants_page(request) else JSONResponse({"success": True})
        )
        answer.delete_cookie(
            self.cookie_name, path=self._cookie_path, httponly=True, samesite="strict"
        )
        return answer

    def end_of_sign_in(self, scope: Scope) -> asyncio.Event | None:
        """Return what is set when the sender's sign-in ends, None where there is none to end."""
        token = self._tokens.get(self._token_key(scope)) if self.is_required else None
        return None if token is None else token.ended

    def _forget(self, key: bytes) -> None:
        token = self._tokens.pop(key, None)
        if token is not None:
            token.ended.set()

    @property
    def cookie_name(self) -> str:
        """Browsers keep one set of cookies for all ports of a host: two servers must not share one."""
        return f"splazmatte_{self._settings.port}"

    @property
    def _cookie_path(self) -> str:
        """Other programs on the same host get none of our cookies."""
        return f"{self._settings.root_path}/"

    def _is_right(self, name: str, password: str) -> bool:
        if self._settings.users_file is not None:
            user = self._current_users().get(name)
            password_hash = user.password_hash if user else self._unknown_user_hash
            return is_password(password, password_hash) and user is not None
        wanted = self._settings.password
        if wanted is None:
            return True
        wanted_name = canonical_name(self._settings.username)
        is_name = hmac.compare_digest(name.encode(), wanted_name.encode())
        return (
            hmac.compare_digest(password.encode(), wanted.get_secret_value().encode()) and is_name
        )

    def _current_users(self) -> dict[str, User]:
        path, now_s = self._settings.users_file, time.monotonic()
        if path is None or now_s < self._next_look_s:
            return self._users
        self._next_look_s = now_s + RELOAD_S
        try:
            changed_ns = path.stat().st_mtime_ns
            if changed_ns != self._users_changed_ns:
                self._users, self._users_changed_ns = read_users(path), changed_ns
        except (OSError, BadRequest) as error:
            logger.warning("the users file can't be read, its last state stays: %s", error)
        return self._users

    def _token_key(self, scope: Scope) -> bytes:
        """Return the key of the token that a program sends as a header, a browser as a cookie."""
        headers = Headers(scope=scope)
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return _hashed(token.strip())
        return _hashed(cookie_parser(headers.get("cookie", "")).get(self.cookie_name, ""))

    def _refused(
        self, request: Request, status: int, address: str, name: str, code: str, **params: int
    ) -> Response:
        language = choose_language(
            request.headers.get("accept-language", ""), self._settings.language
        )
        text = translate(code, language, **params)
        if _wants_page(request):
            page = login_page(language, address, text, username=name)
            return HTMLResponse(page, status, headers=_NO_STORE)
        return problem(text, status)


_NO_STORE = {"Cache-Control": "no-store"}


def client_address(scope: Scope) -> str:
    """Return the address that stands for the machine a request comes from."""
    return network_address(scope["client"][0]) if scope.get("client") else ""


def _form_fields(body: bytes) -> dict[str, list[str]]:
    """Return the fields of a login form; of what is none, no fields."""
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=10)
    except ValueError:
        return {}


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _safe_address(address: str) -> str:
    """Return an address of the page with its query, "/" for anything else."""
    return address if _ADDRESS.fullmatch(address) else "/"


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
