"""Animated pictures for stickers: one file of whole frames with their own times, kept under a size limit."""

from __future__ import annotations

import itertools
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.storage.files import partial_path
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import Sink, fsync_file, require_frames
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.png import straight_rgba
from utils.types import Message

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

MEGABYTE = 1_000_000
SMALLEST_SIDE_PX = 16
MOST_ATTEMPTS = 6
USUAL_ATTEMPTS = 2
"""Attempts that progress counts on; it waits at its end where more are needed."""
LEAST_RATE = 5
"""Pictures a second that are left at least where the rate is lowered to meet a limit."""
_MARGIN = 0.95
"""Aim this far below the limit: bytes do not fall quite as fast as pixels."""

Rgba = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class AnimationInfo:
    """What a writer needs before the first frame; `loops` 0 is for ever."""

    size_wh: tuple[int, int]
    frame_count: int
    loops: int


class AnimationWriter(ABC):
    """Appends whole frames to an open file; memory does not grow with the clip."""

    def __init__(self, stream: BinaryIO, info: AnimationInfo) -> None:
        self.stream = stream
        self.info = info
        self.frames = 0
        """Pictures written so far; fewer than were given where they are too short to be shown."""

    @abstractmethod
    def append(self, frame: Rgba, start_s: Fraction, end_s: Fraction) -> None:
        """Write straight uint8 RGBA (H, W, 4), shown from start to end."""

    @abstractmethod
    def finish(self) -> None:
        """Complete the file."""


class AnimationOutput(OutputFormat):
    """What every animated format has in common; each has a writer of its own."""

    writer: ClassVar[type[AnimationWriter]]
    layout = "rgb24_exact"
    has_alpha = True
    file_options = ("loops", "size_limit_mb", "size_limit_by")

    def open(self, target: RenderTarget) -> AnimationSink:
        """See `OutputFormat.open`."""
        return AnimationSink(target, self.names[0], self.writer)


