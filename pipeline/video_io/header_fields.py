"""What a container's header says, as plain values; no files are touched here."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.video_io.clip import SoundTrack

UNKNOWN_CODEC = "unknown"
"""What the worker calls a codec that FFmpeg has no name for."""
STREAM_CLOCK_S = 10
"""A file that begins later than this was cut out of a stream that had run before."""


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """The default picture track, else the first; cover art never counts.

    `packets` could be read; `header_frames` and `index_frames` are what the container states (0
    where it does not say). `matrix`, `primaries`, `transfer` are H.273 codes, `colour_range` is
    FFmpeg's. `rotation` is in degrees, of the first frame. `has_alpha` tells of an
    alpha stream beside the picture, as WebM has it. `read_end_s` is how far the stream's packets go, and `stated_end_s` where the container says
    that the picture ends (0 where it does not say), in seconds from the file's start. The first `untimed`
    pictures have no time of their own; the next is shown at `timed_from`, and `timed_step` lies between two, in
    units of `time_base`. `picture` is its place among the picture tracks, `track` the container's own
    number of it.
    """

    index: int
    codec: str
    time_base: Fraction
    average_rate: Fraction
    guessed_rate: Fraction
    header_frames: int
    index_frames: int
    packets: int
    coded_wh: tuple[int, int]
    pixel_format: str
    matrix: int
    primaries: int
    transfer: int
    colour_range: int
    rotation: int
    has_alpha: bool = False
    read_end_s: float = 0.0
    stated_end_s: float = 0.0
    untimed: int = 0
    timed_from: int = 0
    timed_step: Fraction = Fraction(0)
    picture: int = 0
    track: int = 0

    @classmethod
    def of(cls, raw: dict[str, Any]) -> VideoHeader:
        """Return the header from the worker's answer; what it could not find out is neutral."""
        return cls(
            index=int(raw["index"]),
            codec=str(raw["codec"]),
            time_base=Fraction(raw["time_base"]),
            average_rate=Fraction(raw["average_rate"]),
            guessed_rate=Fraction(raw["guessed_rate"]),
            header_frames=int(raw["header_frames"]),
            index_frames=int(raw["index_frames"]),
            packets=int(raw.get("packets", 0)),
            coded_wh=(int(raw.get("width", 0)), int(raw.get("height", 0))),
            pixel_format=str(raw.get("pixel_format", "")),
            matrix=int(raw.get("matrix", 2)),
            primaries=int(raw.get("primaries", 2)),
            transfer=int(raw.get("transfer", 2)),
            colour_range=int(raw.get("range", 0)),
            rotation=int(raw.get("rotation", 0)),
            has_alpha=bool(raw.get("has_alpha", False)),
            read_end_s=float(raw.get("read_end_s", 0.0)),
            stated_end_s=float(raw.get("stated_end_s", 0.0)),
            untimed=int(raw.get("untimed", 0)),
            timed_from=int(raw.get("timed_from", 0)),
            timed_step=Fraction(raw.get("timed_step", 0)),
            picture=int(raw.get("picture", 0)),
            track=int(raw.get("track", 0)),
        )

    def times_of(self, frames: int) -> list[int]:
        """Return the even times of that many pictures, in units of `time_base`; see `untimed`."""
        return [
            self.timed_from + round((at - self.untimed) * self.timed_step) for at in range(frames)
        ]

    @property
    def rate(self) -> Fraction:
        """Frames a second as the container says; 0 when it does not."""
        return self.average_rate or self.guessed_rate

    @property
    def size_wh(self) -> tuple[int, int]:
        """The displayed size to expect: a right angle swaps the sides, any other does not."""
        width, height = self.coded_wh
        is_sideways = abs(self.rotation % 180 - 90) <= 1
        return (height, width) if is_sideways else (width, height)


@dataclass(frozen=True, slots=True)
class Header:
    """A container: `duration_s` as its header says, `read_s` as far as its packets really go.

    `start_s` is the time of its first packet of any stream. `is_whole` is False where the file is
    shorter than its own header says. `pictures` counts video streams without cover art, `subtitles`
    text tracks. `has_alpha_track` tells of transparency in a picture track of its own, as AVIF sequences have it.
    """

    container: str
    streams: int
    start_s: Fraction
    duration_s: float
    read_s: float
    is_whole: bool
    timecode: str
    pictures: int
    video: VideoHeader | None
    sounds: tuple[SoundTrack, ...]
    subtitles: int = 0
    has_alpha_track: bool = False

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Header:
        """Return the header from the worker's answer."""
        start_s, duration_s = Fraction(raw["start_s"]), float(raw["duration_s"])
        container = str(raw["container"])
        if container.startswith("matroska") and 0 < start_s < duration_s:
            duration_s -= float(start_s)  # Matroska counts its duration from 0
        return cls(
            container=container,
            streams=int(raw["streams"]),
            start_s=start_s,
            duration_s=duration_s,
            read_s=float(raw["read_s"]),
            is_whole=bool(raw.get("is_whole", True)),
            timecode=str(raw["timecode"]),
            pictures=int(raw["pictures"]),
            video=VideoHeader.of(raw["video"]) if raw["video"] else None,
            sounds=tuple(SoundTrack(**sound) for sound in raw["sounds"]),
            subtitles=int(raw["subtitles"]),
            has_alpha_track=bool(raw.get("has_alpha_track", False)),
        )

    @property
    def is_indexed(self) -> bool:
        """True for MP4 and MOV whose header lists every frame: their times count from 0."""
        return self.container.startswith("mov") and bool(self.video and self.video.header_frames)

    @property
    def counts_duration(self) -> bool:
        """True for containers that sum up their pictures' durations: MP4, MOV with an index, and AVI."""
        return self.is_indexed or self.container == "avi"

    @property
    def clock_origin_s(self) -> Fraction:
        """The container's time that a clip's times count from.

        A late picture keeps its place after the file's 0. A stream's own clock, which may begin at any
        hour, does not count, whether as plain times or as an edit list.
        """
        is_stream = self.container.startswith("mpeg") or self.start_s >= STREAM_CLOCK_S
        return self.start_s if is_stream else Fraction(0)
