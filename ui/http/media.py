"""Pictures and files of a session over HTTP, straight from its folder; nothing is copied.

An address holds the session's unguessable id, frame numbers and output kinds, never a path.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from config import Settings
from pipeline.metrics import CONTENT_TYPE as METRICS_TYPE
from pipeline.orchestrator import Orchestrator, OutputFile
from pipeline.session.state import FIRST_TARGET, SessionState
from pipeline.video_io.outputs.registry import output_format
from ui.client import client_of
from ui.downloads import DEFAULT_NAME, ArchiveNames, clip_stem, file_name, target_of
from ui.http.fair_pool import FairPool, PoolBusyError, PoolClosedError
from ui.http.refusal import language_of
from ui.inputs import session_key, short_text
from ui.text import translate
from ui.views import state_stamp
from ui.widgets.edges.edges import read_edges
from utils.errors import BadRequest, SplazmatteError
from utils.http_text import attachment
from utils.types import Frame

_UNCHANGING = {"Cache-Control": "private, max-age=3600"}
_CHANGING = {"Cache-Control": "private, no-cache"}
JPEG_QUALITY = 90
WAITING_PICTURES = 32
"""Pictures of one client that may wait for a decoder."""
PACKING_AT_ONCE = 2
"""PNG sequences packed at a time."""
MOST_TOGETHER = 60
"""Sessions whose files are sent as one ZIP at most."""
WAITING_FILES = 16
"""Files of one client that may wait to be packed."""


class Media:
    """The routes beside Gradio's own; whoever gets here has passed the access control.

    Pictures that need a decoder, and files that may have to be packed, wait in fair pools of their
    own, so that neither keeps the page or `/healthz` from its answers.
    """

    def __init__(self, orchestrator: Orchestrator, settings: Settings) -> None:
        self._orchestrator = orchestrator
        self._decoding = FairPool("decode", settings.preview_decodes, WAITING_PICTURES)
        self._packing = FairPool("pack", PACKING_AT_ONCE, WAITING_FILES)

    def close(self) -> None:
        """End what is being decoded or packed; nothing more is begun."""
        self._decoding.close()
        self._packing.close()

    def routes(self) -> list[Route]:
        """Return the routes to serve."""
        return [
            Route("/healthz", self._healthz),
            Route("/metrics", self._metrics),
            Route("/media/{session}/frame/{frame:int}.jpg", _answering(self._frame)),
            Route("/media/{session}/mask/{frame:int}/{instance:int}.png", _answering(self._mask)),
            Route("/media/{session}/alpha/{frame:int}.png", _answering(self._alpha)),
            Route("/media/{session}/playback.mp4", _answering(self._play)),
            Route("/media/{session}/quick_preview.mp4", _answering(self._quick_preview)),
            Route("/media/{session}/quick_preview.jpg", _answering(self._quick_picture)),
            Route("/media/{session}/still/{frame:int}.jpg", _answering(self._still)),
            Route("/media/{session}/live.jpg", _answering(self._live)),
            Route("/media/{session}/file/{kind}", _answering(self._file)),
            Route("/media/{session}/all.zip", _answering(self._all)),
            Route("/media/{session}/stamp", _answering(self._stamp)),
        ]

    async def _healthz(self, request: Request) -> Response:
        health = self._orchestrator.health()
        answer = {"healthy": bool(health["healthy"]), "queue": int(health["jobs"])}
        if "workers" in health:
            answer["workers"] = int(health["workers"])
        return JSONResponse(answer, status_code=200 if health["healthy"] else 503)

    async def _metrics(self, request: Request) -> Response:
        text = await run_in_threadpool(self._orchestrator.metrics)
        return Response(text, media_type=METRICS_TYPE, headers=_CHANGING)

    async def _stamp(self, request: Request) -> Response:
        """Answer with what tells a page whether another one has changed its session, "" for one that is gone."""
        stamp = await run_in_threadpool(self._stamp_of, _session(request))
        return JSONResponse({"stamp": stamp}, headers=_CHANGING)

    def _stamp_of(self, session_id: str) -> str:
        try:
            return state_stamp(self._orchestrator.status(session_id))
        except SplazmatteError:
            return ""

    async def _frame(self, request: Request) -> Response:
        session_id, frame = _session(request), request.path_params["frame"]
        neighbours = "neighbours" in request.query_params
        # What was kept needs no decoder, and does not wait for one.
        content = await run_in_threadpool(self._orchestrator.kept_frame_jpeg, session_id, frame)
        if content is None:
            content = await self._decoding.run(
                request,
                client_of(request).key,
                lambda stop: self._orchestrator.frame_jpeg(
                    session_id, frame, stop, neighbours=neighbours
                ),
            )
        return Response(content, media_type="image/jpeg", headers=_UNCHANGING)

    async def _mask(self, request: Request) -> Response:
        values = request.path_params
        session_id, frame, instance = _session(request), values["frame"], values["instance"]
        number = request.query_params.get("target", str(FIRST_TARGET))
        target = int(number) if number.isdecimal() and len(number) < 9 else 0

        def read() -> bytes:
            path = self._orchestrator.instance_image(session_id, frame, instance, target)
            return path.read_bytes()

        content = await run_in_threadpool(read)
        return Response(content, media_type="image/png", headers=_UNCHANGING)

    async def _live(self, request: Request) -> Response:
        session_id = _session(request)
        return await _newest(request, lambda: self._orchestrator.status(session_id).live)

    async def _still(self, request: Request) -> Response:
        values = dict(request.query_params)
        values.pop("v", None)
        version = _version(values.pop("version", ""))
        background = values.pop("background", "checker")
        session_id, frame = _session(request), request.path_params["frame"]
        edges = read_edges(values)
        content = await self._decoding.run(
            request,
            client_of(request).key,
            lambda stop: _jpeg(
                self._orchestrator.still(session_id, frame, edges, background, stop, version)
            ),
        )
        return Response(content, media_type="image/jpeg", headers=_UNCHANGING)

    async def _alpha(self, request: Request) -> Response:
        values = dict(request.query_params)
        values.pop("v", None)
        version = _version(values.pop("version", ""))
        session_id, frame = _session(request), request.path_params["frame"]
        edges = read_edges(values)
        content = await self._decoding.run(
            request,
            client_of(request).key,
            lambda stop: _png(self._orchestrator.alpha_still(session_id, frame, edges, version)),
        )
        return Response(content, media_type="image/png", headers=_UNCHANGING)

    async def _play(self, request: Request) -> Response:
        return _clip(request, self._orchestrator.playback_clip(_session(request)))

    async def _quick_preview(self, request: Request) -> Response:
        path = self._orchestrator.quick_preview_file(_session(request), is_clip=True)
        return _clip(request, path)

    async def _quick_picture(self, request: Request) -> Response:
        session_id = _session(request)
        return await _newest(
            request, lambda: self._orchestrator.quick_preview_file(session_id, is_clip=False)
        )

    async def _file(self, request: Request) -> Response:
        session_id = _session(request)

        version = _version(request.query_params.get("version", ""))
        wanted = (request.path_params["kind"], request.query_params.get("target", ""))

        def find(_: threading.Event) -> tuple[SessionState, OutputFile | None]:
            outputs = self._orchestrator.outputs(session_id, version, wanted[0])
            found = next((one for one in outputs if (one.kind, target_of(one)) == wanted), None)
            if found is not None:
                self._orchestrator.prepare_download(session_id, found, version)
            return self._orchestrator.state(session_id), found

        state, output = await self._packing.run(request, client_of(request).key, find)
        if output is None:
            return _missing(request)
        media_type = output_format(output.kind).media_type
        if "inline" in request.query_params:
            return FileResponse(output.path, media_type=media_type, headers=_CHANGING)
        name = file_name(state, output, _pattern(request))
        link = await run_in_threadpool(
            self._orchestrator.download_link, session_id, output, name, media_type
        )
        if link:
            # The address is good for a while for whoever has it: it is made again for each download.
            return RedirectResponse(link, status_code=307, headers={"Cache-Control": "no-store"})
        return FileResponse(output.path, media_type=media_type, filename=name, headers=_CHANGING)

    async def _all(self, request: Request) -> Response:
        """Send the files of this session and of those in `also` as one ZIP, a folder each."""
        others = [key for key in request.query_params.get("also", "").split(",") if key]
        if len(others) >= MOST_TOGETHER:
            raise BadRequest("page.clips_limit", limit=MOST_TOGETHER)
        keys = [_session(request), *(session_key(key) for key in others)]

        name_of = ArchiveNames(_pattern(request))

        def begin(_: threading.Event) -> Iterator[bytes]:
            return self._orchestrator.archive(keys, name_of)

        pieces = await self._packing.run(request, client_of(request).key, begin)
        name = "splazmatte"
        if not others:
            name = clip_stem(await run_in_threadpool(self._orchestrator.state, keys[0]))
        headers = {"Content-Disposition": attachment(f"{name}.zip"), **_CHANGING}
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)


Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def _answering(answer: Endpoint) -> Endpoint:
    """Return the endpoint with errors turned into a status and one sentence."""

    async def endpoint(request: Request) -> Response:
        language = language_of(request.headers)
        try:
            return await answer(request)
        except BadRequest as error:
            return JSONResponse({"error": error.text(language)}, status_code=400)
        except SplazmatteError as error:
            return JSONResponse({"error": error.text(language)}, status_code=404)
        except PoolBusyError:
            text = translate("page.media.busy", language)
            return JSONResponse({"error": text}, status_code=429, headers={"Retry-After": "5"})
        except PoolClosedError:
            return JSONResponse({"error": translate("job.stopping", language)}, status_code=503)

    return endpoint


def _missing(request: Request) -> Response:
    text = translate("page.media.none", language_of(request.headers))
    return JSONResponse({"error": text}, status_code=404)


def _clip(request: Request, path: Path | None) -> Response:
    """Return the answer with a small clip for the page to play, 404 where there is none."""
    if path is None:
        return _missing(request)
    return FileResponse(path, media_type="video/mp4", headers=_UNCHANGING)


async def _newest(request: Request, find: Callable[[], Path | None]) -> Response:
    """Return the answer with a picture that is replaced while work goes on, 404 where there is none."""

    def read() -> bytes | None:
        # Read at once: the file's size changes with it, and it goes at the end.
        path = find()
        try:
            return None if path is None else path.read_bytes()
        except FileNotFoundError:
            return None

    content = await run_in_threadpool(read)
    if content is None:
        return _missing(request)
    return Response(content, media_type="image/jpeg", headers=_CHANGING)


def _session(request: Request) -> str:
    return session_key(request.path_params["session"])


def _version(text: str) -> int | None:
    """Return the number of a version, None for the current result."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 8:
        raise BadRequest("page.bad_value", name="version")
    return int(text)


def _pattern(request: Request) -> str:
    return short_text(request.query_params.get("name"), "name", 200) or DEFAULT_NAME


def _jpeg(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _png(grey: Frame) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(grey[..., 0]).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
