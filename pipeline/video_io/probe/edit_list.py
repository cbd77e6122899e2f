"""What an MP4's or MOV's edit list asks for, where FFmpeg does otherwise; reads a few boxes and decodes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from pipeline.video_io.probe.boxes import boxes_of, content_of, track_of

_MOST_EDITS = 1000
"""Edits of a track that are looked at."""
_FULL_SPEED = b"\0\1\0\0"
"""A media rate of 1 in 16.16."""


@dataclass(frozen=True, slots=True)
class EditList:
    """A track's edits (ISO/IEC 14496-12, 8.6.6).

    `changes_speed` where one has another `media_rate` than 1: FFmpeg plays at full speed. `end_s` is where the
    picture ends, in seconds from the start of the file, 0 where nothing says so. `starts_late` where the first
    edit is empty, `has_gap` where a later one is: FFmpeg (9.0) shows the track's first pictures there.
    """

    changes_speed: bool = False
    starts_late: bool = False
    has_gap: bool = False
    end_s: float = 0.0


def read_edit_list(path: Path, track: int) -> EditList:
    """Return the edits of an MP4's or MOV's track."""
    with path.open("rb") as stream:
        span = track_of(stream, track)
        if span is None:
            return EditList()
        lists = list(boxes_of(stream, span, b"edts", b"elst"))
        edits = content_of(stream, lists[0], 8 + 20 * _MOST_EDITS) if lists else b""
        movie = (0, stream.seek(0, 2))
        headers = [content_of(stream, one, 32) for one in boxes_of(stream, movie, b"moov", b"mvhd")]
    return _edit_list(edits, headers[0] if headers else b"")


def _edit_list(edits: bytes, header: bytes) -> EditList:
    """Return what the content of an `elst` box says, by the clock of an `mvhd` box."""
    width = 8 if edits[:1] == b"\1" else 4
    step = 2 * width + 4
    ticks, is_empty, changes_speed = 0, [], False
    for at in range(8, len(edits) - step + 1, step):
        begin, rate = edits[at + width : at + 2 * width], edits[at + 2 * width : at + step]
        ticks += int.from_bytes(edits[at : at + width], "big")
        is_empty.append(begin == b"\xff" * width)
        changes_speed |= not is_empty[-1] and rate != _FULL_SPEED
    at = 20 if header[:1] == b"\1" else 12
    ticks_a_second = int.from_bytes(header[at : at + 4], "big")
    end_s = float(Fraction(ticks, ticks_a_second)) if ticks_a_second else 0.0
    starts_late = is_empty[:1] == [True]
    pairs = [list(pair) for pair in pairwise(is_empty)]
    return EditList(changes_speed, starts_late, has_gap=[False, True] in pairs, end_s=end_s)
