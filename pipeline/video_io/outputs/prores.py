"""`foreground.mov`: ProRes 4444 with straight alpha and the source's sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import MOV
from pipeline.video_io.writers.video_file import Recipe, plane_view16
from utils.alpha_levels import to_depth
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

QSCALE = 9
_QSCALE_LAMBDA = 118
"""FFmpeg's units of quality for one step of -qscale."""


class ProresOutput(OutputFormat):
    """See the module."""

    kind = "prores"
    position = 50
    names = ("foreground.mov",)
    label = Text(en="ProRes 4444 with alpha, MOV", zh="ProRes 4444 带 Alpha 通道 MOV")
    note = Text(
        en="Straight alpha. For Premiere, DaVinci Resolve, Final Cut and After Effects.",
        zh="直接（Straight）Alpha 通道。适合 Premiere、DaVinci Resolve、Final Cut、After Effects。",
    )
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 0.35
    media_type = "video/quicktime"

    def open(self, target: RenderTarget) -> ProresSink:
        """See `OutputFormat.open`."""
        recipe = Recipe(
            MOV,
            "prores_ks",
            "yuva444p10le",
            {
                "profile": "4444",
                "flags": "+qscale",
                "global_quality": str(QSCALE * _QSCALE_LAMBDA),
                "alpha_bits": "16",
                "vendor": "apl0",
            },
        )
        return ProresSink(target, self.names[0], recipe)


class ProresSink(VideoFileSink):
    """Writes 4:4:4 at 10 bits; alpha that is read at 12 bits and rounded is the PNG's exactly."""

    carries_sound = True

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        from pipeline.postprocess.picture import rgb_to_ycbcr

        views = [plane_view16(plane) for plane in frame.planes]
        deep = picture.deep_rgb
        colour = picture.needed_rgb if deep is None else deep * np.float32(1 / 257)
        for view, plane in zip(views, rgb_to_ycbcr(colour), strict=False):
            view[:] = np.rint(plane * 4)
        views[3][:] = to_depth(picture.needed_levels, 10)


FORMAT = ProresOutput()
