"""Parts of a tracked mask: the target's, or another object's far from it."""

from __future__ import annotations

import numpy as np
import pytest

from engines.builtin.tracking.foreground_evidence import Foreground
from engines.builtin.tracking.parts import ConnectedParts
from engines.builtin.tracking.target_foreground import ForegroundView
from engines.builtin.tracking.tracker import ObjectTracker
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import ProcessingFrame, to_processing_size
from utils.types import Mask

HEIGHT, WIDTH = 90, 160
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


BODY, FOOT, OTHER = (
    rectangle(20, 20, 60, 60),
    rectangle(20, 66, 60, 76),
    rectangle(100, 20, 130, 60),
)


def picture(*masks: Mask) -> np.ndarray:
    image = np.random.default_rng(0).integers(90, 110, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for mask in masks:
        image[mask] = (200, 60, 40)
    return image


def test_a_part_is_far_by_the_size_of_the_largest():
    found = ConnectedParts(BODY | FOOT | OTHER)
    assert found.largest_area == np.count_nonzero(BODY)
    assert np.array_equal(found.far(), OTHER)
    # A gap of 6 pixels is far from a part of 10 pixels a side.
    large, small = rectangle(30, 66, 40, 76), rectangle(46, 66, 55, 75)
    assert np.array_equal(ConnectedParts(large | small).far(), small)
    assert not ConnectedParts(BODY).far().any()
    nothing = ConnectedParts(np.zeros_like(BODY))
    assert nothing.largest_area == 0.0
    assert not nothing.far().any()


@pytest.mark.parametrize(
    ("confirmed", "taken_in", "kept"),
    [
        (BODY, True, BODY),
        (BODY | OTHER, False, BODY | OTHER),
        (BODY | FOOT, False, BODY | FOOT),
    ],
)
def test_a_far_part_stays_only_where_the_target_was_confirmed_with_one(
    confirmed: Mask, taken_in: bool, kept: Mask
):
    """Flow takes the target's like for the target."""
    frame = to_processing_size(picture(BODY, FOOT & confirmed, OTHER), (WIDTH, HEIGHT))
    to_previous = STILL.copy()
    if taken_in:
        to_previous[OTHER] = -80, 0
    flow = FlowPair(to_previous, STILL, np.ones((HEIGHT, WIDTH), np.float32))
    found = ObjectTracker(frame, confirmed).step(frame, flow).probability > 0.5
    assert (found & kept).sum() / (found | kept).sum() > 0.9


class Doubtful(ObjectTracker):
    """Takes whatever is left of a target for something else, as colours do where the light changes."""

    def _is_something_else(self, frame: ProcessingFrame, seen: Mask) -> bool:
        return True


@pytest.mark.parametrize("has_network", [False, True])
def test_what_is_left_of_a_target_is_not_given_up_by_colours_alone(has_network: bool):
    """Without a network there is nothing else to ask: a car that drives into shadow would be lost."""
    frame = to_processing_size(picture(BODY), (WIDTH, HEIGHT))
    flow = FlowPair(STILL, STILL, np.ones((HEIGHT, WIDTH), np.float32))
    answer = Foreground(BODY.astype(np.float32), np.ones((HEIGHT, WIDTH), np.float32))
    view = ForegroundView(answer) if has_network else None
    found = Doubtful(frame, BODY, view).step(frame, flow, foreground=view)
    assert (found.temporal_overlap > 0.0) != has_network
