"""`foreground/000000.png` with straight alpha, and `alpha/000000.png`, 8-bit grey, beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.png import png_bytes, straight_rgba
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


class PngOutput(OutputFormat):
    """See the module."""

    kind = "png"
    position = 40
    names = ("foreground", "alpha")
    label = Text(en="RGBA PNG sequence (ZIP)", zh="RGBA PNG 序列（ZIP）")
    note = Text(
        en="Straight alpha, exact size, lossless. For After Effects.",
        zh="直接（Straight）Alpha 通道，原始尺寸，无损。适合 After Effects。",
    )
    layout = "rgb24_exact"
    has_alpha = True
    bytes_per_pixel = 1.0
    is_sequence = True
    file_options = ("first_number",)
    media_type = "application/zip"

    def open(self, target: RenderTarget) -> PngSink:
        """See `OutputFormat.open`."""
        return PngSink(target, self.names, ".png")


class PngSink(SequenceSink):
    """Writes RGBA frames, and the alpha alone in a second folder."""

    def write_frame(self, paths: tuple[Path, ...], picture: Picture) -> None:
        """See `SequenceSink.write_frame`."""
        rgba = straight_rgba(picture.needed_rgb, picture.alpha)
        for path, pixels in zip(paths, (rgba, picture.alpha), strict=True):
            path.write_bytes(png_bytes(pixels, self.pixel_aspect))

    def is_readable(self, path: Path) -> bool:
        """See `SequenceSink.is_readable`."""
        import cv2

        return cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None


FORMAT = PngOutput()
