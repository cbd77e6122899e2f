"""`tiff/000000.tif`: TIFF with straight alpha at 16 bits a channel, Deflate-compressed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.video_io.outputs.deep_sequence import decodes_deep, deep_rgba
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.tiff import tiff_bytes
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


class TiffOutput(OutputFormat):
    """See the module."""

    kind = "tiff"
    position = 80
    names = ("tiff",)
    label = Text(en="16-bit RGBA TIFF sequence (ZIP)", zh="16 位 RGBA TIFF 序列（ZIP）")
    note = Text(
        en="Straight (unassociated) alpha, lossless.",
        zh="直接（Straight，非关联）Alpha 通道，无损。",
    )
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 3.0
    is_sequence = True
    file_options = ("first_number",)
    media_type = "application/zip"

    def open(self, target: RenderTarget) -> TiffSink:
        """See `OutputFormat.open`."""
        return TiffSink(target, self.names, ".tif")


class TiffSink(SequenceSink):
    """Writes RGBA frames."""

    def write_frame(self, paths: tuple[Path, ...], picture: Picture) -> None:
        """See `SequenceSink.write_frame`."""
        paths[0].write_bytes(tiff_bytes(deep_rgba(picture), self.pixel_aspect))

    def is_readable(self, path: Path) -> bool:
        """See `SequenceSink.is_readable`."""
        return decodes_deep(path)


FORMAT = TiffOutput()
