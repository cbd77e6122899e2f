"""Puts a finished picture into its container, with the source's sound; that is only read in a limited child."""

from __future__ import annotations

import errno
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.probe.count import decode_cpu_s
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from pipeline.video_io.writers.containers import WEBM, Container
from utils.types import Message


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Frames first … last (inclusive) of a clip."""

    info: ClipInfo
    first: int
    last: int

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1

    @property
    def time_origin(self) -> int:
        """The clip's time that is 0 in the output's picture, in the clip's units."""
        return self.info.times[self.first]

    @property
    def is_to_the_end(self) -> bool:
        """True when the last frame is the clip's last."""
        return self.last == self.info.frame_count - 1


@dataclass(frozen=True, slots=True)
class MuxTask:
    """What goes into one container: our `picture` file, and the source's sound where it is wanted."""

    settings: Settings
    source: Path
    span: FrameSpan
    picture: Path
    target: Path
    container: Container
    shown_name: str
    wants_sound: bool
    cancel: threading.Event

    @property
    def has_sound(self) -> bool:
        """True when there is sound to carry over."""
        return self.wants_sound and self.span.info.has_audio

    @property
    def is_needed(self) -> bool:
        """False when the picture file is complete as it is.

        Our writer can't store a pixel aspect in WebM; the copy into the final container can.
        """
        return self.has_sound or (self.container is WEBM and self.span.info.sample_aspect != 1)


def mux(task: MuxTask) -> tuple[bool, list[Message]]:
    """Write the target; copy the sound where the container can hold it, else convert it.

    Returns:
        whether the target was written, and what the user should know.
    """
    notices: list[Message] = []
    for encoder in _attempts(task) if task.has_sound else ():
        if _run(task, encoder):
            if encoder != "copy":
                notices.append(_notice(task, "video.audio_converted"))
            return True, notices
    if task.has_sound:
        notices.append(_notice(task, "video.audio_lost"))
    if task.container is WEBM and task.span.info.sample_aspect != 1:
        return _run(task, None), notices
    return False, notices


def _notice(task: MuxTask, code: str) -> Message:
    values: dict[str, str | int | float] = {
        "file": task.shown_name,
        "codec": task.span.info.audio_codec,
        "target": task.container.encoder_label,
    }
    return Message(code, {**values})


def _attempts(task: MuxTask) -> list[str]:
    codec = task.span.info.audio_codec
    attempts = ["copy"] if task.container.can_copy(codec) else []
    return [*attempts, task.container.encoder] if codec in ffmpeg.AUDIO_CODECS else attempts


def _run(task: MuxTask, encoder: str | None) -> bool:
    """Run FFmpeg with the sound's encoder, "copy", or None for no sound; True when it succeeded."""
    argv = [
        *ffmpeg.base_arguments(task.settings),
        "-y",
        *_picture_offset(task.span),
        *("-i", f"file:{task.picture.absolute()}"),
    ]
    if encoder is not None:
        argv += [*_sound_range(task.span), *ffmpeg.guarded_input(task.settings, task.source)]
    argv += ["-map", "0:v:0", "-c:v", "copy"]
    if encoder is not None:
        argv += ["-map", "1:a:0", "-c:a", encoder]
    if encoder == "copy":
        # Without it packets from before the in point are kept, at negative times.
        argv += ["-copypriorss:a", "0"]
    elif encoder is not None:
        argv += ["-b:a", task.container.bitrate]
    argv += ["-map_metadata", "-1", "-map_chapters", "-1"]
    if task.container is WEBM:
        width, height = task.span.info.size_wh
        shape = task.span.info.sample_aspect * width / height
        argv += ["-metadata:s:v:0", "alpha_mode=1"]
        argv += ["-aspect", f"{shape.numerator}:{shape.denominator}"]
    else:
        argv += ["-movflags", "+faststart"]
    argv += ["-progress", "pipe:1", "-f", task.container.name, f"file:{task.target.absolute()}"]
    limits = Limits(cpu_s=decode_cpu_s(task.settings), stall_s=task.settings.ffmpeg_timeout_s)
    try:
        with Child(argv, limits, stop=task.cancel) as child:
            while child.read_some(child.stdout):
                pass
            code = child.wait(task.settings.ffmpeg_timeout_s)
            log = child.log
    except ChildStuckError as error:
        code, log = 1, str(error)
    if code == 0:
        return True
    task.target.unlink(missing_ok=True)
    if code == -signal.SIGXFSZ or os.strerror(errno.ENOSPC) in log:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(task.target))
    return False


def _picture_offset(span: FrameSpan) -> list[str]:
    """Keep a start of the picture after the sound's, when the output begins where the clip does."""
    offset_s = float(span.info.time_s(0))
    return ["-itsoffset", f"{offset_s:.6f}"] if span.first == 0 and offset_s else []


def _sound_range(span: FrameSpan) -> list[str]:
    start_s = float(span.info.time_s(span.first)) if span.first else 0.0
    arguments = ["-ss", f"{start_s:.6f}"] if start_s else []
    if not span.is_to_the_end:
        end_s = float(span.info.end_of(span.last) * span.info.time_base)
        arguments += ["-t", f"{end_s - start_s:.6f}"]
    return arguments
