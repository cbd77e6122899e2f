"""What is known of an accepted clip, as plain values; no files are touched here."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pipeline.video_io.timecode import timecode_after
from utils.types import Message


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Resolved colour of the coded picture, in FFmpeg's names: nothing is left unspecified."""

    matrix: str
    primaries: str
    transfer: str
    range: str


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One sound track: its place among the file's sound tracks, and its decoder in FFmpeg's name.

    `late_s` is told of MPEG-TS alone: seconds from the file's first packet to the track's own. FFmpeg
    counts the times of such a file from the first packet of the streams that it reads. `language` is the
    file's code of it, such as "eng", "" without one.
    """

    position: int
    codec: str
    channels: int = 0
    sample_rate: int = 0
    is_default: bool = False
    late_s: float = 0.0
    language: str = ""


_OPAQUE_OR_NOT = ("gif",)
"""Codecs whose pixels are opaque or transparent, with nothing between."""
_CLOCK_SLACK = Fraction(1, 10)
"""Share of a number by which a clock's rounding may have a frame come too early for it."""
SHOWN_CHARACTERS = 120
"""Characters of a picture's name that a text shows."""


def shown_name(name: str) -> str:
    """Return a file's name fit to be shown: short, without control characters."""
    return "".join(one if one.isprintable() else "_" for one in name[:SHOWN_CHARACTERS])


PICTURE_KINDS = {
    "PNG": ("png",),
    "JPEG": ("jpg", "jpeg"),
    "TIFF": ("tif", "tiff"),
    "OpenEXR": ("exr",),
    "DPX": ("dpx",),
}
"""Names of formats, the same in every language, and their suffixes."""
PICTURE_SUFFIXES = tuple(suffix for suffixes in PICTURE_KINDS.values() for suffix in suffixes)


@dataclass(frozen=True, slots=True)
class SequenceNames:
    """How the pictures of a sequence are called: `prefix`, a number of at least `padding` digits, `tail`."""

    prefix: str
    tail: str
    padding: int
    first_number: int

    @property
    def pattern(self) -> str:
        """The names as Nuke writes them, fit to be shown: "shot.%04d.exr"."""
        number = f"%0{self.padding}d" if self.padding > 1 else "%d"
        return shown_name(f"{self.prefix}{number}{self.tail}")

    @property
    def name(self) -> str:
        """What the sequence is called without numbers: "shot.exr"."""
        stem, _, suffix = self.tail.rpartition(".")
        return f"{(self.prefix + stem).strip('._- ') or 'sequence'}.{suffix}"


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """An accepted clip, measured by decoding it once.

    `size_wh` is the displayed size in pixels, after rotation. `times` are the frames' own times in
    units of `time_base` seconds, counted from the start of the file (the first may be above 0 where
    the sound starts earlier). `end_time` is where the last frame ends, in the same units.
    `file_start_s` is where the file's first packet of any stream lies on that clock: FFmpeg counts its
    seeks from there. `timecode` is that of the first frame, "" without one, and counts `timecode_rate` numbers a
    second, which need not be `fps` (0 in sessions of before: it is). `checks`
    are Adler-32 sums of the decoded frames, by which a seek proves that it landed right.
    `sample_aspect` is the width of a displayed pixel over its height. `has_alpha` tells that the clip
    has its own transparency, `is_premultiplied` that the file's colours are multiplied by it: they are
    divided on reading. `picture` is the place of its track among the file's picture tracks.
    `sequence` tells that it was made of numbered pictures, and how those are called.
    """

    size_wh: tuple[int, int]
    frame_count: int
    times: tuple[int, ...]
    end_time: int
    time_base: Fraction
    fps: Fraction
    duration_s: float
    rotation: int
    is_variable_rate: bool
    codec: str
    pixel_format: str
    colour: ColourTags
    is_hdr: bool
    is_interlaced: bool
    sample_aspect: Fraction
    has_audio: bool
    audio_codec: str
    file_start_s: Fraction = Fraction(0)
    timecode: str = ""
    timecode_rate: Fraction = Fraction(0)
    sounds: tuple[SoundTrack, ...] = ()
    checks: tuple[int, ...] = ()
    has_alpha: bool = False
    is_premultiplied: bool = False
    picture: int = 0
    notices: tuple[Message, ...] = ()
    sequence: SequenceNames | None = None

    @property
    def has_soft_alpha(self) -> bool:
        """True where the clip has its own transparency, and pixels of it may be partly transparent."""
        return self.has_alpha and self.codec not in _OPAQUE_OR_NOT

    def time_s(self, index: int) -> Fraction:
        """Return when the frame is shown, in seconds from the start of the file; exact."""
        return self.times[index] * self.time_base

    @property
    def counted_rate(self) -> Fraction:
        """Numbers that the timecode counts a second."""
        return self.timecode_rate or self.fps

    def timecode_at(self, index: int) -> str:
        """Return the timecode that is on when the frame is shown, "" where the clip has none."""
        counted = (self.time_s(index) - self.time_s(0)) * self.counted_rate
        return timecode_after(self.timecode, int(counted + _CLOCK_SLACK), self.counted_rate)

    def end_of(self, index: int) -> int:
        """Return where the frame ends, in units of `time_base`."""
        return self.times[index + 1] if index + 1 < self.frame_count else self.end_time

    @property
    def sound_tracks(self) -> tuple[SoundTrack, ...]:
        """The sound tracks; clips of older sessions know of the first one alone."""
        if self.sounds or not self.has_audio:
            return self.sounds
        return (SoundTrack(0, self.audio_codec, is_default=True),)
