"""`png16/000000.png`: PNG with straight alpha at 16 bits a channel."""

from __future__ import annotations

from fractions import Fraction

from pipeline.video_io.outputs.deep_sequence import DeepRgba, DeepSequenceOutput
from pipeline.video_io.writers.png import png_bytes
from utils.messages import Text


class Png16Output(DeepSequenceOutput):
    """See the module."""

    kind = "png16"
    position = 70
    names = ("png16",)
    suffix = ".png"
    label = Text(en="16-bit RGBA PNG sequence (ZIP)", zh="16 位 RGBA PNG 序列（ZIP）")
    note = Text(
        en="Straight alpha, lossless; keeps 10-bit colour and the matte's fine steps.",
        zh="直接（Straight）Alpha 通道，无损；保留 10 位色彩和遮罩的细腻层次。",
    )

    def encode(self, rgba: DeepRgba, pixel_aspect: Fraction) -> bytes:
        """See `DeepSequenceOutput.encode`."""
        return png_bytes(rgba, pixel_aspect)


FORMAT = Png16Output()
