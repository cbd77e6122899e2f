"""The check of an upload: header in a limited child, then every frame decoded once and counted."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from config import Settings
from pipeline.video_io import ffmpeg
from pipeline.video_io.alpha_mode import AlphaMode, alpha_notice
from pipeline.video_io.clip import PICTURE_SUFFIXES, ClipInfo
from pipeline.video_io.colour import HDR_TRANSFERS, can_divide, resolve_tags
from pipeline.video_io.header_fields import UNKNOWN_CODEC, Header, VideoHeader
from pipeline.video_io.probe.count import Count, count_frames
from pipeline.video_io.probe.damage import damage_notices, lacks_chunks
from pipeline.video_io.probe.edit_list import EditList, read_edit_list
from pipeline.video_io.probe.ending import ends_early
from pipeline.video_io.probe.gif_times import shown_times
from pipeline.video_io.probe.header import read_header
from pipeline.video_io.probe.sample_entry import ENCRYPTED, coding_of
from pipeline.video_io.probe.timecode_track import timecode_track_rate
from pipeline.video_io.timecode import counting_rate
from pipeline.video_io.timing import Timing
from utils.errors import BadUpload
from utils.types import Message

MEGABYTE = 1024 * 1024
SMALLEST_SIDE_PX = 16
_LENGTH_SLACK_S = 1.0 / 12
"""Sound often ends a little after the picture."""
_SQUARE_TOLERANCE = 0.01
"""Scaling to whole pixels leaves pixels that are not quite square."""
_RATE_SLACK = 1.01
"""Clocks round: a phone's 240 fps are 240.79 in its file."""
_BLOCK_PX = 16
"""Some encoders leave a picture padded to whole blocks: 1920x1088."""
_USUAL_CODECS = {"h264": "H.264", "hevc": "HEVC", "vp9": "VP9", "av1": "AV1", "prores": "ProRes"}
"""What programs export: the settings' name -> how it is shown."""
_WITH_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")


def probe(settings: Settings, path: Path, alpha_mode: AlphaMode = "auto") -> ClipInfo:
    """Check a file and measure the clip in it.

    Args:
        alpha_mode: what its colours are to be taken for, where it has transparency.

    Raises:
        BadUpload: it is not a clip we accept; the text says what, the limit and what to do.
        FfmpegFailed: FFmpeg itself is missing or does not run.
    """
    check_file(settings, path)
    header = read_header(settings, path)
    if ends_early(path, header.container):
        header = replace(header, is_whole=False)
    video = _check_header(settings, header, path)
    count = count_frames(settings, path, video)
    if count.pixel_format:
        # Decoders know of alpha and depth what headers don't.
        video = replace(video, pixel_format=count.pixel_format)
    if video.untimed and len(count.times) == video.packets:
        count.times = video.times_of(len(count.times))
    if video.codec == "gif" and count.times:
        count.times, count.last_duration = shown_times(count.times, count.last_duration)
    is_mov = header.container.startswith("mov")
    edits = read_edit_list(path, video.track) if is_mov else EditList()
    if edits.starts_late and edits.end_s:
        # FFmpeg's length of a track that is trimmed too includes the time before it.
        end_s = min(video.stated_end_s, edits.end_s - float(header.start_s))
        video = replace(video, stated_end_s=end_s)
    clip = _clip(settings, header, video, count)
    if clip.timecode:
        clip = _with_timecode_rate(clip, timecode_track_rate(path) if is_mov else Fraction(0))
    if clip.has_soft_alpha:
        clip = _with_alpha_mode(clip, count, alpha_mode)
    return replace(clip, notices=(*clip.notices, *_edit_notices(edits)))


def _edit_notices(edits: EditList) -> list[Message]:
    """Say what of the edit list is not applied."""
    said = {"video.speed_ignored": edits.changes_speed, "video.gap_ignored": edits.has_gap}
    return [Message(code) for code, is_so in said.items() if is_so]


def _with_timecode_rate(clip: ClipInfo, stated: Fraction) -> ClipInfo:
    """Return the clip with how many numbers a second its timecode counts; `stated` is what its track says, or 0."""
    rate = counting_rate(clip.timecode, stated, clip.fps, is_variable=clip.is_variable_rate)
    return replace(clip, timecode_rate=rate)


