"""`exr/000000.exr`: linear light in half floats with alpha, for compositing."""

from __future__ import annotations

import errno
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.video_io.alpha_mode import AlphaMode
from pipeline.video_io.exr_header import exr_attributes
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.sequence.light import (
    BT709_TRANSFER,
    SRGB_TRANSFER,
    linear_of_bt709,
    linear_of_srgb,
)
from utils.alpha_levels import to_float
from utils.errors import FfmpegFailed
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture


class ExrOutput(OutputFormat):
    """See the module."""

    kind = "exr"
    position = 90
    names = ("exr",)
    label = Text(en="OpenEXR sequence, half float (ZIP)", zh="OpenEXR 序列，半浮点（ZIP）")
    note = Text(
        en="Linear light, BT.709 primaries; colour is premultiplied unless straight alpha was chosen. "
        "For Nuke, Fusion and After Effects.",
        zh="线性光，BT.709 基色；颜色默认预乘，可选择直接（Straight）Alpha 通道。适合 Nuke、Fusion、After Effects。",
    )
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 3.0
    is_sequence = True
    file_options = ("first_number", "exr_alpha")
    media_type = "application/zip"

    def open(self, target: RenderTarget) -> ExrSink:
        """See `OutputFormat.open`."""
        return ExrSink(target, self.names, ".exr")


class ExrSink(SequenceSink):
    """Writes R, G, B and A as half floats, ZIP-compressed."""

    def write_frame(self, paths: tuple[Path, ...], picture: Picture) -> None:
        """See `SequenceSink.write_frame`."""
        alpha = to_float(picture.needed_levels)
        colour = linear_light(self.target.clip.colour.transfer)[picture.rgb16]
        if self.target.files.exr_alpha == "premultiplied":
            colour = colour * alpha[..., None]
        else:
            colour = np.where(alpha[..., None] > 0, colour, np.float32(0))
        # OpenEXR reads arrays as if they had no strides.
        planes = {name: colour[..., at].astype(np.float16) for at, name in enumerate("RGB")}
        planes["A"] = alpha.astype(np.float16)
        self._write(paths[0], {name: np.ascontiguousarray(plane) for name, plane in planes.items()})

    def _attributes(self) -> dict[str, Any]:
        """Return what the next frame's header says, so that it is read back as it was meant."""
        clip = self.target.clip
        is_straight = self.target.files.exr_alpha == "straight"
        rate = None if clip.is_variable_rate else clip.fps
        code = clip.timecode_at(self.target.first_index + self.frames_written)
        of_clip = clip.colour.transfer
        transfer = SRGB_TRANSFER if of_clip == SRGB_TRANSFER else BT709_TRANSFER
        mode: AlphaMode = "straight" if is_straight else "premultiplied"
        return exr_attributes(mode, transfer, self.pixel_aspect, rate, code)

    def _write(self, path: Path, channels: dict[str, npt.NDArray[np.float16]]) -> None:
        import OpenEXR

        header = {
            "compression": OpenEXR.ZIP_COMPRESSION,
            "type": OpenEXR.scanlineimage,
            **self._attributes(),
        }
        try:
            OpenEXR.File(header, channels).write(str(path))
        except RuntimeError as error:
            # The package has one error for all: a full disk is told from it by its text.
            for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                if os.strerror(code) in str(error):
                    raise OSError(code, os.strerror(code), str(path)) from error
            raise FfmpegFailed("video.encode_failed", file=path.name, detail=str(error)) from error

    def is_readable(self, path: Path) -> bool:
        """See `SequenceSink.is_readable`."""
        import OpenEXR

        with OpenEXR.File(str(path), separate_channels=True) as file:
            return set(file.channels()) == set("RGBA")


@cache
def linear_light(transfer: str) -> npt.NDArray[np.float32]:
    """Return linear light, float32, by 16-bit level: the inverse of sRGB's transfer function, else of BT.709's.

    Args:
        transfer: of the source, in FFmpeg's name; what is not sRGB is BT.709, or was made that.
    """
    signal = np.arange(65_536) / 65_535
    linear = linear_of_srgb if transfer == SRGB_TRANSFER else linear_of_bt709
    return linear(signal).astype(np.float32)


FORMAT = ExrOutput()
