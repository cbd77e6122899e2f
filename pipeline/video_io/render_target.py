"""What a sink needs to know of the render it belongs to, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.postprocess.appearance import FileOptions
from pipeline.video_io.clip import ClipInfo

_PADDING = 6
"""Digits of a frame's number where the source is no sequence."""


@dataclass(frozen=True, slots=True)
class RenderTarget:
    """One render as its sinks see it.

    `time_origin` is the clip's time, in its own units, that becomes 0 in the files; `first_time` is
    that of the first frame, `first_index` its place in the clip, and `timecode` its own, "" for none. `threads` is the
    share of each encoder. Backgrounds are as `pipeline.postprocess.composite` reads them.
    """

    directory: Path
    clip: ClipInfo
    frame_count: int
    time_origin: int
    first_time: int
    first_index: int
    timecode: str
    files: FileOptions
    threads: int
    background: str
    preview_background: str

    @property
    def unevenness_s(self) -> float:
        """How far a frame's own time is at most from the one it has at the clip's mean rate, in seconds."""
        clip, first = self.clip, self.first_index
        times_s = (
            clip.time_s(at) - clip.time_s(first) for at in range(first, first + self.frame_count)
        )
        return max(abs(float(time_s - at / clip.fps)) for at, time_s in enumerate(times_s))

    def frame_name(self, index: int) -> str:
        """Return the number in the name of a sequence's frame, counted from 0: as in the source, else six digits."""
        names, first = self.clip.sequence, self.files.first_number
        if first is None:
            first = names.first_number + self.first_index if names is not None else 0
        padding = names.padding if names is not None else _PADDING
        return f"{first + index:0{padding}d}"
