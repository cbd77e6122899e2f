"""Which frames of a clip are matted at all, for engines that pay for each: in money or in time."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from utils.changed_picture import ChangeDetector
from utils.scene_cut import CutDetector
from utils.types import Frame


class AlphaSource(enum.Enum):
    """Where a frame's alpha comes from."""

    MATTED = "matted"
    """The network is asked about the frame."""
    SAME = "same"
    """It takes the alpha of the frame before."""
    BETWEEN = "between"
    """The alphas of the matted frames around it are carried to it along the motion."""


@dataclass(slots=True)
class FrameChoice:
    """Chooses frames in their order; `sources` has those of the frames looked at, `starts` those that begin a scene.

    Args:
        every: every n-th frame is matted, and the first of each scene.
        skips_unchanged: a frame that shows what the one before shows is not.
    """

    every: int = 1
    skips_unchanged: bool = False
    sources: list[AlphaSource] = field(default_factory=list)
    starts: set[int] = field(default_factory=set)
    _cuts: CutDetector = field(default_factory=CutDetector)
    _changes: ChangeDetector = field(default_factory=ChangeDetector)
    _since: int = 0

    def choose(self, frame: Frame) -> AlphaSource:
        """Return where the alpha of the next frame, uint8 RGB (H, W, 3), comes from."""
        starts = self._cuts.is_cut(frame) or not self.sources
        has_changed = not self.skips_unchanged or self._changes.has_changed(frame)
        alpha_source = self._next(starts, has_changed)
        if starts:
            self.starts.add(len(self.sources))
        self.sources.append(alpha_source)
        return alpha_source

    @property
    def matted(self) -> int:
        """Number of frames to matte so far."""
        return self.sources.count(AlphaSource.MATTED)

    def _next(self, starts: bool, has_changed: bool) -> AlphaSource:
        if not starts and not has_changed:
            return AlphaSource.SAME
        self._since = 0 if starts else self._since + 1
        return AlphaSource.MATTED if self._since % self.every == 0 else AlphaSource.BETWEEN
