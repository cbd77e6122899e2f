"""`foreground.mp4`: the foreground over green, or any background, with sound."""

from __future__ import annotations

from pipeline.video_io.outputs.composited import CompositedSink
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.render_target import RenderTarget
from utils.messages import Text


class ForegroundOutput(OutputFormat):
    """See the module."""

    kind = "foreground"
    position = 20
    names = ("foreground.mp4",)
    label = Text(en="Foreground on green or another colour, MP4", zh="前景 MP4（绿幕或其他纯色底）")
    note = Text(
        en="Quick to key; 4:2:0 video blurs colour at the rim, ProRes or PNG don't.",
        zh="可用超级键、Keylight 等快速抠像；4:2:0 视频会让边缘颜色变糊，ProRes 与 PNG 不会。",
    )
    layout = "yuv420p"
    bytes_per_pixel = 0.15
    is_default = True
    media_type = "video/mp4"

    def open(self, target: RenderTarget) -> CompositedSink:
        """See `OutputFormat.open`."""
        return CompositedSink(target, self.names[0], target.background)


FORMAT = ForegroundOutput()
