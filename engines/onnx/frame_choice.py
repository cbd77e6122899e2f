"""Which frames of a clip are matted at all, for engines that pay for each: in money or in time."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from utils.changed_picture import ChangeDetector
from utils.scene_cut import CutDetector
from utils.types import Frame


class Fate(enum.Enum):
    """What becomes of a frame."""

    MATTED = "matted"
    SAME = "same"
    """It takes the alpha of the frame before."""
    BETWEEN = "between"
    """The alphas of the matted frames around it are carried to it along the motion."""


@dataclass(slots=True)
class FrameChoice:
    """Chooses frames in their order; `fates` has those that were looked at, `starts` those that begin a scene.

    Args:
        every: every n-th frame is matted, and the first of each scene.
        skips_unchanged: a frame that shows what the one before shows is not.
    """

    every: int = 1
    skips_unchanged: bool = False
    fates: list[Fate] = field(default_factory=list)
    starts: set[int] = field(default_factory=set)
    _cuts: CutDetector = field(default_factory=CutDetector)
    _changes: ChangeDetector = field(default_factory=ChangeDetector)
    _since: int = 0

    def choose(self, frame: Frame) -> Fate:
        """Return what becomes of the next frame, uint8 RGB (H, W, 3)."""
        starts = self._cuts.is_cut(frame) or not self.fates
        has_changed = not self.skips_unchanged or self._changes.has_changed(frame)
        fate = self._fate(starts, has_changed)
        if starts:
            self.starts.add(len(self.fates))
        self.fates.append(fate)
        return fate

    @property
    def matted(self) -> int:
        """Number of frames to matte so far."""
        return self.fates.count(Fate.MATTED)

    def _fate(self, starts: bool, has_changed: bool) -> Fate:
        if not starts and not has_changed:
            return Fate.SAME
        self._since = 0 if starts else self._since + 1
        return Fate.MATTED if self._since % self.every == 0 else Fate.BETWEEN
