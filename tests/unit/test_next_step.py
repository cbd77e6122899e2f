"""What the status line says before a job: marks that the in and out points leave out are named."""

from fractions import Fraction

from pipeline.session.request import MatteRequest
from pipeline.session.state import (
    InstanceRecord,
    Keyframe,
    PromptRecord,
    SessionState,
    SessionStatus,
    TargetRecord,
)
from pipeline.video_io.clip import ClipInfo, ColourTags
from ui.next_step import step_line

CLIP = ClipInfo(
    size_wh=(64, 48),
    frame_count=12,
    times=tuple(range(12)),
    end_time=12,
    time_base=Fraction(1, 24),
    fps=Fraction(24),
    duration_s=0.5,
    rotation=0,
    is_variable_rate=False,
    codec="h264",
    pixel_format="yuv420p",
    colour=ColourTags("bt709", "bt709", "bt709", "tv"),
    is_hdr=False,
    is_interlaced=False,
    sample_aspect=Fraction(1),
    has_audio=False,
    audio_codec="",
)


def keyframe(frame: int, target: int = 1) -> Keyframe:
    found = (InstanceRecord(id=0, score=1.0, label="", area_px=9),)
    return Keyframe(
        frame=frame, target=target, engine="e", prompt=PromptRecord(), instances=found, kept=(0,)
    )


def state_with(draft: MatteRequest | None) -> SessionState:
    """A person marked on frame 0, and a cap on frame 4."""
    cap = TargetRecord(id=2, name="cap", keyframes={4: keyframe(4, target=2)})
    targets = (TargetRecord(id=1, name="person"), cap)
    return SessionState(
        id="a" * 24, clip=CLIP, keyframes={0: keyframe(0)}, targets=targets, draft=draft
    )


def test_marks_that_all_lie_outside_the_range_are_told_before_the_start() -> None:
    """The line went on asking for “Start matting”, which was then refused."""
    kind, text = step_line(state_with(MatteRequest(first=6, last=9)), None, "en")
    assert kind == "step"
    assert text.startswith("The selection is on frame 0, outside the in and out points 6 to 9.")
    assert "Start matting" not in text


def test_a_target_that_is_marked_outside_the_range_alone_is_named_before_the_start() -> None:
    text = step_line(state_with(MatteRequest(first=2, last=9)), None, "en")[1]
    assert "press “Start matting”" in text
    assert text.endswith(
        "The marks of person lie outside the in and out points and will not be in the result."
    )


def test_what_the_next_job_leaves_out_is_told_after_a_cancelled_one_too() -> None:
    """The line only said that the job was cancelled, whatever was marked or left out since."""
    for status, begins in (
        (SessionStatus.CANCELLED, "Cancelled."),
        (SessionStatus.INTERRUPTED, "The server stopped"),
    ):
        ended = state_with(MatteRequest(first=2, last=9)).model_copy(update={"status": status})
        text = step_line(ended, None, "en")[1]
        assert text.startswith(begins) and "press “Start matting”" in text
        assert "The marks of person lie outside the in and out points" in text
        outside = ended.model_copy(update={"draft": MatteRequest(first=6, last=9)})
        assert step_line(outside, None, "en")[1].startswith("The selection is on frame 0, outside")
        everyone = ended.model_copy(update={"draft": MatteRequest(first=2, everyone=True)})
        assert "person" not in step_line(everyone, None, "en")[1]


def test_marks_within_the_range_are_not_mentioned() -> None:
    for draft in (
        None,
        MatteRequest(),
        MatteRequest(first=0, last=4),
        MatteRequest(first=9, last=40),
    ):
        assert "in and out points" not in step_line(state_with(draft), None, "en")[1]
