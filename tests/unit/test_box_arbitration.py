"""What the mask without networks settles in a drawn box, on log odds whose parts are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.selection.box_arbitration import BoxArbitration
from engines.builtin.selection.segmentation import BuiltinSegmentation
from utils.mask_utils import intersection_over_union
from utils.types import Box, Prompt

BOX = 20, 10, 60, 50
SHAPE = 60, 90


def area(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def shows(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the log odds and the answer of a network that shows a mask."""
    return np.where(mask, 4.0, -4.0).astype(np.float32), mask.astype(np.float32)


def settled(alone: np.ndarray, *shown: np.ndarray) -> np.ndarray:
    evidence, answers = zip(*(shows(mask) for mask in shown), strict=True)
    return (BoxArbitration(evidence, answers, BOX).settled(alone) > 0) & area(*BOX)


WHOLE, HEAD, BEHIND = area(22, 12, 58, 48), area(22, 12, 58, 22), area(44, 12, 90, 48)
BODY = area(22, 12, 58, 40)


def test_a_part_that_one_network_denies_counts_where_the_mask_without_them_has_it_too():
    assert np.array_equal(settled(WHOLE, WHOLE, HEAD), WHOLE)
    assert np.array_equal(settled(HEAD, WHOLE, HEAD), HEAD)


def test_such_a_part_that_goes_on_outside_the_box_stays_denied():
    assert np.array_equal(settled(WHOLE, HEAD | BEHIND, HEAD), HEAD)


def test_a_mask_that_covers_what_no_network_shows_as_well_settles_nothing():
    everything = area(20, 10, 60, 50)
    assert np.array_equal(settled(everything, BODY, HEAD), HEAD)


def test_what_goes_on_outside_the_box_and_the_mask_lacks_is_of_another_object():
    target = area(21, 12, 40, 48) | area(21, 40, 59, 48)
    behind = area(42, 20, 90, 38)
    assert np.array_equal(settled(target, target | behind), target)
    inside = behind & area(*BOX)
    assert np.array_equal(settled(target, target | inside), target | inside)


def test_a_mask_that_lacks_much_of_the_target_needs_the_boxs_content_to_part_it_from_others():
    head, behind = area(21, 12, 59, 20), area(50, 20, 90, 38)
    target = head | area(21, 20, 48, 49)
    (log_odds, answer), inside = shows(target | behind), area(*BOX)
    for content, expected in ((target, target), (target | behind, (target | behind) & inside)):
        one = BoxArbitration([log_odds], [answer], BOX, lambda shown=content: [shown * 1.0])
        assert np.array_equal((one.settled(head) > 0) & inside, expected)


def test_what_alone_reaches_a_side_of_the_box_is_the_targets():
    target, arm = area(21, 12, 44, 48), area(44, 20, 66, 30)
    assert np.array_equal(settled(target, target | arm), (target | arm) & area(*BOX))


def test_what_goes_on_outside_a_box_drawn_large_may_alone_reach_a_side_of_it():
    behind = area(44, 20, 90, 38)
    target = area(23, 13, 57, 47) & ~behind
    assert np.array_equal(settled(target, target | behind), target)


@pytest.mark.parametrize(
    ("shown", "is_open"),
    [
        pytest.param([WHOLE], False, id="one network, nothing outside"),
        pytest.param([WHOLE, WHOLE], False, id="two that agree"),
        pytest.param([WHOLE, HEAD], True, id="two that disagree"),
        pytest.param([WHOLE | BEHIND], True, id="foreground that goes on outside"),
        pytest.param([area(0, 0, 0, 0)], False, id="nothing shown"),
    ],
)
def test_a_mask_without_networks_is_asked_for_where_it_may_settle_something(shown, is_open):
    evidence, answers = zip(*(shows(mask) for mask in shown), strict=True)
    assert BoxArbitration(evidence, answers, BOX).is_open() == is_open


class Shows:
    """A network that shows what has more red, or is lighter, than the background."""

    def __init__(self, network: str, least_red: float, least_blue: float) -> None:
        self.network, self._least = network, (least_red, least_blue)

    def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
        smooth = cv2.blur(image, (5, 5))
        found = (smooth[..., 0] > self._least[0]) | (smooth[..., 2] > self._least[1])
        return found.astype(np.float32)


def test_a_box_holds_all_of_a_target_of_which_one_network_shows_a_part() -> None:
    image = np.random.default_rng(0).normal(90, 10, (120, 180, 3))
    rim = np.zeros((120, 180), np.uint8)
    target = cv2.circle(rim.copy(), (90, 60), 34, 1, -1) > 0
    rim = cv2.circle(rim, (90, 60), 34, 1, 10) > 0
    image[target] += (0, 0, 20)
    image[rim] = (200, 60, 60)
    networks = [Shows("all", 130, 100), Shows("part", 130, 300)]
    picture = BuiltinSegmentation(
        np.clip(image, 0, 255).astype(np.uint8), "builtin", foregrounds=networks
    )
    found = picture.segment(Prompt(box=Box(50, 20, 130, 100)))[0].mask
    assert intersection_over_union(found, target | rim) > 0.9
