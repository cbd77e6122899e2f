"""Reads one picture of a sequence, by its suffix; runs in the limited child process alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from pipeline.video_io.alpha_mode import AlphaMode
from pipeline.video_io.clip import shown_name
from pipeline.video_io.sequence.dpx import with_header
from pipeline.video_io.sequence.exr import read_exr
from pipeline.video_io.sequence.picture import BT709, SRGB, Layout, Picture, straight_frame
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
_EXTRA_SAMPLES, _ASSOCIATED, _BIG_TIFF = 338, 1, b"\x2b"
_BEYOND = 16
"""Times the pixels allowed that are still decoded, so that the refusal can name the size."""


def read_picture(
    path: Path, size_limit: tuple[int, int], alpha_mode: AlphaMode = "auto"
) -> Picture:
    """Decode a picture; its colours come out straight.

    Args:
        size_limit: the longest side and the longest short side accepted, in pixels.
        alpha_mode: what its colours are taken for; "auto" goes by the format (OpenEXR: premultiplied), in TIFF by
            its tag.

    Raises:
        BadUpload: it can't be decoded, or holds no colours.
    """
    suffix = path.suffix.lower().lstrip(".")
    try:
        if suffix == "exr":
            return read_exr(path, size_limit[0], alpha_mode)
        picture = _read_coded(path, *_READERS[suffix], _BEYOND * size_limit[0] * size_limit[1])
        if suffix == "dpx":
            picture = with_header(path, picture)
        if picture.layout.has_alpha and _is_premultiplied(path, suffix, alpha_mode):
            layout = Layout(16, True)
            frame = straight_frame(picture.frame)
            return replace(picture, frame=frame, layout=layout, was_premultiplied=True)
        return picture
    except (av.error.FFmpegError, OSError, RuntimeError, ValueError, StopIteration) as error:
        detail = f"{type(error).__name__}: {error}"[:300]
        raise BadUpload("sequence.unreadable", name=shown_name(path.name), detail=detail) from error


def _is_premultiplied(path: Path, suffix: str, alpha_mode: AlphaMode) -> bool:
    if alpha_mode != "auto":
        return alpha_mode == "premultiplied"
    return suffix in ("tif", "tiff") and _says_associated(path)


def _says_associated(path: Path) -> bool:
    """True where a TIFF's first picture has associated alpha (TIFF 6.0, section 18)."""
    with path.open("rb") as stream:
        head = stream.read(8)
        if head[2:3] == _BIG_TIFF or head[3:4] == _BIG_TIFF:
            head += stream.read(8)
        directory = ImageFileDirectory_v2(head)
        stream.seek(directory.next)
        directory.load(stream)
    return bool(directory.get(_EXTRA_SAMPLES, (0,))[0] == _ASSOCIATED)


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
