"""`foreground.webp`: animated WebP with alpha; every frame is there, also where two are alike."""

from __future__ import annotations

import io
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
from utils.messages import Text

QUALITY = 80
_ALPHA, _ANIMATION = 0x10, 0x02
_NO_BLEND = 0x02


class WebpWriter(AnimationWriter):
    """Puts still pictures of libwebp into the container of RFC 9649; its own animator merges frames."""

    def __init__(self, stream: BinaryIO, info: AnimationInfo) -> None:
        super().__init__(stream, info)
        stream.write(b"RIFF\0\0\0\0WEBP")
        canvas = bytes([_ALPHA | _ANIMATION, 0, 0, 0])
        stream.write(_chunk(b"VP8X", canvas + b"".join(_u24(side - 1) for side in info.size_wh)))
        stream.write(_chunk(b"ANIM", struct.pack("<IH", 0, info.loops)))

    def append(self, frame: Rgba, start_s: Fraction, end_s: Fraction) -> None:
        """See `AnimationWriter.append`."""
        from PIL import Image

        still = io.BytesIO()
        Image.fromarray(frame).save(
            still, "WEBP", quality=QUALITY, alpha_quality=100, method=2, exact=False
        )
        width, height = self.info.size_wh
        place = b"".join(map(_u24, (0, 0, width - 1, height - 1, ticks(start_s, end_s, 1000))))
        picture = b"".join(_picture_chunks(still.getvalue()))
        self.stream.write(_chunk(b"ANMF", place + bytes([_NO_BLEND]) + picture))
        self.frames += 1

    def finish(self) -> None:
        """See `AnimationWriter.finish`."""
        size_bytes = self.stream.tell()
        self.stream.seek(4)
        self.stream.write(struct.pack("<I", size_bytes - 8))
        self.stream.seek(size_bytes)


def _picture_chunks(still: bytes) -> list[bytes]:
    """Return the chunks of a still WebP that hold its alpha and its picture."""
    found, at = [], 12
    while at + 8 <= len(still):
        name, size = still[at : at + 4], int.from_bytes(still[at + 4 : at + 8], "little")
        if name in (b"ALPH", b"VP8 ", b"VP8L"):
            found.append(_chunk(name, still[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _u24(value: int) -> bytes:
    return value.to_bytes(3, "little")


class WebpOutput(AnimationOutput):
    """See the module."""

    kind = "webp"
    position = 110
    names = ("foreground.webp",)
    label = Text(en="Animated WebP", zh="动态 WebP")
    note = Text(
        en="For stickers and web pages: exact alpha, times to 1 ms. Every picture is kept, also where "
        "neighbours are alike.",
        zh="适合贴纸和网页：Alpha 通道精确，时间精确到 1 毫秒。即使相邻画面相同，也保留每一帧。",
    )
    bytes_per_pixel = 0.15
    media_type = "image/webp"
    writer = WebpWriter


FORMAT = WebpOutput()
