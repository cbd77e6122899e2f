"""What a sink needs to know of the render it belongs to, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.postprocess.appearance import FileOptions
from pipeline.video_io.clip import ClipInfo


@dataclass(frozen=True, slots=True)
class RenderTarget:
    """One render as its sinks see it.

    `time_origin` is the clip's time, in its own units, that becomes 0 in the files; `first_time` is
    that of the first frame, and `timecode` its own, "" for none. `threads` is the
    share of each encoder. Backgrounds are as `pipeline.postprocess.composite` reads them.
    """

    directory: Path
    clip: ClipInfo
    frame_count: int
    time_origin: int
    first_time: int
    timecode: str
    files: FileOptions
    threads: int
    background: str
    preview_background: str
