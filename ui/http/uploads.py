"""Uploads: streamed to the data disk, each file in a folder of its own that nobody else's can touch."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from config import Settings
from pipeline.storage import disk
from ui.http.clients import RecentAmounts
from ui.http.login import client_address
from ui.http.refusal import language_of, problem
from ui.http.upload_form import UploadForm, UploadProgress
from ui.text import shown_bytes
from utils.errors import BadRequest, BadUpload, SplazmatteError

logger = logging.getLogger(__name__)

BUDGET_WINDOW_S = 3600.0
"""Seconds over which a client's upload budget counts."""
FORM_OVERHEAD_BYTES = 64 * 1024
"""Bytes that a form may have beside the file itself."""
WRITE_BYTES = 1024**2
"""Bytes gathered before they are written."""
MOST_PROGRESS = 200
"""Uploads whose progress is remembered; the oldest are forgotten first."""
PROGRESS_PERIOD_S = 0.25
PROGRESS_LASTS_S = 3600.0


class Uploads:
    """The upload route and its progress; `uploads_dir` is the only place it writes to."""

    def __init__(
        self,
        settings: Settings,
        uploads_dir: Path,
    ) -> None:
        self._settings = settings
        self._uploads_dir = uploads_dir
        self._received = RecentAmounts(BUDGET_WINDOW_S, time.monotonic)
        self._progress: OrderedDict[str, UploadProgress] = OrderedDict()

    def routes(self) -> list[Route]:
        """Return the routes to serve; they stand in for Gradio's of the same addresses."""
        return [
            Route("/gradio_api/upload", self._upload, methods=["POST"]),
            Route("/gradio_api/upload_progress", self._report, methods=["GET"]),
        ]

    async def receive(self, request: Request) -> Path:
        """Take the file of a multipart form; whoever calls removes it, with the folder it lies in.

        Raises:
            SplazmatteError: it is too large, the client has sent too much, the disk is full, or there is no file.
            ClientDisconnect: it broke off.
        """
        progress = self._begin(request.query_params.get("upload_id", ""))
        folder = self._uploads_dir / secrets.token_urlsafe(18)
        try:
            self._check_before(request)
            form = UploadForm(folder, self._settings.max_upload_bytes, progress)
            with disk.translate_disk_errors(self._uploads_dir):
                await anyio.to_thread.run_sync(lambda: folder.mkdir(mode=0o700, parents=True))
                await self._receive(request, form)
            return form.paths[0]
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            progress.is_done = True

    async def _upload(self, request: Request) -> Response:
        try:
            return JSONResponse([str(await self.receive(request))])
        except SplazmatteError as error:
            return _answer(request, error)

    async def _receive(self, request: Request, form: UploadForm) -> None:
        client = client_address(request.scope)
        parser = form.parser(request.headers.get("content-type", ""))
        try:
            async for chunk in request.stream():
                self._received.add(client, len(chunk))
                form.received_bytes += len(chunk)
                self._check_during(client, form)
                parser.write(chunk)
                if form.waiting_bytes >= WRITE_BYTES:
                    await anyio.to_thread.run_sync(self._write, form)
            parser.finalize()
            await anyio.to_thread.run_sync(self._write, form)
        except FormParserError as error:
            raise BadRequest("page.upload.form", detail=str(error)) from error
        finally:
            form.close()
        if not form.is_complete:
            raise ClientDisconnect
        if not form.paths:
            raise BadRequest("page.upload.form")

    def _write(self, form: UploadForm) -> None:
        self._check_disk(form.waiting_bytes)
        form.write()

    def _check_before(self, request: Request) -> None:
        declared = request.headers.get("content-length", "0")
        size_bytes = int(declared) if declared.isdecimal() and len(declared) < 16 else 0
        if size_bytes > self._settings.max_upload_bytes + FORM_OVERHEAD_BYTES:
            raise _too_large(self._settings)
        self._check_budget(client_address(request.scope), size_bytes)
        self._check_disk(size_bytes)

    def _check_disk(self, size_bytes: int) -> None:
        reserve_bytes = self._settings.min_free_disk_bytes
        disk.check_before(self._uploads_dir, size_bytes, reserve_bytes, "video.disk_before")

    def _check_during(self, client: str, form: UploadForm) -> None:
        if form.received_bytes > self._settings.max_upload_bytes + FORM_OVERHEAD_BYTES:
            raise _too_large(self._settings)
        self._check_budget(client, 0)

    def _check_budget(self, client: str, size_bytes: int) -> None:
        budget_bytes = self._settings.client_upload_budget_bytes
        if self._received.total(client) + size_bytes > budget_bytes:
            raise BadUpload("page.upload.budget", limit=shown_bytes(budget_bytes))

    def _begin(self, upload_id: str) -> UploadProgress:
        progress = UploadProgress()
        if upload_id:
            self._progress[upload_id[:100]] = progress
            while len(self._progress) > MOST_PROGRESS:
                self._progress.popitem(last=False)
        return progress

    async def _report(self, request: Request) -> Response:
        upload_id = request.query_params.get("upload_id", "")[:100]
        return StreamingResponse(self._events(upload_id), media_type="text/event-stream")

    async def _events(self, upload_id: str) -> AsyncIterator[str]:
        """Yield the events that Gradio's upload widget reads."""
        ends_s = time.monotonic() + PROGRESS_LASTS_S
        while time.monotonic() < ends_s:
            progress = self._progress.get(upload_id)
            if progress is not None and progress.received_bytes > progress.told_bytes:
                size_bytes = progress.received_bytes - progress.told_bytes
                progress.told_bytes = progress.received_bytes
                update = {"msg": "update", "orig_name": progress.name, "chunk_size": size_bytes}
                yield f"data: {json.dumps(update)}\n\n"
            if progress is not None and progress.is_done:
                self._progress.pop(upload_id, None)
                break
            await asyncio.sleep(PROGRESS_PERIOD_S)
        yield 'data: {"msg": "done"}\n\n'


def _too_large(settings: Settings) -> BadUpload:
    return BadUpload("page.upload.too_large", limit=shown_bytes(settings.max_upload_bytes))


_STATUS = {
    "page.upload.too_large": 413,
    "page.upload.budget": 429,
    "page.upload.form": 400,
    "page.upload.several": 400,
    "page.upload.removed": 409,
}


def _answer(request: Request, error: SplazmatteError) -> Response:
    """Return the refusal; a full disk is answered with 507, insufficient storage."""
    return problem(error.text(language_of(request.headers)), _STATUS.get(error.code, 507))
