"""How the picture of an MP4 or MOV is coded by its sample entry (ISO/IEC 14496-12, 8.5.2); decodes nothing."""

from __future__ import annotations

from pathlib import Path

from pipeline.video_io.probe.boxes import boxes_of, content_of, track_of

ENCRYPTED = ("encv", "drmi")
"""Common Encryption (ISO/IEC 23001-7) and Apple's FairPlay. FFmpeg hides them behind the codec that they wrap."""
_ENTRY_AT = 12
"""Bytes before the first entry's four characters: version, flags, count of entries, size."""


def coding_of(path: Path, track: int) -> str:
    """Return the four characters of a track's first sample entry, such as "avc1"; "" where there are none."""
    with path.open("rb") as stream:
        span = track_of(stream, track)
        if span is None:
            return ""
        for entries in boxes_of(stream, span, b"mdia", b"minf", b"stbl", b"stsd"):
            name = content_of(stream, entries, _ENTRY_AT + 4)[_ENTRY_AT:].decode("latin-1")
            return name if name.isprintable() else ""
    return ""
