"""What is missing or damaged in a clip that was decoded once; no files are touched here."""

from __future__ import annotations

from itertools import pairwise

from pipeline.video_io import ffmpeg
from pipeline.video_io.header_fields import Header, VideoHeader
from pipeline.video_io.probe.count import Count
from utils.types import Message

_LOST_END_FRAMES = 3
"""A decoder holds back as many pictures after damage, and none of them is the clip's end."""


def damage_notices(header: Header, video: VideoHeader, count: Count) -> list[Message]:
    """Return what to say of missing frames or seconds, and of pictures that may look wrong."""
    cut_off = _cut_off_notice(header, video, count)
    if cut_off is not None:
        return [cut_off]
    is_damaged = (
        count.damage_lines
        or count.has_failed
        or (video.codec in ffmpeg.INTRA_CODECS and len(count.times) < video.packets)
    )
    return [_damage_notice(header, video, count)] if is_damaged else []


def _cut_off_notice(header: Header, video: VideoHeader, count: Count) -> Message | None:
    """Return what to say of a file that ends too early, None for one that does not.

    Packets are not frames: codecs hide reference frames in packets of their own, so what is missing is
    counted in packets.
    """
    frames = len(count.times)
    if header.is_indexed and video.packets < video.index_frames:
        return Message("video.cut_off", {"frames": frames, "expected": video.index_frames})
    missing_s = header.duration_s - header.read_s
    is_short = missing_s > max(0.5, 0.1 * header.duration_s)
    states_end = header.container.startswith("matroska") and header.is_whole
    if not header.is_whole or (not header.is_indexed and is_short and not states_end):
        seconds, expected_s = round(header.read_s, 1), round(header.duration_s, 1)
        if seconds < expected_s:
            values = {"seconds": seconds, "expected_s": expected_s}
            return Message("video.cut_off_seconds", {**values})
        return Message("video.cut_off_end", {"frames": frames})
    if not header.is_indexed and lacks_chunks(video, frames):
        return Message("video.cut_off", {"frames": frames, "expected": video.header_frames})
    return Message("video.cut_off_end", {"frames": frames}) if count.ends_early else None


def _damage_notice(header: Header, video: VideoHeader, count: Count) -> Message:
    """Return about where the file is damaged, and whether the rest is lost."""
    frames = len(count.times)
    place: dict[str, str | int | float | Message] = {
        "frames": frames,
        "at_s": round(_damaged_at_s(video, count), 1),
    }
    decoded_s = float((count.times[-1] + count.last_duration) * video.time_base - header.start_s)
    slack_s = _LOST_END_FRAMES * video.read_end_s / max(video.packets, 1)
    if video.read_end_s - decoded_s > slack_s:
        return Message("video.damaged_from", {**place, "expected": video.packets})
    if video.stated_end_s - decoded_s > slack_s and decoded_s > 0:
        # Nothing of the rest was found in the file.
        expected = round(frames * video.stated_end_s / decoded_s)
        end = {"at_s": round(decoded_s, 1), "expected": expected}
        return Message("video.damaged_from", {**place, **end})
    return Message("video.damaged_at", place)


def _damaged_at_s(video: VideoHeader, count: Count) -> float:
    """Return when the first damage shows, in seconds from the first picture.

    That is where pictures are missing, else about where FFmpeg complained: it works some pictures ahead of
    those that have come out.
    """
    first = count.times[0]
    gaps = [after - before for before, after in pairwise(count.times)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0
    complained = min(count.damaged_from, len(gaps))
    lost = (at for at, gap in enumerate(gaps, start=1) if at >= complained and gap > 1.5 * usual)
    return float((count.times[next(lost, complained)] - first) * video.time_base)


def lacks_chunks(video: VideoHeader, frames: int) -> bool:
    """Return whether an AVI ends before its header says so, in frames and in time.

    Its count includes empty chunks: for an encoder's delay, or for every tick of a clock finer than the
    pictures.
    """
    missing_s = float(video.header_frames * video.time_base) - video.read_end_s
    has_time = missing_s <= 0.05 * video.read_end_s
    return not has_time and video.header_frames - frames > max(4, video.header_frames // 10)
