"""Frames of an accepted clip, decoded in a limited child process; exact frames, also after a seek."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.colour import PixelLayout, frame_filter, size_filter
from pipeline.video_io.probe.count import decode_cpu_s
from pipeline.video_io.runner import SIDE_PIPES, Child, ChildStuckError, Limits
from pipeline.video_io.strips import Samples, frame_bytes, in_order, strip_count, strip_filter
from utils.alpha_levels import AlphaBytes
from utils.errors import FfmpegFailed
from utils.types import Frame

BACKWARD_BYTES = 200 * 1024 * 1024
"""Decoded bytes held at most while reading backwards."""
SEEK_FROM = 8
"""First frame worth a seek: below it, decoding from the start is quicker."""
_SHORT_QUEUE = ("-thread_queue_size", "1")
"""FFmpeg's own queue would hold eight raw frames before each pipe."""
_CHECK = re.compile(rb"0, .*0x([0-9a-fA-F]+)")


class _SeekMissedError(Exception):
    """A seek did not land on the frame it was to."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read of a clip: the layouts that each frame is wanted in, and whether someone cancelled.

    `shares_cores` says that an engine or encoders work at the same time.
    """

    settings: Settings
    path: Path
    info: ClipInfo
    layouts: tuple[PixelLayout, ...]
    cancel: threading.Event | None = None
    shares_cores: bool = False

    @property
    def decoder(self) -> str:
        """The decoder to use instead of FFmpeg's choice, which drops the alpha of VP8 and VP9; "" for none."""
        needs_alpha = "alpha" in self.layouts or self.info.is_premultiplied
        return ffmpeg.ALPHA_DECODERS.get(self.info.codec, "") if needs_alpha else ""

    @property
    def strips(self) -> int:
        """The strips that a frame comes in, 1 = whole.

        Of several layouts, FFmpeg must be able to hold one's frame while another's is read.
        """
        return strip_count(self.info.size_wh, self.layouts[0]) if len(self.layouts) == 1 else 1


def read_samples(reading: Reading, start: int, stop: int) -> Iterator[tuple[Samples, ...]]:
    """Yield frames start … stop-1, each in every layout, arrays of their own; the clip is decoded once.

    A seek is checked frame by frame against the sums taken at the probe; where it is not exact, the
    clip is decoded from its start instead.

    Raises:
        FfmpegFailed: FFmpeg ended early, hung or is missing.
        Cancelled: the event was set while waiting.
    """
    info = reading.info
    position = start
    # The sums are of the usual decoder's frames.
    can_check = len(info.checks) == info.frame_count and not reading.decoder
    if start >= SEEK_FROM and can_check:
        try:
            for samples in _decode(reading, (start, stop), seek=True):
                yield samples
                position += 1
        except _SeekMissedError:
            pass
        else:
            return
    whole = _decode(reading, (0, stop), seek=False)
    for index, samples in enumerate(whole):
        if index >= position:
            yield samples


def _decode(
    reading: Reading, span: tuple[int, int], *, seek: bool
) -> Iterator[tuple[Samples, ...]]:
    settings, info = reading.settings, reading.info
    start, stop = span
    argv = _arguments(reading, span, seek=seek)
    limits = Limits(cpu_s=decode_cpu_s(settings), stall_s=settings.ffmpeg_timeout_s)
    sizes = [frame_bytes(info.size_wh, layout) for layout in reading.layouts]
    strips = reading.strips
    index = start
    try:
        sides = len(sizes) - 1 + seek
        child = Child(argv, limits, stop=reading.cancel, side_pipes=sides)
    except OSError as error:
        raise FfmpegFailed("video.ffmpeg_missing", path=argv[0], detail=str(error)) from error
    with child:
        pipes = [child.stdout, *child.sides][: len(sizes)]
        checks = _CheckLines(child, child.sides[-1]) if seek else None
        try:
            for index in range(start, stop):
                samples = tuple(np.empty(size, np.uint8) for size in sizes)
                parts = [
                    in_order(item, info.size_wh, layout, strips)
                    for item, layout in zip(samples, reading.layouts, strict=True)
                ]
                if not child.read_all(dict(zip(pipes, parts, strict=True))):
                    if checks is not None:
                        raise _SeekMissedError
                    raise FfmpegFailed("video.decode_failed", frame=index, detail=child.last_log())
                if checks is not None and checks.next() != info.checks[index]:
                    raise _SeekMissedError
                yield samples
        except ChildStuckError as error:
            raise FfmpegFailed(
                "video.decode_stuck", limit=settings.ffmpeg_timeout_s, detail=str(error)
            ) from error


