"""What a file's header says, read by a worker in a limited child process; it decides nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.header_fields import Header
from pipeline.video_io.probe.boxes import lacks_index
from pipeline.video_io.runner import FILE_PREFIX, Child, ChildStuckError, Limits
from utils.errors import BadUpload
from utils.file_kinds import HEAD_BYTES, is_text, kind_of

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
    header = Header.of(json.loads(text))
    if header.container.startswith("mov") and lacks_index(path):
        # A still HEIC or AVIF has pictures, of which FFmpeg may show a tile, and no track.
        raise _unreadable(settings, path, "no track")
    return header


def _unreadable(settings: Settings, path: Path, detail: str) -> BadUpload:
    """Return the refusal of a file that no reader takes: what it is, or what of it is missing."""
    formats = ", ".join(settings.formats)
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    kind = kind_of(head)
    if kind == "WebP" and "webp" in settings.formats:
        return BadUpload("video.still_webp", formats=formats, detail=detail)
    if kind:
        return BadUpload("video.other_kind", kind=kind, formats=formats, detail=detail)
    if lacks_index(path):
        return BadUpload("video.no_index", detail=detail)
    if not head.strip(b"\0"):
        return BadUpload("video.zeros", detail=detail)
    if is_text(head):
        return BadUpload("video.text_file", formats=formats, detail=detail)
    return BadUpload("video.unreadable", formats=formats, detail=detail)
