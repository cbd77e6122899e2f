"""`exr/000000.exr`: linear light in half floats with alpha, for compositing."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from pipeline.video_io.render_target import RenderTarget
from utils.alpha_levels import to_float
from utils.messages import Text

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

_KNEE, _SLOPE, _OFFSET, _POWER = 0.081, 4.5, 0.099, 1 / 0.45


class ExrOutput(OutputFormat):
    """See the module."""

    kind = "exr"
    position = 90
    names = ("exr",)
    label = Text(en="OpenEXR sequence, half float (ZIP)", zh="OpenEXR 序列，半浮点（ZIP）")
    note = Text(
        en="Linear light, BT.709 primaries; colour is premultiplied unless straight alpha was chosen. "
        "For Nuke, Fusion and After Effects.",
        zh="线性光，BT.709 基色；颜色默认预乘，可选择直通透明通道。适合 Nuke、Fusion、After Effects。",
    )
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 3.0
    is_sequence = True
    media_type = "application/zip"

    def open(self, target: RenderTarget) -> ExrSink:
        """See `OutputFormat.open`."""
        return ExrSink(target, self.names, ".exr")


class ExrSink(SequenceSink):
    """Writes R, G, B and A as half floats, ZIP-compressed."""

    def encode(self, picture: Picture) -> tuple[bytes, ...]:
        """See `SequenceSink.encode`."""
        alpha = to_float(picture.levels)
        colour = linear_light()[picture.rgb16]
        if self.target.files.exr_alpha == "premultiplied":
            colour = colour * alpha[..., None]
        else:
            colour = np.where(alpha[..., None] > 0, colour, np.float32(0))
        # OpenEXR reads arrays as if they had no strides.
        planes = {name: colour[..., at].astype(np.float16) for at, name in enumerate("RGB")}
        planes["A"] = alpha.astype(np.float16)
        return (self._file({name: np.ascontiguousarray(plane) for name, plane in planes.items()}),)

    def _file(self, channels: dict[str, npt.NDArray[np.float16]]) -> bytes:
        import OpenEXR

        header = {
            "compression": OpenEXR.ZIP_COMPRESSION,
            "type": OpenEXR.scanlineimage,
            "pixelAspectRatio": float(self.pixel_aspect),
        }
        with tempfile.NamedTemporaryFile(suffix=".exr", dir=self.partials[0].parent) as file:
            OpenEXR.File(header, channels).write(file.name)
            return Path(file.name).read_bytes()

    def is_readable(self, path: Path) -> bool:
        """See `SequenceSink.is_readable`."""
        import OpenEXR

        with OpenEXR.File(str(path), separate_channels=True) as file:
            return set(file.channels()) == set("RGBA")


@cache
def linear_light() -> npt.NDArray[np.float32]:
    """Return linear light, float32, by 16-bit level: the inverse of BT.709's transfer function."""
    signal = np.arange(65_536) / 65_535
    curved = ((signal + _OFFSET) / (1 + _OFFSET)) ** _POWER
    return np.where(signal < _KNEE, signal / _SLOPE, curved).astype(np.float32)


FORMAT = ExrOutput()
