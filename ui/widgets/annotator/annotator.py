"""The annotator: points, a box and the in and out points on any frame, in image pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.inputs import whole_number
from ui.widgets.widget import build_widget
from utils.errors import BadRequest
from utils.messages import Language
from utils.types import Box, Point

MOST_POINTS = 200
"""Most points of one prompt."""


def build_annotator(language: Language) -> gr.HTML:
    """Return the widget. Props: `clip`, `keyframes`, `confidence`, `weakest`, `answered`.

    Events: `annotate` after a gesture (read the value), `remove` with the frame in its data.
    """
    return build_widget(
        "annotator",
        language,
        value={},
        helpers=("marks",),
        clip=None,
        keyframes=[],
        confidence=[],
        weakest=None,
        answered="",
    )


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the annotator's value says: marks on one frame, and the inclusive range to matte.

    `sequence` counts the gestures, so that the page knows which of them was answered.
    """

    frame: int
    points: tuple[Point, ...]
    box: Box | None
    first: int
    last: int | None
    sequence: int


def read_annotation(value: object) -> Annotation:
    """Return the annotator's value, checked; anybody may post anything as a value.

    Raises:
        BadRequest: a value is missing, not a number, or there are too many points.
    """
    if not isinstance(value, dict):
        raise BadRequest("page.no_session")
    points = value.get("points") or []
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise BadRequest("page.bad_value", name="points")
    box = value.get("box")
    last = value.get("last")
    return Annotation(
        frame=whole_number(value.get("frame"), "frame"),
        points=tuple(_read_point(point) for point in points),
        box=None if box is None else read_box(box),
        first=whole_number(value.get("first", 0), "first"),
        last=None if last is None else whole_number(last, "last"),
        sequence=whole_number(value.get("sequence", 0), "sequence"),
    )


def read_box(value: Any) -> Box:
    """Return [x0, y0, x1, y1] as a box.

    Raises:
        BadRequest: it isn't four whole numbers.
    """
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise BadRequest("page.bad_value", name="box")
    return Box(*(whole_number(item, "box") for item in value))


def _read_point(value: object) -> Point:
    if not isinstance(value, dict) or not isinstance(value.get("positive", True), bool):
        raise BadRequest("page.bad_value", name="points")
    return Point(
        whole_number(value.get("x"), "points"),
        whole_number(value.get("y"), "points"),
        value.get("positive", True),
    )
