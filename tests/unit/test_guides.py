"""Which targets have a part in a job."""

import pytest

from pipeline.jobs.guides import kept_instances, left_out_notice
from pipeline.session.request import MatteRequest
from pipeline.session.state import (
    InstanceRecord,
    Keyframe,
    PromptRecord,
    SessionState,
    TargetRecord,
)
from utils.errors import BadRequest


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


def test_a_request_chooses_among_the_instances_of_the_first_target() -> None:
    other = TargetRecord(id=2, keyframes={0: keyframe(0)})
    state = SessionState(
        id="a" * 24, keyframes={0: keyframe(0), 4: keyframe(4)}, targets=(TargetRecord(), other)
    )
    both = {1: {0: (0,), 4: (0,)}, 2: {0: (0,)}}
    assert kept_instances(MatteRequest(), state) == both
    assert kept_instances(MatteRequest(kept={4: (0,)}), state) == both
    assert kept_instances(MatteRequest(kept={4: ()}), state) == {1: {0: (0,)}, 2: {0: (0,)}}
    assert kept_instances(MatteRequest(kept={0: (), 4: ()}), state) == {2: {0: (0,)}}


@pytest.mark.parametrize("kept", [{4: (1,)}, {4: (0, 1)}, {5: (0,)}, {5: ()}])
def test_an_instance_or_a_key_frame_that_is_not_there_is_refused(
    kept: dict[int, tuple[int, ...]],
) -> None:
    state = SessionState(id="a" * 24, keyframes={4: keyframe(4)}, targets=(TargetRecord(),))
    with pytest.raises(BadRequest) as refused:
        kept_instances(MatteRequest(kept=kept), state)
    assert refused.value.message.code == "job.no_target"
