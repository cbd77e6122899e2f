"""Which targets have a part in a job."""

from pipeline.jobs.guides import left_out_notice
from pipeline.session.request import MatteRequest
from pipeline.session.state import (
    InstanceRecord,
    Keyframe,
    PromptRecord,
    SessionState,
    TargetRecord,
)


def keyframe(frame: int) -> Keyframe:
    found = (InstanceRecord(id=0, score=1.0, label="", area_px=9),)
    return Keyframe(frame=frame, engine="e", prompt=PromptRecord(), instances=found, kept=(0,))


def test_a_target_that_is_marked_outside_the_range_is_named() -> None:
    """It was missing in the result without a word."""
    other = TargetRecord(id=2, name="cap", keyframes={0: keyframe(0)})
    state = SessionState(
        id="a" * 24, keyframes={4: keyframe(4)}, targets=(TargetRecord(), other, TargetRecord(id=3))
    )
    notice = left_out_notice(MatteRequest(), state, 2, 9)
    assert notice is not None
    assert (notice.code, notice.params["names"]) == ("job.targets_left_out", "cap")
    assert left_out_notice(MatteRequest(), state, 0, 9) is None
