"""Motion of the target against its background, and of what neighbouring frames show around a box."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engines.base import ArrayFrames
from engines.builtin.selection.motion_cue import NeighbourMotion
from engines.builtin.tracking.background_motion import (
    difference_evidence,
    motion_evidence,
    object_motion,
)
from engines.builtin.tracking.camera_motion import background_flow
from engines.builtin.tracking.difference_histogram import DifferenceModel
from engines.builtin.tracking.steps import read_steps
from engines.builtin.vision.processing_size import to_processing_size
from tests.unit.pictures import HEIGHT, WIDTH, disc, moved_disc, noise_texture


@pytest.fixture
def texture() -> np.ndarray:
    return noise_texture()


def test_the_backgrounds_flow_is_found_although_an_object_moves_otherwise():
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[..., 0] = 2.0
    flow[disc()] = (-4.0, 3.0)
    ground = background_flow(flow, ~disc(45, 30, 8))
    assert np.allclose(ground[5, 5], (2.0, 0.0), atol=0.2)
    blank = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    motion = object_motion(blank, blank, flow, ~disc(45, 30, 16))
    length = np.linalg.norm(motion.vector, axis=2)
    assert length[30, 45] > 3
    assert length[5, 5] < 0.5
    window = object_motion(blank, blank, flow, ~disc(45, 30, 16), (20, 10, 70, 50))
    assert np.allclose(window.vector[10:50, 20:70], motion.vector[10:50, 20:70], atol=0.05)
    assert not window.vector[:10].any()
    assert np.abs(motion.vector).max() <= 4.0
    assert motion.pixels[30, 45] == pytest.approx(np.hypot(6.0, 3.0), abs=0.3)


def test_the_compensated_difference_is_sharp_where_an_object_moves_over_the_background(texture):
    size = WIDTH, HEIGHT
    here = to_processing_size(moved_disc(texture, 0, 0), size)
    there = to_processing_size(moved_disc(texture, 3, -3), size)
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[...] = (3.0, 0.0)
    motion = object_motion(here.lab, there.lab, flow, ~disc(45, 30, 20))
    found = difference_evidence(motion.difference)
    assert np.median(motion.difference[~disc(45, 30, 22)]) < 1.0
    assert found[30, 45 + 12] > 1.0
    assert found[5, 70] < 0.0
    assert found.min() >= -1.0
    assert found.max() <= 1.5


def test_the_difference_histogram_learns_how_well_differences_separate_the_object():
    inside = disc(45)
    random = np.random.default_rng(3)
    water, swan = random.uniform(2, 6, inside.shape), random.uniform(0, 0.5, inside.shape)
    apart = np.where(inside, swan, water).astype(np.float32)
    model = DifferenceModel()
    assert not model.evidence(apart).any()
    model.learn(apart, inside)
    learned = model.evidence(apart)
    assert learned[inside].min() > 1.0
    assert learned[~inside].max() < -1.0
    assert np.abs(learned).max() <= 2.0

    model.learn(apart, ~inside)
    assert model.evidence(apart)[inside].mean() > 1.0, "one frame that went wrong is not believed"
    model.learn(apart, np.zeros_like(inside))
    assert np.isfinite(model.evidence(apart)).all()

    alike = DifferenceModel()
    alike.learn(water.astype(np.float32), inside)
    assert np.abs(alike.evidence(water.astype(np.float32))).mean() < 0.3


def test_disoccluded_background_shows_no_difference_to_the_frame_after(texture):
    pictures = [
        to_processing_size(moved_disc(texture, k, -6 * k), (WIDTH, HEIGHT)).lab for k in (-1, 0, 1)
    ]
    flows = [np.zeros((HEIGHT, WIDTH, 2), np.float32) for _ in range(2)]
    flows[0][...], flows[1][...] = (-1.0, 0.0), (1.0, 0.0)
    ground = ~disc(45, 30, 24)
    before, after = (
        object_motion(pictures[1], other, flow, ground)
        for other, flow in zip(pictures[::2], flows, strict=True)
    )
    both = before.with_other_side(after)
    uncovered = disc(45 + 6) & ~disc(45, 30, 17)
    assert before.difference[uncovered].mean() > 3.0
    assert both.difference[uncovered].mean() < 1.5
    cut = object_motion(pictures[1], 100.0 - pictures[2][::-1], flows[1], ground)
    assert before.with_other_side(cut) is before


def test_a_pass_gives_each_frame_the_flow_to_both_its_neighbours(texture):
    frames = ArrayFrames([moved_disc(texture, 2 * k, 0) for k in range(3)])
    for step in (1, -1):
        first, stop = (0, 3) if step > 0 else (2, -1)
        steps = list(read_steps(frames, first, stop, step))
        assert [one.index for one in steps] == list(range(first, stop, step))
        assert steps[0].flow is None
        assert steps[-1].next_frame is None
        for one, after in pairwise(steps):
            assert one.next_frame is not None
            assert after.flow is not None
            assert np.array_equal(one.next_frame.lab, after.working.lab)
            assert np.array_equal(one.next_frame.flow, after.flow.from_previous)


def test_motion_in_a_box_speaks_for_what_moves_and_against_what_stays(texture):
    size = WIDTH, HEIGHT
    here, before, after = (moved_disc(texture, k, -4 * k) for k in (0, -1, 1))
    around = NeighbourMotion(to_processing_size(here, size), {-1: before, 1: after})
    found = around.inside((25, 8, 65, 52))
    assert found is not None
    assert found.strength > 0.9
    assert found.evidence[disc(45, 30, 12)].mean() > 0.2
    assert found.evidence[8:16, 25:33].mean() < -0.5


def test_a_still_picture_gives_no_motion_cue(texture):
    still = moved_disc(texture, 0, 0)
    here = to_processing_size(still, (WIDTH, HEIGHT))
    found = NeighbourMotion(here, {1: still, 3: still}).inside((25, 8, 65, 52))
    assert found is not None
    assert found.strength == 0.0
    assert not found.evidence.any()


def test_a_neighbour_beyond_a_cut_gives_no_motion_cue(texture):
    here = to_processing_size(moved_disc(texture, 0, 0), (WIDTH, HEIGHT))
    other = 255 - texture[20 : 20 + HEIGHT, :WIDTH]
    assert NeighbourMotion(here, {1: other}).inside((25, 8, 65, 52)) is None
    assert NeighbourMotion(here, {}).inside((25, 8, 65, 52)) is None


def test_a_box_around_the_whole_picture_leaves_no_background(texture):
    here = to_processing_size(moved_disc(texture, 0, 0), (WIDTH, HEIGHT))
    around = NeighbourMotion(here, {1: moved_disc(texture, 1, -4)})
    assert around.inside((0, 0, WIDTH, HEIGHT)) is None


def test_motion_says_nothing_where_object_and_background_move_alike():
    mask = disc().astype(np.float32)
    ones = np.ones_like(mask)
    alike = np.full((HEIGHT, WIDTH, 2), 1.5, np.float32)
    assert np.abs(motion_evidence(alike, mask, ones)).max() < 0.6
    apart = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    apart[disc()] = (3.0, 0.0)
    evidence = motion_evidence(apart, mask, ones)
    assert evidence[30, 45] > 1.0
    assert evidence[5, 5] < -1.0
