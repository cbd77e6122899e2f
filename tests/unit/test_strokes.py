"""Brush strokes and polygons cover exactly the pixels whose centres they hold."""

import numpy as np
import pytest

from engines.base import Instance
from pipeline.selection.painting import painted
from utils.errors import UnusablePrompt
from utils.strokes import paint
from utils.types import Prompt, Stroke

NOTHING = np.zeros((9, 12), np.bool_)


def centres(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return columns + 0.5, rows + 0.5


def test_a_dab_covers_the_centres_within_its_radius() -> None:
    x, y = centres(NOTHING.shape)
    made = paint(NOTHING, [Stroke(((5.0, 4.0),), 2.5)])
    assert (made == ((x - 5) ** 2 + (y - 4) ** 2 <= 2.5**2)).all()
    one = paint(NOTHING, [Stroke(((5.5, 4.5),), 0.5)])
    assert np.argwhere(one).tolist() == [[4, 5]]


def test_a_stroke_covers_what_is_near_its_line_and_no_more() -> None:
    made = paint(NOTHING, [Stroke(((2.5, 4.5), (8.5, 4.5)), 1.0)])
    expected = NOTHING.copy()
    expected[4, 1:10] = True
    expected[[3, 5], 2:9] = True
    assert (made == expected).all()


def test_strokes_obey_in_their_order_and_leave_the_rest() -> None:
    before = NOTHING.copy()
    before[8] = True
    across = ((0.0, 4.5), (12.0, 4.5))
    adds, removes = Stroke(across, 0.4), Stroke(((6.0, 4.5), (12.0, 4.5)), 0.4, is_positive=False)
    made = paint(before, [adds, removes])
    assert made[4].tolist() == [True] * 6 + [False] * 6
    assert made[8].all() and not made[:4].any()
    assert paint(before, [removes, adds])[4].all()
    assert not before[4].any()


def test_a_polygon_covers_the_centres_inside_also_beyond_the_frame() -> None:
    square = Stroke(((2.0, 1.0), (6.0, 1.0), (6.0, 5.0), (2.0, 5.0)), 0.0, is_filled=True)
    assert np.argwhere(paint(NOTHING, [square])).tolist() == [
        [row, column] for row in range(1, 5) for column in range(2, 6)
    ]
    wide = Stroke(((-5.0, -5.0), (30.0, -5.0), (30.0, 4.0), (-5.0, 4.0)), 0.0, is_filled=True)
    made = paint(NOTHING, [wide])
    assert made[:4].all() and not made[4:].any()
    x, y = centres(NOTHING.shape)
    triangle = Stroke(((0.0, 0.0), (9.2, 0.0), (0.0, 9.2)), 0.0, is_filled=True)
    assert (paint(NOTHING, [triangle]) == (x + y < 9.2)).all()


def test_a_stroke_outside_the_frame_changes_nothing() -> None:
    assert not paint(NOTHING, [Stroke(((-50.0, 3.0), (-40.0, 3.0)), 5.0)]).any()


def test_of_objects_side_by_side_only_the_first_takes_what_is_added() -> None:
    left, right = NOTHING.copy(), NOTHING.copy()
    left[:, :3] = True
    right[:, 9:] = True
    objects = [Instance(left, 0.9), Instance(right, 0.8)]
    adds = Stroke(((6.5, 4.5),), 0.5)
    removes = Stroke(((10.5, 4.5),), 0.5, is_positive=False)
    one, two = painted(objects, Prompt(text="dog", strokes=(adds, removes)))
    assert one.mask[4, 6] and not two.mask[4, 6] and not two.mask[4, 10]
    for answer in painted(objects, Prompt(strokes=(adds, removes))):
        assert answer.mask[4, 6]


def test_strokes_that_leave_nothing_are_refused() -> None:
    removes = Stroke(((0.0, 4.0), (12.0, 4.0)), 20.0, is_positive=False)
    with pytest.raises(UnusablePrompt) as caught:
        painted([Instance(NOTHING, 1.0)], Prompt(strokes=(removes,)))
    assert caught.value.code == "prompt.all_erased"
