"""The stretch that a changed key frame can change, and how new alpha goes into the kept one."""

import numpy as np
import pytest

from pipeline.jobs.changed_frames import changed_stretch, spliced

BEFORE = {0: 11, 20: 22, 60: 33}


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


def test_splicing_keeps_every_other_frame_as_it_is() -> None:
    kept = [np.full((2, 2), frame, np.uint8) for frame in range(100)]
    stretch = changed_stretch(BEFORE, {**BEFORE, 40: 44}, 0, 99)
    assert stretch is not None
    made = iter(np.full((2, 2), 200, np.uint8) for _ in range(41))
    result = list(spliced(iter(kept), made, stretch, 0))
    assert len(result) == 100
    for frame, alpha in enumerate(result):
        if frame <= 20 or frame >= 60:
            assert (alpha == frame).all()
        elif 24 <= frame <= 56:
            assert (alpha == 200).all()
        else:
            assert ((alpha > frame) & (alpha < 200)).all()
