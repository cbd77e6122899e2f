"""The viewer: marks on any frame, the in and out points, and the masks that are kept, in clip pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.session.state import FIRST_TARGET
from ui.inputs import bad_value, kept_instances, whole_number
from ui.text import shown_bytes
from ui.widgets.polling import Polling
from ui.widgets.widget import build_widget
from utils.errors import BadRequest
from utils.messages import Language
from utils.types import Box, Point, Prompt, Stroke

MOST_POINTS = 200
"""Most points of one prompt."""
MOST_STROKES = 500
"""Most brush strokes and polygons of one prompt."""
MOST_VERTICES = 50_000
"""Most vertices of all strokes of one prompt together."""
MOST_RADIUS_PX = 1000
"""Largest radius of a brush, in clip pixels."""
MOST_FRAMES_AT_ONCE = 50
"""Most frames whose marks one event may carry."""
_SCRIPTS = (
    "state",
    "camera",
    "pictures",
    "ink",
    "timeline",
    "player",
    "pointer",
    "sending",
    "keyboard",
    "following",
)


def build_viewer(
    language: Language,
    polling: Polling,
    formats: Sequence[str],
    pictures: Sequence[str],
    largest_bytes: int,
) -> gr.HTML:
    """Return the widget.

    Props: `formats` and `pictures` (suffixes that a clip, and a picture of a sequence, may have), `largest_bytes` and
    `largest` (of a file that is sent, as a number and as text), `clip`, `keyframes`, `targets`, `confidence`, `weakest`
    (the frame offered for a correction, -1 for none), `review`, `rerun` (first and last frame of what a rerun mattes),
    `result`, `answered`; `shown_marks`, `shown_result` and `shown_job` are `views.state_stamp` of what is shown. Events: `annotate` after a gesture (read the value), `clips` with the files that were sent,
    `keep` with a frame, a target and the ids of its kept instances in its data, `range` after in or out was set,
    `refresh` when the page is looked at again, or another one changed the session.
    """
    return build_widget(
        "viewer",
        language,
        value={},
        helpers=_SCRIPTS,
        server_functions=polling.functions("playback"),
        clip=None,
        keyframes=[],
        targets=[],
        formats=list(formats),
        pictures=list(pictures),
        largest_bytes=largest_bytes,
        largest=shown_bytes(largest_bytes),
        confidence=[],
        weakest=-1,
        review=[],
        rerun=[],
        result=None,
        answered="",
        shown_marks="",
        shown_result="",
        shown_job="",
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one target on one frame; `own_mask` goes on from the mask the user brought there.

    `is_undo`: they are what undo or redo left.
    """

    frame: int
    target: int
    points: tuple[Point, ...]
    box: Box | None
    strokes: tuple[Stroke, ...]
    own_mask: bool
    is_undo: bool

    def prompt(self, *, is_example: bool = False) -> Prompt:
        """Return the marks as a prompt; with `is_example` the box asks for everything like it."""
        exemplars = (self.box,) if is_example and self.box is not None else ()
        return Prompt(
            points=self.points,
            box=None if exemplars else self.box,
            exemplars=exemplars,
            strokes=self.strokes,
        )


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the viewer's value says.

    `marks` are those of the frame on the stage, `waiting` those of every frame whose gestures were not
    answered yet. `kept` is of the first target's key frames. `first` and `last` are the inclusive range to matte. `sequence` counts the gestures, so
    that the page knows which of them was answered.
    """

    marks: Marks
    waiting: tuple[Marks, ...]
    first: int
    last: int | None
    sequence: int
    kept: dict[int, tuple[int, ...]]

    @property
    def frame(self) -> int:
        """The frame on the stage."""
        return self.marks.frame


def read_annotation(value: object) -> Annotation:
    """Return the viewer's value, checked; anybody may post anything as a value.

    Raises:
        BadRequest: a value is missing, not a number, or there are too many marks.
    """
    if not isinstance(value, dict):
        raise BadRequest("page.no_session")
    last = value.get("last")
    waiting = value.get("waiting") or []
    if not isinstance(waiting, list) or len(waiting) > MOST_FRAMES_AT_ONCE:
        raise BadRequest("page.bad_value", name="waiting")
    return Annotation(
        marks=_read_marks(value),
        waiting=tuple(_read_marks(item) for item in waiting),
        first=whole_number(value.get("first", 0), "first"),
        last=None if last is None else whole_number(last, "last"),
        sequence=whole_number(value.get("sequence", 0), "sequence"),
        kept=kept_instances(value.get("kept") or {}),
    )


def read_box(value: Any) -> Box:
    """Return [x0, y0, x1, y1] as a box.

    Raises:
        BadRequest: it isn't four whole numbers.
    """
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise bad_value("box")
    return Box(*(whole_number(item, "box") for item in value))


def read_strokes(value: object) -> tuple[Stroke, ...]:
    """Return brush strokes and polygons: {"vertices": [[x, y], …], "radius", "filled", "positive"}.

    Raises:
        BadRequest: another shape, a number out of range, or too many of them.
    """
    if not isinstance(value, list) or len(value) > MOST_STROKES:
        raise bad_value("strokes")
    strokes = tuple(_read_stroke(item) for item in value)
    if sum(len(stroke.vertices) for stroke in strokes) > MOST_VERTICES:
        raise bad_value("strokes")
    return strokes


def _read_marks(value: object) -> Marks:
    if not isinstance(value, dict):
        raise BadRequest("page.bad_value", name="marks")
    points = value.get("points") or []
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise bad_value("points")
    box = value.get("box")
    return Marks(
        frame=whole_number(value.get("frame"), "frame"),
        target=whole_number(value.get("target", FIRST_TARGET), "target"),
        points=tuple(_read_point(point) for point in points),
        box=None if box is None else read_box(box),
        strokes=read_strokes(value.get("strokes") or []),
        own_mask=value.get("own_mask") is True,
        is_undo=value.get("is_undo") is True,
    )


def _read_point(value: object) -> Point:
    if not isinstance(value, dict) or not isinstance(value.get("positive", True), bool):
        raise bad_value("points")
    return Point(
        whole_number(value.get("x"), "points"),
        whole_number(value.get("y"), "points"),
        value.get("positive", True),
    )


def _read_stroke(value: object) -> Stroke:
    problem = bad_value("strokes")
    if not isinstance(value, dict) or not isinstance(value.get("vertices"), list):
        raise problem
    flags = [value.get("positive", True), value.get("filled", False)]
    found = value["vertices"]
    if not all(isinstance(flag, bool) for flag in flags) or not found:
        raise problem
    if not all(isinstance(vertex, list) and len(vertex) == 2 for vertex in found):
        raise problem
    radius = _number(value.get("radius", 0), "strokes")
    if not 0 <= radius <= MOST_RADIUS_PX:
        raise problem
    vertices = tuple((_number(x, "strokes"), _number(y, "strokes")) for x, y in found)
    return Stroke(vertices, radius, is_positive=flags[0], is_filled=flags[1])


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad_value(name)
    if not math.isfinite(value) or abs(value) > 1e6:
        raise bad_value(name)
    return float(value)
