"""When the frames of a clip are shown: exact for constant rates, each frame's own time otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.video_io.header_fields import VideoHeader


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
    def of(cls, video: VideoHeader, raw_times: list[int], last_duration: int) -> Timing:
        """Return the timing; frames that share a time are moved on by one unit each.

        A constant rate that the container could only store rounded (Matroska: 1 ms) is restored.
        """
        base = video.time_base
        times = [raw_times[0]]
        for time in raw_times[1:]:
            times.append(max(time, times[-1] + 1))
        rate = video.rate or Fraction(25)
        if len(times) == 1:
            length = last_duration if last_duration > 1 else round(1 / (rate * base))
            return cls(tuple(times), times[0] + max(length, 1), base, rate, False)
        measured = Fraction(len(times) - 1) / ((times[-1] - times[0]) * base)
        for candidate in (rate, video.guessed_rate, measured):
            if candidate and _is_constant(times, base, candidate):
                if 1 / (candidate * base) == round(1 / (candidate * base)):
                    step = round(1 / (candidate * base))
                    return cls(tuple(times), times[-1] + step, base, candidate, False)
                if abs(times[0]) <= 1:
                    exact = tuple(range(len(times)))
                    return cls(exact, len(times), 1 / candidate, candidate, False)
        gaps = sorted(after - before for before, after in pairwise(times))
        usual = gaps[len(gaps) // 2]
        length = last_duration if 1 < last_duration <= 4 * gaps[-1] else usual
        end = times[-1] + length
        fps = Fraction(len(times)) / ((end - times[0]) * base)
        return cls(tuple(times), end, base, fps.limit_denominator(100_000), True)


def _is_constant(times: list[int], base: Fraction, rate: Fraction) -> bool:
    step = float(1 / (rate * base))
    return all(abs(time - times[0] - index * step) <= 1.0 for index, time in enumerate(times))
