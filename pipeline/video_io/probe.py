"""The check of an upload: header in a limited child, then every frame decoded once and counted."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.clip import ClipInfo, ColourTags
from pipeline.video_io.colour import HDR_TRANSFERS, resolve_tags, size_filter
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.errors import BadUpload, FfmpegFailed
from utils.types import Message

MEGABYTE = 1024 * 1024
SMALLEST_SIDE_PX = 16
WORKER = Path(__file__).with_name("header_worker.py")
HEADER_BYTES = 64 * 1024
_SHOWN_FRAME = re.compile(r"\bn: *\d+ .*\bs:(\d+)x(\d+) i:([PTB])")
_FRAME_LINE = re.compile(r"0, *(-?\d+|NOPTS), *(-?\d+|NOPTS), *(-?\d+), *\d+, *0x([0-9a-fA-F]+)")
_ASPECT = re.compile(r"sar:(\d+)/(\d+)")


@dataclass(slots=True)
class _Count:
    """What one pass over all frames found."""

    times: list[int] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)
    last_duration: int = 0
    sizes: set[tuple[int, int]] = field(default_factory=set)
    aspect: Fraction = Fraction(0)
    is_interlaced: bool = False
    error_lines: int = 0
    log: str = ""


def probe(settings: Settings, path: Path) -> ClipInfo:
    """Check a file and measure the clip in it.

    Raises:
        BadUpload: it is not a clip we accept; the text says what, the limit and what to do.
        FfmpegFailed: FFmpeg itself is missing or does not run.
    """
    check_file(settings, path)
    header = read_header(settings, path)
    video = _check_header(settings, header)
    count = _count_frames(settings, path, video)
    return _clip(settings, header, video, count)


def check_file(settings: Settings, path: Path) -> None:
    """Refuse what is no regular file, is empty or is too large; nothing is opened.

    Raises:
        BadUpload: with the limit.
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        raise BadUpload("video.not_a_file", detail=str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise BadUpload("video.not_a_file")
    if status.st_size == 0:
        raise BadUpload("video.empty")
    if status.st_size > settings.max_upload_bytes:
        raise BadUpload(
            "video.too_big",
            size_mb=-(-status.st_size // MEGABYTE),
            limit_mb=settings.max_upload_bytes // MEGABYTE,
        )


def _unreadable(settings: Settings, detail: str) -> BadUpload:
    return BadUpload("video.unreadable", formats=", ".join(settings.formats), detail=detail)


def read_header(settings: Settings, path: Path) -> dict[str, Any]:
    """Return what a container says of itself, read in a limited child process.

    Raises:
        BadUpload: it is not a container that we read, or reading it took too long.
    """
    options = {
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
    header: dict[str, Any] = json.loads(text)
    return header


def _check_header(settings: Settings, header: dict[str, Any]) -> dict[str, Any]:
    """Refuse by the header what needs no decoding; return the video stream's part."""
    if header["streams"] > settings.max_streams:
        raise BadUpload("video.streams", streams=header["streams"], limit=settings.max_streams)
    video: dict[str, Any] | None = header["video"]
    if video is None:
        raise BadUpload("video.no_video")
    if video["codec"] not in ffmpeg.VIDEO_CODECS:
        raise BadUpload("video.codec", codec=video["codec"][:30])
    check_size(settings, video["width"], video["height"])
    rate = Fraction(video["average_rate"]) or Fraction(video["guessed_rate"])
    if rate > settings.max_fps:
        raise _bad_rate(settings, rate)
    frames = max(video["header_frames"], video["packets"])
    check_length(settings, frames, header["duration_s"])
    return video


def check_size(settings: Settings, width: int, height: int) -> None:
    """Refuse a picture beyond the limits in either orientation.

    Raises:
        BadUpload: too large or too small.
    """
    long_side, short_side = max(width, height), min(width, height)
    if long_side > settings.max_long_side or short_side > settings.max_short_side:
        raise BadUpload(
            "video.size",
            width=width,
            height=height,
            long_side=settings.max_long_side,
            short_side=settings.max_short_side,
        )
    if short_side < SMALLEST_SIDE_PX:
        raise BadUpload("video.too_small", width=width, height=height, limit=SMALLEST_SIDE_PX)


def check_length(settings: Settings, frames: int, duration_s: float) -> None:
    """Refuse too many frames, or too many seconds.

    Raises:
        BadUpload: it does.
    """
    if frames > settings.max_frames:
        raise BadUpload("video.too_many_frames", frames=frames, limit=settings.max_frames)
    if duration_s > settings.max_duration_s + 1.0 / 12:
        raise BadUpload(
            "video.too_long", seconds=round(duration_s, 1), limit=round(settings.max_duration_s, 1)
        )


def _bad_rate(settings: Settings, rate: Fraction) -> BadUpload:
    return BadUpload(
        "video.frame_rate", fps=round(float(rate), 2), limit=round(settings.max_fps, 2)
    )


def _count_frames(settings: Settings, path: Path, video: dict[str, Any]) -> _Count:
    """Decode everything once: each frame's time, checksum, size and field order."""
    count = _Count()
    base = Fraction(video["time_base"])

    def on_line(line: str) -> None:
        if "Parsed_showinfo" in line:
            shown = _SHOWN_FRAME.search(line)
            if shown is not None:
                count.sizes.add((int(shown[1]), int(shown[2])))
                count.is_interlaced |= shown[3] != "P"
                aspect = _ASPECT.search(line)
                if aspect is not None and int(aspect[2]) and not count.aspect:
                    count.aspect = Fraction(int(aspect[1]), int(aspect[2]))
        elif "[error]" in line or "[fatal]" in line:
            count.error_lines += 1

    argv = [
        *ffmpeg.base_arguments(settings, "level+info"),
        *ffmpeg.guarded_input(settings, path),
        "-map",
        f"0:{video['index']}",
        "-an",
        "-sn",
        "-dn",
        "-vf",
        f"showinfo=checksum=0,{size_filter(displayed_size(video))}",
        "-frames:v",
        str(settings.max_frames + 1),
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        f"{base.numerator}/{base.denominator}",
        "-f",
        "framecrc",
        "-flush_packets",
        "1",
        "pipe:1",
    ]
    limits = Limits(cpu_s=decode_cpu_s(settings), stall_s=settings.ffmpeg_timeout_s)
    try:
        with Child(argv, limits, on_line=on_line) as child:
            _read_frame_lines(child, count)
            child.wait(settings.ffmpeg_timeout_s)
            count.log = child.log
    except ChildStuckError as error:
        raise BadUpload(
            "video.probe_timeout", limit=settings.ffmpeg_timeout_s, detail=str(error)
        ) from error
    except OSError as error:
        raise FfmpegFailed("video.ffmpeg_missing", path=argv[0], detail=str(error)) from error
    return count


def decode_cpu_s(settings: Settings) -> int:
    """Return CPU seconds one decode of the longest clip allowed may take: half a second a frame."""
    return 60 + settings.max_frames // 2


def _read_frame_lines(child: Child, count: _Count) -> None:
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


def displayed_size(video: dict[str, Any]) -> tuple[int, int]:
    """Return (width, height) after rotation."""
    width, height = int(video["width"]), int(video["height"])
    return (height, width) if int(video["rotation"]) % 180 else (width, height)


def _clip(
    settings: Settings, header: dict[str, Any], video: dict[str, Any], count: _Count
) -> ClipInfo:
    frames = len(count.times)
    if frames == 0:
        raise BadUpload("video.no_frames", detail=count.log)
    timing = Timing.of(video, count.times, count.last_duration)
    check_length(settings, frames, timing.duration_s)
    if timing.fps > settings.max_fps and frames > 1:
        raise _bad_rate(settings, timing.fps)
    tags = resolve_tags(
        video["pixel_format"],
        (video["width"], video["height"]),
        video["matrix"],
        video["primaries"],
        video["transfer"],
        video["range"],
    )
    size_wh = displayed_size(video)
    return ClipInfo(
        size_wh=size_wh,
        frame_count=frames,
        times=timing.times,
        end_time=timing.end_time,
        time_base=timing.time_base,
        fps=timing.fps,
        duration_s=timing.duration_s,
        rotation=int(video["rotation"]) % 360,
        is_variable_rate=timing.is_variable,
        codec=video["codec"],
        pixel_format=video["pixel_format"],
        colour=tags,
        is_hdr=tags.transfer in HDR_TRANSFERS,
        is_interlaced=count.is_interlaced,
        sample_aspect=count.aspect or Fraction(1),
        has_audio=header["audio"] is not None,
        audio_codec=header["audio"] or "",
        checks=tuple(count.checks),
        notices=_notices(header, video, count, timing, tags),
    )


def _notices(
    header: dict[str, Any],
    video: dict[str, Any],
    count: _Count,
    timing: Timing,
    tags: ColourTags,
) -> tuple[Message, ...]:
    notices = []
    frames = len(count.times)
    is_indexed = header["container"].startswith("mov") and video["index_frames"] > 0
    expected = video["index_frames"] if is_indexed else video["header_frames"]
    expected = max(expected, video["packets"])
    if frames < expected:
        notices.append(Message("video.cut_off", {"frames": frames, "expected": expected}))
    elif header["duration_s"] - timing.duration_s > max(0.5, 0.1 * header["duration_s"]):
        values = {
            "seconds": round(timing.duration_s, 1),
            "expected_s": round(header["duration_s"], 1),
        }
        notices.append(Message("video.cut_off_seconds", {**values}))
    elif count.error_lines:
        notices.append(Message("video.damaged", {"frames": frames}))
    width, height = displayed_size(video)
    if len(count.sizes) > 1:
        notices.append(Message("video.size_changes", {"width": width, "height": height}))
    if width % 2 or height % 2:
        even = {"even_width": width + width % 2, "even_height": height + height % 2}
        notices.append(Message("video.odd_size", {"width": width, "height": height, **even}))
    if tags.transfer in HDR_TRANSFERS:
        notices.append(Message("video.hdr", {"transfer": HDR_TRANSFERS[tags.transfer]}))
    if count.is_interlaced:
        notices.append(Message("video.interlaced"))
    if video["pixel_format"].startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")):
        notices.append(Message("video.has_alpha"))
    return tuple(notices)


@dataclass(frozen=True, slots=True)
class Timing:
    """When frames are shown, in units of `time_base`."""

    times: tuple[int, ...]
    end_time: int
    time_base: Fraction
    fps: Fraction
    is_variable: bool

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame's start to the last one's end."""
        return float((self.end_time - self.times[0]) * self.time_base)

    @classmethod
    def of(cls, video: dict[str, Any], raw_times: list[int], last_duration: int) -> Timing:
        """Return the timing; frames that share a time are moved on by one unit each.

        A constant rate that the container could only store rounded (Matroska: 1 ms) is restored.
        """
        base = Fraction(video["time_base"])
        times = [raw_times[0]]
        for time in raw_times[1:]:
            times.append(max(time, times[-1] + 1))
        rate = Fraction(video["average_rate"]) or Fraction(video["guessed_rate"]) or Fraction(25)
        if len(times) == 1:
            length = last_duration if last_duration > 1 else round(1 / (rate * base))
            return cls(tuple(times), times[0] + max(length, 1), base, rate, False)
        measured = Fraction(len(times) - 1) / ((times[-1] - times[0]) * base)
        for candidate in (rate, Fraction(video["guessed_rate"]), measured):
            if candidate and _is_constant(times, base, candidate):
                if 1 / (candidate * base) == round(1 / (candidate * base)):
                    step = round(1 / (candidate * base))
                    return cls(tuple(times), times[-1] + step, base, candidate, False)
                if abs(times[0]) <= 1:
                    exact = tuple(range(len(times)))
                    return cls(exact, len(times), 1 / candidate, candidate, False)
        gaps = sorted(after - before for before, after in pairwise(times))
        usual = gaps[len(gaps) // 2]
        length = last_duration if 1 < last_duration <= 4 * gaps[-1] else usual
        end = times[-1] + length
        fps = Fraction(len(times)) / ((end - times[0]) * base)
        return cls(tuple(times), end, base, fps.limit_denominator(100_000), True)


def _is_constant(times: list[int], base: Fraction, rate: Fraction) -> bool:
    step = float(1 / (rate * base))
    return all(abs(time - times[0] - index * step) <= 1.0 for index, time in enumerate(times))
