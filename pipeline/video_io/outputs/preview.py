"""`preview.mp4`: the foreground over a checkerboard, or any background, with sound."""

from __future__ import annotations

from pipeline.video_io.outputs.composited import CompositedSink
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.render_target import RenderTarget
from utils.messages import Text


class PreviewOutput(OutputFormat):
    """See the module."""

    kind = "preview"
    position = 30
    names = ("preview.mp4",)
    label = Text(en="Preview, MP4", zh="预览 MP4")
    note = Text(
        en="To look at, not to edit with.",
        zh="仅供查看，不用于剪辑。",
    )
    layout = "yuv420p"
    bytes_per_pixel = 0.1
    is_default = True
    media_type = "video/mp4"

    def open(self, target: RenderTarget) -> CompositedSink:
        """See `OutputFormat.open`."""
        return CompositedSink(target, self.names[0], target.preview_background)


FORMAT = PreviewOutput()
