"""Whether a file ends before its format lets it end; decodes nothing."""

from __future__ import annotations

from pathlib import Path

from pipeline.video_io.probe.boxes import ends_in_a_fragment

_GIF_TRAILER = b";"
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_TS_SYNC = b"\x47"
_TS_PACKETS = ((188, 0), (192, 4))
"""Bytes of a packet of MPEG-TS and M2TS, and where in it the sync byte lies."""
_SYNCS = 3
"""Packets that are looked at to tell the two."""


def ends_early(path: Path, container: str) -> bool:
    """Return whether an MP4 ends inside a fragment, Matroska inside its segment, MPEG-TS inside a packet, or
    a GIF lacks its trailer.

    Args:
        container: FFmpeg's name of the reader.
    """
    if container.startswith("mov"):
        return ends_in_a_fragment(path)
    if container.startswith("matroska"):
        return _ends_in_the_segment(path)
    if container == "gif":
        with path.open("rb") as stream:
            stream.seek(-min(path.stat().st_size, 64), 2)
            return not stream.read().rstrip(b"\0\r\n").endswith(_GIF_TRAILER)
    return container == "mpegts" and _ends_in_a_packet(path)


def _ends_in_a_packet(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_SYNCS * max(size for size, _ in _TS_PACKETS))
    for size, at in _TS_PACKETS:
        if head[at : _SYNCS * size : size] == _TS_SYNC * _SYNCS:
            return path.stat().st_size % size != 0
    return False


def _ends_in_the_segment(path: Path) -> bool:
    """Return whether a Matroska file is shorter than its Segment says (RFC 8794, RFC 9559)."""
    with path.open("rb") as stream:
        head = stream.read(4096)
        size_bytes = stream.seek(0, 2)
    if not head.startswith(_EBML):
        return False
    length, at = _ebml_size(head, len(_EBML))
    segment = at + length
    if length < 0 or head[segment : segment + 4] != _SEGMENT:
        return False
    length, at = _ebml_size(head, segment + 4)
    return length >= 0 and at + length > size_bytes


def _ebml_size(head: bytes, at: int) -> tuple[int, int]:
    """Return an element's length, -1 where it is unknown, and where its content begins."""
    if at >= len(head) or not head[at]:
        return -1, at
    width = 9 - head[at].bit_length()
    mask = (1 << (7 * width)) - 1
    length = int.from_bytes(head[at : at + width], "big") & mask
    return (-1 if length == mask else length), at + width
