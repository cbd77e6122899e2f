"""Which FFmpeg runs, and the guarded arguments every run on an upload starts with; runs nothing itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from config import Codec, Settings
from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.errors import FfmpegFailed

DEMUXERS = {
    "mp4": "mov",
    "mov": "mov",
    "mkv": "matroska",
    "webm": "matroska",
    "avi": "avi",
    "ts": "mpegts",
    "mts": "mpegts",
    "m2ts": "mpegts",
    "gif": "gif",
    "webp": "webp_anim",
}
"""File type -> FFmpeg's name of its reader."""
DECODERS: dict[Codec, tuple[str, ...]] = {
    "h264": ("h264",),
    "hevc": ("hevc",),
    "av1": ("av1", "libdav1d"),
    "vp8": ("vp8", "libvpx"),
    "vp9": ("vp9", "libvpx-vp9"),
    "mpeg4": ("mpeg4",),
    "mpeg2": ("mpeg2video",),
    "mjpeg": ("mjpeg",),
    "prores": ("prores",),
    "dnxhd": ("dnxhd",),
    "ffv1": ("ffv1",),
    "qtrle": ("qtrle",),
    "png": ("png",),
    "apv": ("apv",),
    "vvc": ("vvc",),
    "cineform": ("cfhd",),
    "hap": ("hap",),
    "utvideo": ("utvideo",),
    "gif": ("gif",),
    "webp": ("webp", "webp_anim"),
}
"""Codec of the settings -> FFmpeg's names of its decoders."""
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Codec -> the one decoder of it that gives alpha."""
INTRA_CODECS = frozenset(
    {"mjpeg", "prores", "dnxhd", "ffv1", "qtrle", "png", "apv", "cfhd", "hap", "utvideo"}
)
"""Codecs of which every packet is one picture."""
AUDIO_CODECS = (
    *("aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "mp1float", "ac3", "eac3", "dca", "truehd", "mlp", "opus", "libopus", "vorbis"),
    *("flac", "alac", "tta", "wavpack", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice", "amrnb", "amrwb", "gsm", "gsm_ms"),
    *("g722", "g723_1", "g726", "g726le", "g729", "speex", "nellymoser", "qdm2", "qdmc", "mace3", "mace6", "s302m", "als", "ilbc", "qcelp"),
    *(f"adpcm_{name}" for name in ("ms", "ima_wav", "ima_qt", "ima_dk3", "ima_dk4", "swf", "yamaha", "ct", "sbpro_2", "sbpro_3", "sbpro_4")),
    *(f"pcm_{name}" for name in ("u8", "s8", "s16le", "s16be", "u16le", "u16be", "s24le", "s24be", "u24le", "u24be", "s32le", "s32be", "u32le", "u32be", "s64le", "s64be", "f16le", "f24le", "f32le", "f32be", "f64le", "f64be", "alaw", "mulaw", "vidc", "s8_planar", "s16le_planar", "s16be_planar", "s24le_planar", "s32le_planar", "bluray", "dvd")),
)  # fmt: skip
MOST_DECODER_THREADS = 4
"""Each holds frames of its own: 16 MB at 1080p."""
OLDEST = (5, 1)
VERSION_TIMEOUT_S = 15.0


def ffmpeg_path(settings: Settings) -> Path:
    """Return the FFmpeg that runs: the configured one, else the one that came with pip.

    Raises:
        FfmpegFailed: neither is there.
    """
    if settings.ffmpeg_path is not None:
        return settings.ffmpeg_path
    import imageio_ffmpeg

    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise FfmpegFailed("video.ffmpeg_missing", path="-", detail=str(error)) from error


def with_every_kind(settings: Settings) -> Settings:
    """Return the settings for files of our own making: no container or codec is switched off for those."""
    return settings.model_copy(update={"formats": tuple(DEMUXERS), "codecs": tuple(DECODERS)})


def format_whitelist(settings: Settings) -> str:
    """Return the readers allowed, comma-separated."""
    return ",".join(sorted({DEMUXERS[name] for name in settings.formats}))


def video_decoders(settings: Settings) -> tuple[str, ...]:
    """Return the video decoders allowed."""
    return tuple(name for codec in settings.codecs for name in DECODERS[codec])


def codec_whitelist(settings: Settings) -> str:
    """Return the decoders allowed, comma-separated."""
    return ",".join((*video_decoders(settings), *AUDIO_CODECS))


def max_pixels(settings: Settings) -> int:
    """Return the most pixels a decoder may make a frame of: the limit, plus room for padding."""
    return (settings.max_long_side + 128) * (settings.max_short_side + 128)


def guarded_input(settings: Settings, path: Path, *, shares_cores: bool = False) -> list[str]:
    """Return the arguments that open an upload, allow-lists first.

    Args:
        shares_cores: an engine or encoders work at the same time; decoding takes half of the cores then.
    """
    cores = len(os.sched_getaffinity(0))
    threads = max(cores // 2, 1) if shares_cores else cores
    return [
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        format_whitelist(settings),
        "-codec_whitelist",
        codec_whitelist(settings),
        "-max_pixels",
        str(max_pixels(settings)),
        "-max_streams",
        str(settings.max_streams),
        "-threads",
        str(min(threads, MOST_DECODER_THREADS)),
        "-i",
        f"file:{path.absolute()}",
    ]


def base_arguments(settings: Settings, log_level: str = "error") -> list[str]:
    """Return the program and the arguments of every run."""
    return [
        str(ffmpeg_path(settings)),
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-loglevel",
        log_level,
        "-filter_threads",
        "2",
        "-filter_complex_threads",
        "2",
    ]


def read_version(settings: Settings) -> str:
    """Return FFmpeg's version after running it.

    Raises:
        FfmpegFailed: it is missing, does not run, hangs, or is older than 5.1.
    """
    path = ffmpeg_path(settings)
    problem = FfmpegFailed("video.ffmpeg_missing", path=str(path))
    limits = Limits(cpu_s=20, stall_s=VERSION_TIMEOUT_S)
    try:
        with Child([str(path), "-hide_banner", "-version"], limits) as child:
            first = child.read_some(child.stdout).decode("ascii", "replace")
    except (OSError, ChildStuckError) as error:
        problem.detail = str(error)
        raise problem from error
    found = re.match(r"ffmpeg version n?(\S+)", first)
    if found is None:
        raise problem
    numbers = re.match(r"(\d+)\.(\d+)", found[1])
    if numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise FfmpegFailed("video.ffmpeg_old", version=found[1][:40], path=str(path))
    return found[1]


def can_encode(settings: Settings, encoder: str, pixel_format: str) -> bool:
    """Return whether the FFmpeg that runs has an encoder with a pixel format.

    It is asked each time: another one, or another library of its own, may have taken its place meanwhile.

    Raises:
        FfmpegFailed: it is missing, does not run, hangs or dies.
    """
    path = ffmpeg_path(settings)
    try:
        return pixel_format in _pixel_formats(path, encoder)
    except (OSError, ChildStuckError) as error:
        raise FfmpegFailed("video.ffmpeg_missing", path=str(path), detail=str(error)) from error


def _pixel_formats(path: Path, encoder: str) -> frozenset[str]:
    """Return the pixel formats of an encoder, none where FFmpeg has no such encoder.

    Raises:
        OSError: it can't be started, or did not end by itself, so that what it said may be half.
        ChildStuckError: it hangs.
    """
    limits = Limits(cpu_s=20, stall_s=VERSION_TIMEOUT_S)
    said = b""
    with Child([str(path), "-hide_banner", "-h", f"encoder={encoder}"], limits) as child:
        while piece := child.read_some(child.stdout):
            said += piece
        if child.wait(VERSION_TIMEOUT_S) != 0:
            raise OSError(child.log)
    found = re.search(rb"Supported pixel formats: (.*)", said)
    return frozenset(found[1].decode("ascii", "replace").split()) if found else frozenset()
