"""What an output format is: every fact that the command line, page, API, disk estimate and renderer need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from pipeline.video_io.colour import PixelLayout
from pipeline.video_io.outputs.sinks import Sink
from pipeline.video_io.render_target import RenderTarget
from utils.messages import Language, Text


class OutputFormat(ABC):
    """One kind of output; a module of this package holds one instance as `FORMAT`."""

    kind: ClassVar[str]
    """Name on the command line, in the API and in session records."""
    position: ClassVar[int]
    """Place in lists of formats, ascending."""
    names: ClassVar[tuple[str, ...]]
    """Files, or folders of a sequence, in the job's directory; the first one is the output's own."""
    label: ClassVar[Text]
    note: ClassVar[Text]
    """What it is for, shown beside the finished file."""
    bytes_per_pixel: ClassVar[float]
    """Generous estimate of the finished size, from measured clips."""
    layout: ClassVar[PixelLayout | None] = None
    """Layout the source is decoded to for it; None when it needs the alpha alone."""
    has_alpha: ClassVar[bool] = False
    """True when colour is stored under fully transparent pixels."""
    is_default: ClassVar[bool] = False
    is_sequence: ClassVar[bool] = False
    """True for a folder of numbered frames, which is downloaded as one zip."""
    file_options: ClassVar[tuple[str, ...]] = ()
    """Fields of `FileOptions` that it reads; the page shows their controls while it is chosen."""
    encoder: ClassVar[tuple[str, str] | None] = None
    """Encoder and pixel format that the FFmpeg program must have for it; those of PyAV are always there."""
    media_type: ClassVar[str] = "application/octet-stream"

    @property
    def is_encoded_last(self) -> bool:
        """Whether the FFmpeg program encodes it once every picture is there: the stage `FINISH`."""
        return self.encoder is not None

    @property
    def has_size_limit(self) -> bool:
        """Whether it is written again, smaller, where it is over a limit that was asked for: the stage `SHRINK`."""
        return "size_limit_mb" in self.file_options

    @abstractmethod
    def open(self, target: RenderTarget) -> Sink:
        """Return a sink that writes partial files of this format in the target's directory."""

    def estimate_bytes(self, pixels: int) -> int:
        """Return the bytes that `pixels` (over all frames) take at most for the usual clip."""
        copies = 2 if self.is_sequence else 1
        return int(pixels * self.bytes_per_pixel * copies)

    def paths(self, output: Path) -> tuple[Path, ...]:
        """Return every file or folder of an output, `output` being the first."""
        return (output, *(output.with_name(name) for name in self.names[1:]))

    def label_in(self, language: Language) -> str:
        """Return the format's name for people."""
        return self.label.in_language(language)

    def note_in(self, language: Language) -> str:
        """Return what the format is for."""
        return self.note.in_language(language)
