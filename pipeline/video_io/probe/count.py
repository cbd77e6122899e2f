"""Decodes every frame of a clip once, in a limited child process, and notes what came out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.colour import resolve_tags, size_filter
from pipeline.video_io.header_fields import VideoHeader
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.errors import BadUpload, FfmpegFailed

_SHOWN_FRAME = re.compile(r"\bn: *\d+ .*\bs:(\d+)x(\d+) i:([PTB])")
_FRAME_LINE = re.compile(r"0, *(-?\d+|NOPTS), *(-?\d+|NOPTS), *(-?\d+), *\d+, *0x([0-9a-fA-F]+)")
_PIXEL_FORMAT = re.compile(r"\bfmt: ?(\w+)")
_ASPECT = re.compile(r"sar:(\d+)/(\d+)")
_PREMULTIPLIED = "alpha_mode:premultiplied"
"""What FFmpeg says of a frame, from version 8 on, whose decoder knows it."""
_DAMAGE = re.compile(
    r"\[(?:error|fatal)\].*(?:error while decoding|decode|conceal|corrupt|damaged|invalid|illegal)"
    r"|matroska,webm @ \S+ \[error\]|\[error\] overread \d"
    r"|\] concealing \d+ DC|corrupt decoded frame|corrupt input packet",
    re.IGNORECASE,
)
"""Other lines on the error level are about edit lists and the like, and mean no harm."""
_DAMAGE_IN_FRAME_LINE = re.compile(
    r"Parsed_showinfo(?!.*side data).*(?:error while decoding|conceal|corrupt|damaged|overread"
    r"|EBML|in(?:side)? parent|master element|invalid (?:data|NAL))",
    re.IGNORECASE,
)
"""The same without a prefix: FFmpeg (9.0) leaves it out where another thread has not ended its line."""
_CUT_OFF = "File ended prematurely"
"""FFmpeg's words on a Matroska file that ends inside an element, as one without a length of its own may."""


@dataclass(slots=True)
class Count:
    """What one pass over all frames found; `has_failed` where FFmpeg ended with an error.

    `is_premultiplied` where the decoder says so of the colours. `damaged_from` is how many frames had come out when the
    decoder complained first, `shown` at the end.
    """

    times: list[int] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)
    last_duration: int = 0
    first_size: tuple[int, int] | None = None
    sizes: set[tuple[int, int]] = field(default_factory=set)
    aspect: Fraction = Fraction(0)
    pixel_format: str = ""
    is_interlaced: bool = False
    is_premultiplied: bool = False
    shown: int = 0
    ends_early: bool = False
    damage_lines: int = 0
    damaged_from: int = sys.maxsize
    has_failed: bool = False
    log: str = ""


def count_frames(settings: Settings, path: Path, video: VideoHeader) -> Count:
    """Decode everything once: each frame's time, checksum, size and field order.

    The size as decoded is the one displayed: FFmpeg applies the container's crop and rotation. Where the
    header led to expect another, the sums are taken again at that size.

    Raises:
        BadUpload: decoding made no progress in the time allowed.
        FfmpegFailed: FFmpeg does not start.
    """
    count = _count_at(settings, path, video, video.size_wh)
    if count.first_size and count.first_size != video.size_wh:
        count = _count_at(settings, path, video, count.first_size)
    return count


def _count_at(
    settings: Settings, path: Path, video: VideoHeader, size_wh: tuple[int, int]
) -> Count:
    count = Count()
    argv = [
        *ffmpeg.base_arguments(settings, "level+info"),
        "-copyts",
        *ffmpeg.guarded_input(settings, path),
        "-map",
        f"0:{video.index}",
        "-an",
        "-sn",
        "-dn",
        "-vf",
        f"showinfo=checksum=0,{size_filter(size_wh, resolve_tags(video))}",
        "-frames:v",
        str(settings.max_frames + 1),
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        f"{video.time_base.numerator}/{video.time_base.denominator}",
        "-f",
        "framecrc",
        "-flush_packets",
        "1",
        "pipe:1",
    ]
    limits = Limits(cpu_s=decode_cpu_s(settings), stall_s=settings.ffmpeg_timeout_s)
    try:
        with Child(argv, limits, on_line=partial(note_line, count)) as child:
            _read_frame_lines(child, count)
            count.has_failed = child.wait(settings.ffmpeg_timeout_s) != 0
            count.log = child.log
    except ChildStuckError as error:
        raise BadUpload(
            "video.probe_timeout", limit=settings.ffmpeg_timeout_s, detail=str(error)
        ) from error
    except OSError as error:
        raise FfmpegFailed("video.ffmpeg_missing", path=argv[0], detail=str(error)) from error
    return count


def note_line(count: Count, line: str) -> None:
    """Note what a line of FFmpeg's log says of a frame, of the file's end or of damage."""
    if "Parsed_showinfo" in line:
        shown = _SHOWN_FRAME.search(line)
        if shown is not None:
            count.shown += 1
            size = (int(shown[1]), int(shown[2]))
            count.first_size = count.first_size or size
            count.sizes.add(size)
            layout = _PIXEL_FORMAT.search(line)
            if layout is not None and not count.pixel_format:
                count.pixel_format = layout[1]
            count.is_interlaced |= shown[3] != "P"
            aspect = _ASPECT.search(line)
            if aspect is not None and int(aspect[2]) and not count.aspect:
                count.aspect = Fraction(int(aspect[1]), int(aspect[2]))
        count.is_premultiplied |= _PREMULTIPLIED in line
    # Not in turn: threads of FFmpeg (9.0) write into each other's lines, in about one of forty of such files.
    if _CUT_OFF in line:
        count.ends_early = True
    elif _DAMAGE.search(line) or _DAMAGE_IN_FRAME_LINE.search(line):
        count.damage_lines += 1
        count.damaged_from = min(count.damaged_from, count.shown)


def decode_cpu_s(settings: Settings) -> int:
    """Return CPU seconds one decode of the longest clip allowed may take: half a second a frame."""
    return 60 + settings.max_frames // 2


def _read_frame_lines(child: Child, count: Count) -> None:
    buffered = b""
    while chunk := child.read_some(child.stdout):
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            found = _FRAME_LINE.match(line.decode("ascii", "replace"))
            if found is None or found[1] == "NOPTS":
                continue
            count.times.append(int(found[1]))
            count.last_duration = int(found[3])
            count.checks.append(int(found[4], 16))
