"""`tiff/000000.tif`: TIFF with straight alpha at 16 bits a channel, Deflate-compressed."""

from __future__ import annotations

from fractions import Fraction

from pipeline.video_io.outputs.deep_sequence import DeepRgba, DeepSequenceOutput
from pipeline.video_io.writers.tiff import tiff_bytes
from utils.messages import Text


class TiffOutput(DeepSequenceOutput):
    """See the module."""

    kind = "tiff"
    position = 80
    names = ("tiff",)
    suffix = ".tif"
    label = Text(en="16-bit RGBA TIFF sequence (ZIP)", zh="16 位 RGBA TIFF 序列（ZIP）")
    note = Text(
        en="Straight (unassociated) alpha, lossless.",
        zh="直接（Straight，非关联）Alpha 通道，无损。",
    )

    def encode(self, rgba: DeepRgba, pixel_aspect: Fraction) -> bytes:
        """See `DeepSequenceOutput.encode`."""
        return tiff_bytes(rgba, pixel_aspect)


FORMAT = TiffOutput()
