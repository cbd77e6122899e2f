"""What is known of a session, as values that survive a restart; no I/O."""

from __future__ import annotations

import enum
import time

from pydantic import BaseModel, ConfigDict, Field

from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.video_io import ClipInfo
from utils.errors import BadRequest
from utils.types import Box, Message, Point, Stroke

FIRST_TARGET = 1
"""Number of the target that every session begins with."""
TARGET_COLOURS = (
    "#f0428c",
    "#2f80ed",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#56b4e9",
    "#f0e442",
    "#9b51e0",
)
"""Colours that targets get in turn."""
STATE_VERSION = 2
"""Version of the shape of `session.json`; what changes the shape adds a step in `versions.py`."""


class SessionStatus(enum.Enum):
    """Where a session stands."""

    READY = "ready"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    DAMAGED = "damaged"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class PromptRecord(_Record):
    """A prompt without its mask, which lies in the session's folder; `own_mask` = the user brought it."""

    text: str = ""
    points: tuple[Point, ...] = ()
    box: Box | None = None
    exemplars: tuple[Box, ...] = ()
    negative_exemplars: tuple[Box, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    has_mask: bool = False
    own_mask: bool = False


class InstanceRecord(_Record):
    """One found instance; its mask is `instances/<frame>/<id>.png`."""

    id: int
    score: float
    label: str
    area_px: int


class Keyframe(_Record):
    """What was found on one frame, and which instances are kept as the target.

    `is_chosen`: the user chose among the instances, so that the next mark goes on from the choice.
    """

    frame: int
    target: int = FIRST_TARGET
    engine: str
    prompt: PromptRecord
    text_used: str = ""
    instances: tuple[InstanceRecord, ...]
    kept: tuple[int, ...]
    is_chosen: bool = False
    seconds: float = 0.0
    notices: tuple[Message, ...] = ()

    @property
    def has_alternatives(self) -> bool:
        """True where the instances are answers to choose one of, not objects side by side."""
        return not self.prompt.text.strip() and not self.prompt.exemplars


class TargetRecord(_Record):
    """One target: what is told apart in the picture and may get a matte of its own.

    `is_shown` is whether the page draws it; a locked target takes no marks. The key frames of the first
    target are those of the session, as sessions with one target have always had them.
    """

    id: int = FIRST_TARGET
    name: str = ""
    colour: str = TARGET_COLOURS[0]
    is_shown: bool = True
    is_locked: bool = False
    keyframes: dict[int, Keyframe] = Field(default_factory=dict)


class OutputRecord(_Record):
    """One finished output: its kind, path in the session's folder, and size in bytes."""

    kind: str
    file: str
    size_bytes: int


class StepSeconds(_Record):
    """Wall-clock seconds of each step of the last job."""

    segment: float = 0.0
    track: float = 0.0
    matte: float = 0.0
    encode: float = 0.0
    total: float = 0.0


class ResultPlan(_Record):
    """What the kept alpha was made from, to find the frames that a later correction can change.

    `guides` has, for each target, a checksum of each key frame's mask by frame counted from `first`;
    `numbers` are those of the targets, `master_bytes` the sizes of the kept alphas, and `mask_tokens` tell
    whether the tracked masks are still those of this result. `reasons` say why this engine was taken where nobody
    named one.
    """

    engine: str
    options: dict[str, str | int | float | bool]
    first: int
    last: int
    guides: tuple[dict[int, int], ...]
    numbers: tuple[int, ...] = ()
    master_bytes: tuple[int, ...] = ()
    mask_tokens: tuple[str, ...] = ()
    reasons: tuple[Message, ...] = ()


class WaitingRender(_Record):
    """New files that are asked for and not made yet; `starts` counts the times that making them was begun."""

    request: RenderRequest
    starts: int = 0


class SessionState(_Record):
    """Everything in `session.json`.

    `request` is the newest job asked for; `result_request` is the one that made the kept alpha and
    the outputs, which a later job that failed leaves as they are.
    """

    version: int = STATE_VERSION
    id: str
    created_at_s: float = Field(default_factory=time.time)
    updated_at_s: float = Field(default_factory=time.time)
    shown_name: str = ""
    owner: str = ""
    """Who uploaded the clip: the user's name, without named users the client's address, else empty."""
    is_kept: bool = False
    """Whether the owner wants it kept however old it is."""
    source: str = ""
    clip: ClipInfo | None = None
    status: SessionStatus = SessionStatus.READY
    keyframes: dict[int, Keyframe] = Field(default_factory=dict)
    """Of the first target, by frame; see `keyframes_of`."""
    targets: tuple[TargetRecord, ...] = (TargetRecord(),)
    draft: MatteRequest | None = None
    """What is chosen for the next job, where that was changed since the last one was asked for."""
    request: MatteRequest | None = None
    render: WaitingRender | None = None
    page: str | None = None
    """The page whose job is the newest one, as `PageMark` names it; None where that was not noted."""
    job: str | None = None
    """Id of the worker's record of the newest matting job, "" of one without; None where that was not noted."""
    result_request: MatteRequest | None = None
    result_plan: ResultPlan | None = None
    result_number: int = 1
    """Number of the current result; earlier ones, kept as versions, have others."""
    result_at_s: float = 0.0
    """When it was made, in seconds since the epoch; 0 where that was not noted."""
    engine_used: str = ""
    options_used: dict[str, str | int | float | bool] = Field(default_factory=dict)
    run_details: dict[str, str] = Field(default_factory=dict)
    """How the last job ran, as its engine noted it: runtime, precision."""
    outputs: tuple[OutputRecord, ...] = ()
    previous_outputs: tuple[OutputRecord, ...] = ()
    warnings: tuple[Message, ...] = ()
    error: Message | None = None
    seconds: StepSeconds = StepSeconds()
    frames_done: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether a job of it waits, or new files are not made yet."""
        return self.status is SessionStatus.QUEUED or self.render is not None

    @property
    def result_outputs(self) -> tuple[OutputRecord, ...]:
        """The files of the current result: those of the one before, while a job that has none yet runs."""
        return self.outputs or self.previous_outputs

    @property
    def result_engine(self) -> str:
        """The engine that made the current result; a later job that failed has put its own into `engine_used`."""
        return self.result_plan.engine if self.result_plan else self.engine_used

    @property
    def all_keyframes(self) -> tuple[Keyframe, ...]:
        """Every key frame of every target."""
        return tuple(
            keyframe
            for target in self.targets
            for keyframe in self.keyframes_of(target.id).values()
        )

    @property
    def has_target(self) -> bool:
        """Whether anything is marked to be kept."""
        return any(keyframe.kept for keyframe in self.all_keyframes)

    def target(self, number: int) -> TargetRecord:
        """Return the target of that number.

        Raises:
            BadRequest: there is none.
        """
        for target in self.targets:
            if target.id == number:
                return target
        raise BadRequest("job.target_unknown", number=number)

    def keyframes_of(self, number: int) -> dict[int, Keyframe]:
        """Return the key frames of a target by frame; `BadRequest` where there is no such target."""
        target = self.target(number)
        return self.keyframes if number == FIRST_TARGET else target.keyframes

    def with_keyframes(self, number: int, keyframes: dict[int, Keyframe]) -> SessionState:
        """Return the state with these as all key frames of the target."""
        if number == FIRST_TARGET:
            return self.model_copy(update={"keyframes": keyframes})
        return self.with_target(self.target(number).model_copy(update={"keyframes": keyframes}))

    def with_keyframe(self, keyframe: Keyframe) -> SessionState:
        """Return the state with the key frame added to its target, or replaced there."""
        known = self.keyframes_of(keyframe.target)
        return self.with_keyframes(keyframe.target, {**known, keyframe.frame: keyframe})

    def with_target(self, target: TargetRecord) -> SessionState:
        """Return the state with the target in the place of the one of its number."""
        changed = tuple(target if one.id == target.id else one for one in self.targets)
        return self.model_copy(update={"targets": changed})


class ResultRecord(_Record):
    """What a session's state tells of one result, by itself: of the current one, or of a version."""

    number: int
    made_at_s: float
    request: MatteRequest
    plan: ResultPlan | None
    engine_used: str
    options_used: dict[str, str | int | float | bool]
    run_details: dict[str, str]
    outputs: tuple[OutputRecord, ...]
    warnings: tuple[Message, ...]
    seconds: StepSeconds
    frames_done: int

    @classmethod
    def of(cls, state: SessionState) -> ResultRecord | None:
        """Return the record of the current result, None where there is none."""
        outputs = state.result_outputs
        if state.result_request is None or not outputs:
            return None
        return cls(
            number=state.result_number,
            made_at_s=state.result_at_s or state.updated_at_s,
            request=state.result_request,
            plan=state.result_plan,
            engine_used=state.result_engine,
            options_used=state.options_used,
            run_details=state.run_details,
            outputs=outputs,
            warnings=state.warnings,
            seconds=state.seconds,
            frames_done=state.frames_done,
        )

    def put_into(self, state: SessionState) -> SessionState:
        """Return the state with this as the current result; the marks stay."""
        return state.model_copy(
            update={
                "status": SessionStatus.DONE,
                "error": None,
                "draft": None,
                "request": self.request,
                "result_request": self.request,
                "result_plan": self.plan,
                "result_number": self.number,
                "result_at_s": self.made_at_s,
                "engine_used": self.engine_used,
                "options_used": self.options_used,
                "run_details": self.run_details,
                "outputs": self.outputs,
                "previous_outputs": (),
                "warnings": self.warnings,
                "seconds": self.seconds,
                "frames_done": self.frames_done,
            }
        )


def frame_range(request: MatteRequest, clip: ClipInfo) -> tuple[int, int]:
    """Return the inclusive first and last frame of the request.

    Raises:
        BadRequest: not a range of the clip.
    """
    last = clip.frame_count - 1 if request.last is None else request.last
    if not 0 <= request.first <= last < clip.frame_count:
        raise BadRequest(
            "job.range",
            first=request.first,
            last=last,
            frames=clip.frame_count,
            end=clip.frame_count - 1,
        )
    return request.first, last