class _CheckLines:
    """Checksums of frames as the child's side pipe tells them."""

    def __init__(self, child: Child, pipe: int) -> None:
        self._child = child
        self._pipe = pipe
        self._buffered = b""

    def next(self) -> int:
        """Return the next frame's sum; -1 at the end."""
        while True:
            line, newline, rest = self._buffered.partition(b"\n")
            if newline:
                self._buffered = rest
                found = _CHECK.match(line)
                if found is not None:
                    return int(found[1], 16)
                continue
            chunk = self._child.read_some(self._pipe)
            if not chunk:
                return -1
            self._buffered += chunk


def _arguments(reading: Reading, span: tuple[int, int], *, seek: bool) -> list[str]:
    info, settings = reading.info, reading.settings
    start, stop = span
    timing = ["-fps_mode", "passthrough"]
    # Before 6.0 FFmpeg refuses the option for an output; the one that comes with pip is newer.
    queue = _SHORT_QUEUE if settings.ffmpeg_path is None else ()
    strips = reading.strips
    names = [f"out{number}" for number in range(len(reading.layouts))]
    branches = [f"in{number}" for number in range(len(names))] + (["sums"] if seek else [])
    split = f"split={len(branches)}{''.join(f'[{name}]' for name in branches)}"
    graph = [f"[0:V:{info.picture}]{size_filter(info.size_wh, info.colour)},{split}"]
    for number, layout in enumerate(reading.layouts):
        chain = frame_filter(info, layout) + strip_filter(strips)
        graph.append(f"[in{number}]{chain}[out{number}]")
    argv = [
        *ffmpeg.base_arguments(settings),
        *(("-ss", f"{_seek_time_s(info, start):.6f}") if seek else ()),
        *((f"-c:V:{info.picture}", reading.decoder) if reading.decoder else ()),
        *ffmpeg.guarded_input(settings, reading.path, shares_cores=reading.shares_cores),
        *("-filter_complex", ";".join(graph)),
    ]
    for name, pipe in zip(names, ("pipe:1", *SIDE_PIPES), strict=False):
        argv += ["-map", f"[{name}]", "-frames:v", str((stop - start) * strips), *timing]
        argv += [*queue, "-f", "rawvideo", pipe]
    if seek:
        pipe = SIDE_PIPES[len(names) - 1]
        argv += ["-map", "[sums]", "-frames:v", str(stop - start), *timing]
        argv += ["-f", "framecrc", "-flush_packets", "1", pipe]
    return argv


def _seek_time_s(info: ClipInfo, start: int) -> float:
    """Return a time between the frame before and the frame itself, from the file's first packet on."""
    between_s = (info.times[start - 1] + info.times[start]) * info.time_base / 2
    return float(between_s - info.file_start_s)


def read_alphas(
    settings: Settings,
    path: Path,
    info: ClipInfo,
    frames: range,
    cancel: threading.Event | None = None,
) -> Iterator[AlphaBytes]:
    """Yield the own transparency of frames one after another, uint8 (H, W), 255 = opaque.

    Raises:
        FfmpegFailed: FFmpeg ended early, hung or is missing.
        Cancelled: the event was set while waiting.
    """
    width, height = info.size_wh
    reading = Reading(settings, path, info, ("alpha",), cancel)
    for (samples,) in read_samples(reading, frames.start, frames.stop):
        yield samples.reshape(height, width)


class ClipReader:
    """A `FrameSource` over a clip on disk; holds no open file, so any thread may read any range."""

    def __init__(
        self,
        settings: Settings,
        path: Path,
        info: ClipInfo,
        cancel: threading.Event | None = None,
        *,
        shares_cores: bool = False,
    ) -> None:
        self._reading = Reading(settings, path, info, ("rgb24",), cancel, shares_cores)
        self._info = info

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every frame, in pixels, after rotation."""
        return self._info.size_wh

    def __len__(self) -> int:
        return self._info.frame_count

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, … up to but without stop, each uint8 RGB (H, W, 3).

        Backwards, chunks of bounded size are decoded forwards and turned round.

        Raises:
            IndexError: the clip has no such frame.
            FfmpegFailed: FFmpeg ended early, hung or is missing.
            Cancelled: the event was set while waiting.
        """
        indices = range(start, stop, step)
        if not indices:
            return
        if min(indices) < 0 or max(indices) >= self._info.frame_count:
            raise IndexError(f"frames {start}..{stop} of {self._info.frame_count}")
        if step == 1:
            yield from self._forward(start, stop)
            return
        chunk = max(1, BACKWARD_BYTES // frame_bytes(self._info.size_wh, "rgb24"))
        for high in range(start, stop, -chunk):
            low = max(high - chunk, stop)
            yield from reversed(list(self._forward(low + 1, high + 1)))

    def _forward(self, start: int, stop: int) -> Iterator[Frame]:
        width, height = self._info.size_wh
        for (samples,) in read_samples(self._reading, start, stop):
            yield samples.reshape(height, width, 3)
