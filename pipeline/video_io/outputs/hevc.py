"""`foreground_hevc.mov`: HEVC with alpha and the source's sound, for Safari and iOS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import VideoFileSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.writers.containers import MOV, NUT
from pipeline.video_io.writers.video_file import Recipe, padded, plane_view
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

CRF = 18
_USUAL_FRAMES = 1.5
"""A last picture that stays for more frames than this is held."""


class HevcOutput(OutputFormat):
    """See the module."""

    kind = "hevc"
    position = 65
    names = ("foreground_hevc.mov",)
    label = Text(en="HEVC with alpha, MOV", zh="HEVC 带 Alpha 通道 MOV")
    note = Text(
        en="Straight alpha. For Safari and iOS web pages; most other players show it without alpha. "
        "Cutting it by FFmpeg's -c copy loses the alpha.",
        zh="直接（Straight）Alpha 通道。适合 Safari 和 iOS 网页；其他播放器大多不显示 Alpha 通道。"
        "用 FFmpeg 的 -c copy 裁剪会丢失 Alpha 通道。",
    )
    layout = "yuv420p"
    has_alpha = True
    bytes_per_pixel = 0.08
    encoder = ("libx265", "yuva420p")
    media_type = "video/quicktime"

    def open(self, target: RenderTarget) -> HevcSink:
        """See `OutputFormat.open`."""
        recipe = Recipe(NUT, "ffv1", "yuva420p", {"level": "3", "g": "1"}, needs_even_size=True)
        return HevcSink(target, self.names[0], recipe)


class HevcSink(VideoFileSink):
    """Writes a lossless file that the FFmpeg program encodes: PyAV's x265 was built without alpha."""

    carries_sound = True
    final_container = MOV

    def __init__(self, target: RenderTarget, name: str, recipe: Recipe) -> None:
        super().__init__(target, name, recipe)
        # The lossless file holds neither the tags nor the pixel aspect.
        tags = "color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
        aspect = target.clip.sample_aspect
        encoder, pixel_format = HevcOutput.encoder
        self.encoding = (
            *("-vf", f"setparams={tags},setsar={aspect.numerator}/{aspect.denominator}:max=65535"),
            *("-fps_mode", "passthrough", "-enc_time_base", "demux"),
            *("-c:v", encoder, "-pix_fmt", pixel_format, "-preset", "fast", "-crf", str(CRF)),
            *("-tag:v", "hvc1"),
            *_held_arguments(target),
        )

    def fill(self, frame: Any, picture: Picture) -> None:
        """See `VideoFileSink.fill`."""
        planes = picture.needed_planes
        views = [plane_view(plane) for plane in frame.planes]
        for view, plane in zip(views, (planes.y, planes.u, planes.v, picture.alpha), strict=True):
            view[:] = padded(plane, view.shape)


def _held_arguments(target: RenderTarget) -> tuple[str, ...]:
    """Return FFmpeg's arguments for a last picture that stays longer than the others, as NUT can't say.

    MOV keeps the duration of the picture that is stored last: without B-frames that is the one shown last. It
    counts its length in decoding times, which are the pictures' own at an uneven rate without B-frames alone.
    """
    x265 = "log-level=none:frame-threads=1"
    clip = target.clip
    last = clip.times.index(target.first_time) + target.frame_count - 1
    stays_s = (clip.end_of(last) - clip.times[last]) * clip.time_base
    if stays_s <= _USUAL_FRAMES / clip.fps and not clip.is_variable_rate:
        return ("-x265-params", x265)
    held = f"{stays_s.numerator}/{stays_s.denominator}/TB"
    duration = rf"if(eq(N\,{target.frame_count - 1})\,{held}\,DURATION)"
    return ("-x265-params", f"{x265}:bframes=0", "-bsf:v", f"setts=duration={duration}")


FORMAT = HevcOutput()
