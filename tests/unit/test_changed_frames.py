"""The stretch that a changed key frame can change, and how new alpha goes into the kept one."""

from collections.abc import Generator

import numpy as np
import pytest

from engines.builtin.options import BuiltinOptions
from pipeline.jobs.changed_frames import Stretch, changed_stretch
from pipeline.jobs.progress import Snapshot
from pipeline.jobs.queue import JobState, JobStatus
from pipeline.jobs.rerun import NextJob, RerunPlan, has_other_settings
from pipeline.jobs.splice import SAME_FRAMES, Splice, is_same
from pipeline.session.request import MatteRequest
from pipeline.session.state import (
    Keyframe,
    PromptRecord,
    ResultPlan,
    SessionState,
    SessionStatus,
)
from ui.next_step import start_label, step_line
from utils.alpha_levels import OPAQUE, AlphaLevels
from utils.options import OptionSpec, resolve_options, specs_of

BEFORE = {0: 11, 20: 22, 60: 33}
MARKED = {0: Keyframe(frame=0, engine="e", prompt=PromptRecord(), instances=(), kept=(0,))}
"""Without a mark the next step is another one: a target."""


def test_nothing_changed_means_nothing_to_do() -> None:
    assert changed_stretch(BEFORE, dict(BEFORE), 0, 99) is None


def test_a_correction_counts_until_the_next_key_frame_on_both_sides() -> None:
    stretch = changed_stretch(BEFORE, {**BEFORE, 40: 44}, 0, 99)
    assert stretch is not None
    assert (stretch.first, stretch.last, stretch.start) == (20, 60, 40)
    assert stretch.anchored_first and stretch.anchored_last
    assert stretch.changed_count == 39


def test_without_a_further_key_frame_it_counts_to_the_end_of_the_range() -> None:
    stretch = changed_stretch(BEFORE, {**BEFORE, 80: 44}, 0, 99)
    assert stretch is not None
    assert (stretch.first, stretch.last, stretch.changed_count) == (60, 99, 39)
    assert stretch.weight(99) == 1.0 and stretch.weight(60) == 0.0


def test_a_changed_key_frame_is_no_anchor_and_a_removed_one_starts_at_its_neighbour() -> None:
    changed = changed_stretch(BEFORE, {**BEFORE, 20: 99}, 0, 99)
    assert changed is not None
    assert (changed.first, changed.last, changed.start) == (0, 60, 20)
    removed = changed_stretch(BEFORE, {0: 11, 60: 33}, 0, 99)
    assert removed is not None
    assert (removed.first, removed.last, removed.start) == (0, 60, 0)
    with pytest.raises(ValueError, match="key frame"):
        changed_stretch({5: 1}, {}, 0, 99)


def test_changes_outside_the_range_do_not_count() -> None:
    assert changed_stretch(BEFORE, {**BEFORE, 120: 1}, 0, 99) is None


@pytest.mark.parametrize("at", [21, 22, 30, 58, 59])
def test_the_corrected_frame_is_all_new_and_the_ends_fade(at: int) -> None:
    stretch = changed_stretch(BEFORE, {**BEFORE, at: 5}, 0, 99)
    assert stretch is not None
    weights = [stretch.weight(frame) for frame in range(20, 61)]
    assert weights[0] == weights[-1] == 0.0
    assert weights[at - 20] == 1.0
    assert weights[1:-1].count(0.0) == 0
    assert max(np.abs(np.diff(weights[: at - 19]))) <= 1.0
    assert stretch.weight(19) == stretch.weight(61) == 0.0


def test_of_several_corrected_frames_each_is_all_new() -> None:
    stretch = changed_stretch(BEFORE, {**BEFORE, 22: 5, 59: 6}, 0, 99)
    assert stretch is not None
    assert (stretch.first, stretch.last) == (20, 60)
    assert [stretch.weight(frame) for frame in (20, 22, 40, 59, 60)] == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_matting_starts_where_a_run_of_the_whole_range_comes_from() -> None:
    between = changed_stretch(BEFORE, {**BEFORE, 40: 44}, 0, 99)
    before_all = changed_stretch(BEFORE, {**BEFORE, 0: 44}, 0, 99)
    assert between is not None and before_all is not None
    assert (between.matted_from, before_all.matted_from) == (20, 0)


def alpha_of(*boxes: tuple[int, int, int, int], side: int = 60) -> AlphaLevels:
    """An alpha, levels (side, side), opaque in boxes x0, y0, x1, y1."""
    alpha = np.zeros((side, side), np.uint16)
    for x0, y0, x1, y1 in boxes:
        alpha[y0:y1, x0:x1] = OPAQUE
    return alpha


def stretch_of(changed: int) -> Stretch:
    stretch = changed_stretch(BEFORE, {**BEFORE, changed: 44}, 0, 99)
    assert stretch is not None
    return stretch


def join(
    kept: list[AlphaLevels], made: list[AlphaLevels], stretch: Stretch
) -> tuple[list[AlphaLevels], int, int]:
    """Splice; return the alphas, the last frame that was made, and how many were asked for."""
    asked = []

    def make() -> Generator[AlphaLevels, None, None]:
        for number, alpha in enumerate(made):
            asked.append(number)
            yield alpha

    splice = Splice(stretch)
    return list(splice.join(iter(kept), make())), splice.last, len(asked)


BODY = (10, 10, 50, 50)
OTHER = (10, 10, 50, 30)


def test_splicing_keeps_every_other_frame_as_it_is() -> None:
    kept, made = [alpha_of(OTHER)] * 100, [alpha_of(BODY)] * 41
    result, last, asked = join(kept, made, stretch_of(40))
    assert (len(result), last, asked) == (100, 60, 41)
    for frame, alpha in enumerate(result):
        if frame <= 20 or frame >= 60:
            assert (alpha == kept[0]).all()
        elif 24 <= frame <= 56:
            assert (alpha == made[0]).all()
        else:
            assert 0 < alpha[40, 30] < OPAQUE


