"""Uploads: streamed to the data disk, each file in a folder of its own that nobody else's can touch."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from config import Settings
from pipeline.session.store import clean_name
from pipeline.storage import disk
from ui.http.clients import RecentAmounts
from ui.http.login import client_address
from ui.text import choose_language, shown_bytes
from utils.errors import BadRequest, BadUpload, SplazmatteError

logger = logging.getLogger(__name__)

BUDGET_WINDOW_S = 3600.0
"""Seconds over which a client's upload budget counts."""
FORM_OVERHEAD_BYTES = 64 * 1024
"""Bytes that a form may have beside the file itself."""
WRITE_BYTES = 1024**2
"""Bytes gathered before they are written."""
NAME_BYTES = 200
"""Longest file name on disk, in bytes of UTF-8."""
MOST_PROGRESS = 200
"""Uploads whose progress is remembered; the oldest are forgotten first."""
PROGRESS_PERIOD_S = 0.25
PROGRESS_LASTS_S = 3600.0


@dataclass(slots=True)
class _Progress:
    """How far an upload is; `told_bytes` were reported to the browser already."""

    name: str = ""
    received_bytes: int = 0
    told_bytes: int = 0
    is_done: bool = False


class Uploads:
    """The upload route and its progress; `uploads_dir` is the only place it writes to."""

    def __init__(
        self,
        settings: Settings,
        uploads_dir: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._uploads_dir = uploads_dir
        self._received = RecentAmounts(BUDGET_WINDOW_S, clock)
        self._progress: OrderedDict[str, _Progress] = OrderedDict()

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
            form = _FormWriter(folder, self._settings.max_upload_bytes, progress)
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

    async def _receive(self, request: Request, form: _FormWriter) -> None:
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

    def _write(self, form: _FormWriter) -> None:
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

    def _check_during(self, client: str, form: _FormWriter) -> None:
        if form.received_bytes > self._settings.max_upload_bytes + FORM_OVERHEAD_BYTES:
            raise _too_large(self._settings)
        self._check_budget(client, 0)

    def _check_budget(self, client: str, size_bytes: int) -> None:
        budget_bytes = self._settings.client_upload_budget_bytes
        if self._received.total(client) + size_bytes > budget_bytes:
            raise BadUpload("page.upload.budget", limit=shown_bytes(budget_bytes))

    def _begin(self, upload_id: str) -> _Progress:
        progress = _Progress()
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


class _FormWriter:
    """Takes a multipart form apart: the first file goes to the folder, everything else is dropped."""

    def __init__(self, folder: Path, limit_bytes: int, progress: _Progress) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._progress = progress
        self._header = ("", "")
        self._headers: dict[str, str] = {}
        self._file: BinaryIO | None = None
        self._is_in_file = False
        self._waiting: list[bytes] = []
        self.waiting_bytes = 0
        self.file_bytes = 0
        self.received_bytes = 0
        self.is_complete = False
        self.paths: list[Path] = []

    def parser(self, content_type: str) -> MultipartParser:
        """Return the parser that feeds this form.

        Raises:
            BadRequest: the body is no multipart form.
        """
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise BadRequest("page.upload.form")
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._add_header(data[start:end], 0),
                "on_header_value": lambda data, start, end: self._add_header(data[start:end], 1),
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._add_content,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def write(self) -> None:
        """Write what is waiting."""
        if self._file is not None:
            self._file.writelines(self._waiting)
            self._file.flush()
        self._waiting.clear()
        self.waiting_bytes = 0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def _begin_part(self) -> None:
        self._headers.clear()
        self._header = ("", "")

    def _add_header(self, data: bytes, place: int) -> None:
        text = data.decode("latin-1")
        name, value = self._header
        self._header = (name, value + text) if place else (name + text, value)

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.lower()] = value
        self._header = ("", "")

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        self._is_in_file = b"filename" in options and self._file is None
        if self._is_in_file:
            name = file_name(options[b"filename"].decode("utf-8", "replace"))
            self._progress.name = name
            try:
                self._file = (self._folder / name).open("xb")
            except FileNotFoundError as error:
                raise BadUpload("page.upload.removed", detail=str(error)) from error
            self.paths.append(self._folder / name)

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        if not self._is_in_file:
            return
        self.file_bytes += end - start
        if self.file_bytes > self._limit_bytes:
            raise BadUpload("page.upload.too_large", limit=shown_bytes(self._limit_bytes))
        self._waiting.append(data[start:end])
        self.waiting_bytes += end - start
        self._progress.received_bytes = self.file_bytes

    def _end_part(self) -> None:
        self._is_in_file = False

    def _end(self) -> None:
        self.is_complete = True


def file_name(given: str) -> str:
    """Return the name a file gets on disk: as given, without folders and control characters, short."""
    path = PurePosixPath(given.replace("\\", "/"))
    stem = clean_name(path.stem).encode("utf-8", "replace")[:NAME_BYTES].decode("utf-8", "ignore")
    suffix = clean_name(path.suffix)[:12] if path.suffix else ""
    return "clip" if stem + suffix in ("", ".", "..") else stem + suffix


def _too_large(settings: Settings) -> BadUpload:
    return BadUpload("page.upload.too_large", limit=shown_bytes(settings.max_upload_bytes))


_STATUS = {
    "page.upload.too_large": 413,
    "page.upload.budget": 429,
    "page.upload.form": 400,
    "page.upload.removed": 409,
}


def _answer(request: Request, error: SplazmatteError) -> Response:
    """Return the refusal; a full disk is answered with 507, insufficient storage."""
    text = error.text(choose_language(request.headers.get("accept-language", "")))
    return JSONResponse({"error": text, "detail": text}, _STATUS.get(error.code, 507))
