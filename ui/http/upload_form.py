"""The multipart form of an upload: its file goes to disk while it arrives."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from python_multipart.multipart import MultipartParser, parse_options_header

from pipeline.session.store import clean_name
from ui.text import shown_bytes
from utils.errors import BadRequest, BadUpload

NAME_BYTES = 200
"""Longest file name on disk, in bytes of UTF-8."""


@dataclass(slots=True)
class UploadProgress:
    """How far an upload is; `told_bytes` were reported to the browser already."""

    name: str = ""
    received_bytes: int = 0
    told_bytes: int = 0
    is_done: bool = False


class UploadForm:
    """Takes a multipart form apart: its file goes to the folder, fields are dropped, a second file is refused."""

    def __init__(self, folder: Path, limit_bytes: int, progress: UploadProgress) -> None:
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
        # Browsers send a field in which no file was chosen with an empty name.
        if not self._is_in_file and options.get(b"filename"):
            raise BadRequest("page.upload.several")
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
