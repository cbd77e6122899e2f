"""The containers we write, and which sound each of them holds."""

from __future__ import annotations

from dataclasses import dataclass

_ISO_SOUND = ("aac", "mp3", "mp3float", "ac3", "eac3", "alac")
_PCM = tuple(
    f"pcm_{name}"
    for name in ("u8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f64le", "alaw", "mulaw")
)  # fmt: skip
"""PCM that both QuickTime and Matroska name; that of Blu-ray and DVD is packed in another way."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container in FFmpeg's names.

    `copied` are decoders whose packets it holds as they are; all other sound is converted with `encoder`,
    called `encoder_label`, at `bitrate`.
    `has_edit_lists` means MP4 and MOV, which can hide the beginning of a track. `has_timecode` where it holds one.
    """

    name: str
    copied: tuple[str, ...]
    encoder: str
    encoder_label: str
    bitrate: str
    has_edit_lists: bool = False
    has_timecode: bool = False

    def can_copy(self, codec: str) -> bool:
        """Return whether the container holds the packets of this decoder as they are."""
        return codec in self.copied


MP4 = Container("mp4", _ISO_SOUND, "aac", "AAC", "192k", has_edit_lists=True, has_timecode=True)
MOV = Container(
    "mov", (*_ISO_SOUND, *_PCM), "aac", "AAC", "192k", has_edit_lists=True, has_timecode=True
)
WEBM = Container("webm", ("opus", "libopus", "vorbis", "libvorbis"), "libopus", "Opus", "128k")
NUT = Container("nut", (), "", "", "")
"""For files between two steps: it keeps times exactly."""
MKV = Container(
    "matroska",
    (
        *_ISO_SOUND,
        *_PCM,
        "flac",
        "opus",
        "libopus",
        "vorbis",
        "libvorbis",
        "mp2",
        "mp2float",
        "dca",
    ),
    "flac",
    "FLAC",
    "",
    has_timecode=True,
)
