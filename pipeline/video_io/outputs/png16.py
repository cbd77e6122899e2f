"""`png16/000000.png`: PNG with straight alpha at 16 bits a channel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.video_io.outputs.deep_sequence import decodes_deep, deep_rgba
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.png import png_bytes
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


class Png16Output(OutputFormat):
    """See the module."""

    kind = "png16"
    position = 70
    names = ("png16",)
    label = Text(en="16-bit RGBA PNG sequence (ZIP)", zh="16 位 RGBA PNG 序列（ZIP）")
    note = Text(
        en="Straight alpha, lossless; keeps 10-bit colour and the matte's fine steps.",
        zh="直接（Straight）Alpha 通道，无损；保留 10 位色彩和遮罩的细腻层次。",
    )
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 3.0
    is_sequence = True
    file_options = ("first_number",)
    media_type = "application/zip"

    def open(self, target: RenderTarget) -> Png16Sink:
        """See `OutputFormat.open`."""
        return Png16Sink(target, self.names, ".png")


class Png16Sink(SequenceSink):
    """Writes RGBA frames."""

    def write_frame(self, paths: tuple[Path, ...], picture: Picture) -> None:
        """See `SequenceSink.write_frame`."""
        paths[0].write_bytes(png_bytes(deep_rgba(picture), self.pixel_aspect))

    def is_readable(self, path: Path) -> bool:
        """See `SequenceSink.is_readable`."""
        return decodes_deep(path)


FORMAT = Png16Output()