def _with_alpha_mode(clip: ClipInfo, count: Count, alpha_mode: AlphaMode) -> ClipInfo:
    """Return the clip with what its colours are taken for: straight, unless the decoder or the user says otherwise."""
    wanted = count.is_premultiplied if alpha_mode == "auto" else alpha_mode == "premultiplied"
    is_premultiplied = wanted and can_divide(clip.colour)
    notices = (*clip.notices, alpha_notice(is_premultiplied=is_premultiplied))
    return replace(clip, is_premultiplied=is_premultiplied, notices=notices)


def check_file(settings: Settings, path: Path) -> None:
    """Refuse what is no regular file, is empty or is too large; nothing is opened.

    Raises:
        BadUpload: with the limit.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError as error:
        raise BadUpload("video.missing", detail=str(error)) from error
    except OSError as error:
        raise BadUpload("video.not_a_file", detail=str(error)) from error
    if stat.S_ISDIR(status.st_mode):
        raise BadUpload("video.folder", suffixes=", ".join(PICTURE_SUFFIXES))
    if not stat.S_ISREG(status.st_mode):
        raise BadUpload("video.not_a_file")
    if status.st_size == 0:
        raise BadUpload("video.empty")
    if status.st_size > settings.max_upload_bytes:
        raise BadUpload(
            "video.too_big",
            size_mb=-(-status.st_size // MEGABYTE),
            limit_mb=settings.max_upload_bytes // MEGABYTE,
        )


def _check_header(settings: Settings, header: Header, path: Path) -> VideoHeader:
    """Refuse by the header what needs no decoding; return the video stream's part."""
    if header.streams > settings.max_streams:
        raise BadUpload("video.streams", streams=header.streams, limit=settings.max_streams)
    video = header.video
    if video is None:
        raise BadUpload("video.no_video")
    coding = coding_of(path, video.track) if header.container.startswith("mov") else ""
    if coding in ENCRYPTED:
        raise BadUpload("video.encrypted", coding=coding)
    if video.codec not in ffmpeg.video_decoders(settings):
        name = coding if coding and video.codec == UNKNOWN_CODEC else video.codec
        usual = [label for codec, label in _USUAL_CODECS.items() if codec in settings.codecs]
        accepted = ", ".join(usual or settings.codecs)
        raise BadUpload("video.codec", codec=name[:30], accepted=accepted)
    check_size(settings, *video.coded_wh)
    check_length(settings, max(video.header_frames, video.packets), header.duration_s)
    return video


