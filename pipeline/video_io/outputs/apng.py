"""`foreground.apng`: animated PNG with straight alpha, lossless, each frame's time exact."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import BinaryIO

from pipeline.video_io.outputs.animation import (
    AnimationInfo,
    AnimationOutput,
    AnimationWriter,
    Rgba,
    ticks,
)
from pipeline.video_io.writers.png import RGBA, SIGNATURE, chunk, header, packed_rows
from utils.messages import Text

_LARGEST = 65_535


class ApngWriter(AnimationWriter):
    """Writes the chunks of the PNG specification's third edition: acTL, and fcTL before each frame."""

    def __init__(self, stream: BinaryIO, info: AnimationInfo) -> None:
        super().__init__(stream, info)
        self._sequence = 0
        stream.write(SIGNATURE + header(info.size_wh, RGBA, 8))
        stream.write(chunk(b"acTL", struct.pack(">II", info.frame_count, info.loops)))

    def append(self, frame: Rgba, start_s: Fraction, end_s: Fraction) -> None:
        """See `AnimationWriter.append`."""
        delay = end_s - start_s
        if max(delay.numerator, delay.denominator) > _LARGEST:
            delay = Fraction(ticks(start_s, end_s, 1000), 1000)
        width, height = self.info.size_wh
        control = (self._next(), width, height, 0, 0, delay.numerator, delay.denominator, 0, 0)
        self.stream.write(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        packed = packed_rows(frame)
        if self.frames:
            self.stream.write(chunk(b"fdAT", struct.pack(">I", self._next()) + packed))
        else:
            self.stream.write(chunk(b"IDAT", packed))
        self.frames += 1

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def finish(self) -> None:
        """See `AnimationWriter.finish`."""
        self.stream.write(chunk(b"IEND", b""))


class ApngOutput(AnimationOutput):
    """See the module."""

    kind = "apng"
    position = 120
    names = ("foreground.apng",)
    label = Text(en="Animated PNG", zh="动态 PNG（APNG）")
    note = Text(
        en="Lossless, with full alpha; for stickers in apps that play APNG. Files are large.",
        zh="无损，完整 Alpha 通道；适合支持 APNG 的贴纸。文件较大。",
    )
    bytes_per_pixel = 1.0
    media_type = "image/apng"
    writer = ApngWriter


FORMAT = ApngOutput()
