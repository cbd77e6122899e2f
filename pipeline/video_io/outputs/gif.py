"""`foreground.gif`: animated GIF of 255 colours a frame; alpha is one bit."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from pipeline.video_io.outputs.animation import (
    AnimationInfo,
    AnimationOutput,
    AnimationWriter,
    Rgba,
)
from utils.messages import Text

OPAQUE_FROM = 128
LEAST_DELAY = 2
"""Hundredths of a second: browsers show what is shorter for a tenth of a second."""
_TRANSPARENT = 255
_RESTORE_TO_BACKGROUND = 2


class GifWriter(AnimationWriter):
    """Writes GIF89a with a palette for each frame, which the browser clears before the next one."""

    def __init__(self, stream: BinaryIO, info: AnimationInfo) -> None:
        super().__init__(stream, info)
        self._shown_until = 0
        stream.write(b"GIF89a" + struct.pack("<HHBBB", *info.size_wh, 0x70, 0, 0))
        if info.loops != 1:
            repeats = info.loops - 1 if info.loops else 0
            stream.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0")

    def append(self, frame: Rgba, start_s: Fraction, end_s: Fraction) -> None:
        """See `AnimationWriter.append`; a picture too short to be shown gives its time to the next one."""
        end = max(round(end_s * 100), LEAST_DELAY)
        delay = end - self._shown_until
        if delay < LEAST_DELAY:
            return
        self._shown_until = end
        control = struct.pack("<BHB", _RESTORE_TO_BACKGROUND << 2 | 1, delay, _TRANSPARENT)
        self.stream.write(b"\x21\xf9\x04" + control + b"\0" + _image_block(frame))
        self.frames += 1

    def finish(self) -> None:
        """See `AnimationWriter.finish`."""
        self.stream.write(b"\x3b")


def _image_block(frame: Rgba) -> bytes:
    """Return one image with a palette of its own, compressed by Pillow."""
    from PIL import Image

    picture = Image.fromarray(frame[..., :3]).quantize(_TRANSPARENT, dither=Image.Dither.NONE)
    indices = np.asarray(picture).copy()
    indices[frame[..., 3] < OPAQUE_FROM] = _TRANSPARENT
    palette = (picture.getpalette() or [])[: 3 * _TRANSPARENT]
    made = Image.fromarray(indices)
    made.putpalette(palette + [0] * (768 - len(palette)))
    buffer = io.BytesIO()
    # Rows in order: the block written below says so.
    made.save(buffer, "GIF", optimize=False, interlace=False)
    return _with_own_palette(buffer.getvalue())


def _with_own_palette(still: bytes) -> bytes:
    """Return the image block of a one-frame GIF, its global palette made local."""
    entries = 2 << (still[10] & 7)
    palette = still[13 : 13 + 3 * entries]
    at = 13 + len(palette)
    while still[at] == 0x21:
        at += 2
        while still[at]:
            at += still[at] + 1
        at += 1
    place = still[at : at + 9]
    return place + bytes([0x80 | (still[10] & 7)]) + palette + still[at + 10 : -1]


class GifOutput(AnimationOutput):
    """See the module."""

    kind = "gif"
    position = 130
    names = ("foreground.gif",)
    label = Text(en="Animated GIF", zh="动态 GIF")
    note = Text(
        en="Plays everywhere. Alpha is one bit, so soft edges become hard; times are hundredths of a "
        "second, at most 50 pictures a second.",
        zh="到处可播放。Alpha 通道只有 1 位，柔和边缘会变硬；时间以百分之一秒计，每秒最多 50 帧。",
    )
    bytes_per_pixel = 0.6
    media_type = "image/gif"
    writer = GifWriter


FORMAT = GifOutput()
