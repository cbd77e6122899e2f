"""Sequences at 16 bits a channel: straight RGBA at the source's and the matte's own depth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.sinks import SequenceSink
from pipeline.video_io.render_target import RenderTarget
from utils.alpha_levels import to_depth

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

DeepRgba: TypeAlias = npt.NDArray[np.uint16]


class DeepSequenceOutput(OutputFormat):
    """A sequence of one file format that holds 16 bits a channel."""

    suffix: ClassVar[str]
    """Of its files, with the dot."""
    layout = "rgb48_exact"
    has_alpha = True
    bytes_per_pixel = 3.0
    is_sequence = True
    file_options = ("first_number",)
    media_type = "application/zip"

    @abstractmethod
    def encode(self, rgba: DeepRgba, pixel_aspect: Fraction) -> bytes:
        """Return a file of straight uint16 RGBA (H, W, 4); `pixel_aspect` is a pixel's width over its height."""

    def open(self, target: RenderTarget) -> DeepSequenceSink:
        """See `OutputFormat.open`."""
        return DeepSequenceSink(target, self.names, self.suffix, self.encode)


class DeepSequenceSink(SequenceSink):
    """Writes RGBA frames with an encoder; see `DeepSequenceOutput.encode`."""

    def __init__(
        self,
        target: RenderTarget,
        folders: tuple[str, ...],
        suffix: str,
        encode: Callable[[DeepRgba, Fraction], bytes],
    ) -> None:
        super().__init__(target, folders, suffix)
        self._encode = encode

    def write_frame(self, paths: tuple[Path, ...], picture: Picture) -> None:
        """See `SequenceSink.write_frame`."""
        paths[0].write_bytes(self._encode(deep_rgba(picture), self.pixel_aspect))

    def is_readable(self, path: Path) -> bool:
        """See `SequenceSink.is_readable`, at 16 bits."""
        import cv2

        read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return read is not None and read.dtype == np.uint16


def deep_rgba(picture: Picture) -> DeepRgba:
    """Return uint16 RGBA (H, W, 4), straight; RGB is 0 where alpha is 0."""
    rgba = np.empty((*picture.needed_levels.shape, 4), np.uint16)
    np.multiply(picture.rgb16, (picture.needed_levels > 0)[..., None], out=rgba[..., :3])
    rgba[..., 3] = to_depth(picture.needed_levels, 16)
    return rgba
