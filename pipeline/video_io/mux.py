"""Puts the source's sound beside a finished picture; the upload is only read in a limited child."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.probe import decode_cpu_s
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.types import Message

_COPIED = {
    "mp4": ("aac", "mp3", "mp3float", "ac3", "eac3", "alac"),
    "mov": ("aac", "mp3", "mp3float", "ac3", "eac3", "alac"),
    "webm": ("opus", "libopus", "vorbis", "libvorbis"),
}
"""Sound that each container holds as it is; .mov takes any PCM besides."""
_CONVERTED = {
    "mp4": ("aac", "AAC", "192k"),
    "mov": ("aac", "AAC", "192k"),
    "webm": ("libopus", "Opus", "128k"),
}


@dataclass(frozen=True, slots=True)
class Range:
    """Frames first … last (inclusive) of a clip."""

    info: ClipInfo
    first: int
    last: int

    @property
    def zero(self) -> int:
        """The clip's time that is 0 in the output's picture, in the clip's units."""
        return self.info.times[self.first]

    @property
    def is_to_the_end(self) -> bool:
        """True when the last frame is the clip's last."""
        return self.last == self.info.frame_count - 1


def add_sound(
    settings: Settings,
    source: Path,
    span: Range,
    picture: Path,
    target: Path,
    shown_name: str,
    cancel: threading.Event,
) -> tuple[bool, list[Message]]:
    """Write picture and sound into `target`; copy the sound where the container can hold it.

    Returns:
        whether `target` was written, and what the user should know.
    """
    container = target.suffix.lstrip(".")
    codec = span.info.audio_codec
    encoder, name, _ = _CONVERTED[container]
    can_copy = codec in _COPIED[container] or (container == "mov" and codec.startswith("pcm_"))
    converted = Message(
        "video.audio_converted", {"file": shown_name, "codec": codec, "target": name}
    )
    attempts: list[tuple[str, list[Message]]] = [("copy", [])] if can_copy else []
    if codec in ffmpeg.AUDIO_CODECS:
        attempts.append((encoder, [converted]))
    for attempt, notices in attempts:
        if _mux(settings, source, span, picture, target, attempt, cancel):
            return True, list(notices)
        target.unlink(missing_ok=True)
    return False, [Message("video.audio_lost", {"file": shown_name, "codec": codec})]


def _mux(
    settings: Settings,
    source: Path,
    span: Range,
    picture: Path,
    target: Path,
    encoder: str,
    cancel: threading.Event,
) -> bool:
    container = target.suffix.lstrip(".")
    bitrate = [] if encoder == "copy" else ["-b:a", _CONVERTED[container][2]]
    flags = ["-movflags", "+faststart"] if container != "webm" else []
    argv = [
        *ffmpeg.base_arguments(settings),
        "-y",
        *_picture_offset(span),
        "-i",
        f"file:{picture.absolute()}",
        *_sound_range(span),
        *ffmpeg.guarded_input(settings, source),
        *("-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-c:a", encoder),
        *bitrate,
        *("-map_metadata", "-1", "-map_chapters", "-1"),
        *(("-metadata:s:v:0", "alpha_mode=1") if container == "webm" else ()),
        *flags,
        *("-progress", "pipe:1", "-f", container, f"file:{target.absolute()}"),
    ]
    limits = Limits(cpu_s=decode_cpu_s(settings), stall_s=settings.ffmpeg_timeout_s)
    try:
        with Child(argv, limits, stop=cancel) as child:
            while child.read_some(child.stdout):
                pass
            return child.wait(settings.ffmpeg_timeout_s) == 0
    except ChildStuckError:
        return False


def _picture_offset(span: Range) -> list[str]:
    """Keep a start of the picture after the sound's, when the output begins where the clip does."""
    offset_s = float(span.info.time_s(0))
    return ["-itsoffset", f"{offset_s:.6f}"] if span.first == 0 and offset_s else []


def _sound_range(span: Range) -> list[str]:
    start_s = float(span.info.time_s(span.first)) if span.first else 0.0
    arguments = ["-ss", f"{start_s:.6f}"] if start_s else []
    if not span.is_to_the_end:
        end_s = float(span.info.end_of(span.last) * span.info.time_base)
        arguments += ["-t", f"{end_s - start_s:.6f}"]
    return arguments
