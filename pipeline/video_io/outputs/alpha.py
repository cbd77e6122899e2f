"""`alpha.mp4`: the matte as a grey H.264 clip, white = foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.video_file import NEUTRAL_CHROMA, h264, plane_view
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

RECIPE = h264(crf=11, lookahead=5)
TRANSPARENT, OPAQUE = 16 - 9, 235 + 12
"""Luma of fully transparent and fully opaque pixels, outside the range."""


class AlphaOutput(OutputFormat):
    """See the module."""

    kind = "alpha"
    position = 10
    names = ("alpha.mp4",)
    label = Text(en="Alpha matte, MP4", zh="Alpha 通道 MP4")
    note = Text(
        en="A luma matte for any editor; with the source it beats re-keying green. FFmpeg's alphamerge needs "
        "ts_sync_mode=nearest with an MKV or WebM source, or mattes come a frame late.",
        zh="任何剪辑软件可用的亮度遮罩；配合原片使用，效果优于再对绿幕抠像。原片为 MKV 或 WebM 时，FFmpeg 的 alphamerge "
        "需加 ts_sync_mode=nearest，否则遮罩会晚一帧。",
    )
    bytes_per_pixel = 0.02
    is_default = True
    media_type = "video/mp4"

    def open(self, target: RenderTarget) -> AlphaSink:
        """See `OutputFormat.open`."""
        return AlphaSink(target, self.names[0], RECIPE)


class AlphaSink(VideoFileSink):
    """Grey in limited range; fully transparent and fully opaque pixels lie beyond it.

    Decoders clamp to 16..235, and so what the encoder rings at an edge does not move them.
    """

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        from pipeline.postprocess.composite_kernel import luma_of_alpha

        y, u, v = (plane_view(plane) for plane in frame.planes)
        luma_of_alpha(picture.alpha, TRANSPARENT, OPAQUE, y)
        u[:] = NEUTRAL_CHROMA
        v[:] = NEUTRAL_CHROMA


FORMAT = AlphaOutput()
