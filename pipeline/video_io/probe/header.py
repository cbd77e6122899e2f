"""What a file's header says, read by a worker in a limited child process; it decides nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.header_fields import Header
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.errors import BadUpload

WORKER = Path(__file__).with_name("header_worker.py")
HEADER_BYTES = 64 * 1024


def read_header(settings: Settings, path: Path) -> Header:
    """Return what a container says of itself, read in a limited child process.

    Raises:
        BadUpload: it is not a container that we read, or reading it took too long.
    """
    options: dict[str, str] = {
        "formats": ffmpeg.format_whitelist(settings),
        "codecs": ffmpeg.codec_whitelist(),
        "max_pixels": str(ffmpeg.max_pixels(settings)),
        "max_streams": str(settings.max_streams),
    }
    limits = Limits(
        cpu_s=int(settings.probe_timeout_s) + 1,
        address_bytes=4 * 1024**3,
        stall_s=settings.probe_timeout_s,
    )
    argv = [sys.executable, "-I", str(WORKER), str(path.absolute()), json.dumps(options)]
    try:
        with Child(argv, limits) as child:
            text = b""
            while len(text) < HEADER_BYTES and (chunk := child.read_some(child.stdout)):
                text += chunk
            code = child.wait(settings.probe_timeout_s)
            log = child.log
    except ChildStuckError as error:
        raise BadUpload(
            "video.probe_timeout", limit=settings.probe_timeout_s, detail=str(error)
        ) from error
    if code != 0:
        raise _unreadable(settings, f"header worker: {code} {log}")
    return Header.of(json.loads(text))


def _unreadable(settings: Settings, detail: str) -> BadUpload:
    return BadUpload("video.unreadable", formats=", ".join(settings.formats), detail=detail)
