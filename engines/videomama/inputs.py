"""Sequential frame reader with a seek, for the rare frame whose cached record is damaged."""

from __future__ import annotations

from collections.abc import Iterator

from engines.base import FrameSource
from utils.errors import EngineError
from utils.prefetch import ahead
from utils.types import Frame


class FrameReader:
    """Continues its stream when the next frame is asked for, else reopens it at the frame."""

    def __init__(self, frames: FrameSource, first: int = 0) -> None:
        """Open nothing yet; `first` is the number that the source's frame 0 has in the clip, for messages."""
        self._frames = frames
        self._first = first
        self._stream: Iterator[Frame] | None = None
        self._next = -1

    def read(self, index: int) -> Frame:
        """Return the frame, uint8 RGB (H, W, 3).

        Raises:
            EngineError: the clip ends before the frame.
        """
        if self._stream is None or self._next != index:
            self.close()
            # Frames are decoded while the networks work.
            self._stream = ahead(lambda: self._frames.read(index, len(self._frames)))
        for frame in self._stream:
            self._next = index + 1
            return frame
        raise EngineError(
            "engine.bad_alpha",
            name="VideoMaMa",
            frame=index + self._first,
            problem="the clip ended early",
        )

    def close(self) -> None:
        """Stop the decoder behind the stream."""
        if self._stream is not None:
            self._stream.close()  # type: ignore[attr-defined]
            self._stream = None
