"""`foreground.webm`: VP9 with alpha and the source's sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import WEBM
from pipeline.video_io.writers.video_file import Recipe, plane_view
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


class WebmOutput(OutputFormat):
    """See the module."""

    kind = "webm"
    position = 60
    names = ("foreground.webm",)
    label = Text(en="VP9 with alpha, WebM", zh="VP9 带 Alpha 通道 WebM")
    note = Text(
        en="For web pages. FFmpeg shows its alpha only with -c:v libvpx-vp9 before -i.",
        zh="适合网页使用。FFmpeg 需在 -i 之前加 -c:v libvpx-vp9 才能读到 Alpha 通道。",
    )
    layout = "yuv420p"
    has_alpha = True
    bytes_per_pixel = 0.05
    media_type = "video/webm"

    def open(self, target: RenderTarget) -> WebmSink:
        """See `OutputFormat.open`."""
        recipe = Recipe(
            WEBM,
            "libvpx-vp9",
            "yuva420p",
            {
                "deadline": "realtime",
                "cpu-used": "8",
                "row-mt": "1",
                "crf": "24",
                "b": "0",
                "auto-alt-ref": "0",
            },
        )
        return WebmSink(target, self.names[0], recipe)


class WebmSink(VideoFileSink):
    """Hands the planes and alpha to the encoder as they are."""

    carries_sound = True

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        planes = picture.needed_planes
        views = [plane_view(plane) for plane in frame.planes]
        for view, plane in zip(views, (planes.y, planes.u, planes.v, picture.alpha), strict=True):
            view[:] = plane


FORMAT = WebmOutput()
