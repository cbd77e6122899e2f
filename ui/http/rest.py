"""REST and WebSocket beside the page, on the same server: the same sessions, jobs, limits and errors.

It adds no step of its own: each route calls what the page's named endpoints call.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.orchestrator import Orchestrator
from pipeline.session.state import FIRST_TARGET
from ui.client import client_of
from ui.http.api import Api
from ui.http.fair_pool import FairPool, PoolBusyError, PoolClosedError
from ui.http.refusal import language_of, problem
from ui.http.rest_models import Clip, Found, Marks, Matting, Problem, Task, value_problem
from ui.http.uploads import Uploads
from ui.inputs import forget_upload, upload_options
from ui.page.wiring import SEGMENTS_AT_ONCE
from ui.text import translate
from ui.views import clip_view
from utils.errors import (
    BadRequest,
    BadUpload,
    DiskDenied,
    EngineUnavailable,
    NotEnoughDisk,
    SessionError,
    SplazmatteError,
    StoreUnavailable,
    UnusablePrompt,
    WorkersUnavailable,
)
from utils.messages import Language, render

T = TypeVar("T")

WAITING_SEGMENTS = 16
"""Selections of one client that may wait for their turn."""
INGESTS_AT_ONCE = 2
"""Clips that are checked at a time."""
LOOK_S = 0.5
"""Seconds between two looks at a job whose progress somebody listens to."""

_STATUS_OF_CODE = {
    "job.session_unknown": 404,
    "job.session_removed": 404,
    "page.rest.unknown": 422,
    "job.queue_full": 429,
    "job.client_queue_full": 429,
    "page.upload.too_large": 413,
    "page.upload.budget": 429,
}
_STATUS_OF_CLASS: tuple[tuple[type[SplazmatteError], int], ...] = (
    (BadRequest, 400),
    (BadUpload, 400),
    (UnusablePrompt, 400),
    (SessionError, 409),
    (NotEnoughDisk, 507),
    (DiskDenied, 507),
    (EngineUnavailable, 503),
    (WorkersUnavailable, 503),
    (StoreUnavailable, 503),
)


class _SentenceRoute(APIRoute):
    """A route whose errors are a status and one sentence, as everywhere on this server."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return the handler with errors turned into answers."""
        handle = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params}

        async def handle_in_words(request: Request) -> Response:
            try:
                # A misspelt one would be without effect, as a mask meant for another target.
                for name in request.query_params.keys() - known:
                    raise BadRequest("page.rest.unknown", name=name[:80])
                answer: Response = await handle(request)
                return answer
            except RequestValidationError as error:
                return problem(render(value_problem(error), language_of(request.headers)), 422)
            except gr.Error as error:
                return problem(str(error.message), status_of(error.__cause__))
            except SplazmatteError as error:
                return problem(error.text(language_of(request.headers)), status_of(error))
            except PoolBusyError:
                return problem(translate("page.media.busy", language_of(request.headers)), 429)
            except PoolClosedError:
                return problem(translate("job.stopping", language_of(request.headers)), 503)

        return handle_in_words


def status_of(error: BaseException | None) -> int:
    """Return the HTTP status of an error: 4xx for what the client can change, 503 for what the admin can."""
    if not isinstance(error, SplazmatteError):
        return 500
    by_class = next((status for kind, status in _STATUS_OF_CLASS if isinstance(error, kind)), 500)
    return _STATUS_OF_CODE.get(error.code, by_class)


