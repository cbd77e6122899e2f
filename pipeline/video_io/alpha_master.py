"""The alpha of a job at 12 bits, kept so that new files can be rendered without the engine: FFV1 in NUT.

Masters of older sessions have 8 bits; they are read as the same levels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from pipeline.storage.files import partial_path
from pipeline.video_io.writers.video_file import plane_view, plane_view16
from utils.alpha_levels import AlphaLevels, to_levels
from utils.errors import SessionError

_PIXEL_FORMAT = "gray12le"
_RATE = Fraction(25)
"""Times in the file only number the frames."""


class AlphaMasterWriter:
    """Appends alphas as levels, uint16 (H, W); the file appears when the block ends well."""

    def __init__(self, path: Path, size_wh: tuple[int, int]) -> None:
        import av

        self._path = path
        self._partial = partial_path(path)
        self._size_wh = size_wh
        self._count = 0
        self._container = av.open(str(self._partial), "w", format="nut")
        stream = self._container.add_stream(
            "ffv1", rate=_RATE, options={"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}
        )
        stream.width, stream.height = size_wh
        stream.pix_fmt = _PIXEL_FORMAT
        stream.time_base = 1 / _RATE
        stream.codec_context.time_base = 1 / _RATE
        self._stream = stream

    def append(self, alpha: AlphaLevels) -> None:
        """Write the next frame's alpha, levels (H, W) of the clip's size.

        Raises:
            OSError: the disk is full.
        """
        import av

        frame = av.VideoFrame(*self._size_wh, _PIXEL_FORMAT)
        plane_view16(frame.planes[0])[:] = alpha
        frame.pts = self._count
        frame.time_base = 1 / _RATE
        self._container.mux(self._stream.encode(frame))
        self._count += 1

    def __enter__(self) -> AlphaMasterWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            descriptor = os.open(self._partial, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(self._partial, self._path)
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        import av

        try:
            self._container.close()
        except (av.error.FFmpegError, OSError, ValueError):
            pass
        finally:
            self._partial.unlink(missing_ok=True)


def read_master(path: Path, start: int = 0) -> Iterator[AlphaLevels]:
    """Yield the alphas from frame `start` on in order, levels, uint16 (H, W).

    Raises:
        SessionError: the file is damaged.
    """
    yield from _read(path, start)


def read_master_frame(path: Path, index: int) -> AlphaLevels:
    """Return one alpha, levels, uint16 (H, W).

    Raises:
        SessionError: the file is damaged or has no such frame.
    """
    for alpha in _read(path, index):
        return alpha
    raise SessionError("video.master_damaged", detail=f"no frame {index}")


def _read(path: Path, start: int) -> Iterator[AlphaLevels]:
    import av

    try:
        with av.open(str(path), "r", format="nut") as container:
            stream = container.streams.video[0]
            if start:
                ticks = int(start / (_RATE * (stream.time_base or 1 / _RATE)))
                container.seek(ticks, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is None or round(frame.pts * frame.time_base * _RATE) < start:
                    continue
                if frame.format.name == _PIXEL_FORMAT:
                    yield plane_view16(frame.planes[0]).copy()
                else:
                    yield to_levels(plane_view(frame.planes[0]))
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise SessionError("video.master_damaged", detail=str(error)) from error
