"""What a file's header says, read by a worker in a limited child process; it decides nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.errors import BadUpload

WORKER = Path(__file__).with_name("header_worker.py")
HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """The first video stream that is no cover art.

    `packets` could be read; `header_frames` and `index_frames` are what the container promises (0
    where it does not say). `matrix`, `primaries`, `transfer` are H.273 codes, `colour_range` is
    FFmpeg's. `rotation` is in degrees, of the first frame.
    """

    index: int
    codec: str
    time_base: Fraction
    average_rate: Fraction
    guessed_rate: Fraction
    header_frames: int
    index_frames: int
    packets: int
    coded_wh: tuple[int, int]
    pixel_format: str
    matrix: int
    primaries: int
    transfer: int
    colour_range: int
    rotation: int

    @classmethod
    def of(cls, raw: dict[str, Any]) -> VideoHeader:
        """Return the header from the worker's answer; what it could not find out is neutral."""
        return cls(
            index=int(raw["index"]),
            codec=str(raw["codec"]),
            time_base=Fraction(raw["time_base"]),
            average_rate=Fraction(raw["average_rate"]),
            guessed_rate=Fraction(raw["guessed_rate"]),
            header_frames=int(raw["header_frames"]),
            index_frames=int(raw["index_frames"]),
            packets=int(raw.get("packets", 0)),
            coded_wh=(int(raw.get("width", 0)), int(raw.get("height", 0))),
            pixel_format=str(raw.get("pixel_format", "")),
            matrix=int(raw.get("matrix", 2)),
            primaries=int(raw.get("primaries", 2)),
            transfer=int(raw.get("transfer", 2)),
            colour_range=int(raw.get("range", 0)),
            rotation=int(raw.get("rotation", 0)),
        )

    @property
    def rate(self) -> Fraction:
        """Frames a second as the container says; 0 when it does not."""
        return self.average_rate or self.guessed_rate

    @property
    def size_wh(self) -> tuple[int, int]:
        """The displayed size, after rotation."""
        width, height = self.coded_wh
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, slots=True)
class Header:
    """A container: `duration_s` as it promises, `read_s` as far as its packets really go."""

    container: str
    streams: int
    duration_s: float
    read_s: float
    video: VideoHeader | None
    audio_codec: str | None

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Header:
        """Return the header from the worker's answer."""
        return cls(
            container=str(raw["container"]),
            streams=int(raw["streams"]),
            duration_s=float(raw["duration_s"]),
            read_s=float(raw["read_s"]),
            video=VideoHeader.of(raw["video"]) if raw["video"] else None,
            audio_codec=str(raw["audio"]) if raw["audio"] else None,
        )


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