class AnimationSink(Sink):
    """Writes one animated picture; a file over the limit is written again, smaller, from itself."""

    def __init__(self, target: RenderTarget, name: str, writer: type[AnimationWriter]) -> None:
        self.path = target.directory / name
        self._partial = partial_path(self.path)
        self._smaller = partial_path(self.path.with_stem(f"{self.path.stem}.smaller"))
        self._target = target
        self._writer_type = writer
        self._info = AnimationInfo(target.clip.size_wh, target.frame_count, target.files.loops)
        self._stream = self._partial.open("w+b")
        self._writer = writer(self._stream, self._info)
        self._times: list[tuple[Fraction, Fraction]] = []
        """Of the pictures that were written, without gaps."""
        self._until_s = Fraction(0)
        self._notices: list[Message] = []

    def write(self, picture: Picture) -> None:
        """See `Sink.write`."""
        base = self._target.clip.time_base
        start_s = (picture.pts - self._target.first_time) * base
        times = (start_s, start_s + picture.duration * base)
        before = self._writer.frames
        self._writer.append(straight_rgba(picture.needed_rgb, picture.alpha), *times)
        if self._writer.frames > before:
            self._times.append((self._until_s, times[1]))
            self._until_s = times[1]

    def finish(self) -> None:
        """See `Sink.finish`."""
        self._writer.finish()
        self._stream.close()

    def fit(self, on_step: Callable[[int, int], None]) -> None:
        """See `Sink.fit`."""
        limit_bytes = self._target.files.size_limit_mb * MEGABYTE
        if limit_bytes and self._partial.stat().st_size > limit_bytes:
            total = USUAL_ATTEMPTS * len(self._times)
            steps = itertools.count(1)
            self._shrink(limit_bytes, lambda: on_step(min(next(steps), total - 1), total))
            on_step(total, total)

    def _shrink(self, limit_bytes: float, on_picture: Callable[[], None]) -> None:
        """Write the file again at a scale or a rate that meets the limit, found by its bytes; say which.

        By the rate, every second, third, … picture stays, for as long as its neighbours did; where the
        least rate is still too much, the pictures are scaled down besides.
        """
        scale, step = 1.0, 1
        most_step = self._most_step() if self._target.files.size_limit_by == "rate" else 1
        size_bytes = self._partial.stat().st_size
        for _ in range(MOST_ATTEMPTS):
            share = min(_MARGIN * limit_bytes / size_bytes, 0.94)
            if step < most_step:
                step = min(math.ceil(step / share), most_step)
            else:
                scale *= math.sqrt(share)
            width, height = (max(round(side * scale), 1) for side in self._info.size_wh)
            if min(width, height) < SMALLEST_SIDE_PX:
                break
            size_bytes = self._write_smaller((width, height), step, on_picture)
            if size_bytes <= limit_bytes:
                os.replace(self._smaller, self._partial)
                self._tell_smaller((width, height), step)
                return
        self._smaller.unlink(missing_ok=True)
        limit_mb = self._target.files.size_limit_mb
        size_mb = round(self._partial.stat().st_size / MEGABYTE, 2)
        self._tell("video.over_limit", size_mb=size_mb, limit_mb=limit_mb)

    def _tell(self, code: str, **values: int | float) -> None:
        self._notices.append(Message(code, {"file": self.path.name, **values}))

    def _most_step(self) -> int:
        """Return the most pictures that one may stand for: at least `LEAST_RATE` are left a second."""
        length_s = max(self._until_s - self._times[0][0], Fraction(1, 1000))
        return max(int(len(self._times) / length_s / LEAST_RATE), 1)

    def _tell_smaller(self, size_wh: tuple[int, int], step: int) -> None:
        if step > 1:
            self._times = merged_times(self._times, step)
            rate = round(float(len(self._times) / self._until_s), 2)
            self._tell("video.rate_to_limit", rate=rate, frames=len(self._times))
        if size_wh != self._info.size_wh:
            self._tell("video.scaled_to_limit", width=size_wh[0], height=size_wh[1])

    def _write_smaller(
        self, size_wh: tuple[int, int], step: int, on_picture: Callable[[], None]
    ) -> int:
        times = merged_times(self._times, step)
        kept = itertools.islice(read_animation(self._partial), 0, None, step)
        with self._smaller.open("w+b") as stream:
            writer = self._writer_type(stream, AnimationInfo(size_wh, len(times), self._info.loops))
            for frame, shown in zip(kept, times, strict=True):
                on_picture()
                is_scaled = size_wh != self._info.size_wh
                writer.append(resized(frame, size_wh) if is_scaled else frame, *shown)
            writer.finish()
        return self._smaller.stat().st_size

    @property
    def notices(self) -> tuple[Message, ...]:
        """See `Sink.notices`."""
        return tuple(self._notices)

    def check(self, frame_count: int) -> None:
        """See `Sink.check`."""
        got = sum(1 for _ in read_animation(self._partial))
        require_frames(self.path.name, got, len(self._times))
        if self._writer.frames != frame_count:
            self._tell("video.pictures_merged", frames=self._writer.frames, of=frame_count)

    def publish(self) -> tuple[Path, int]:
        """See `Sink.publish`."""
        size_bytes = fsync_file(self._partial)
        os.replace(self._partial, self.path)
        return self.path, size_bytes

    def abort(self) -> None:
        """See `Sink.abort`."""
        self._stream.close()
        self._partial.unlink(missing_ok=True)
        self._smaller.unlink(missing_ok=True)


def read_animation(path: Path) -> Iterator[Rgba]:
    """Yield the frames of our own animated picture, uint8 RGBA (H, W, 4)."""
    from PIL import Image, ImageSequence

    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            yield np.asarray(frame.convert("RGBA"))


def resized(frame: Rgba, size_wh: tuple[int, int]) -> Rgba:
    """Return straight RGBA, uint8 (H, W, 4), scaled down; transparent pixels lend no colour to their neighbours."""
    import cv2

    weights = frame[..., 3:].astype(np.float32)
    small = cv2.resize(frame[..., :3] * weights, size_wh, interpolation=cv2.INTER_AREA)
    alpha = np.asarray(cv2.resize(weights, size_wh, interpolation=cv2.INTER_AREA), np.float32)
    colour = np.asarray(small) / np.maximum(alpha, 1e-3)[..., None]
    scaled: Rgba = np.clip(np.rint(np.dstack([colour, alpha])), 0, 255).astype(np.uint8)
    return scaled


def merged_times(
    times: Sequence[tuple[Fraction, Fraction]], step: int
) -> list[tuple[Fraction, Fraction]]:
    """Return start and end of every step-th picture, shown until the next one that is kept."""
    ends = [end_s for _, end_s in times]
    last = len(times) - 1
    return [(times[at][0], ends[min(at + step - 1, last)]) for at in range(0, len(times), step)]


def ticks(start_s: Fraction, end_s: Fraction, per_second: int) -> int:
    """Return a duration in whole ticks such that rounding never adds up."""
    return round(end_s * per_second) - round(start_s * per_second)
