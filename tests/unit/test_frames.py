from collections.abc import Iterator
from typing import Literal

import numpy as np

from engines.base import ArrayFrames
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.ranges import FrameRange
from utils.types import Frame


def numbered(count: int) -> ArrayFrames:
    return ArrayFrames([np.full((4, 6, 3), index, np.uint8) for index in range(count)])


def test_a_range_counts_from_its_first_frame_in_both_directions() -> None:
    frames = FrameRange(numbered(10), 3, 7)
    assert len(frames) == 5
    assert [frame[0, 0, 0] for frame in frames.read(0, 5)] == [3, 4, 5, 6, 7]
    assert [frame[0, 0, 0] for frame in frames.read(3, -1, -1)] == [6, 5, 4, 3]


class Decoded(ArrayFrames):
    """Frames that nobody holds but who reads them."""

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        return (frame.copy() for frame in super().read(start, stop, step))


def test_a_frame_is_found_as_long_as_someone_holds_it() -> None:
    frames = FrameRange(Decoded([np.full((4, 6, 3), index, np.uint8) for index in range(10)]), 3, 7)
    reading = frames.read(0, 5)
    first, second = next(reading), next(reading)
    assert frames.recent(0) is first
    assert frames.recent(1) is second
    assert frames.one(3)[0, 0, 0] == 6
    assert frames.recent(3) is None
    del first
    assert frames.recent(0) is None
    assert frames.recent(1) is second


def test_a_resumable_engine_needs_room_for_its_cache() -> None:
    plain = estimate_bytes((1920, 1080), 100, ("alpha",))
    assert estimate_bytes((1920, 1080), 100, ("alpha",), with_cache=True) > plain * 5
    assert estimate_bytes((1920, 1080), 100, ("alpha", "png")) > plain * 10
