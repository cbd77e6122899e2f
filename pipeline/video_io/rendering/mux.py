"""Puts a finished picture into its container, with the source's sound; that is only read in a limited child."""

from __future__ import annotations

import errno
import logging
import os
import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.frame_span import FrameSpan
from pipeline.video_io.probe.count import decode_cpu_s
from pipeline.video_io.rendering.sound import SoundPlan, sound_plans
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from pipeline.video_io.writers.containers import MKV, WEBM, Container
from utils.types import Message

_ENCODING_COST = 8
"""How much more CPU time encoding may take than decoding."""
_FRAME = re.compile(rb"^frame=\s*(\d+)\s*$", re.MULTILINE)
"""A line of FFmpeg's progress that says how many pictures are written."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MuxTask:
    """What goes into one container: our `picture` file, and the source's sound where it is wanted.

    `on_encoded` is told how many pictures are encoded, where they are.
    """

    settings: Settings
    source: Path
    span: FrameSpan
    picture: Path
    target: Path
    container: Container
    encoding: tuple[str, ...]
    shown_name: str
    wants_sound: bool
    cancel: threading.Event
    on_encoded: Callable[[int], None]

    @property
    def has_sound(self) -> bool:
        """True when there is sound to carry over."""
        return self.wants_sound and bool(self.span.info.sound_tracks)

    @property
    def is_needed(self) -> bool:
        """False when the picture file is complete as it is.

        Our writer can't store a pixel aspect in Matroska; the copy into the final container can.
        """
        return self.has_sound or self.encodes or self.lacks_aspect

    @property
    def encodes(self) -> bool:
        """True when the picture is only encoded on its way into the container."""
        return self.encoding != ("-c:v", "copy")

    @property
    def lacks_aspect(self) -> bool:
        """True for WebM and Matroska whose pixels are not square."""
        return self.container in (WEBM, MKV) and self.span.info.sample_aspect != 1


def mux(task: MuxTask) -> tuple[bool, list[Message]]:
    """Write the target; copy the sound where the container can hold it, else convert it.

    Returns:
        whether the target was written, and what the user should know.
    """
    for plan in sound_plans(task.span, task.container) if task.has_sound else ():
        if _run(task, plan):
            return True, _notices(task, plan)
    notices = _notices(task, None) if task.has_sound else []
    if task.encodes or task.lacks_aspect:
        return _run(task, None), notices
    return False, notices


def _notices(task: MuxTask, plan: SoundPlan | None) -> list[Message]:
    """Return what to tell of the sound: that it was converted, that tracks are left out, or all of it."""
    tracks = task.span.info.sound_tracks
    codec = (plan.tracks if plan else tracks)[0].codec.removesuffix("float")
    target = task.container.encoder_label
    values: dict[str, str | int | float] = {"file": task.shown_name, "codec": codec}
    if plan is None:
        return [Message("video.audio_lost", {**values})]
    notices = []
    if plan.encoder not in ("copy", codec):
        notices.append(Message("video.audio_converted", {**values, "target": target}))
    if len(plan.tracks) < len(tracks):
        left_out = {"kept": len(plan.tracks), "tracks": len(tracks)}
        number = plan.tracks[0].position + 1
        notices.append(Message("video.audio_left_out", {**left_out, "number": number}))
    return notices


def _arguments(task: MuxTask, plan: SoundPlan | None) -> list[str]:
    """Return FFmpeg's command line, with the sound as planned, None for no sound."""
    lead_s = plan.lead_s(task.span) if plan is not None else 0.0
    argv = [
        *ffmpeg.base_arguments(task.settings),
        *("-y", "-itsoffset", f"{_start_s(task.picture) + lead_s:.6f}"),
        *("-i", f"file:{task.picture.absolute()}"),
    ]
    if plan is not None:
        argv += [*_sound_range(task.span, plan), *ffmpeg.guarded_input(task.settings, task.source)]
    argv += ["-map", "0:v:0", *task.encoding]
    if plan is not None:
        argv += plan.arguments(task.container, task.span)
    if lead_s:
        # Packets between the seek's keyframe and the lead go; the lead itself ends up before 0.
        argv += ["-copypriorss:a", "0", "-output_ts_offset", f"{-lead_s:.6f}"]
    argv += ["-map_metadata", "-1", "-map_chapters", "-1"]
    if task.container in (WEBM, MKV):
        width, height = task.span.info.size_wh
        shape = task.span.info.sample_aspect * width / height
        argv += ["-aspect", f"{shape.numerator}:{shape.denominator}"]
    if task.container is WEBM:
        argv += ["-metadata:s:v:0", "alpha_mode=1"]
    if task.container.has_edit_lists:
        argv += ["-movflags", "+faststart"]
    argv += _timecode_arguments(task)
    return [
        *argv,
        *("-progress", "pipe:1", "-f", task.container.name, f"file:{task.target.absolute()}"),
    ]


