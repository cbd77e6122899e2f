"""The boxes of an MP4 or MOV (ISO/IEC 14496-12, 4.2): where they lie, not what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MOST_BOXES = 10_000
"""Boxes of one level that are looked at."""
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp")


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each box of a stretch of the file: its kind, and where its content begins and ends.

    A box that goes on beyond the stretch is not yielded, nor is any after it.
    """
    for _ in range(_MOST_BOXES):
        kind, content, stop = _box(stream, start, end)
        if not kind or stop < content or stop > end:
            break
        yield kind, content, stop
        start = stop


def boxes_of(
    stream: BinaryIO, span: tuple[int, int], kind: bytes, *deeper: bytes
) -> Iterator[tuple[int, int]]:
    """Yield where the contents of the boxes of a kind begin and end, or of boxes deeper inside those."""
    for found, begin, stop in boxes(stream, *span):
        if found == kind and deeper:
            yield from boxes_of(stream, (begin, stop), *deeper)
        elif found == kind:
            yield begin, stop


def content_of(stream: BinaryIO, span: tuple[int, int], most: int) -> bytes:
    """Return what is in a box, `most` bytes of it at most."""
    stream.seek(span[0])
    return stream.read(min(span[1] - span[0], most))


def track_of(stream: BinaryIO, number: int) -> tuple[int, int] | None:
    """Return where the content of the track with that number lies (`tkhd`, 8.3.2), None without one."""
    end = stream.seek(0, 2)
    for track in boxes_of(stream, (0, end), b"moov", b"trak"):
        headers = [content_of(stream, span, 24) for span in boxes_of(stream, track, b"tkhd")]
        if number in (_track_number(header) for header in headers):
            return track
    return None


def _track_number(header: bytes) -> int:
    at = 20 if header[:1] == b"\1" else 12
    return int.from_bytes(header[at : at + 4], "big")


def lacks_index(path: Path) -> bool:
    """Return whether a file begins as an MP4 or MOV does, and has no whole `moov` box."""
    with path.open("rb") as stream:
        end = stream.seek(0, 2)
        kind, _, _ = _box(stream, 0, end)
        return kind in _FIRST_BOXES and all(kind != b"moov" for kind, _, _ in boxes(stream, 0, end))


def ends_in_a_fragment(path: Path) -> bool:
    """Return whether a fragmented MP4 or MOV ends inside one of its fragments' boxes."""
    with path.open("rb") as stream:
        end = stream.seek(0, 2)
        whole = list(boxes(stream, 0, end))
        stop = whole[-1][2] if whole else 0
        kinds = {kind for kind, _, _ in whole} | {_box(stream, stop, end)[0]}
        return stop < end and b"moof" in kinds


def _box(stream: BinaryIO, start: int, end: int) -> tuple[bytes, int, int]:
    """Return a box's kind, b"" where there is none, and where its content begins and ends."""
    stream.seek(start)
    head = stream.read(16)
    if len(head) < 8:
        return b"", start, start
    size, length = int.from_bytes(head[:4], "big"), 8
    if size == 1:
        size, length = int.from_bytes(head[8:16], "big"), 16
    return head[4:8], start + length, start + size if size else end
