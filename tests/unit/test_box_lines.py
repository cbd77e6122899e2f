"""Thin straight lines that a drawn box shows to be its object's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.selection.box_lines import with_lines
from utils.types import Box, Mask, Point

SIZE_WH = 854, 480
OBJECT = 300, 250, 420, 400
CORD = (410, 300), (760, 120)


def picture(*cables: tuple[tuple[int, int], tuple[int, int]]) -> tuple[np.ndarray, Mask]:
    """Return a frame with a block before cables, and the block's mask."""
    rows, columns = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]]
    waves = 12 * np.sin(columns / 9) + 12 * np.sin(rows / 5)
    frame = np.dstack([70 + waves, 110 + waves, 130 + waves]).astype(np.uint8)
    for first, last in cables:
        cv2.line(frame, first, last, (220, 215, 205), 2)
    mask = np.zeros(SIZE_WH[::-1], dtype=np.uint8)
    cv2.rectangle(mask, OBJECT[:2], OBJECT[2:], 1, -1)
    frame[mask > 0] = 40, 30, 30
    return frame, mask > 0


def test_a_line_from_the_mask_to_a_side_of_the_box_joins_it():
    frame, mask = picture(CORD)
    box = Box(298, 118, 762, 403)
    found = with_lines(frame, mask, box, ())
    cord = np.zeros(mask.shape, dtype=np.uint8)
    cv2.line(cord, *CORD, 1, 2)
    cord[mask] = 0
    assert (found & (cord > 0)).sum() > 0.8 * cord.sum()
    assert not (found & ~mask & (cv2.dilate(cord, np.ones((5, 5))) == 0)).any()
    clicked = with_lines(frame, mask, box, (Point(585, 210, positive=False),))
    assert np.array_equal(clicked, mask)


@pytest.mark.parametrize(
    ("cable", "box"),
    [
        (((410, 300), (850, 74)), Box(298, 118, 762, 403)),
        (((68, 476), (760, 120)), Box(298, 118, 762, 403)),
        (CORD, Box(*OBJECT)),
        (CORD, Box(300, 250, 302, 252)),
    ],
    ids=["goes on beyond the box", "goes on behind the object", "box without it", "tiny box"],
)
def test_a_line_that_is_not_the_objects_stays_out(cable, box):
    frame, mask = picture(cable)
    assert np.array_equal(with_lines(frame, mask, box, ()), mask)
