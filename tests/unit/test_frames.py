import numpy as np

from engines.base import ArrayFrames
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.ranges import FrameRange


def numbered(count: int) -> ArrayFrames:
    return ArrayFrames([np.full((4, 6, 3), index, np.uint8) for index in range(count)])


def test_a_range_counts_from_its_first_frame_in_both_directions() -> None:
    frames = FrameRange(numbered(10), 3, 7)
    assert len(frames) == 5
    assert [frame[0, 0, 0] for frame in frames.read(0, 5)] == [3, 4, 5, 6, 7]
    assert [frame[0, 0, 0] for frame in frames.read(3, -1, -1)] == [6, 5, 4, 3]


def test_only_the_newest_frame_is_remembered() -> None:
    frames = FrameRange(numbered(10), 3, 7)
    reading = frames.read(0, 5)
    next(reading)
    next(reading)
    assert frames.recent(0) is None
    newest = frames.recent(1)
    assert newest is not None
    assert newest[0, 0, 0] == 4


def test_one_frame_by_itself_does_not_replace_the_newest() -> None:
    frames = FrameRange(numbered(10), 3, 7)
    next(frames.read(4, 5))
    assert frames.one(0)[0, 0, 0] == 3
    assert frames.recent(4) is not None


def test_a_resumable_engine_needs_room_for_its_cache() -> None:
    plain = estimate_bytes((1920, 1080), 100, ("alpha",))
    assert estimate_bytes((1920, 1080), 100, ("alpha",), with_cache=True) > plain * 5
    assert estimate_bytes((1920, 1080), 100, ("alpha", "png")) > plain * 10
