"""Which frames a change of the marks can change; it reads no file and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FADE_FRAMES = 3
"""Frames over which new alpha fades into kept alpha beside a key frame."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames `first` to `last`, inclusive, to matte again for key frames `start` to `end` that changed.

    Where a key frame was only removed, `start` and `end` are the neighbour that is left. `anchored_first`
    and `anchored_last`: that end of the stretch is a key frame whose mask did not change, so that its
    alpha is kept. `changed_first` and `changed_last` are the outermost key frames that changed or went.
    """

    first: int
    last: int
    start: int
    end: int
    anchored_first: bool
    anchored_last: bool
    changed_first: int
    changed_last: int

    @property
    def changed_count(self) -> int:
        """Number of frames whose alpha is made again."""
        return self.last - self.first + 1 - self.anchored_first - self.anchored_last

    @property
    def matted_from(self) -> int:
        """The key frame that matting starts from: as a run of the whole range, it comes from the earlier one."""
        return self.first if self.anchored_first else self.start

    def weight(self, frame: int) -> float:
        """Return how much of a frame's alpha is the new one, in [0, 1]; 0 outside and at kept key frames."""
        if not self.first <= frame <= self.last:
            return 0.0
        shares = [1.0]
        for is_anchored, distance, free in (
            (self.anchored_first, frame - self.first, self.start - self.first),
            (self.anchored_last, self.last - frame, self.last - self.end),
        ):
            if is_anchored:
                # Never beyond the corrected frame: it is as it was marked.
                shares.append(min(distance / min(FADE_FRAMES + 1, max(free, 1)), 1.0))
        return min(shares)


def changed_stretch(
    before: Mapping[int, int], now: Mapping[int, int], first: int, last: int
) -> Stretch | None:
    """Return what a change of key frames can change, None where nothing changed.

    A mask counts both ways until the next key frame whose mask stayed as it was.

    Args:
        before: checksum of each key frame's mask when the result was made, by frame.
        now: the same of today's masks.
        first, last: the matted range, inclusive.

    Raises:
        ValueError: no key frame is left in the stretch to start from.
    """
    changed = sorted(
        frame for frame in before.keys() | now.keys() if before.get(frame) != now.get(frame)
    )
    changed = [frame for frame in changed if first <= frame <= last]
    if not changed:
        return None
    unchanged = sorted(frame for frame in now if before.get(frame) == now[frame])
    below = [frame for frame in unchanged if first <= frame < changed[0]]
    above = [frame for frame in unchanged if changed[-1] < frame <= last]
    low, high = (below[-1] if below else first), (above[0] if above else last)
    starts = [frame for frame in changed if frame in now] or [*below[-1:], *above[:1]]
    if not starts:
        raise ValueError("no key frame to start from")
    ends = starts if starts[-1] in changed else starts[:1]
    anchored = bool(below), bool(above)
    return Stretch(low, high, starts[0], ends[-1], *anchored, changed[0], changed[-1])
