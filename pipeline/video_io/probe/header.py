"""What a file's header says, read by a worker in a limited child process; it decides nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.header_fields import Header
from pipeline.video_io.runner import FILE_PREFIX, Child, ChildStuckError, Limits
from utils.errors import BadUpload

WORKER = Path(__file__).with_name("header_worker.py")
HEADER_BYTES = 64 * 1024


def read_header(settings: Settings, path: Path, patience: float = 1.0) -> Header:
    """Return what a container says of itself, read in a limited child process.

    Args:
        patience: times the wall-clock seconds that it may take; the processor time stays limited.

    Raises:
        BadUpload: it is not a container that we read, or reading it took too long.
    """
    options: dict[str, str] = {
        "formats": ffmpeg.format_whitelist(settings),
        "codecs": ffmpeg.codec_whitelist(settings),
        "max_pixels": str(ffmpeg.max_pixels(settings)),
        "max_streams": str(settings.max_streams),
    }
    limit_s = settings.probe_timeout_s * patience
    limits = Limits(
        cpu_s=int(settings.probe_timeout_s) + 1, address_bytes=4 * 1024**3, stall_s=limit_s
    )
    argv = [
        sys.executable,
        "-I",
        str(WORKER),
        f"{FILE_PREFIX}{path.absolute()}",
        json.dumps(options),
    ]
    try:
        with Child(argv, limits) as child:
            text = b""
            while len(text) < HEADER_BYTES and (chunk := child.read_some(child.stdout)):
                text += chunk
            code = child.wait(limit_s)
            log = child.log
    except ChildStuckError as error:
        detail = f"header worker: nothing in {limit_s:g} s {error}"
        raise BadUpload("video.probe_timeout", limit=round(limit_s, 1), detail=detail) from error
    if code != 0:
        raise _unreadable(settings, path, f"header worker: {code} {log}")
    return Header.of(json.loads(text))


_KINDS = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (8, b"WAVE", "WAV"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypavif", "AVIF"),
    (0, b"ID3", "MP3"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"FLV", "FLV"),
    (0, b"\x30\x26\xb2\x75", "Windows Media (ASF, WMV)"),
    (0, b"\x06\x0e\x2b\x34", "MXF"),
    (0, b"%PDF", "PDF"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"Rar!", "RAR"),
    (0, b"7z\xbc\xaf", "7-Zip"),
)
"""Offset, signature and name of the format, the same in every language, of files that are taken for clips."""


def _unreadable(settings: Settings, path: Path, detail: str) -> BadUpload:
    formats = ", ".join(settings.formats)
    with path.open("rb") as stream:
        head = stream.read(32)
    for offset, signature, kind in _KINDS:
        if head[offset:].startswith(signature):
            return BadUpload("video.other_kind", kind=kind, formats=formats, detail=detail)
    return BadUpload("video.unreadable", formats=formats, detail=detail)
