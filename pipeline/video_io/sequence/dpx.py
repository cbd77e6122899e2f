"""What FFmpeg leaves unread in a DPX header (SMPTE 268M): the rate, the timecode, and whether it is logarithmic."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pipeline.video_io.sequence.light import srgb_of_cineon
from pipeline.video_io.sequence.picture import Layout, Picture, deep_frame

_HEADER_BYTES = 2048
_TRANSFER_AT, _FILM_RATE_AT, _TIMECODE_AT, _VIDEO_RATE_AT = 801, 1724, 1920, 1940
_LOGARITHMIC = (1, 3)
"""Transfer characteristics of printing density, and logarithmic."""
_DROP_FRAME = 0x40
_UNDEFINED = 0xFFFFFFFF


def with_header(path: Path, picture: Picture) -> Picture:
    """Return the picture with what its header says; a logarithmic one as Cineon's curve shows it."""
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return picture
    order = ">" if header.startswith(b"SDPX") else "<"
    (pixels_at,) = struct.unpack_from(f"{order}I", header, 4)
    if pixels_at >= _HEADER_BYTES:
        rates = [
            struct.unpack_from(f"{order}f", header, at)[0] for at in (_VIDEO_RATE_AT, _FILM_RATE_AT)
        ]
        rate = next((rate for rate in rates if 1 <= rate < 1000), 0.0)
        (code,) = struct.unpack_from(f"{order}I", header, _TIMECODE_AT)
        stated = Fraction(rate).limit_denominator(1001)
        picture = replace(picture, rate=stated, timecode=_timecode(code))
    if header[_TRANSFER_AT] not in _LOGARITHMIC:
        return picture
    codes = picture.frame.to_ndarray(format="rgb48le") >> 6
    frame = deep_frame(srgb_of_cineon()[codes])
    return replace(picture, frame=frame, layout=Layout(16), is_logarithmic=True)


def _timecode(code: int) -> str:
    """Return a timecode of two decimal digits a byte (SMPTE 12M), "" where it is none."""
    fields = [f"{code >> at & mask:02x}" for at, mask in ((24, 63), (16, 127), (8, 127), (0, 63))]
    if code == _UNDEFINED or not all(field.isdecimal() for field in fields):
        return ""
    return ":".join(fields[:3]) + (";" if code & _DROP_FRAME else ":") + fields[3]
