"""How long browsers show the pictures of a GIF."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

_SHORTEST, _INSTEAD = 1, 10
"""Hundredths of a second: browsers show pictures of up to the first for as long as the second. FFmpeg does so
of 0 alone."""


def shown_times(times: Sequence[int], last_duration: int) -> tuple[list[int], int]:
    """Return when a GIF's pictures are shown, and for how long the last one is, in hundredths of a second."""
    gaps = [after - before for before, after in pairwise(times)]
    *shown, last = [_INSTEAD if gap <= _SHORTEST else gap for gap in (*gaps, last_duration)]
    return list(accumulate(shown, initial=times[0])), last
