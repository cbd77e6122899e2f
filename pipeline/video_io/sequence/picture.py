"""One decoded picture of a sequence, and the layout of samples that keeps it; reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from pipeline.video_io.sequence.light import Levels, divided
from pipeline.video_io.writers.video_file import plane_view16

FULL_RANGE = 2
"""FFmpeg's number."""
BT709, SRGB = 1, 13
"""H.273 codes of primaries and transfer functions."""
_RGB = {
    (8, False): "bgr0",
    (8, True): "bgra",
    (10, False): "gbrp10le",
    (10, True): "gbrap10le",
    (12, False): "gbrp12le",
    (12, True): "gbrap12le",
    (16, False): "gbrp16le",
    (16, True): "gbrap16le",
}
"""Bits and alpha -> FFmpeg's name of FFV1's layout."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a clip has to keep of its pictures: bits a sample and alpha, or a JPEG's own 8-bit YUV layout."""

    bits: int
    has_alpha: bool = False
    yuv: str = ""

    def joined(self, other: Layout) -> Layout:
        """Return the layout that keeps pictures of both."""
        if self == other:
            return self
        return Layout(max(self.bits, other.bits), self.has_alpha or other.has_alpha)

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name."""
        return self.yuv or _RGB[self.bits, self.has_alpha]


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, and what its file says of itself.

    `rate` is in frames a second, 0 where the file states none; `aspect` is a pixel's width over its height.
    `transfer` and `primaries` are H.273 codes. `was_premultiplied` tells that the colours were multiplied by
    alpha in the file and are divided here. `is_over` tells of linear light above 1, which was clipped;
    `has_other_primaries` and `is_logarithmic` of colours as they were in the file.
    """

    frame: av.VideoFrame
    layout: Layout
    rate: Fraction = Fraction(0)
    timecode: str = ""
    aspect: Fraction = Fraction(1)
    transfer: int = SRGB
    primaries: int = BT709
    was_premultiplied: bool = False
    is_over: bool = False
    has_other_primaries: bool = False
    is_logarithmic: bool = False

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.frame.width, self.frame.height


def in_layout(frame: av.VideoFrame, layout: Layout) -> av.VideoFrame:
    """Return the frame with the layout's samples: exactly, or where it has fewer bits with white as white."""
    if frame.format.name == layout.pixel_format:
        return frame
    if layout.bits == 16 and max(part.bits for part in frame.format.components) <= 8:
        # FFmpeg's scaler makes white 65280 or 65283 of 65535.
        levels = frame.to_ndarray(format="rgba").astype(np.uint16) * 257
        return deep_frame(levels[..., :3], levels[..., 3] if layout.has_alpha else None)
    ranges = {"src_color_range": FULL_RANGE, "dst_color_range": FULL_RANGE}
    return frame.reformat(format=layout.pixel_format, **ranges)


def straight_frame(frame: av.VideoFrame) -> av.VideoFrame:
    """Return a premultiplied frame with its colours divided by alpha, at 16 bits a sample."""
    planes = [plane_view16(plane) for plane in in_layout(frame, Layout(16, True)).planes]
    alpha = planes[3].copy()
    straight = [np.rint(divided(plane, alpha, 65535.0)) for plane in (planes[2], *planes[:2])]
    rgb = np.minimum(np.stack(straight, axis=-1), 65535).astype(np.uint16)
    return deep_frame(rgb, alpha)


def deep_frame(rgb: Levels, alpha: Levels | None = None) -> av.VideoFrame:
    """Return a frame of 16-bit RGB (H, W, 3), and alpha (H, W) where there is one."""
    height, width = rgb.shape[:2]
    frame = av.VideoFrame(width, height, Layout(16, alpha is not None).pixel_format)
    planes = [rgb[..., 1], rgb[..., 2], rgb[..., 0], *([] if alpha is None else [alpha])]
    for plane, samples in zip(frame.planes, planes, strict=True):
        plane_view16(plane)[...] = samples
    return frame
