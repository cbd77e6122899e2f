"""`foreground.webm`: VP9 with alpha and the source's sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.alpha_track import AlphaTrack
from pipeline.video_io.writers.containers import WEBM
from pipeline.video_io.writers.video_file import Recipe, plane_view
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


CRF, SMALL_ALPHA_CRF = 24, 10


class WebmOutput(OutputFormat):
    """See the module."""

    kind = "webm"
    position = 60
    names = ("foreground.webm",)
    label = Text(en="VP9 with alpha, WebM", zh="VP9 带 Alpha 通道 WebM")
    note = Text(
        en="Straight alpha, for web pages. FFmpeg shows its alpha only with -c:v libvpx-vp9 before -i. Alpha is lossless unless the "
        "smaller file is chosen; there it is off by a few levels of 255 near edges.",
        zh="直接（Straight）Alpha 通道，适合网页使用。FFmpeg 需在 -i 之前加 -c:v libvpx-vp9 才能读到 Alpha 通道。Alpha 默认无损；"
        "选择较小的文件时，边缘附近会有几级（共 255 级）误差。",
    )
    layout = "yuv420p"
    has_alpha = True
    bytes_per_pixel = 0.08
    file_options = ("webm_alpha",)
    media_type = "video/webm"

    def open(self, target: RenderTarget) -> WebmSink:
        """See `OutputFormat.open`."""
        return WebmSink(target, self.names[0])


class WebmSink(VideoFileSink):
    """Hands the planes to one encoder and alpha to another as they are."""

    carries_sound = True

    def __init__(self, target: RenderTarget, name: str) -> None:
        recipe = Recipe(WEBM, "libvpx-vp9", "yuv420p", _at_quality(CRF))
        super().__init__(target, name, recipe)
        is_small = target.files.webm_alpha == "lossy"
        options = _at_quality(SMALL_ALPHA_CRF) if is_small else _LOSSLESS
        self._alpha = AlphaTrack(target.clip.size_wh, options, target.threads)

    def write(self, picture: Picture) -> None:
        """See `Sink.write`."""
        frame = self._writer.blank()
        self.fill(frame, picture)
        self._writer.write(
            frame,
            picture.pts,
            picture.duration,
            lambda packet: self._alpha.attach(packet, picture.alpha),
        )

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        planes = picture.needed_planes
        views = [plane_view(plane) for plane in frame.planes]
        for view, plane in zip(views, (planes.y, planes.u, planes.v), strict=True):
            view[:] = plane


_EACH_AT_ONCE = {
    "deadline": "realtime",
    "cpu-used": "5",
    "row-mt": "1",
    "auto-alt-ref": "0",
    "lag-in-frames": "0",
}
"""Options of libvpx-vp9 with which each picture is given out as soon as it was put in."""
_LOSSLESS = {**_EACH_AT_ONCE, "lossless": "1"}


def _at_quality(crf: int) -> dict[str, str]:
    """Return the options of libvpx-vp9 at a quality, lower is better."""
    return {**_EACH_AT_ONCE, "crf": str(crf), "b": "0"}


FORMAT = WebmOutput()
