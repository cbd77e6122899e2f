"""Refusals in the language that the request asks for."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from ui.text import choose_language, translate


def text_for(scope: Scope, code: str, **params: str | int | float) -> str:
    """Return a catalogue text in the language that the request asks for."""
    language = choose_language(Headers(scope=scope).get("accept-language", ""))
    return translate(code, language, **params)


def refuse(scope: Scope, status: int, code: str, **params: str | int | float) -> Response:
    """Return an answer of that status with a catalogue text."""
    text = text_for(scope, code, **params)
    return JSONResponse({"error": text, "detail": text}, status_code=status)
