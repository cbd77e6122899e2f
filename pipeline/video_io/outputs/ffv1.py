"""`foreground.mkv`: FFV1 with straight alpha at 12 bits and the source's sound, a lossless master."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import MKV
from pipeline.video_io.writers.video_file import Recipe, plane_view16
from utils.alpha_levels import OPAQUE
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

_SAMPLE_MAX = 65_535


class Ffv1Output(OutputFormat):
    """See the module."""

    kind = "ffv1"
    position = 100
    names = ("foreground.mkv",)
    label = Text(en="FFV1 with alpha, MKV (lossless)", zh="FFV1 带 Alpha 通道 MKV（无损）")
    note = Text(
        en="A lossless master of RGB and straight alpha at 12 bits, for FFmpeg-based tools and archives.",
        zh="12 位 RGB 与直接（Straight）Alpha 通道的无损母版，适合基于 FFmpeg 的工具和存档。",
    )
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 2.0
    media_type = "video/x-matroska"

    def open(self, target: RenderTarget) -> Ffv1Sink:
        """See `OutputFormat.open`."""
        options = {"level": "3", "g": "1", "slices": "16", "slicecrc": "1"}
        return Ffv1Sink(
            target, self.names[0], Recipe(MKV, "ffv1", "gbrap12le", options, is_rgb=True)
        )


class Ffv1Sink(VideoFileSink):
    """Writes planes in FFmpeg's order: green, blue, red, alpha."""

    carries_sound = True

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        views = [plane_view16(plane) for plane in frame.planes]
        visible = (picture.needed_levels > 0)[..., None]
        twelve = picture.rgb16.astype(np.uint32) * OPAQUE + _SAMPLE_MAX // 2
        colour = twelve // _SAMPLE_MAX * visible
        for view, channel in zip(views, (1, 2, 0), strict=False):
            view[:] = colour[..., channel]
        views[3][:] = picture.needed_levels


FORMAT = Ffv1Output()
