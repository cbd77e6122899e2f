"""Bodies and answers of the REST interface, typed for OpenAPI; the options of a job come from its request."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, create_model

from pipeline.session.request import MatteRequest, request_specs
from pipeline.session.state import FIRST_TARGET
from ui.http.endpoint_parameters import OPTION_TYPES
from utils.options import OptionSpec
from utils.types import Message

_VALUE_PROBLEMS = {
    "missing": "missing",
    "extra": "unknown",
    "list": "list",
    "string": "text",
    "int": "whole",
    "float": "number",
    "bool": "flag",
}
"""How pydantic's name of an error begins -> what is said of it."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What was wrong, the limit, and what to do, in the language of Accept-Language (English or Chinese)."""

    error: str


class Clip(BaseModel):
    """A clip and the session that was made of it; the session's id is the key to all that follows."""

    session: str
    name: str
    width: int
    height: int
    fps: float = Field(description="Frames a second.")
    frames: int
    notices: list[str]


class Marks(_Body):
    """What selects a target on a frame: text, points, a box, examples, strokes, or nothing but a flag.

    Coordinates are pixels of the displayed frame.
    """

    session: str
    frame: int = 0
    target: int = FIRST_TARGET
    text: str = ""
    points: list[list[float]] = Field(
        [], description="[x, y, 1], or [x, y, 0] for what is not meant."
    )
    box: list[float] | None = Field(None, description="[x0, y0, x1, y1], half-open.")
    examples: list[list[float]] = Field([], description="[x0, y0, x1, y1, 1 or 0].")
    strokes: list[dict[str, Any]] = Field(
        [],
        description='{"vertices": [[x, y], …], "radius", "positive", "filled"}, painted exactly.',
    )
    main_object: bool = Field(False, description="What a network finds without a mark.")
    source_alpha: bool = Field(False, description="What the clip's own transparency shows.")
    undo: bool = Field(
        False,
        description="Give back what the same points, box and strokes had selected on the frame before.",
    )


class Instance(BaseModel):
    """One found object; `url` is its mask as a PNG, white on black."""

    id: int
    score: float
    label: str
    area_px: int
    url: str


class Found(BaseModel):
    """What was found on a frame; the instances in `kept` are the target."""

    frame: int
    target: int
    instances: list[Instance]
    kept: list[int]


class Output(BaseModel):
    """One finished file; `target` is the number of a single target, "" for all of them."""

    kind: str
    target: str
    label: str
    size_bytes: int
    file_name: str
    url: str = Field(description="Answers range requests.")


class Job(BaseModel):
    """How far a job is; fractions in [0, 1], seconds."""

    state: str
    is_active: bool
    is_cancelling: bool
    is_preparing: bool = Field(
        description="Before the first frame: networks are loaded and asked about a few frames."
    )
    stage: str
    done: int
    total: int
    fraction: float
    fps: float | None
    elapsed_s: float
    remaining_s: float | None
    stage_remaining_s: float | None = Field(
        description="Of the running stage alone; known before later ones were ever timed."
    )
    in_front: int = Field(description="Jobs that run before it.")
    wait_s: float | None
    error: str | None


class Task(BaseModel):
    """A session's newest job. Its id is the session's: a session has one job at a time.

    The WebSocket `/tasks/{task}/progress` sends the same object whenever it has changed, twice a second at
    most, and closes when the job has ended.
    """

    id: str
    state: str = Field(
        description="ready, queued, running, done, cancelled, failed or interrupted."
    )
    text: str = Field(description="The next step, or the error, as the page says it.")
    job: Job | None = Field(description="None where none was asked for since the server's start.")
    outputs: list[Output]
    notes: list[str] = Field(
        [], description="On the result: which engine and why, who got the clip, what that cost."
    )


def _option(spec: OptionSpec) -> tuple[Any, Any]:
    details = spec.option.label.en
    if spec.choices or spec.option.minimum is not None or spec.option.maximum is not None:
        details += f" ({spec.allowed})"
    return OPTION_TYPES.get(spec.kind, str) | None, Field(None, description=details)


_FIELDS: dict[str, Any] = {
    spec.name: _option(spec) for spec in request_specs(MatteRequest).values()
}
_Options: Any = create_model("_Options", __base__=_Body, **_FIELDS)


class Matting(_Options):  # type: ignore[misc]  # its fields are the request's options
    """One matting job; what is not given has the page's default."""

    session: str
    kept: dict[str, list[int]] = Field(
        {}, description="Instances to keep of the first target, by frame."
    )
    options: dict[str, str | int | float | bool] = Field({}, description="Options of the engine.")


def value_problem(error: RequestValidationError) -> Message:
    """Say the first thing that is wrong with a request's values."""
    first = error.errors()[0]
    kind = _VALUE_PROBLEMS.get(first["type"].partition("_")[0], "other")
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return Message(f"page.rest.{kind}", {"name": name[:80]})
