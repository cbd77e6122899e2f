"""How an MP4's or MOV's timecode track counts (QuickTime File Format, Timecode Media); decodes nothing."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pipeline.video_io.probe.boxes import boxes_of, content_of

_ENTRY_AT = 8
"""Bytes before the first entry: version, flags, count of entries."""
_KIND, _TIMESCALE, _FRAME_DURATION, _ENTRY_BYTES = 4, 24, 28, 33
"""Where the fields lie in an entry, and how long it is at least."""


def timecode_track_rate(path: Path) -> Fraction:
    """Return the numbers a second that the first timecode track counts, 0 without one."""
    with path.open("rb") as stream:
        end = stream.seek(0, 2)
        tables = boxes_of(stream, (0, end), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        for table in tables:
            entry = content_of(stream, table, _ENTRY_AT + _ENTRY_BYTES)[_ENTRY_AT:]
            if entry[_KIND : _KIND + 4] == b"tmcd" and len(entry) == _ENTRY_BYTES:
                timescale = int.from_bytes(entry[_TIMESCALE : _TIMESCALE + 4], "big")
                duration = int.from_bytes(entry[_FRAME_DURATION : _FRAME_DURATION + 4], "big")
                return Fraction(timescale, duration) if duration else Fraction(0)
    return Fraction(0)
