"""`foreground.mov`: ProRes 4444 with straight alpha and the source's sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import MOV
from pipeline.video_io.writers.video_file import Recipe, plane_view16
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
    label = Text(en="ProRes 4444 with alpha, MOV", zh="ProRes 4444 带透明通道 MOV")
    note = Text(
        en="For Premiere, DaVinci Resolve and Final Cut.",
        zh="适合 Premiere、DaVinci Resolve、Final Cut。",
    )
    layout = "rgb24_exact"
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
    """Writes 4:4:4 at 10 bits; alpha is off by at most one level of 255, 0 and 255 are exact."""

    carries_sound = True
    _alpha_levels = np.rint(np.arange(256) * (1023 / 255)).astype(np.uint16)

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        from pipeline.postprocess.picture import rgb_to_ycbcr

        views = [plane_view16(plane) for plane in frame.planes]
        for view, plane in zip(views, rgb_to_ycbcr(picture.needed_rgb), strict=False):
            view[:] = np.rint(plane * 4)
        views[3][:] = self._alpha_levels[picture.alpha]


FORMAT = ProresOutput()
