"""What an MP4's or MOV's edit lists ask for that FFmpeg does not do; reads a few boxes and decodes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from pipeline.video_io.probe.boxes import boxes

_MOST_EDITS = 1000
"""Edits of a track that are looked at."""
_FULL_SPEED = b"\0\1\0\0"
"""A media rate of 1 in 16.16."""


def changes_speed(path: Path, track: int) -> bool:
    """Return whether an edit of an MP4's or MOV's track has another speed than 1 (ISO/IEC 14496-12, 8.6.6).

    FFmpeg reads its `media_rate` and plays at full speed.
    """
    with path.open("rb") as stream:
        end = stream.seek(0, 2)
        movies = _boxes(stream, 0, end, b"moov")
        for trak in (span for movie in movies for span in _boxes(stream, *movie, b"trak")):
            identity = [_content(stream, span, 24) for span in _boxes(stream, *trak, b"tkhd")]
            lists = [
                _content(stream, span, 8 + 20 * _MOST_EDITS)
                for edits in _boxes(stream, *trak, b"edts")
                for span in _boxes(stream, *edits, b"elst")
            ]
            if track in (_track_id(content) for content in identity):
                return any(_has_speed(content) for content in lists)
    return False


def _boxes(stream: BinaryIO, start: int, end: int, kind: bytes) -> list[tuple[int, int]]:
    """Return where the contents of the boxes of a kind begin and end, of those that lie in a stretch."""
    return [(begin, stop) for found, begin, stop in boxes(stream, start, end) if found == kind]


def _content(stream: BinaryIO, span: tuple[int, int], most: int) -> bytes:
    stream.seek(span[0])
    return stream.read(min(span[1] - span[0], most))


def _track_id(header: bytes) -> int:
    """Return the number that a `tkhd` box gives its track."""
    at = 20 if header[:1] == b"\1" else 12
    return int.from_bytes(header[at : at + 4], "big")


def _has_speed(edits: bytes) -> bool:
    """Return whether an `elst` box has an edit, not an empty one, whose rate is not 1."""
    width = 8 if edits[:1] == b"\1" else 4
    step = 2 * width + 4
    for at in range(8, len(edits) - step + 1, step):
        begin, rate = edits[at + width : at + 2 * width], edits[at + 2 * width : at + step]
        if begin != b"\xff" * width and rate != _FULL_SPEED:
            return True
    return False
