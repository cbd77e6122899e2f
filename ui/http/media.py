"""Pictures and files of a session over HTTP, straight from its folder; nothing is copied.

An address holds the session's unguessable id, frame numbers and output kinds, never a path.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pipeline.orchestrator import Orchestrator
from pipeline.video_io.outputs.registry import output_format
from ui.inputs import session_key
from ui.text import choose_language
from ui.views import file_name, target_of
from ui.widgets.edges.edges import read_edges
from utils.errors import BadRequest, SplazmatteError
from utils.types import Frame

_UNCHANGING = {"Cache-Control": "private, max-age=3600"}
_CHANGING = {"Cache-Control": "private, no-cache"}
JPEG_QUALITY = 90


class Media:
    """The routes beside Gradio's own; each checks the login where a password is set."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator

    def routes(self) -> list[Route]:
        """Return the routes to serve."""
        return [
            Route("/healthz", self._healthz),
            Route("/media/{session}/frame/{frame:int}.jpg", self._guarded(self._frame)),
            Route(
                "/media/{session}/mask/{frame:int}/{instance:int}.png", self._guarded(self._mask)
            ),
            Route("/media/{session}/still/{frame:int}.jpg", self._guarded(self._still)),
            Route("/media/{session}/live.jpg", self._guarded(self._live)),
            Route("/media/{session}/file/{kind}", self._guarded(self._file)),
        ]

    def _healthz(self, request: Request) -> Response:
        health = self._orchestrator.health()
        return JSONResponse(
            {"healthy": bool(health["healthy"]), "queue": int(health["jobs"])},
            status_code=200 if health["healthy"] else 503,
        )

    def _guarded(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            if not is_signed_in(request):
                return JSONResponse({"error": "login"}, status_code=401)
            language = choose_language(request.headers.get("accept-language", ""))
            try:
                return answer(request)
            except BadRequest as error:
                return JSONResponse({"error": error.text(language)}, status_code=400)
            except SplazmatteError as error:
                return JSONResponse({"error": error.text(language)}, status_code=404)

        return endpoint

    def _frame(self, request: Request) -> Response:
        path = self._orchestrator.frame_image(_session(request), request.path_params["frame"])
        return FileResponse(path, media_type="image/jpeg", headers=_UNCHANGING)

    def _mask(self, request: Request) -> Response:
        values = request.path_params
        path = self._orchestrator.instance_image(
            _session(request), values["frame"], values["instance"]
        )
        return Response(path.read_bytes(), media_type="image/png", headers=_UNCHANGING)

    def _live(self, request: Request) -> Response:
        path = self._orchestrator.status(_session(request)).live
        if path is None:
            return JSONResponse({"error": "none"}, status_code=404)
        # Read at once: the file is replaced while the job runs, and its size with it.
        return Response(path.read_bytes(), media_type="image/jpeg", headers=_CHANGING)

    def _still(self, request: Request) -> Response:
        values = dict(request.query_params)
        values.pop("v", None)
        background = values.pop("background", "checker")
        still = self._orchestrator.still(
            _session(request), request.path_params["frame"], read_edges(values), background
        )
        return Response(_jpeg(still), media_type="image/jpeg", headers=_UNCHANGING)

    def _file(self, request: Request) -> Response:
        session_id = _session(request)
        for output in self._orchestrator.outputs(session_id):
            wanted = (request.path_params["kind"], request.query_params.get("target", ""))
            if (output.kind, target_of(output)) != wanted:
                continue
            media_type = output_format(output.kind).media_type
            if "inline" in request.query_params:
                return FileResponse(output.path, media_type=media_type, headers=_CHANGING)
            name = file_name(self._orchestrator.state(session_id), output)
            return FileResponse(
                output.path, media_type=media_type, filename=name, headers=_CHANGING
            )
        return JSONResponse({"error": "none"}, status_code=404)


def is_signed_in(request: Request) -> bool:
    """Return whether the request comes from a signed-in user, or no password is set."""
    app = request.app
    if app.auth is None:
        return True
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(request.cookies.get(name) in app.tokens for name in names)


def _session(request: Request) -> str:
    return session_key(request.path_params["session"])


def _jpeg(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
