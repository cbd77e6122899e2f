"""New alpha goes into the kept one, until it is what the kept one is; it reads no file and runs nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from pipeline.jobs.changed_frames import Stretch
from utils.alpha_levels import OPAQUE, AlphaLevels
from utils.types import Mask

SAME_FRAMES = 4
"""Frames in a row whose new alpha is that of before, after which it is taken to stay so."""
_SAME_LEVELS = OPAQUE // 10
"""Levels by which a pixel may differ: what an edge varies by from run to run."""
_ALPHA_EDGE_SHARE = 0.1
_MASK_EDGE_SHARE = 0.25
"""Shares of an edge's length along which it may differ by up to two pixels; a mask's edge is hard and varies more."""


def is_same(new: AlphaLevels, old: AlphaLevels, edge_share: float = _ALPHA_EDGE_SHARE) -> bool:
    """Tell whether two alphas of a frame, levels (H, W), are the same but for the grain of their edges."""
    differs = np.abs(new.astype(np.int32) - old) > _SAME_LEVELS
    if not differs.any():
        return True
    covered = np.pad(np.maximum(new, old) > _SAME_LEVELS, 1)
    inside = covered[:-2, 1:-1] & covered[2:, 1:-1] & covered[1:-1, :-2] & covered[1:-1, 2:]
    edge_px = np.count_nonzero(covered[1:-1, 1:-1] & ~inside)
    if np.count_nonzero(differs) > edge_share * edge_px:
        return False
    # Something three pixels wide is a part of the object, however small.
    rows = differs[:-2] & differs[1:-1] & differs[2:]
    return not (rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]).any()


def is_same_mask(new: Mask, old: Mask) -> bool:
    """As `is_same`, of masks, bool (H, W)."""
    levels = [mask.astype(np.uint16) * OPAQUE for mask in (new, old)]
    return is_same(levels[0], levels[1], _MASK_EDGE_SHARE)


def _mixed(old: AlphaLevels, new: AlphaLevels, weight: float) -> AlphaLevels:
    if weight >= 1.0:
        return new
    if weight <= 0.0:
        return old
    mixed = old * np.float32(1.0 - weight) + new * np.float32(weight)
    levels: AlphaLevels = np.rint(mixed).astype(old.dtype)
    return levels


class Convergence:
    """Watches new alpha, frame by frame away from a correction, until it is what it was.

    The last frames that are the same fade over into the kept alpha.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._held: list[tuple[int, AlphaLevels, AlphaLevels]] = []

    def take(self, frame: int, new: AlphaLevels, old: AlphaLevels) -> list[tuple[int, AlphaLevels]]:
        """Return the frames that are settled by this one, in the order they came, each with its levels (H, W).

        Args:
            new, old: this frame's alphas, levels (H, W).
        """
        if not is_same(new, old):
            return [*self.rest(), (frame, new)]
        self._held.append((frame, new, old))
        if len(self._held) < SAME_FRAMES:
            return []
        self.is_over = True
        held, self._held = self._held, []
        return [
            (index, _mixed(before, made, 1.0 - place / (SAME_FRAMES + 1)))
            for place, (index, made, before) in enumerate(held, start=1)
        ]

    def rest(self) -> list[tuple[int, AlphaLevels]]:
        """Return the frames that are held back with their levels (H, W): the alpha differs again, or no frames are left."""
        held = [(index, made) for index, made, _ in self._held]
        self._held.clear()
        return held


class Splice:
    """Puts the made alphas of a stretch into the kept ones.

    `last` is the last frame that was made: less than the stretch's where the alpha became what it was.
    """

    def __init__(self, stretch: Stretch) -> None:
        self.last = stretch.last
        self._stretch = stretch

    def join(
        self, kept: Iterator[AlphaLevels], made: Generator[AlphaLevels, None, None]
    ) -> Iterator[AlphaLevels]:
        """Yield the kept alphas (H, W), with those of the stretch replaced by the made ones.

        Args:
            kept: of every frame from 0 on.
            made: of every frame of the stretch, in order; closed as soon as no further ones are needed.
        """
        stretch, convergence = self._stretch, Convergence()
        settled = max(stretch.end, stretch.changed_last)
        for frame, old in enumerate(kept):
            if not stretch.first <= frame <= self.last:
                yield old
                continue
            new = _mixed(old, next(made), stretch.weight(frame))
            if frame <= settled:
                yield new
                continue
            yield from (alpha for _, alpha in convergence.take(frame, new, old))
            if convergence.is_over:
                self.last = frame
                made.close()
            elif frame == stretch.last:
                yield from (alpha for _, alpha in convergence.rest())
