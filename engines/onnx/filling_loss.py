"""What is lost where only every n-th frame is matted, measured on the clip itself; it fills nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from utils.mask_utils import intersection_over_union
from utils.types import Alpha, Message


@dataclass(slots=True)
class FillingLoss:
    """Compares matted frames with what the matted frames before and after them would fill them with.

    No true alpha is needed. The frames that are really filled lie nearer to matted ones and lose less, so this
    is the most that filling costs, as far as these frames tell.
    """

    overlaps: list[float] = field(default_factory=list)
    """Intersection over union of both, cut at one half, of each such frame."""

    def compare(self, filled: Alpha, own: Alpha) -> None:
        """Add a frame, both float32 (H, W)."""
        self.overlaps.append(intersection_over_union(filled > 0.5, own > 0.5))

    def message(self, every: int) -> Message | None:
        """Return what a user should know, None where nothing could be measured."""
        if not self.overlaps:
            return None
        mean, least = sum(self.overlaps) / len(self.overlaps), min(self.overlaps)
        values = {"mean": f"{100 * mean:.1f}", "least": f"{100 * least:.1f}"}
        return Message("engine.filled", {"every": every, **values})
