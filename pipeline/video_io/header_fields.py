"""What a container's header says, as plain values; no files are touched here."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """The first video stream that is no cover art.

    `packets` could be read; `header_frames` and `index_frames` are what the container promises (0
    where it does not say). `matrix`, `primaries`, `transfer` are H.273 codes, `colour_range` is
    FFmpeg's. `rotation` is in degrees, of the first frame.
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
        )

    @property
    def rate(self) -> Fraction:
        """Frames a second as the container says; 0 when it does not."""
        return self.average_rate or self.guessed_rate

    @property
    def size_wh(self) -> tuple[int, int]:
        """The displayed size, after rotation."""
        width, height = self.coded_wh
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, slots=True)
class Header:
    """A container: `duration_s` as it promises, `read_s` as far as its packets really go."""

    container: str
    streams: int
    duration_s: float
    read_s: float
    video: VideoHeader | None
    audio_codec: str | None

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Header:
        """Return the header from the worker's answer."""
        return cls(
            container=str(raw["container"]),
            streams=int(raw["streams"]),
            duration_s=float(raw["duration_s"]),
            read_s=float(raw["read_s"]),
            video=VideoHeader.of(raw["video"]) if raw["video"] else None,
            audio_codec=str(raw["audio"]) if raw["audio"] else None,
        )
