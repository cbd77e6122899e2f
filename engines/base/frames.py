"""The frames of a clip as an engine sees them; it must not know files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from utils.types import Frame


class FrameSource(Protocol):
    """Random access to a clip's displayed frames without holding it in memory."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every frame, in pixels."""

    def __len__(self) -> int:
        """Number of frames."""

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, … up to but without stop, each uint8 RGB (H, W, 3).

        Close the iterator to stop early.
        """


class ArrayFrames:
    """A `FrameSource` over frames already in memory, for tests, benchmarks and scripts."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        if not len(frames):
            raise ValueError("a clip needs at least one frame")
        self._frames = frames

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of every frame, in pixels."""
        height, width = self._frames[0].shape[:2]
        return width, height

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """See `FrameSource.read`."""
        for index in range(start, stop, step):
            yield self._frames[index]
