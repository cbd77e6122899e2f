"""Whether a file ends before its format lets it end; decodes nothing."""

from __future__ import annotations

from pathlib import Path

from pipeline.video_io.probe.boxes import ends_in_a_fragment

_GIF_TRAILER = b";"
_TS_SYNC = b"\x47"
_TS_PACKETS = ((188, 0), (192, 4))
"""Bytes of a packet of MPEG-TS and M2TS, and where in it the sync byte lies."""
_SYNCS = 3
"""Packets that are looked at to tell the two."""


def ends_early(path: Path, container: str) -> bool:
    """Return whether an MP4 ends inside a fragment, a GIF lacks its trailer, or MPEG-TS ends inside a packet.

    Args:
        container: FFmpeg's name of the reader.
    """
    if container.startswith("mov"):
        return ends_in_a_fragment(path)
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