def test_splicing_ends_where_the_alpha_is_what_it_was() -> None:
    kept = [alpha_of(BODY)] * 100
    made = [alpha_of(OTHER if 38 <= 20 + index <= 44 else BODY) for index in range(41)]
    result, last, asked = join(kept, made, stretch_of(40))
    assert last == 44 + SAME_FRAMES and asked == last - 20 + 1
    assert (result[44] == alpha_of(OTHER)).all()
    assert all((result[frame] == kept[0]).all() for frame in range(45, 100))


def test_frames_that_are_the_same_for_a_moment_end_nothing() -> None:
    kept = [alpha_of(BODY)] * 100
    made = [alpha_of(OTHER if (20 + index) % SAME_FRAMES == 0 else BODY) for index in range(41)]
    result, last, _ = join(kept, made, stretch_of(40))
    assert last == 60
    assert (result[48] == alpha_of(OTHER)).all() and len(result) == 100


@pytest.mark.parametrize(
    ("new", "same"),
    [
        (alpha_of(BODY), True),
        (alpha_of((10, 10, 50, 50), (50, 20, 51, 27)), True),  # An edge that varies by a pixel.
        (alpha_of((10, 10, 50, 50), (52, 20, 55, 22)), True),  # Not yet three pixels wide.
        (alpha_of((10, 10, 50, 50), (2, 2, 5, 5)), False),  # A small part.
        (alpha_of((10, 10, 51, 50)), False),  # A whole side.
        (alpha_of(), False),
    ],
)
def test_what_counts_as_the_same(new: AlphaLevels, same: bool) -> None:
    assert is_same(new, alpha_of(BODY)) is same
    assert is_same(alpha_of(BODY), new) is same


def test_after_a_removed_key_frame_the_comparison_begins_beyond_its_place() -> None:
    removed = changed_stretch(BEFORE, {0: 11, 60: 33}, 0, 99)
    assert removed is not None and (removed.end, removed.changed_last) == (0, 20)
    kept = [alpha_of(OTHER if 15 <= frame <= 25 else BODY) for frame in range(100)]
    result, last, _ = join(kept, [alpha_of(BODY)] * 61, removed)
    assert last == 25 + SAME_FRAMES
    assert all((alpha == alpha_of(BODY)).all() for alpha in result)


def test_frames_that_two_targets_share_count_once_and_the_status_line_says_when_all_are_matted() -> (
    None
):
    done = SessionState(id="x", status=SessionStatus.DONE, keyframes=MARKED)
    whole = RerunPlan(60, ((0, 29), (0, 29)), 30, has_changes=True)
    assert whole.clip_frames == 30
    assert (
        "30 frames again” applies it, to every frame"
        in step_line(done, None, "en", NextJob(whole))[1]
    )
    part = RerunPlan(20, ((0, 9), (5, 14)), 30, has_changes=True)
    assert part.clip_frames == 15
    assert "the other frames stay" in step_line(done, None, "en", NextJob(part))[1]
    removed = RerunPlan(0, (), 30, has_changes=True)
    assert "no frame is matted again" in step_line(done, None, "en", NextJob(removed))[1]
    # The button said that it starts matting.
    files = NextJob(has_other_settings=True, mattes_nothing=True)
    for chosen, label in (
        (NextJob(removed), "Make the files again"),
        (files, "Make the files again"),
        (NextJob(has_other_settings=True), "Start matting"),
        (NextJob(part), "Matte 15 frames again"),
    ):
        assert start_label(chosen, "en") == label
        assert label in step_line(done, None, "en", chosen)[1]
    progress = Snapshot("render", 3, 9, 0.3, None, 1.0, None, None)
    render = JobStatus("x", "render", JobState.CANCELLED, progress, 0, None, False, None, ())
    assert "as they were" in step_line(done, render, "en")[1]
    cancelled = SessionState(id="x", status=SessionStatus.CANCELLED, keyframes=MARKED)
    assert "press “Matte 15 frames again”" in step_line(cancelled, None, "en", NextJob(part))[1]
    assert "press “Start matting”" in step_line(cancelled, None, "en")[1]


def specs_of_any(engine: str) -> tuple[OptionSpec, ...]:
    return specs_of(BuiltinOptions) if engine == "builtin" else ()


@pytest.mark.parametrize(
    ("chosen", "is_other"),
    [
        ({}, False),
        ({"kept": {3: (0,)}, "start": 3, "outputs": ("png", "alpha")}, False),
        ({"engine": "builtin", "options": {"network_interval": "6"}}, False),
        ({"engine": "rvm"}, True),
        ({"options": {"network_interval": 12}}, True),
        ({"options": {"of another engine": 1}}, True),
        ({"outputs": ("alpha",)}, True),
        ({"refine_key_frames": True}, True),
    ],
)
def test_other_settings_than_those_of_the_result_make_its_start_the_next_step(
    chosen: dict[str, object], is_other: bool
) -> None:
    made = MatteRequest(outputs=("alpha", "png"), options={"network_interval": 6})
    options = resolve_options(specs_of_any("builtin"), made.options)
    state = SessionState(
        id="x",
        status=SessionStatus.DONE,
        keyframes=MARKED,
        draft=made.model_copy(update=chosen),
        result_request=made,
        result_plan=ResultPlan(engine="builtin", options=options, first=0, last=9, guides=()),
        options_used=options,
    )
    assert has_other_settings(state, specs_of_any) is is_other
    kind, _ = step_line(state, None, "en", NextJob(has_other_settings=is_other))
    assert kind == ("step" if is_other else "done")
