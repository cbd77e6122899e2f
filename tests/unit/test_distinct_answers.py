"""Which answers to a click are offered: not the same mask three times."""

import numpy as np

from engines.base import Instance
from pipeline.selection.distinct import distinct
from utils.mask_utils import dilate
from utils.types import Mask


def block(top: int, bottom: int, left: int, right: int) -> Mask:
    mask = np.zeros((200, 300), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def test_an_answer_that_differs_along_the_edge_alone_is_not_offered_beside_the_better_one() -> None:
    person = block(40, 180, 100, 160)
    wider = dilate(person, 2)
    found = distinct([Instance(person, 0.9), Instance(wider, 0.8), Instance(person, 0.7)])
    assert [one.score for one in found] == [0.9]


def test_a_part_and_the_whole_are_both_offered_in_their_order() -> None:
    person = block(40, 180, 100, 160)
    coat = block(80, 140, 100, 160)
    with_bag = person | block(120, 134, 160, 174)
    found = distinct([Instance(coat, 0.9), Instance(person, 0.8), Instance(with_bag, 0.7)])
    assert [one.score for one in found] == [0.9, 0.8, 0.7]


def test_small_and_thin_answers_that_overlap_little_are_all_offered() -> None:
    """In a picture of 1920 pixels, a ball and the racket around it were one answer, and two balls side by side too."""
    found = []
    for left, right in ((950, 966), (940, 976), (980, 996)):
        mask = np.zeros((1080, 1920), np.bool_)
        mask[540 + left - 950 : 540 + right - 950, left:right] = True
        found.append(Instance(mask, 0.9 - 0.1 * len(found)))
    assert len(distinct(found)) == 3
    found[1] = Instance(dilate(found[0].mask, 1), 0.8)
    assert len(distinct(found)) == 2


def test_nothing_found_stays_nothing() -> None:
    assert distinct([]) == []
