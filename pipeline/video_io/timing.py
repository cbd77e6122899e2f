"""When the frames of a clip are shown: exact for constant rates, each frame's own time otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.video_io.header_fields import VideoHeader

STANDARD_RATES = (
    *(Fraction(rate) for rate in (5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 72, 75, 90)),
    *(Fraction(rate) for rate in (100, 120, 144, 240)),
    *(Fraction(rate * 1000, 1001) for rate in (12, 15, 24, 30, 48, 60, 120, 240)),
    Fraction(25, 2),
)
RATE_TOLERANCE = Fraction(1, 5000)
"""Share by which a header's rate may miss a standard one: 24000/1001 differs from 24 by 1/1000."""
LARGEST_DEVIATION = 0.125
"""Share of a frame by which a time may miss an even rate that is still called constant."""
SLIDE_S = Fraction(1, 3)
"""Pictures that stay longer are slides rather than frames of a film."""
ROUNDING = 0.5 + 1e-6
"""Ticks by which rounding to the container's clock moves a time at most."""
FINE_CLOCK = 90_000
"""Ticks a second at least for the start of a clip whose rate alone gives too coarse a clock."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When frames are shown, in units of `time_base`."""

    times: tuple[int, ...]
    end_time: int
    time_base: Fraction
    fps: Fraction
    is_variable: bool

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame's start to the last one's end."""
        return float((self.end_time - self.times[0]) * self.time_base)

    @classmethod
    def of(
        cls, video: VideoHeader, raw_times: Sequence[int], last_duration: int, end_time: int = 0
    ) -> Timing:
        """Return the timing; frames that share a time are moved on by one unit each.

        A constant rate that the container could only store rounded (Matroska: 1 ms) is restored.

        Args:
            raw_times: of the frames in shown order, in the stream's time base.
            last_duration: what the last frame says of itself; 0 where it says nothing.
            end_time: where the container says that the picture ends; 0 where it says nothing.
        """
        base = video.time_base
        times = _ascending(raw_times)
        rate = video.rate or Fraction(25)
        if len(times) == 1:
            usual = max(round(1 / (rate * base)), 1)
            length = max(last_duration if last_duration > 1 else usual, end_time - times[0])
            return cls(tuple(times), times[0] + length, base, rate, False)
        measured = Fraction(len(times) - 1) / ((times[-1] - times[0]) * base)
        for candidate in _candidates(video, measured, len(times)):
            found = _constant(times, base, candidate)
            if found is not None:
                frame_end = times[-1] + last_duration if last_duration > 1 else 0
                return found._with_end(base, frame_end, end_time)
        gaps = sorted(after - before for before, after in pairwise(times))
        usual = gaps[len(gaps) // 2]
        fps = Fraction(len(times)) / ((times[-1] + usual - times[0]) * base)
        variable = cls(tuple(times), times[-1] + usual, base, fps.limit_denominator(100_000), True)
        said = last_duration if last_duration > 1 else usual
        return variable._with_end(base, times[-1] + said, end_time, is_exact=True)

    def _with_end(
        self, base: Fraction, frame_end: int, picture_end: int, *, is_exact: bool = False
    ) -> Timing:
        """Return the timing with a last frame that stays longer, where frame or container say so.

        At a constant rate less than a frame more is a rounded duration, no longer picture. Slides are no
        such rate: the last one's own duration counts.
        """
        said = Fraction(max(frame_end, picture_end) * base / self.time_base) or self.end_time
        step = self.end_time - self.times[-1]
        is_exact = is_exact or step * self.time_base > SLIDE_S
        if not is_exact and said - self.end_time < step:
            return self
        end = round(said) if is_exact or said > self.end_time else self.end_time
        return Timing(
            self.times, max(end, self.times[-1] + 1), self.time_base, self.fps, self.is_variable
        )


def _ascending(raw_times: Sequence[int]) -> list[int]:
    times = [raw_times[0]]
    for time in raw_times[1:]:
        times.append(max(time, times[-1] + 1))
    return times


def _candidates(video: VideoHeader, measured: Fraction, frames: int) -> Iterator[Fraction]:
    """Yield the rates that the clip may have, the likeliest first."""
    # A rate that is counted by the clock, as a header's average is, is off by one tick over the whole clip.
    span_ticks = Fraction(frames - 1) / (measured * video.time_base)
    tolerance = max(1 / span_ticks, RATE_TOLERANCE)
    for rate in (video.rate, video.guessed_rate, measured):
        if rate:
            yield from _standard_near(rate, tolerance)
            yield rate


def _standard_near(rate: Fraction, tolerance: Fraction) -> list[Fraction]:
    near = [item for item in STANDARD_RATES if abs(rate / item - 1) <= tolerance]
    return sorted(near, key=lambda item: abs(rate - item))


def _constant(times: Sequence[int], base: Fraction, rate: Fraction) -> Timing | None:
    """Return the exact times at the rate where these are its times rounded to the clock, else None."""
    step = 1 / (rate * base)
    misses = [float(time - index * step) for index, time in enumerate(times)]
    low, high = min(misses), max(misses)
    if step.denominator == 1:
        # AVI stores an empty chunk for an encoder's delay: only the first picture's time misses then.
        if low != high and (min(misses[1:]) != high or high - low > step):
            return None
        whole = int(step)
        return Timing(tuple(times), times[-1] + whole, base, rate, False)
    half_range = (high - low) / 2
    if half_range > ROUNDING or half_range / float(step) > LARGEST_DEVIATION:
        return None
    return _restored(len(times), base, rate, (high - ROUNDING, low + ROUNDING), times[0])


def _restored(
    count: int, base: Fraction, rate: Fraction, starts: tuple[float, float], first: int
) -> Timing:
    """Return exact times at the rate; they start at 0 where rounding allows it, else at the first time."""
    start = 0 if starts[0] <= 0 <= starts[1] else first
    clock = rate if start == 0 else rate.numerator * math.ceil(FINE_CLOCK / rate.numerator)
    step = round(clock / rate)
    offset = round(start * base * clock)
    times = tuple(offset + index * step for index in range(count))
    return Timing(times, offset + count * step, 1 / Fraction(clock), rate, False)
