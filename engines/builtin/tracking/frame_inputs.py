"""What a tracker is given of one frame: the frame itself, and what the networks say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engines.builtin.tracking.target_foreground import ForegroundView
from engines.builtin.vision.processing_size import ProcessingFrame
from utils.types import FloatImage


@dataclass(frozen=True, slots=True)
class FrameInputs:
    """One frame of a pass at processing size, with the networks' answers.

    `foreground` is None without a network. `descriptors`, float32 (h', w', C), are those of this very frame, None
    without a network and between the frames that it is asked about.
    """

    frame: ProcessingFrame
    foreground: ForegroundView | None = None
    descriptors: FloatImage | None = None

    def without_crops(self) -> FrameInputs:
        """Return the same without questions about crops: those are asked about for the target."""
        if self.foreground is None:
            return self
        return replace(self, foreground=ForegroundView(self.foreground.whole))
