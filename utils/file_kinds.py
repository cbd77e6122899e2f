"""What a file is by its first bytes, so that a refusal names it; nothing here opens a file."""

from __future__ import annotations

HEAD_BYTES = 512
"""How much of a file these functions want to see."""
_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (8, b"WAVE", "WAV"),
    (8, b"AIFF", "AIFF"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypcrx ", "Canon CR3"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"SDPX", "DPX"),
    (0, b"XPDS", "DPX"),
    (0, b"8BPS", "Photoshop (PSD)"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL \r\n\x87\n", "JPEG XL"),
    (4, b"jP  \r\n\x87\n", "JPEG 2000"),
    (0, b"ID3", "MP3"),
    (0, b"fLaC", "FLAC"),
    (0, b"#!AMR", "AMR"),
    (0, b"OggS", "Ogg"),
    (0, b"FLV", "FLV"),
    (0, b".RMF", "RealMedia"),
    (0, b"DKIF", "IVF"),
    (0, b"YUV4MPEG2", "YUV4MPEG (Y4M)"),
    (0, b"nut/multimedia container", "NUT"),
    (0, b"\x30\x26\xb2\x75", "Windows Media (ASF, WMV)"),
    (0, b"\x06\x0e\x2b\x34", "MXF"),
    (4, b"RED1", "REDCODE (R3D)"),
    (4, b"RED2", "REDCODE (R3D)"),
    (0, b"\x1f\x07\x00", "DV"),
    (0, b"\0\0\x01\xba", "MPEG-PS (MPG, VOB)"),
    (0, b"\0\0\x01\xb3", "MPEG-1/2 (M1V, M2V)"),
    (0, b"\0\0\0\x01", "H.264 / HEVC (Annex B)"),
    (0, b"%PDF", "PDF"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"Rar!", "RAR"),
    (0, b"7z\xbc\xaf", "7-Zip"),
    (0, b"\x1f\x8b", "gzip"),
)
"""Offset, signature and the format's name, the same in every language."""
_ANIMATION = b"\0\0\0\x08acTL"
"""The chunk that makes a PNG an animated one (PNG, 11.3.6.1); it comes before the picture."""
_SOUND_SYNC = {0xFB: "MP3", 0xFA: "MP3", 0xF3: "MP3", 0xF2: "MP3", 0xF1: "AAC (ADTS)", 0xF9: "AAC (ADTS)"}  # fmt: skip
"""The byte after 0xFF that begins a frame of sound without a header (ISO/IEC 11172-3 and 13818-7)."""


def kind_of(head: bytes) -> str:
    """Return the name of the format that a file's first bytes show, "" where they show none."""
    for offset, signature, kind in _SIGNATURES:
        if head[offset:].startswith(signature):
            return "APNG" if kind == "PNG" and _ANIMATION in head else kind
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    return _SOUND_SYNC.get(head[1], "") if head[:1] == b"\xff" and len(head) > 1 else ""


def is_text(head: bytes) -> bool:
    """Return whether a file's first bytes are plain text, as a web page, a playlist or an error message is."""
    head = head[:HEAD_BYTES]
    text = head.decode("utf-8", "ignore")
    # The last character may be cut.
    is_utf8 = head.startswith(text.encode()) and len(text.encode()) >= len(head) - 3
    return bool(text) and is_utf8 and all(sign.isprintable() or sign in "\t\r\n\f" for sign in text)
