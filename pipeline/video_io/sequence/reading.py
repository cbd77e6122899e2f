"""Reads one picture of a sequence, by its suffix; runs in the limited child process alone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from pipeline.video_io.clip import shown_name
from pipeline.video_io.sequence.dpx import with_header
from pipeline.video_io.sequence.exr import read_exr
from pipeline.video_io.sequence.picture import BT709, SRGB, Layout, Picture
from pipeline.video_io.sequence.profile import embedded_profile, primaries_of
from utils.errors import BadUpload

_READERS = {
    "png": ("png_pipe", "png"),
    "jpg": ("jpeg_pipe", "mjpeg"),
    "jpeg": ("jpeg_pipe", "mjpeg"),
    "tif": ("tiff_pipe", "tiff"),
    "tiff": ("tiff_pipe", "tiff"),
    "dpx": ("dpx_pipe", "dpx"),
}
"""Suffix -> FFmpeg's names of the reader and of the decoder."""
_JPEG_LAYOUTS = {"yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p"}
_DEPTHS = (8, 10, 12)
"""Bits that are kept as they are; others become 16."""
_UNSPECIFIED = 2
_BEYOND = 16
"""Times the pixels allowed that are still decoded, so that the refusal can name the size."""


def read_picture(path: Path, size_limit: tuple[int, int]) -> Picture:
    """Decode a picture.

    Args:
        size_limit: the longest side and the longest short side accepted, in pixels.

    Raises:
        BadUpload: it can't be decoded, or holds no colours.
    """
    suffix = path.suffix.lower().lstrip(".")
    try:
        if suffix == "exr":
            return read_exr(path, size_limit[0])
        picture = _read_coded(path, *_READERS[suffix], _BEYOND * size_limit[0] * size_limit[1])
        return with_header(path, picture) if suffix == "dpx" else picture
    except (av.error.FFmpegError, OSError, RuntimeError, ValueError, StopIteration) as error:
        detail = f"{type(error).__name__}: {error}"[:300]
        raise BadUpload("sequence.unreadable", name=shown_name(path.name), detail=detail) from error


def _read_coded(path: Path, reader: str, decoder: str, max_pixels: int) -> Picture:
    """Decode with FFmpeg's libraries; without a tag the values are sRGB."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": reader,
        "codec_whitelist": decoder,
        "max_pixels": str(max_pixels),
    }
    with av.open(f"file:{path}", "r", format=reader, options=options) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        aspect = Fraction(stream.sample_aspect_ratio or 1)
    if decoder == "png":
        aspect = 1 / aspect  # FFmpeg takes a PNG's pixels per unit for the sides of a pixel
    layout = _layout(frame, decoder)
    turns = round(frame.rotation / 90) % 4
    if turns:
        upright = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))
        tags = int(frame.color_trc), int(frame.color_primaries)
        frame, layout = av.VideoFrame.from_ndarray(upright, "rgb24"), Layout(8)
        frame.color_trc, frame.color_primaries = tags
        aspect = 1 / aspect if turns % 2 else aspect
    transfer, tagged = int(frame.color_trc), int(frame.color_primaries)
    primaries = tagged if tagged != _UNSPECIFIED else primaries_of(embedded_profile(path))
    return Picture(
        frame,
        layout,
        aspect=aspect,
        transfer=SRGB if transfer == _UNSPECIFIED else transfer,
        primaries=BT709 if primaries is None else primaries,
        has_other_primaries=primaries is None,
    )


def _layout(frame: av.VideoFrame, decoder: str) -> Layout:
    if frame.format.name in _JPEG_LAYOUTS:
        return Layout(8, yuv=_JPEG_LAYOUTS[frame.format.name])
    components = frame.format.components
    has_alpha = any(component.is_alpha for component in components)
    if frame.format.has_palette:
        has_alpha = bool((frame.to_ndarray(format="rgba")[..., 3] < 255).any())
    bits = max(component.bits for component in components)
    # The fourth plane of a JPEG is black ink.
    return Layout(
        next((depth for depth in _DEPTHS if bits <= depth), 16), has_alpha and decoder != "mjpeg"
    )
