"""Views of a clip's frames: a range of it, which knows the frames that are still in use."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal
from weakref import WeakValueDictionary

from engines.base import FrameSource
from utils.types import Frame


class FrameRange:
    """Frames first … last (inclusive) of a source, numbered from 0."""

    def __init__(self, source: FrameSource, first: int, last: int) -> None:
        self._source = source
        self._first = first
        self._count = last - first + 1
        self._in_use: WeakValueDictionary[int, Frame] = WeakValueDictionary()

    @property
    def first(self) -> int:
        """The source's frame that the range begins with."""
        return self._first

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every frame, in pixels."""
        return self._source.size_wh

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """See `engines.base.FrameSource.read`."""
        frames = self._source.read(start + self._first, stop + self._first, step)
        for index, frame in zip(range(start, stop, step), frames, strict=True):
            self._in_use[index] = frame
            yield frame

    def part(self, first: int, last: int) -> FrameRange:
        """Return frames first … last (inclusive) of this range as a range of their own."""
        return FrameRange(self._source, self._first + first, self._first + last)

    def recent(self, index: int) -> Frame | None:
        """Return a frame, uint8 RGB (H, W, 3), that was read and that someone still holds, else None."""
        return self._in_use.get(index)

    def one(self, index: int) -> Frame:
        """Decode one frame by itself, uint8 RGB (H, W, 3)."""
        frames = self._source.read(index + self._first, index + self._first + 1)
        try:
            return next(frames)
        finally:
            if isinstance(frames, Generator):
                frames.close()
