"""The foreground blended over a background in YUV, as an H.264 clip with the source's sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.video_file import h264, plane_view

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

RECIPE = h264(crf=17.5, lookahead=7)


class CompositedSink(VideoFileSink):
    """Writes the foreground over one background, a colour or a picture."""

    carries_sound = True

    def __init__(self, target: RenderTarget, name: str, background: str) -> None:
        from pipeline.postprocess.composite import background_planes

        self._background = background_planes(background, target.clip.size_wh)
        super().__init__(target, name, RECIPE)

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        from pipeline.postprocess.composite_kernel import blend

        planes = picture.needed_planes
        y, u, v = (plane_view(plane) for plane in frame.planes)
        blend(planes.y, self._background.y, picture.alpha, y)
        blend(planes.u, self._background.u, picture.half_alpha, u)
        blend(planes.v, self._background.v, picture.half_alpha, v)
