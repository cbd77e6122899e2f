from __future__ import annotations

import numpy as np
import pytest

from pipeline.video_io.strips import frame_bytes, in_order, strip_count

HD, SMALL = (1920, 1080), (320, 180)


@pytest.mark.parametrize(
    ("size_wh", "layout", "count"),
    [
        (HD, "rgb24", 12),
        (HD, "yuv420p", 12),
        ((1920, 1088), "yuv420p", 8),
        ((1280, 722), "rgb24", 2),
        ((1280, 722), "yuv420p", 1),
        ((1281, 720), "yuv420p", 1),
        ((1280, 727), "rgb24", 1),
        (SMALL, "rgb24", 1),
    ],
)
def test_a_large_frame_comes_in_strips_of_whole_pixels(size_wh, layout, count) -> None:
    assert strip_count(size_wh, layout) == count


@pytest.mark.parametrize("layout", ["rgb24", "yuv420p", "rgb48_exact", "alpha"])
def test_strips_fill_the_frame_in_its_own_order(layout) -> None:
    width, height, strips = 6, 12, 3
    samples = np.zeros(frame_bytes((width, height), layout), np.uint8)
    parts = in_order(samples, (width, height), layout, strips)
    assert len(parts) % strips == 0
    for number, part in enumerate(parts, start=1):
        part[:] = bytes([number]) * len(part)
    first_plane = samples[: {"yuv420p": 72, "rgb24": 216, "rgb48_exact": 144, "alpha": 72}[layout]]
    planes = len(parts) // strips
    rows = np.split(first_plane, strips)
    assert [set(row) for row in rows] == [{1}, {1 + planes}, {1 + 2 * planes}]
    assert samples.all()
