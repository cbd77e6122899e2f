"""SMPTE 12M timecode: the count of frames as hours, minutes, seconds and frames."""

from __future__ import annotations

import re
from fractions import Fraction

_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d{2,3})")
_DROPPED_AT_30 = 2
"""Numbers left out each minute but every tenth, at 30000/1001; twice as many at 60000/1001."""
_DROP_RATES = (Fraction(30000, 1001), Fraction(60000, 1001))
_RATES = (
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60)),
    *(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)),
)
_HIGHEST_RATE = 1000


def counting_rate(timecode: str, stated: Fraction, fps: Fraction, *, is_variable: bool) -> Fraction:
    """Return how many numbers a second a clip's timecode counts.

    Args:
        stated: what the timecode's own track says, 0 where it says nothing.
        fps: of the clip, the average where it is variable: then the nearest rate that timecode is made for counts.
    """
    if 1 <= stated <= _HIGHEST_RATE:
        return stated
    if not is_variable:
        return fps
    rates = _DROP_RATES if ";" in timecode else _RATES
    return min(rates, key=lambda rate: abs(rate - fps))


def timecode_after(timecode: str, frames: int, fps: Fraction) -> str:
    """Return the timecode that many frames later, "" for what is no timecode.

    Drop-frame counting (";" before the frames) leaves numbers out, never frames.
    """
    found = _TIMECODE.fullmatch(timecode)
    rate = round(fps)
    if found is None or rate < 1:
        return ""
    hours, minutes, seconds, frame = (int(found[group]) for group in (1, 2, 3, 5))
    is_drop = found[4] != ":" and rate % 30 == 0
    dropped = _DROPPED_AT_30 * rate // 30 if is_drop else 0
    whole_minutes = hours * 60 + minutes
    count = (whole_minutes * 60 + seconds) * rate + frame
    count -= dropped * (whole_minutes - whole_minutes // 10)
    return _shown(count + frames, rate, dropped)


def _shown(count: int, rate: int, dropped: int) -> str:
    ten_minutes = 600 * rate - 9 * dropped
    count %= 144 * ten_minutes  # a day
    tens, rest = divmod(count, ten_minutes)
    count += 9 * dropped * tens
    if dropped and rest >= dropped:
        count += dropped * ((rest - dropped) // (60 * rate - dropped))
    seconds, frame = divmod(count, rate)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    mark = ";" if dropped else ":"
    digits = max(len(str(rate - 1)), 2)
    return f"{hour:02d}:{minute:02d}:{second:02d}{mark}{frame:0{digits}d}"
