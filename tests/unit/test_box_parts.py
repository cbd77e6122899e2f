"""Which parts of a mask without networks a drawn box's mask gets back, on descriptors that are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.selection.box_parts import BoxParts
from engines.builtin.selection.box_window import BoxWindow
from engines.builtin.selection.segmentation import BuiltinSegmentation
from utils.mask_utils import intersection_over_union
from utils.types import Box, Prompt

SIZE_WH = 160, 120
VIEW = BoxWindow((32, 16, 128, 104), (0, 0, *SIZE_WH), SIZE_WH)
CELL = 4


def area(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros(SIZE_WH[::-1], bool)
    mask[y0:y1, x0:x1] = True
    return mask


def described(target: np.ndarray, channels: int = 8) -> np.ndarray:
    """Return descriptors of a grid that has one for each `CELL` x `CELL` pixels: one kind in a target, another outside."""
    values = np.random.default_rng(0).normal(0, 0.1, (*SIZE_WH[::-1], channels)).astype(np.float32)
    values[..., 0] += np.where(target, 1.0, -1.0)
    values = np.ascontiguousarray(values[::CELL, ::CELL])
    return values / np.linalg.norm(values, axis=2, keepdims=True)


HEAD, BODY = area(40, 20, 120, 44), area(40, 44, 120, 100)
TRUNK = area(40, 20, 120, 80)
SAYS_NOTHING = np.zeros(SIZE_WH[::-1], np.float32)


def joined(
    found: np.ndarray, alone: np.ndarray, target: np.ndarray, evidence: float = 0.0
) -> np.ndarray:
    """Return what is joined by descriptors that are alike in a target, where all other evidence is the same everywhere."""
    parts = BoxParts(lambda: described(target), VIEW, SIZE_WH)
    return parts.joined(found, alone, np.full(found.shape, evidence, np.float32))


def test_a_part_that_is_described_like_what_both_masks_have_is_the_targets():
    assert np.array_equal(joined(HEAD, HEAD | BODY, HEAD | BODY), HEAD | BODY)


def test_a_part_that_is_described_like_what_both_lack_is_not():
    assert np.array_equal(joined(HEAD, HEAD | BODY, HEAD), HEAD)


def test_each_part_is_judged_by_itself():
    leg, shadow = area(40, 44, 72, 100), area(88, 44, 120, 100)
    assert np.array_equal(joined(HEAD, HEAD | leg | shadow, HEAD | leg), HEAD | leg)


def test_a_part_too_thin_for_descriptors_of_its_own_stays_denied():
    gap = area(40, 80, 48, 100)
    assert np.array_equal(joined(HEAD, HEAD | gap, HEAD | gap, evidence=-12.0), HEAD)
    assert np.array_equal(joined(TRUNK, TRUNK | gap, TRUNK | gap, evidence=-12.0), TRUNK)


@pytest.mark.parametrize("right", [48, 72], ids=["narrow", "wide"])
def test_a_part_that_all_evidence_together_clearly_speaks_for_is_the_targets(right: int):
    leg = area(40, 80, right, 100)
    assert np.array_equal(joined(TRUNK, TRUNK | leg, TRUNK, evidence=16.0), TRUNK | leg)
    assert np.array_equal(joined(TRUNK, TRUNK | leg, TRUNK, evidence=-1.0), TRUNK)


def test_a_narrow_part_needs_both_descriptors_and_the_rest():
    leg = area(40, 80, 48, 100)
    assert np.array_equal(joined(TRUNK, TRUNK | leg, TRUNK | leg, evidence=1.0), TRUNK | leg)
    assert np.array_equal(joined(TRUNK, TRUNK | leg, TRUNK, evidence=1.0), TRUNK)


def test_evidence_says_nothing_of_parts_where_the_masks_are_of_different_objects():
    assert np.array_equal(joined(HEAD, HEAD | BODY, HEAD, evidence=16.0), HEAD)


def test_descriptors_are_asked_for_only_where_there_is_a_part():
    parts = BoxParts(lambda: pytest.fail("asked"), VIEW, SIZE_WH)
    assert np.array_equal(parts.joined(HEAD | BODY, HEAD, SAYS_NOTHING), HEAD | BODY)


def test_without_descriptors_the_mask_stays():
    parts = BoxParts(lambda: None, VIEW, SIZE_WH)
    assert np.array_equal(parts.joined(HEAD, HEAD | BODY, SAYS_NOTHING), HEAD)


class ShowsRim:
    """A network that shows the red part of an object alone."""

    network = "rim"

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        return (cv2.blur(image, (5, 5))[..., 0] > 150).astype(np.float32)


class Describes:
    """A network that describes all places of an object alike, whatever their colour."""

    network = "descriptors"

    def __init__(self, target: np.ndarray) -> None:
        self._target = target

    def descriptors(self, image: np.ndarray) -> np.ndarray:
        return described(self._target)


@pytest.mark.parametrize("is_described", [False, True])
def test_a_box_holds_a_part_that_its_network_denies_and_descriptors_find_alike(
    is_described: bool,
) -> None:
    image = np.random.default_rng(0).normal(90, 8, (*SIZE_WH[::-1], 3))
    empty = np.zeros(SIZE_WH[::-1], np.uint8)
    rim = cv2.circle(empty.copy(), (80, 60), 40, 1, 10) > 0
    target = rim | (cv2.circle(empty, (80, 60), 40, 1, -1) > 0)
    image[target] += (0, 0, 25)
    image[rim] = (200, 60, 60)
    # Something bright, or the picture would be dark and seen exposed, where colours tell the rest from its ground.
    image[:4] = 230
    picture = BuiltinSegmentation(
        np.clip(image, 0, 255).astype(np.uint8),
        "builtin",
        foregrounds=[ShowsRim()],
        descriptors=Describes(target) if is_described else None,
    )
    found = picture.segment(Prompt(box=Box(34, 14, 126, 106)))[0].mask
    assert (intersection_over_union(found, target) > 0.9) == is_described