class Rest:
    """The routes; whoever gets here has passed the access control."""

    def __init__(self, orchestrator: Orchestrator, api: Api, uploads: Uploads) -> None:
        self._orchestrator = orchestrator
        self._api = api
        self._uploads = uploads
        self._segmenting = FairPool("rest-segment", SEGMENTS_AT_ONCE, WAITING_SEGMENTS)
        self._ingesting = FairPool("rest-ingest", INGESTS_AT_ONCE, WAITING_SEGMENTS)
        self._description: dict[str, Any] | None = None

    def close(self) -> None:
        """Begin nothing more."""
        self._segmenting.close()
        self._ingesting.close()

    def routes(self) -> list[BaseRoute]:
        """Return the routes to serve."""
        problems: dict[int | str, dict[str, Any]] = {
            status: {"model": Problem} for status in (400, 404, 409, 413, 422, 429, 503, 507)
        }
        router = APIRouter(route_class=_SentenceRoute, responses=problems)
        router.post("/clips", status_code=201, openapi_extra=_FILE_BODY)(self.clips)
        router.post("/segment")(self.segment)
        router.post("/segment/mask", openapi_extra=_FILE_BODY)(self.segment_mask)
        router.post("/matting", status_code=202)(self.matting)
        router.get("/tasks/{task}")(self.task)
        router.delete("/tasks/{task}")(self.cancel)
        router.websocket("/tasks/{task}/progress")(self.progress)

        async def describe(_: Request) -> Response:
            return JSONResponse(self._describe(router))

        return [*router.routes, Route("/openapi.json", describe, methods=["GET"])]

    async def clips(
        self, request: Request, fps: str = "", hold_missing: bool = False, alpha_mode: str = "auto"
    ) -> Clip:
        """Upload a clip, or a ZIP of numbered pictures, as a multipart form with one file; it becomes a session.

        `fps` is the rate of pictures, such as 24000/1001, and `hold_missing` fills their gaps.
        `alpha_mode` is what the colours of a file with transparency are taken for: straight, premultiplied, or auto.
        """
        options = upload_options(fps, hold_missing, alpha_mode)
        path = await self._uploads.receive(request)
        owner = client_of(request).key

        def ingest(_: threading.Event) -> Clip:
            try:
                made = self._orchestrator.create_session(
                    path, path.name, may_link=True, owner=owner, options=options
                )
            finally:
                forget_upload(path)
            view: Any = clip_view(made, language_of(request.headers))
            fields = {"fps": view["rate"], "notices": view["notes"]}
            return Clip.model_validate({**view, **fields})

        with _forgotten_when_refused(path):
            return await self._ingesting.run(request, owner, ingest)

    async def segment(self, marks: Marks, request: Request) -> Found:
        """Find a target on a frame; the answer takes seconds. What is kept of it the next job mattes."""
        values = marks.model_dump()
        return await self._found(request, lambda: self._api.segment(**values, **_spoken(request)))

    async def segment_mask(
        self, session: str, request: Request, frame: int = 0, target: int = FIRST_TARGET
    ) -> Found:
        """Make a mask the target on a frame: a multipart form with one PNG of the clip's size, white = target."""
        path = await self._uploads.receive(request)
        mask: Any = {"path": str(path), "orig_name": path.name}
        with _forgotten_when_refused(path):
            return await self._found(
                request,
                lambda: self._api.segment(
                    session, frame, mask=mask, target=target, **_spoken(request)
                ),
            )

    async def matting(self, body: Matting, request: Request) -> Task:
        """Queue the matting job of a session; follow it as a task."""
        values = body.model_dump()
        await run_in_threadpool(lambda: self._api.submit(**values, **_spoken(request)))
        return await self._task(values["session"], language_of(request.headers))

    async def task(self, task: str, request: Request) -> Task:
        """Return how far a session's job is, and its finished files."""
        return await self._task(task, language_of(request.headers))

    async def cancel(self, task: str, request: Request) -> Task:
        """Ask the job to stop at its next frame; harmless when none is active."""
        await run_in_threadpool(lambda: self._api.cancel(task, **_spoken(request)))
        return await self._task(task, language_of(request.headers))

    async def progress(self, socket: WebSocket, task: str) -> None:
        """Send the task whenever it has changed, until its job has ended or nobody listens."""
        language = language_of(socket.headers)
        await socket.accept()
        leaving = asyncio.ensure_future(_until_closed(socket))
        sent: Task | None = None
        try:
            while not leaving.done():
                now = await self._task(task, language)
                if now != sent:
                    await socket.send_json(now.model_dump())
                sent = now
                if now.job is None or not now.job.is_active:
                    await socket.close()
                    return
                await asyncio.wait({leaving}, timeout=LOOK_S)
        except gr.Error as error:
            await socket.send_json({"error": str(error.message)})
            await socket.close(1008)
        except (WebSocketDisconnect, RuntimeError):
            return  # it went away while something was being sent
        finally:
            leaving.cancel()

    async def _found(self, request: Request, find: Callable[[], Any]) -> Found:
        client = client_of(request).key
        return Found.model_validate(await self._segmenting.run(request, client, lambda _: find()))

    async def _task(self, session: str, language: Language) -> Task:
        def read() -> Task:
            status = self._api.status(session, language)
            is_done = status["state"] == "done"
            result = self._api.result(session, language) if is_done else {"outputs": []}
            return Task.model_validate({"id": session, **status, **result})

        return await run_in_threadpool(read)

    def _describe(self, router: APIRouter) -> dict[str, Any]:
        if self._description is None:
            self._description = get_openapi(
                title="SplazMatte", version="1", routes=router.routes, openapi_version="3.1.0"
            )
        return self._description


_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    }
}


@contextlib.contextmanager
def _forgotten_when_refused(upload: Path) -> Iterator[None]:
    """Remove an upload that is not looked at, since its client has too many waiting or the server stops."""
    try:
        yield
    except (PoolBusyError, PoolClosedError):
        forget_upload(upload)
        raise


def _spoken(request: Request) -> dict[str, Any]:
    return {"language": language_of(request.headers)}


async def _until_closed(socket: WebSocket) -> None:
    """Return when the other side closes; what it sends is of no interest."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
