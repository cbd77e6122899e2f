"""Writers of matted pictures: one video file, or one folder of numbered frames; formats fill in the pixels."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.storage.files import partial_path
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import Container
from pipeline.video_io.writers.video_file import Recipe, VideoWriter, even
from utils.errors import FfmpegFailed
from utils.types import Message

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


_NOTED_FRAMES = 0.5
"""So many frames may times be from even ones before a note says that a sequence can't keep them."""


class Sink(ABC):
    """Takes pictures in order, in one thread."""

    @abstractmethod
    def write(self, picture: Picture) -> None:
        """Encode one picture."""

    @abstractmethod
    def finish(self) -> None:
        """Complete the partial files."""

    def fit(self, on_step: Callable[[int, int], None]) -> None:
        """Write a finished file again where it is over its size limit.

        Args:
            on_step: is told the pictures written and how many there are to write; may raise to stop.
        """
        del on_step

    @abstractmethod
    def check(self, frame_count: int) -> None:
        """Read the partial files back.

        Raises:
            FfmpegFailed: they lack frames or can't be read.
        """

    @abstractmethod
    def publish(self) -> tuple[Path, int]:
        """Give the partial files their final names; return the output's path and bytes."""

    @abstractmethod
    def abort(self) -> None:
        """Close and remove everything written so far."""

    @property
    def notices(self) -> tuple[Message, ...]:
        """What the user should know of the finished file."""
        return ()


class VideoFileSink(Sink):
    """Writes one video file, `partial` until it is published."""

    carries_sound = False
    encoding: tuple[str, ...] = ("-c:v", "copy")
    """How FFmpeg puts the picture into the final container."""
    final_container: Container | None = None
    """The published file's container, where the picture is written in another one first."""

    def __init__(self, target: RenderTarget, name: str, recipe: Recipe) -> None:
        self.path = target.directory / name
        self.container = self.final_container or recipe.container
        first = self.path.with_stem(f"{self.path.stem}.video")
        if self.final_container is not None:
            first = first.with_suffix(f".{recipe.container.name}")
        self.picture_file = partial_path(first)
        self._ready = self.picture_file
        size_wh = even(target.clip.size_wh) if recipe.needs_even_size else target.clip.size_wh
        self._writer = VideoWriter(self.picture_file, recipe, size_wh, target)

    @property
    def muxed_file(self) -> Path:
        """Where the picture goes together with the sound, before it is published."""
        return partial_path(self.path)

    def use_muxed_file(self) -> None:
        """Publish `muxed_file` rather than the picture alone."""
        self._ready = self.muxed_file

    @property
    def holds_upload_bytes(self) -> bool:
        """True when the source's own sound was copied in: only a limited child may read the file."""
        return self._ready == self.muxed_file

    @property
    def ready_file(self) -> Path:
        """The partial file that will be published."""
        return self._ready

    def write(self, picture: Picture) -> None:
        """See `Sink.write`."""
        frame = self._writer.blank()
        self.fill(frame, picture)
        self._writer.write(frame, picture.pts, picture.duration)

    @abstractmethod
    def fill(self, frame: Any, picture: Picture) -> None:
        """Set every sample of the frame, an `av.VideoFrame`."""

    def finish(self) -> None:
        """See `Sink.finish`."""
        self._writer.finish()

    def check(self, frame_count: int) -> None:
        """See `Sink.check`; a file with the source's sound is checked by the caller instead."""
        import av

        with av.open(str(self._ready)) as container:
            stream = container.streams.video[0]
            next(container.decode(stream))
            container.seek(0)
            got = sum(packet.size > 0 for packet in container.demux(stream))
        require_frames(self.path.name, got, frame_count)

    def publish(self) -> tuple[Path, int]:
        """See `Sink.publish`."""
        size_bytes = fsync_file(self._ready)
        os.replace(self._ready, self.path)
        self.picture_file.unlink(missing_ok=True)
        return self.path, size_bytes

    def abort(self) -> None:
        """See `Sink.abort`."""
        self._writer.abort()
        self.picture_file.unlink(missing_ok=True)
        self.muxed_file.unlink(missing_ok=True)


class SequenceSink(Sink):
    """Writes numbered frames into one or more folders."""

    def __init__(self, target: RenderTarget, folders: tuple[str, ...], suffix: str) -> None:
        self.target = target
        self.pixel_aspect = target.clip.sample_aspect
        self.folders = tuple(target.directory / name for name in folders)
        self.partials = tuple(partial_path(folder) for folder in self.folders)
        self._suffix = suffix
        self.frames_written = 0
        for partial in self.partials:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)

    def write(self, picture: Picture) -> None:
        """See `Sink.write`."""
        name = f"{self.target.frame_name(self.frames_written)}{self._suffix}"
        self.write_frame(tuple(partial / name for partial in self.partials), picture)
        self.frames_written += 1

    @abstractmethod
    def write_frame(self, paths: tuple[Path, ...], picture: Picture) -> None:
        """Write one frame into each folder."""

    @property
    def notices(self) -> tuple[Message, ...]:
        """See `Sink.notices`: numbered frames have no times of their own."""
        fps, off_s = self.target.clip.fps, self.target.unevenness_s
        if off_s * fps < _NOTED_FRAMES:
            return ()
        return (
            Message(
                "video.sequence_times", {"fps": f"{float(fps):.3f}", "seconds": f"{off_s:.2f}"}
            ),
        )

    @abstractmethod
    def is_readable(self, path: Path) -> bool:
        """Return whether a frame decodes."""

    def finish(self) -> None:
        """See `Sink.finish`."""

    def check(self, frame_count: int) -> None:
        """See `Sink.check`: the count, and the last frame of each folder."""
        for partial in self.partials:
            frames = sorted(partial.iterdir())
            got = len(frames)
            if got and not self.is_readable(frames[-1]):
                got -= 1
            require_frames(self.folders[0].name, got, frame_count)

    def publish(self) -> tuple[Path, int]:
        """See `Sink.publish`."""
        size_bytes = sum(fsync_file(path) for folder in self.partials for path in folder.iterdir())
        for partial, folder in zip(self.partials, self.folders, strict=True):
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(partial, folder)
        return self.folders[0], size_bytes

    def abort(self) -> None:
        """See `Sink.abort`."""
        for partial in self.partials:
            shutil.rmtree(partial, ignore_errors=True)


def require_frames(name: str, got: int, wanted: int) -> None:
    """Check a count of frames that were read back.

    Raises:
        FfmpegFailed: it is another.
    """
    if got != wanted:
        raise FfmpegFailed("video.check_failed", file=name, got=got, wanted=wanted)


def fsync_file(path: Path) -> int:
    """Make a file durable; return its bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
