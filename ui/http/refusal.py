"""Refusals in the language that the request asks for."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from ui.text import choose_language, translate
from utils.messages import Language


def language_of(headers: Mapping[str, str]) -> Language:
    """Return the language that a request asks for by its headers."""
    return choose_language(headers.get("accept-language", ""))


def text_for(scope: Scope, code: str, **params: str | int | float) -> str:
    """Return a catalogue text in the language that the request asks for."""
    return translate(code, language_of(Headers(scope=scope)), **params)


def problem(text: str, status: int) -> Response:
    """Return an answer that says what is wrong, as `error` for programs and as `detail` for Gradio's page."""
    return JSONResponse({"error": text, "detail": text}, status)


def refuse(scope: Scope, status: int, code: str, **params: str | int | float) -> Response:
    """Return an answer of that status with a catalogue text."""
    return problem(text_for(scope, code, **params), status)
