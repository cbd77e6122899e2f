"""The writer of one video stream into one file, each frame at its own time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import MP4, WEBM, Container

Plane = npt.NDArray[np.uint8]

NEUTRAL_CHROMA = 128
"""Of grey, in 8 bits."""

_RGB, _BT709 = 0, 1
_LIMITED_RANGE, _FULL_RANGE = 1, 2
"""FFmpeg's AVCOL_* numbers."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of video file is encoded."""

    container: Container
    codec: str
    pixel_format: str
    options: dict[str, str] = field(default_factory=dict)
    needs_even_size: bool = False
    is_rgb: bool = False
    """True where samples are RGB: full range, no matrix."""
    ends_without_b_frames: bool = False
    """Then the last picture shown is the last one stored, and MP4 keeps how long it stays."""


MOST_THREADS = 8
"""Threads of one encoder at most: more cost memory and gain nothing at these sizes."""


def h264(crf: float, lookahead: int) -> Recipe:
    """H.264 that plays everywhere.

    Args:
        crf: the quality, lower is better.
        lookahead: frames that x264 looks ahead, each 7 MB at 1080p..
    """
    # With a strict pyramid of B-frames x264 holds a picture less, at the same size and quality.
    params = f"rc-lookahead={lookahead}:b-pyramid=strict"
    return Recipe(
        MP4,
        "libx264",
        "yuv420p",
        {"preset": "veryfast", "crf": str(crf), "x264-params": params},
        needs_even_size=True,
        ends_without_b_frames=True,
    )


def threads_each(writers: int) -> int:
    """Return the threads for each of several encoders: together they use the cores, and no more.

    Threads beyond the cores cost a tenth of the CPU time and gain nothing.
    """
    return max(1, min(len(os.sched_getaffinity(0)) // max(writers, 1), MOST_THREADS))


class _DecodingTimes:
    """The decoding times of packets in stored order, which MP4 counts its length in.

    They lag behind the shown times by the first gaps; at an uneven rate the last packet's would lag by others.
    """

    def __init__(self) -> None:
        self._delay: int | None = None
        self._before = -sys.maxsize

    def note(self, packet: Any, *, is_last: bool) -> None:
        """Note a packet; let the last one, shown last too, lag as the first does, as far as it can."""
        if packet.dts is None:
            return
        if self._delay is None:
            self._delay = packet.pts - packet.dts
        if is_last:
            packet.dts = max(packet.pts - self._delay, self._before + 1)
        self._before = packet.dts


class VideoWriter:
    """One video stream into one file, each frame at its own time.

    Args:
        size_wh: the coded size, which the recipe must be able to hold.
    """

    def __init__(
        self, path: Path, recipe: Recipe, size_wh: tuple[int, int], target: RenderTarget
    ) -> None:
        import av

        info = target.clip
        self._time_origin = target.time_origin
        self._time_base = info.time_base
        self._recipe = recipe
        self._size_wh = size_wh
        options = {"movflags": "+faststart"} if recipe.container.has_edit_lists else {}
        self._container = av.open(str(path), "w", format=recipe.container.name, options=options)
        has_timecode = bool(target.timecode) and recipe.container.has_timecode
        # MP4's and MOV's timecode tracks count by the stream's rate.
        counts = has_timecode and recipe.container.has_edit_lists
        rate = info.counted_rate if counts else info.fps
        stream = self._container.add_stream(
            recipe.codec, rate=rate.limit_denominator(100_000), options=recipe.options
        )
        stream.width, stream.height = size_wh
        stream.pix_fmt = recipe.pixel_format
        stream.time_base = info.time_base
        context = stream.codec_context
        context.time_base = info.time_base
        context.thread_count = target.threads
        context.sample_aspect_ratio = info.sample_aspect
        context.color_range = _FULL_RANGE if recipe.is_rgb else _LIMITED_RANGE
        context.colorspace = _RGB if recipe.is_rgb else _BT709
        context.color_primaries = context.color_trc = _BT709
        if has_timecode:
            stream.metadata["timecode"] = target.timecode
        if recipe.container is WEBM:
            stream.metadata["alpha_mode"] = "1"
        self._stream = stream
        self._is_variable = info.is_variable_rate and recipe.ends_without_b_frames
        self._last_pts: int | None = None
        self._decoding = _DecodingTimes()
        self._durations: dict[int, int] = {}
        self._left = target.frame_count

    def blank(self) -> Any:
        """Return a new frame of the file's size and layout, its samples not set."""
        import av

        frame = av.VideoFrame(*self._size_wh, self._recipe.pixel_format)
        # ProRes writes the tags of the frame, not of the stream, into its own headers.
        frame.color_primaries = frame.color_trc = _BT709
        frame.colorspace = _RGB if self._recipe.is_rgb else _BT709
        frame.color_range = _FULL_RANGE if self._recipe.is_rgb else _LIMITED_RANGE
        return frame

    def write(
        self,
        frame: Any,
        pts: int,
        duration: int,
        before_mux: Callable[[Any], None] = lambda packet: None,
    ) -> None:
        """Encode a frame from `blank`, shown at `pts` for `duration`, in the clip's units.

        Args:
            before_mux: gets each packet that the encoder gives out now, before it is written.
        """
        from av.video.frame import PictureType

        self._left -= 1
        if self._left == 1 and self._recipe.ends_without_b_frames:
            frame.pict_type = PictureType.P
        frame.pts = pts - self._time_origin
        frame.duration = duration
        frame.time_base = self._time_base
        self._durations[frame.pts] = duration
        if self._left == 0 and self._is_variable:
            self._last_pts = frame.pts
        packets = self._stream.encode(frame)
        for packet in packets:
            before_mux(packet)
        self._mux(packets)

    def _mux(self, packets: list[Any]) -> None:
        """Write packets with their frames' durations, which encoders forget: the last one's counts."""
        for packet in packets:
            duration = self._durations.pop(packet.pts, None)
            if duration is not None:
                packet.duration = duration
            self._decoding.note(packet, is_last=packet.pts == self._last_pts)
            self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds, and the file's index."""
        self._mux(self._stream.encode(None))
        self._container.close()

    def abort(self) -> None:
        """Close the file without caring what is in it."""
        import av

        try:
            self._container.close()
        except (av.error.FFmpegError, OSError, ValueError):
            return


def plane_view(plane: Any) -> Plane:
    """Return a frame's plane as a writable array, uint8 (height, width)."""
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def plane_view16(plane: Any) -> Any:
    """Return a frame's plane as a writable array, uint16 (height, width)."""
    rows = np.frombuffer(plane, np.uint16).reshape(plane.height, plane.line_size // 2)
    return rows[:, : plane.width]


def even(size_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the size padded to even sides."""
    return size_wh[0] + size_wh[0] % 2, size_wh[1] + size_wh[1] % 2


def padded(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Return the plane with its last column and row repeated up to the shape (height, width)."""
    missing = [(0, wanted - got) for wanted, got in zip(shape, plane.shape, strict=True)]
    return np.pad(plane, missing, mode="edge") if any(after for _, after in missing) else plane
