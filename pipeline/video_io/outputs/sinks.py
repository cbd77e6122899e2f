"""One writer for each kind of output; each turns matted pictures into frames of its own format."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

import cv2
import numpy as np

from pipeline.postprocess.picture import NEUTRAL, Picture, Planes, rgb_to_ycbcr
from pipeline.storage.files import partial_path
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.outputs import encode
from pipeline.video_io.outputs.encode import Recipe, VideoWriter, even, plane_view, plane_view16
from pipeline.video_io.outputs.png_encode import png_bytes, straight_rgba

ALPHA_CRF = 12
PICTURE_CRF = 18


class Sink(ABC):
    """Takes pictures in order, in one thread."""

    name: str
    """The finished file's or folder's name."""
    wants_planes = False
    wants_rgb = False
    wants_sound = False

    def __init__(self) -> None:
        self.frames = 0

    @abstractmethod
    def write(self, picture: Picture) -> None:
        """Encode one picture."""

    @abstractmethod
    def finish(self) -> None:
        """Complete the partial file."""

    @abstractmethod
    def abort(self) -> None:
        """Close and remove everything written so far."""


class VideoSink(Sink):
    """A sink that writes one video file, `partial` until it is checked."""

    def __init__(
        self, directory: Path, name: str, recipe: Recipe, info: ClipInfo, zero: int, threads: int
    ) -> None:
        super().__init__()
        self.name = name
        self.path = directory / name
        self.partial = partial_path(directory / f"{self.path.stem}.video{self.path.suffix}")
        self._size_wh = even(info.size_wh) if recipe.needs_even_size else info.size_wh
        self._writer = VideoWriter(self.partial, recipe, self._size_wh, info, zero, threads)

    def finish(self) -> None:
        """See `Sink.finish`."""
        self._writer.finish()

    def abort(self) -> None:
        """See `Sink.abort`."""
        self._writer.abort()
        self.partial.unlink(missing_ok=True)
        partial_path(self.path).unlink(missing_ok=True)

    def write(self, picture: Picture) -> None:
        """See `Sink.write`."""
        frame = self._writer.blank()
        self._fill(frame, picture)
        self._writer.write(frame, picture.pts, picture.duration)
        self.frames += 1

    @abstractmethod
    def _fill(self, frame: object, picture: Picture) -> None:
        """Set every sample of the frame."""


class AlphaSink(VideoSink):
    """`alpha.mp4`: grey, 255 = foreground, limited range; 0 and 255 come back exactly."""

    def __init__(self, directory: Path, info: ClipInfo, zero: int, threads: int) -> None:
        super().__init__(directory, "alpha.mp4", encode.h264(ALPHA_CRF), info, zero, threads)
        levels = 16 + np.arange(256) * (219 / 255)
        self._limited = np.rint(levels).astype(np.uint8)

    def _fill(self, frame: object, picture: Picture) -> None:
        y, u, v = (plane_view(plane) for plane in frame.planes)  # type: ignore[attr-defined]
        height, width = picture.alpha.shape
        y[:height, :width] = cv2.LUT(picture.alpha, self._limited)
        y[:height, width:] = y[:height, width - 1 : width]
        y[height:] = y[height - 1]
        u[:] = NEUTRAL
        v[:] = NEUTRAL


class OverBackgroundSink(VideoSink):
    """`foreground.mp4` and `preview.mp4`: the foreground over a background, blended in YUV."""

    wants_planes = True
    wants_sound = True

    def __init__(
        self,
        directory: Path,
        name: str,
        info: ClipInfo,
        zero: int,
        threads: int,
        background: Planes,
    ) -> None:
        super().__init__(directory, name, encode.h264(PICTURE_CRF), info, zero, threads)
        self._background = background

    def _fill(self, frame: object, picture: Picture) -> None:
        from pipeline.postprocess.composite_kernel import blend

        planes = picture.planes
        if planes is None:
            raise RuntimeError("the picture has no planes")
        y, u, v = (plane_view(plane) for plane in frame.planes)  # type: ignore[attr-defined]
        blend(planes.y, self._background.y, picture.alpha, y)
        blend(planes.u, self._background.u, picture.half_alpha, u)
        blend(planes.v, self._background.v, picture.half_alpha, v)


class WebmSink(VideoSink):
    """`foreground.webm`: VP9 with alpha."""

    wants_planes = True
    wants_sound = True

    def __init__(self, directory: Path, info: ClipInfo, zero: int, threads: int) -> None:
        super().__init__(directory, "foreground.webm", encode.vp9(), info, zero, threads)

    def _fill(self, frame: object, picture: Picture) -> None:
        planes = picture.planes
        if planes is None:
            raise RuntimeError("the picture has no planes")
        views = [plane_view(plane) for plane in frame.planes]  # type: ignore[attr-defined]
        for view, plane in zip(views, (planes.y, planes.u, planes.v, picture.alpha), strict=True):
            view[:] = plane


class ProresSink(VideoSink):
    """`foreground.mov`: ProRes 4444 with alpha, straight colour."""

    wants_rgb = True
    wants_sound = True

    def __init__(self, directory: Path, info: ClipInfo, zero: int, threads: int) -> None:
        super().__init__(directory, "foreground.mov", encode.prores(), info, zero, threads)
        self._deep_alpha = np.rint(np.arange(256) * (1023 / 255)).astype(np.uint16)

    def _fill(self, frame: object, picture: Picture) -> None:
        if picture.rgb is None:
            raise RuntimeError("the picture has no RGB")
        views = [plane_view16(plane) for plane in frame.planes]  # type: ignore[attr-defined]
        for view, plane in zip(views, rgb_to_ycbcr(picture.rgb), strict=False):
            view[:] = np.rint(plane * 4)
        views[3][:] = self._deep_alpha[picture.alpha]


class PngSink(Sink):
    """`foreground/000000.png` straight RGBA, and `alpha/000000.png` 8-bit grey beside it."""

    name = "foreground"
    wants_rgb = True

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.folders = (directory / "foreground", directory / "alpha")
        self.partials = tuple(partial_path(folder) for folder in self.folders)
        for partial in self.partials:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)

    def write(self, picture: Picture) -> None:
        """See `Sink.write`."""
        if picture.rgb is None:
            raise RuntimeError("the picture has no RGB")
        name = f"{self.frames:06d}.png"
        colour, grey = self.partials
        (colour / name).write_bytes(png_bytes(straight_rgba(picture.rgb, picture.alpha)))
        (grey / name).write_bytes(png_bytes(picture.alpha))
        self.frames += 1

    def finish(self) -> None:
        """See `Sink.finish`."""

    def abort(self) -> None:
        """See `Sink.abort`."""
        for partial in self.partials:
            shutil.rmtree(partial, ignore_errors=True)
