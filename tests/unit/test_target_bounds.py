"""Where the user's marks let a target be: a drawn box, unless the selection goes beyond it, or a mask the user brought."""

from pathlib import Path

import numpy as np
import pytest

from engines.base import RunContext
from pipeline.jobs.outwards import counted
from pipeline.jobs.target_bounds import target_bounds
from pipeline.session.masks import write_mask
from pipeline.session.session import Session
from pipeline.session.state import Keyframe, PromptRecord
from utils.types import Box, Mask

MASK = np.zeros((80, 120), np.bool_)
MASK[10:70, 30:70] = True
DRAWN = PromptRecord(box=Box(28.0, 8.0, 74.0, 72.0))


class Marked(Session):
    """A session with one key frame."""

    def __init__(self, folder: Path, keyframe: Keyframe) -> None:
        super().__init__(folder)
        self._keyframe = keyframe

    @property
    def state(self) -> object:  # type: ignore[override]
        return type("State", (), {"all_keyframes": (self._keyframe,)})


def bounds_of(
    folder: Path, prompt: PromptRecord, engine: str, mask: Mask = MASK, used: Mask = MASK
) -> dict[int, Mask]:
    """Return the bounds of a job for `used` from frame 5 on, where a key frame on frame 7 keeps `mask`."""
    keyframe = Keyframe(frame=7, engine=engine, prompt=prompt, instances=(), kept=(0,))
    session = Marked(folder, keyframe)
    write_mask(session.instance_path(7, 0), mask)
    return target_bounds(session, {0: MASK, 2: used}, 5)


@pytest.mark.parametrize("engine", ["mask", "source-alpha"])
def test_a_mask_that_the_user_brought_ends_where_the_target_does(
    tmp_path: Path, engine: str
) -> None:
    found = bounds_of(tmp_path, PromptRecord(has_mask=True, own_mask=True), engine)
    assert list(found) == [2] and np.array_equal(found[2], MASK)


@pytest.mark.parametrize("engine", ["builtin", "paint", "isnet-general-use"])
def test_what_was_clicked_painted_or_found_by_a_network_tells_nothing(
    tmp_path: Path, engine: str
) -> None:
    assert bounds_of(tmp_path, PromptRecord(has_mask=True, own_mask=True), engine) == {}


def test_a_drawn_box_holds_all_of_the_target_but_legs_below_it(tmp_path: Path) -> None:
    """A box around the upper body alone lost the legs, where the engine without it had them."""
    (found,) = bounds_of(tmp_path, DRAWN, "builtin").values()
    expected = np.zeros_like(MASK)
    expected[8:, 28:74] = True
    assert np.array_equal(found, expected)


def test_a_box_that_was_drawn_beyond_the_frame_ends_with_it(tmp_path: Path) -> None:
    prompt = PromptRecord(box=Box(-20.0, 5.0, 80.0, 140.0))
    (found,) = bounds_of(tmp_path, prompt, "builtin").values()
    assert found[5:, :80].all() and not found[:5].any() and not found[:, 80:].any()


def test_a_selection_that_other_marks_carried_beyond_the_box_has_no_bounds(tmp_path: Path) -> None:
    arm = MASK.copy()
    arm[20:26, 70:90] = True
    assert bounds_of(tmp_path, DRAWN, "builtin", arm, arm) == {}


def test_the_marks_of_another_target_tell_nothing(tmp_path: Path) -> None:
    assert bounds_of(tmp_path, DRAWN, "builtin", ~MASK) == {}


def test_bounds_are_counted_from_where_a_part_of_the_frames_begins() -> None:
    context = RunContext(confirmed=frozenset({1, 4}), bounds={1: MASK, 4: ~MASK})
    found = counted(context, 3, range(9))  # type: ignore[arg-type]
    assert found.confirmed == {1} and list(found.bounds) == [1]
    assert np.array_equal(found.bounds[1], ~MASK)
