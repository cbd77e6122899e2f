"""The range of a clip that a render covers, and where its times and timecode begin."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pipeline.video_io.clip import ClipInfo


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Frames first … last (inclusive) of a clip."""

    info: ClipInfo
    first: int
    last: int

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1

    @property
    def time_origin(self) -> int:
        """The clip's time that is 0 in the outputs, in the clip's units.

        From the first frame on, outputs start when the clip's picture does; an in point becomes 0.
        """
        return self.info.times[self.first] if self.first else 0

    @property
    def origin_s(self) -> Fraction:
        """`time_origin` in seconds."""
        return self.time_origin * self.info.time_base

    @property
    def start_s(self) -> Fraction:
        """When the picture starts in the outputs, in seconds."""
        return self.info.time_s(self.first) - self.origin_s

    @property
    def is_to_the_end(self) -> bool:
        """True when the last frame is the clip's last."""
        return self.last == self.info.frame_count - 1

    @property
    def timecode(self) -> str:
        """The timecode of the first frame of the range, "" where the clip has none."""
        return self.info.timecode_at(self.first)
