"""`alpha.mp4`: the matte as a grey H.264 clip, white = foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.video_file import NEUTRAL_CHROMA, h264, plane_view
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

RECIPE = h264(crf=11, lookahead=5)
BELOW_BLACK, ABOVE_WHITE = 9, 12
"""Levels of luma that transparent and opaque pixels lie outside the range."""


def _luma_of_alpha() -> npt.NDArray[np.uint8]:
    luma: npt.NDArray[np.uint8] = np.rint(16 + np.arange(256) * (219 / 255)).astype(np.uint8)
    luma[[0, 255]] = 16 - BELOW_BLACK, 235 + ABOVE_WHITE
    return luma


class AlphaOutput(OutputFormat):
    """See the module."""

    kind = "alpha"
    position = 10
    names = ("alpha.mp4",)
    label = Text(en="Alpha matte, MP4", zh="Alpha 通道 MP4")
    note = Text(
        en="A luma matte for any editor; with the source it beats re-keying green. FFmpeg's alphamerge needs "
        "ts_sync_mode=nearest with an MKV or WebM source, or mattes come a frame late.",
        zh="任何剪辑软件可用的亮度遮罩；配合原片使用，效果优于重新抠绿。原片为 MKV 或 WebM 时，FFmpeg 的 alphamerge "
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

    _luma = _luma_of_alpha()

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        import cv2

        y, u, v = (plane_view(plane) for plane in frame.planes)
        height, width = picture.alpha.shape
        cv2.LUT(picture.alpha, self._luma, y[:height, :width])
        y[:height, width:] = y[:height, width - 1 : width]
        y[height:] = y[height - 1]
        u[:] = NEUTRAL_CHROMA
        v[:] = NEUTRAL_CHROMA


FORMAT = AlphaOutput()
