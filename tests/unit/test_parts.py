"""Where a job is divided: by target, and at the seams of its engine, never elsewhere."""

from __future__ import annotations

import numpy as np

from engines.base import Seam
from pipeline.jobs.guides import TargetGuide
from pipeline.jobs.parts import plan_parts
from pipeline.session.parts import MattePart

MARK = np.ones((4, 4), np.bool_)
ABSENT = np.zeros((4, 4), np.bool_)


def guide(start: int, *others: int, absent: tuple[int, ...] = ()) -> TargetGuide:
    masks = dict.fromkeys((start, *others), MARK) | dict.fromkeys(absent, ABSENT)
    return TargetGuide(1, masks, start)


def spans(parts: tuple[MattePart, ...]) -> list[tuple[int, int, int, int, int]]:
    """Kept frames, frames that are read, and the start."""
    return [(part.first, part.last, part.read_first, part.read_last, part.start) for part in parts]


def plan(
    guides: list[TargetGuide],
    *seams: Seam,
    workers: int = 3,
    cuts: tuple[int, ...] = (),
    tracks_first: bool = False,
) -> tuple[MattePart, ...]:
    return plan_parts(guides, 300, workers, frozenset(seams), cuts, tracks_first=tracks_first)


def test_each_direction_reads_the_start_frame_and_one_keeps_it() -> None:
    assert spans(plan([guide(150)], Seam.START)) == [
        (0, 149, 0, 150, 150),
        (150, 299, 150, 299, 150),
    ]


def test_cuts_divide_both_directions_and_a_run_backwards_sees_the_frame_after_its_cut() -> None:
    parts = plan([guide(250)], Seam.START, Seam.CUTS, workers=6, cuts=(100, 200, 280))
    assert spans(parts) == [
        (0, 99, 0, 100, 100),
        (100, 199, 100, 200, 200),
        (200, 249, 200, 250, 250),
        (250, 299, 250, 299, 250),
    ]


def test_an_engine_without_a_seam_at_the_start_frame_is_divided_into_whole_shots() -> None:
    parts = plan([guide(150)], Seam.CUTS, cuts=(100, 200), tracks_first=True)
    assert [part.tracks for part in parts] == [True, False, False, False]
    assert spans(parts)[1:] == [
        (0, 99, 0, 99, 0),
        (100, 199, 100, 199, 100),
        (200, 299, 200, 299, 200),
    ]


def test_a_marked_frame_begins_a_part_and_one_without_the_target_does_not() -> None:
    parts = plan([guide(100, 40, 200, absent=(260,))], Seam.START, Seam.KEY_FRAMES, workers=6)
    assert spans(parts) == [
        (0, 40, 0, 40, 40),
        (41, 99, 41, 100, 100),
        (100, 199, 100, 199, 100),
        (200, 299, 200, 299, 200),
    ]


def test_short_shots_stay_together() -> None:
    parts = plan([guide(0)], Seam.START, Seam.CUTS, cuts=(50, 100, 150, 200, 250))
    assert spans(parts) == [
        (0, 99, 0, 99, 0),
        (100, 199, 100, 199, 100),
        (200, 299, 200, 299, 200),
    ]


def test_masks_of_a_divided_target_are_tracked_over_the_whole_clip_first() -> None:
    parts = plan([guide(0)], Seam.START, Seam.CUTS, cuts=(100, 200), tracks_first=True)
    assert [part.tracks for part in parts] == [True, False, False, False]
    assert spans(parts)[0] == (0, 299, 0, 299, 0)


def test_targets_are_parts_whatever_the_engine() -> None:
    parts = plan([guide(150), guide(0)], workers=2, tracks_first=True)
    assert [part.target for part in parts] == [0, 1]
    assert not any(part.tracks for part in parts)


def test_what_gains_little_or_has_no_seam_is_not_divided() -> None:
    assert plan([guide(150)]) == ()
    assert plan([guide(10)], Seam.START) == ()
    assert plan([guide(150)], Seam.START, workers=1) == ()
    short = plan_parts([guide(40)], 80, 3, frozenset({Seam.START}), (), tracks_first=False)
    assert short == ()
