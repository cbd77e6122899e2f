from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.video_io.header_fields import VideoHeader
from pipeline.video_io.timing import Timing

NTSC = Fraction(30000, 1001)
HEADER = VideoHeader.of(
    {
        "index": 0,
        "codec": "h264",
        "time_base": "1/1000",
        "average_rate": "25",
        "guessed_rate": "25",
        "header_frames": 0,
        "index_frames": 0,
    }
)


def header(time_base: str, rate: Fraction | str) -> VideoHeader:
    return replace(
        HEADER,
        time_base=Fraction(time_base),
        average_rate=Fraction(rate),
        guessed_rate=Fraction(rate),
    )


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60000/1001", "24", "30", "23"])
def test_a_rate_rounded_to_milliseconds_becomes_exact(rate: str) -> None:
    times = [round(1000 * k / Fraction(rate)) for k in range(300)]
    timing = Timing.of(header("1/1000", rate), times, 0)
    assert (timing.fps, timing.is_variable) == (Fraction(rate), False)
    assert timing.time_base * timing.times[299] == 299 / Fraction(rate)
    assert timing.time_base * timing.end_time == 300 / Fraction(rate)


def test_a_wrong_rate_in_the_header_is_not_believed() -> None:
    times = [k * 3000 for k in range(50)]
    timing = Timing.of(header("1/90000", "25"), times, 3000)
    assert (timing.fps, timing.is_variable) == (30, False)
    assert timing.times == tuple(times)


def test_a_late_start_is_kept() -> None:
    times = [1001 * (k + 2) for k in range(10)]
    timing = Timing.of(header("1/30000", NTSC), times, 1001)
    assert timing.times[0] == 2002
    assert timing.end_time == 12 * 1001
    assert timing.duration_s == pytest.approx(float(10 / NTSC))


def test_frames_that_share_a_time_are_moved_apart() -> None:
    timing = Timing.of(header("1/1000", "25"), [0, 40, 40, 39, 120], 40)
    assert timing.times == (0, 40, 41, 42, 120)


def test_the_last_frame_of_a_variable_rate_ends_by_the_usual_gap() -> None:
    timing = Timing.of(header("1/1000", "25"), [0, 40, 120, 160, 200, 700], 0)
    assert timing.is_variable
    assert timing.end_time == 740
    assert timing.fps == pytest.approx(6 / 0.74, rel=1e-3)


def test_one_frame_lasts_as_long_as_it_says_or_one_beat() -> None:
    assert Timing.of(header("1/1000", "25"), [0], 500).end_time == 500
    assert Timing.of(header("1/1000", "25"), [0], 0).end_time == 40


@pytest.mark.parametrize("stated", ["average", "none"])
@pytest.mark.parametrize("rate", ["60000/1001", "30000/1001", "24", "15", "25/2", "15000/1001"])
@pytest.mark.parametrize("clock", [600, 1000])
def test_a_clock_that_cuts_fractions_off_gives_the_exact_rate_from_zero(
    rate: str, clock: int, stated: str
) -> None:
    """QuickTime counts 600 ticks a second; its header's average rate is counted in ticks as well."""
    times = [int(clock * k / Fraction(rate)) for k in range(301)]
    average = Fraction(300 * clock, times[300])
    timing = Timing.of(
        header(f"1/{clock}", average if stated == "average" else 0),
        times[:300],
        times[300] - times[299],
    )
    assert (timing.fps, timing.is_variable) == (Fraction(rate), False)
    assert timing.times[0] == 0
    assert timing.end_time * timing.time_base == 300 / Fraction(rate)


def test_the_last_slide_may_be_shorter_than_the_others() -> None:
    times = [0, 2000, 4000]
    assert Timing.of(header("1/1000", "1/2"), times, 250).duration_s == 4.25
    assert Timing.of(header("1/1000", "1/2"), times, 0).duration_s == 6
