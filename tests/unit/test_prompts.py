"""The one rule for prompts: what is outside is refused, what reaches over the edge is clipped."""

import math
from dataclasses import replace

import numpy as np
import pytest

from utils.errors import UnusablePrompt
from utils.prompts import check_prompt, clip_box
from utils.types import Box, Point, Prompt

SIZE = (100, 60)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        (Box(-5, 10, 40, 50), Box(0, 10, 40, 50)),
        (Box(-5, -5, 200, 200), Box(0, 0, 100, 60)),
        (Box(40, 50, 10, 20), Box(10, 20, 40, 50)),
        (Box(98, 58, 130, 90), Box(98, 58, 100, 60)),
        (Box(10.5, 20, 12.5, 22), Box(10.5, 20, 12.5, 22)),
    ],
)
def test_a_box_is_clipped_to_the_picture(box: Box, clipped: Box) -> None:
    assert clip_box(box, SIZE) == clipped
    assert check_prompt(Prompt(box=box), SIZE, "x").box == clipped
    exemplars = check_prompt(Prompt(exemplars=(box,)), SIZE, "x", finds_similar=True).exemplars
    assert exemplars == (clipped,)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(-5, 10, 1, 50), "1x40"),
        (Box(10, 10, 11.5, 50), "1.5x40"),
        (Box(10, 59, 40, 90), "30x1"),
        (Box(10, 10, 10, 10), "0x0"),
    ],
)
def test_what_is_left_of_a_box_under_two_pixels_is_too_small(box: Box, size: str) -> None:
    with pytest.raises(UnusablePrompt) as caught:
        clip_box(box, SIZE)
    assert caught.value.code == "prompt.box_small"
    assert size in caught.value.text("en")
    assert size in caught.value.text("zh")


@pytest.mark.parametrize(
    "box", [Box(-9, 0, 0, 9), Box(100, 0, 120, 9), Box(0, 60, 9, 70), Box(math.nan, 0, 9, 9)]
)
def test_a_box_outside_is_refused(box: Box) -> None:
    with pytest.raises(UnusablePrompt) as caught:
        clip_box(box, SIZE)
    assert caught.value.code == "prompt.box_outside"


@pytest.mark.parametrize("place", [(100, 5), (5, 60), (-0.5, 5), (math.nan, 5)])
def test_a_click_outside_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(UnusablePrompt) as caught:
        check_prompt(Prompt(points=(Point(*place),)), SIZE, "x")
    assert caught.value.code == "prompt.point_outside"


def test_examples_of_what_is_not_wanted_need_some_of_what_is() -> None:
    box = Box(-5, 10, 40, 50)
    options = {"finds_similar": True, "reads_text": True}
    for prompt in (Prompt(exemplars=(box,)), Prompt(text="dog")):
        checked = check_prompt(replace(prompt, negative_exemplars=(box,)), SIZE, "x", **options)
        assert checked.negative_exemplars == (Box(0, 10, 40, 50),)
    for finds, code in ((True, "prompt.no_positive"), (False, "prompt.exemplars_unsupported")):
        with pytest.raises(UnusablePrompt) as caught:
            check_prompt(Prompt(negative_exemplars=(box,)), SIZE, "x", finds_similar=finds)
        assert caught.value.code == code


def test_only_negative_clicks_need_something_to_take_from() -> None:
    click = (Point(5, 5, positive=False),)
    with pytest.raises(UnusablePrompt) as caught:
        check_prompt(Prompt(points=click), SIZE, "x")
    assert caught.value.code == "prompt.no_positive"
    mask = np.ones((60, 100), bool)
    for prompt in (Prompt(points=click, mask=mask), Prompt(points=click, box=Box(0, 0, 9, 9))):
        assert check_prompt(prompt, SIZE, "x").points == click
    assert check_prompt(Prompt(text="dog", points=click), SIZE, "x", reads_text=True).text == "dog"