def check_size(settings: Settings, width: int, height: int) -> None:
    """Refuse a picture beyond the limits in either orientation.

    Raises:
        BadUpload: too large or too small.
    """
    long_side, short_side = max(width, height), min(width, height)
    long_limit = -(-settings.max_long_side // _BLOCK_PX) * _BLOCK_PX
    short_limit = -(-settings.max_short_side // _BLOCK_PX) * _BLOCK_PX
    if long_side > long_limit or short_side > short_limit:
        raise BadUpload(
            "video.size",
            width=width,
            height=height,
            long_side=settings.max_long_side,
            short_side=settings.max_short_side,
        )
    if short_side < SMALLEST_SIDE_PX:
        raise BadUpload("video.too_small", width=width, height=height, limit=SMALLEST_SIDE_PX)


def check_length(settings: Settings, frames: int, duration_s: float) -> None:
    """Refuse too many frames, or too many seconds.

    Raises:
        BadUpload: it does.
    """
    if frames > settings.max_frames:
        raise BadUpload("video.too_many_frames", frames=frames, limit=settings.max_frames)
    if duration_s > settings.max_duration_s + _LENGTH_SLACK_S:
        raise BadUpload(
            "video.too_long", seconds=round(duration_s, 1), limit=round(settings.max_duration_s, 1)
        )


def _bad_rate(settings: Settings, rate: Fraction) -> BadUpload:
    return BadUpload(
        "video.frame_rate", fps=round(float(rate), 2), limit=round(settings.max_fps, 2)
    )


def _clip(settings: Settings, header: Header, video: VideoHeader, count: Count) -> ClipInfo:
    frames = len(count.times)
    if frames == 0:
        raise BadUpload("video.no_frames", detail=count.log)
    timing = _timing(header, video, count)
    check_length(settings, frames, timing.duration_s)
    if timing.fps > settings.max_fps * _RATE_SLACK and frames > 1:
        raise _bad_rate(settings, timing.fps)
    tags = resolve_tags(video)
    size_wh = count.first_size or video.size_wh
    check_size(settings, *size_wh)
    return ClipInfo(
        size_wh=size_wh,
        frame_count=frames,
        times=timing.times,
        end_time=timing.end_time,
        time_base=timing.time_base,
        fps=timing.fps,
        duration_s=timing.duration_s,
        rotation=video.rotation % 360,
        is_variable_rate=timing.is_variable,
        codec=video.codec,
        pixel_format=video.pixel_format,
        colour=tags,
        is_hdr=tags.transfer in HDR_TRANSFERS,
        is_interlaced=count.is_interlaced,
        sample_aspect=count.aspect or Fraction(1),
        has_audio=bool(header.sounds),
        audio_codec=header.sounds[0].codec if header.sounds else "",
        file_start_s=header.start_s - _origin(header, video, count) * video.time_base,
        timecode=header.timecode,
        sounds=header.sounds,
        checks=tuple(count.checks),
        has_alpha=_has_alpha(video),
        picture=video.picture,
        notices=(
            *damage_notices(header, video, count),
            *_picture_notices(video, count, tags.transfer),
            *_track_notices(header, video),
        ),
    )


def _origin(header: Header, video: VideoHeader, count: Count) -> int:
    """Return the clip's time 0 in units of the stream's time base: times before 0 are moved there."""
    return min(round(header.clock_origin_s / video.time_base), *count.times)


def _timing(header: Header, video: VideoHeader, count: Count) -> Timing:
    base, origin = video.time_base, _origin(header, video, count)
    last_duration, end = count.last_duration, 0
    if video.stated_end_s and header.is_whole:
        end = round((Fraction(video.stated_end_s) + header.start_s) / base) - origin
    last = max(count.times) - origin
    if header.counts_duration:
        is_cut = video.packets < video.index_frames or lacks_chunks(video, len(count.times))
        if end > last and not is_cut:
            # The picture stored last, which the decoder's duration is of, need not be the one shown last.
            last_duration = end - last
        end = 0
    return Timing.of(video, [time - origin for time in count.times], last_duration, end)


def _picture_notices(video: VideoHeader, count: Count, transfer: str) -> list[Message]:
    """Say what is unusual about the picture, and what is done about it."""
    notices = []
    width, height = count.first_size or video.size_wh
    if len(count.sizes) > 1:
        notices.append(Message("video.size_changes", {"width": width, "height": height}))
    if width % 2 or height % 2:
        even = {"even_width": width + width % 2, "even_height": height + height % 2}
        notices.append(Message("video.odd_size", {"width": width, "height": height, **even}))
    if transfer in HDR_TRANSFERS:
        notices.append(Message("video.hdr", {"transfer": HDR_TRANSFERS[transfer]}))
    if count.is_interlaced:
        notices.append(Message("video.interlaced"))
    if count.aspect and abs(count.aspect - 1) > _SQUARE_TOLERANCE:
        notices.append(Message("video.pixel_aspect", {"aspect": _shown_ratio(count.aspect)}))
    if _has_alpha(video):
        # A GIF is decoded with alpha whether any of it is transparent or not.
        is_gif = video.codec == "gif"
        notices.append(Message("video.gif_may_have_alpha" if is_gif else "video.has_alpha"))
    return notices


def _has_alpha(video: VideoHeader) -> bool:
    return video.has_alpha or video.pixel_format.startswith(_WITH_ALPHA)


def _track_notices(header: Header, video: VideoHeader) -> list[Message]:
    notices = []
    if header.pictures > 1:
        number = video.picture + 1
        notices.append(
            Message("video.more_pictures", {"tracks": header.pictures, "number": number})
        )
    if header.has_alpha_track:
        notices.append(Message("video.alpha_track"))
    if header.subtitles:
        notices.append(Message("video.subtitles_left_out", {"tracks": header.subtitles}))
    return notices


def _shown_ratio(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"
