"""Marks in the values of an endpoint, checked: any program may send them."""

from __future__ import annotations

from ui.inputs import bad_value, whole_number
from ui.widgets.viewer.viewer import MOST_POINTS, read_box
from utils.types import Box, Point


def read_examples(values: object) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """Return the boxes [x0, y0, x1, y1(, 1 or 0)] around what is wanted, and those around what is not.

    Raises:
        BadRequest: another shape, or too many of them.
    """
    if not isinstance(values, list) or len(values) > MOST_POINTS:
        raise bad_value("examples")
    if not all(isinstance(value, list) and len(value) in (4, 5) for value in values):
        raise bad_value("examples")
    boxes = [(read_box(value[:4]), len(value) == 4 or value[4] == 1) for value in values]
    return tuple(box for box, is_wanted in boxes if is_wanted), tuple(
        box for box, is_wanted in boxes if not is_wanted
    )


def read_points(values: object) -> tuple[Point, ...]:
    """Return clicks [x, y(, 1 or 0)].

    Raises:
        BadRequest: another shape, or too many of them.
    """
    if not isinstance(values, list) or len(values) > MOST_POINTS:
        raise bad_value("points")
    points = []
    for value in values:
        if not isinstance(value, list) or len(value) not in (2, 3):
            raise bad_value("points")
        x, y = (whole_number(item, "points") for item in value[:2])
        points.append(Point(x, y, len(value) == 2 or value[2] == 1))
    return tuple(points)