def _run(task: MuxTask, plan: SoundPlan | None) -> bool:
    """Run FFmpeg with the sound as planned, None for no sound; True when it succeeded."""
    cpu_s = decode_cpu_s(task.settings) * (_ENCODING_COST if task.encodes else 1)
    limits = Limits(cpu_s=cpu_s, stall_s=task.settings.ffmpeg_timeout_s)
    try:
        with Child(_arguments(task, plan), limits, stop=task.cancel) as child:
            while report := child.read_some(child.stdout):
                counts = _FRAME.findall(report)
                if counts and task.encodes:
                    task.on_encoded(int(counts[-1]))
            code = child.wait(task.settings.ffmpeg_timeout_s)
            log = child.log
    except ChildStuckError as error:
        code, log = 1, str(error)
    if code == 0:
        return True
    logger.debug("mux of %s: %s", task.shown_name, log)
    task.target.unlink(missing_ok=True)
    if code == -signal.SIGXFSZ or os.strerror(errno.ENOSPC) in log:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(task.target))
    return False


def _timecode_arguments(task: MuxTask) -> list[str]:
    """Return the output arguments that keep the timecode: MP4 and MOV count it by the stream's rate.

    FFmpeg lets a copied stream be given another rate, never an encoded one whose times are kept.
    """
    info, code = task.span.info, task.span.timecode
    if not (code and task.container.has_timecode):
        return []
    if not task.container.has_edit_lists:
        return ["-metadata", f"timecode={code}"]
    if info.counted_rate == info.fps:
        return ["-timecode", code]
    return [] if task.encodes else ["-timecode", code, "-r", str(info.counted_rate)]


def _start_s(picture: Path) -> float:
    """Return what FFmpeg takes off the times of one of our picture files, in seconds.

    That is where the file starts, which need not be its picture: a timecode track may begin earlier.
    """
    import av

    with av.open(str(picture)) as container:
        return float((container.start_time or 0) / av.time_base)


def _sound_range(span: FrameSpan, plan: SoundPlan) -> list[str]:
    """Return the input arguments that put the source's sound where the picture is, and cut copied one."""
    file_start_s = float(span.info.file_start_s)
    late_s = max(min(track.late_s for track in plan.tracks), 0.0)
    if not span.first:
        arguments, start_s = ["-itsoffset", f"{file_start_s + late_s:.6f}"], file_start_s
    elif not plan.is_copied:
        return ["-itsoffset", f"{late_s:.6f}"]
    else:
        start_s = float(span.origin_s) - plan.lead_s(span)
        seek_s = start_s - file_start_s
        arguments = ["-itsoffset", f"{max(late_s - seek_s, 0.0):.6f}", "-ss", f"{seek_s:.6f}"]
    if plan.is_copied and not span.is_to_the_end:
        end_s = float(span.info.end_of(span.last) * span.info.time_base)
        arguments += ["-t", f"{end_s - start_s:.6f}"]
    return arguments
