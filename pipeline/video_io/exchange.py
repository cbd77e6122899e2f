"""Clips that are sent to a service and come back from it: written here, read as carefully as an upload.

What comes back is probed and decoded in children with limits, like every clip of somebody else's.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.decode import ClipReader, Reading, read_samples
from pipeline.video_io.probe.check import check_size, probe
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.alpha_levels import AlphaBytes
from utils.errors import BadUpload, FfmpegFailed
from utils.types import Frame

_CRF = "12"
"""Quality of a clip that is sent: what is lost here no service can matte."""
_BT709, _RGB = 1, 0
_LIMITED_RANGE, _FULL_RANGE = 1, 2
"""FFmpeg's AVCOL_* numbers."""
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PICTURE_CPU_S = 30


class ReturnedVideo:
    """A `ReturnedClip` on disk."""

    def __init__(
        self, settings: Settings, path: Path, info: ClipInfo, cancel: threading.Event
    ) -> None:
        self._reader = ClipReader(settings, path, info, cancel)
        self._opacity = Reading(settings, path, info, ("alpha",), cancel)
        self._info = info

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self._info.size_wh

    @property
    def fps(self) -> Fraction:
        """Frames a second."""
        return self._info.fps

    @property
    def has_alpha(self) -> bool:
        """True where it has transparency."""
        return self._info.has_alpha

    def __len__(self) -> int:
        return self._info.frame_count

    def colours(self) -> Iterator[Frame]:
        """Yield every frame, uint8 RGB (H, W, 3)."""
        return self._reader.read(0, len(self))

    def transparency(self) -> Iterator[AlphaBytes]:
        """Yield every frame's transparency, uint8 (H, W), 255 = opaque."""
        width, height = self.size_wh
        for (samples,) in read_samples(self._opacity, 0, len(self)):
            yield samples.reshape(height, width)


class ClipFiles:
    """A `ClipExchange` on FFmpeg; holds settings only."""

    def __init__(self, settings: Settings) -> None:
        # Which kinds may be uploaded here says nothing of what a service returns.
        self._settings = ffmpeg.with_every_kind(settings)

    def write_clip(
        self,
        path: Path,
        frames: Iterable[Frame],
        size_wh: tuple[int, int],
        fps: Fraction,
        *,
        lossless: bool,
    ) -> None:
        """See `ClipExchange.write_clip`."""
        import av

        codec, pixels = ("ffv1", "bgr0") if lossless else ("libx264", "yuv420p")
        options = (
            {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}
            if lossless
            else {"preset": "veryfast", "crf": _CRF}
        )
        kind = {"format": "matroska"} if lossless else {"format": "mp4"}
        movflags = {} if lossless else {"movflags": "+faststart"}
        with av.open(str(path), "w", **kind, options=movflags) as container:
            stream = container.add_stream(
                codec, rate=fps.limit_denominator(100_000), options=options
            )
            stream.width, stream.height = size_wh
            stream.pix_fmt = pixels
            context = stream.codec_context
            context.color_range = _FULL_RANGE if lossless else _LIMITED_RANGE
            context.colorspace = _RGB if lossless else _BT709
            context.color_primaries = context.color_trc = _BT709
            for frame in frames:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                sample = picture.reformat(
                    format=pixels,
                    src_color_range=_FULL_RANGE,
                    dst_color_range=_FULL_RANGE if lossless else _LIMITED_RANGE,
                    dst_colorspace=None if lossless else _BT709,
                )
                container.mux(stream.encode(sample))
            container.mux(stream.encode(None))

    def open_clip(self, path: Path, cancel: threading.Event) -> ReturnedVideo:
        """See `ClipExchange.open_clip`."""
        return ReturnedVideo(self._settings, path, probe(self._settings, path), cancel)

    def read_picture(self, path: Path, cancel: threading.Event) -> npt.NDArray[np.uint8]:
        """See `ClipExchange.read_picture`."""
        width, height = self._png_size_wh(path)
        argv = [
            *ffmpeg.base_arguments(self._settings),
            *("-protocol_whitelist", "file", "-format_whitelist", "png_pipe"),
            *("-codec_whitelist", "png", "-max_pixels", str(ffmpeg.max_pixels(self._settings))),
            *("-f", "png_pipe", "-i", f"file:{path.absolute()}", "-frames:v", "1"),
            *("-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1"),
        ]
        pixels = np.empty((height, width, 4), np.uint8)
        limits = Limits(cpu_s=_PICTURE_CPU_S, stall_s=self._settings.ffmpeg_timeout_s)
        try:
            with Child(argv, limits, stop=cancel) as child:
                got = child.read_into(memoryview(pixels.reshape(-1).data))
                if got < pixels.size:
                    raise BadUpload("remote.bad_picture", detail=child.last_log())
        except OSError as error:
            raise FfmpegFailed("video.ffmpeg_missing", path=argv[0], detail=str(error)) from error
        except ChildStuckError as error:
            raise BadUpload("remote.bad_picture", detail=str(error)) from error
        return pixels

    def _png_size_wh(self, path: Path) -> tuple[int, int]:
        """Return the size that a PNG's header states (PNG specification, 11.2.2)."""
        with path.open("rb") as stream:
            head = stream.read(24)
        if len(head) < 24 or not head.startswith(_PNG_START):
            raise BadUpload("remote.bad_picture", detail=head[:16].hex())
        width, height = struct.unpack(">II", head[16:24])
        check_size(self._settings, width, height)
        return width, height
