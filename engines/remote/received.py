"""Opens what a service returned, as a file that nobody may trust: a clip, a matte in a ZIP, or a picture."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from engines.base import ClipExchange, ReturnedClip
from engines.remote.fit import brightness
from engines.remote.spec import Service
from utils.errors import BadUpload, ServiceFailed
from utils.types import Alpha, Message

_MATTE_IN_ZIP = "alpha.mp4"
_ENCRYPTED = 1
"""Bit of a ZIP member's flags (APPNOTE 4.4.4)."""
_MOST_DIRECTORY_BYTES = 64 * 1024
"""Longest list of members: a bundle has two, and a file of nothing but entries would fill the memory."""
_END_RECORD, _END_RECORD_BYTES = b"PK\x05\x06", 22
_ZIP64_RECORD, _ZIP64_BYTES = b"PK\x06\x07", 20
_LONGEST_COMMENT = 65_535
_MEGABYTE = 1024 * 1024
_COPY_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """Opens the results of one run.

    Args:
        exchange: decodes in a child process with limits.
        folder: for what is unpacked.
        most_bytes: largest matte that is taken out of a ZIP.
    """

    service: Service
    exchange: ClipExchange
    folder: Path
    most_bytes: int
    cancel: Event

    def clip(self, result: Path) -> ReturnedClip:
        """Return the clip of a result.

        Raises:
            ServiceFailed: it is damaged, so that it is fetched again, or too large.
        """
        try:
            return self.exchange.open_clip(self._unpacked(result), self.cancel)
        except (BadUpload, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise self._damaged(error) from error

    def picture(self, path: Path) -> Alpha:
        """Return the alpha of a picture, float32 (H, W); raises as `clip`."""
        try:
            pixels = self.exchange.read_picture(path, self.cancel)
        except BadUpload as error:
            raise self._damaged(error) from error
        if self.service.returns == "transparency":
            return pixels[..., 3].astype(np.float32) / np.float32(255)
        return brightness(pixels[..., :3])

    def _damaged(self, error: Exception) -> ServiceFailed:
        reason = error.message if isinstance(error, BadUpload) else Message("remote.bad_zip")
        title = self.service.title
        return ServiceFailed("remote.damaged", detail=str(error), service=title, reason=reason)

    def _unpacked(self, result: Path) -> Path:
        """Return a result as a file of this run: the matte of a ZIP, or a link, since the result is renamed."""
        if self.service.returns != "zip_matte":
            linked = self.folder / f"received{result.suffix}"
            linked.unlink(missing_ok=True)
            os.link(result, linked)
            return linked
        _check_directory(result)
        unpacked = self.folder / _MATTE_IN_ZIP
        with zipfile.ZipFile(result) as archive, unpacked.open("wb") as target:
            if _MATTE_IN_ZIP not in archive.namelist():
                raise zipfile.BadZipFile(f"no {_MATTE_IN_ZIP}")
            if archive.getinfo(_MATTE_IN_ZIP).flag_bits & _ENCRYPTED:
                raise zipfile.BadZipFile("encrypted")
            with archive.open(_MATTE_IN_ZIP) as source:
                while chunk := source.read(_COPY_BYTES):
                    # What the ZIP says of the size is not trusted.
                    if target.tell() + len(chunk) > self.most_bytes:
                        raise ServiceFailed(
                            "remote.result_too_large",
                            service=self.service.title,
                            limit_mb=self.most_bytes // _MEGABYTE,
                        )
                    target.write(chunk)
        return unpacked


def _check_directory(path: Path) -> None:
    """Refuse a ZIP whose list of members is long, before it is read (APPNOTE 4.3.16).

    Raises:
        zipfile.BadZipFile: it is, or there is none.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _END_RECORD_BYTES - _LONGEST_COMMENT))
        tail = stream.read()
    place = tail.rfind(_END_RECORD)
    if place < 0 or len(tail) - place < _END_RECORD_BYTES:
        raise zipfile.BadZipFile("no list of members")
    (directory_bytes,) = struct.unpack_from("<L", tail, place + 12)
    # A ZIP64 record, just before, would count instead.
    is_zip64 = tail[max(0, place - _ZIP64_BYTES) : place].startswith(_ZIP64_RECORD)
    if directory_bytes > _MOST_DIRECTORY_BYTES or is_zip64:
        raise zipfile.BadZipFile("too many members")
