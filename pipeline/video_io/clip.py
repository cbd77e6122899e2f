"""What is known of an accepted clip, as plain values; no files are touched here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import cast

from utils.types import Message


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Resolved colour of the coded picture, in FFmpeg's names: nothing is left unspecified."""

    matrix: str
    primaries: str
    transfer: str
    range: str


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """An accepted clip, measured by decoding it once.

    `size_wh` is the displayed size in pixels, after rotation. `times` are the frames' own times in
    units of `time_base` seconds, counted from the start of the file (the first may be above 0 where
    the sound starts earlier). `end_time` is where the last frame ends, in the same units. `checks`
    are Adler-32 sums of the decoded frames, by which a seek proves that it landed right.
    `sample_aspect` is the width of a displayed pixel over its height.
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
    checks: tuple[int, ...] = ()
    notices: tuple[Message, ...] = ()

    def time_s(self, index: int) -> Fraction:
        """Return when the frame is shown, in seconds from the start of the file; exact."""
        return self.times[index] * self.time_base

    def end_of(self, index: int) -> int:
        """Return where the frame ends, in units of `time_base`."""
        return self.times[index + 1] if index + 1 < self.frame_count else self.end_time

    def to_json(self) -> str:
        """Return the values as one JSON object."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> ClipInfo:
        """Return the clip that `to_json` described.

        Raises:
            ValueError: the text is not such an object.
        """
        raw = json.loads(text)
        try:
            values = {item.name: raw[item.name] for item in fields(cls)}
            width, height = values["size_wh"]
            values |= {
                "size_wh": (int(width), int(height)),
                "times": tuple(map(int, values["times"])),
                "checks": tuple(map(int, values["checks"])),
                "time_base": Fraction(values["time_base"]),
                "fps": Fraction(values["fps"]),
                "sample_aspect": Fraction(values["sample_aspect"]),
                "colour": ColourTags(**values["colour"]),
                "notices": tuple(Message(**notice) for notice in values["notices"]),
            }
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a clip: {error}") from error
        return cls(**cast("dict[str, object]", values))  # type: ignore[arg-type]
