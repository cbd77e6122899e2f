"""A stream that sees every frame twice; it knows neither targets nor directions."""

from __future__ import annotations

import numpy as np

from engines.onnx.runtime.interface import NetworkStream, Tensor
from utils.types import Frame

LARGER = 1.25
"""How much larger the network sees the mirror image inside than the frame, up to the frame's own size."""


class TwoViews:
    """See `NetworkStream`: the mean of what the network says of a frame and of its mirror image.

    Each view has states of its own. Ragged edges and gaps that only one of them fills differ between them; their mean has less
    error and flickers less.

    Args:
        plain: sees the frames; its plan has the alpha as the only output.
        mirrored: sees their mirror images, at `LARGER` the size inside.
    """

    def __init__(self, plain: NetworkStream, mirrored: NetworkStream) -> None:
        self._plain = plain
        self._mirrored = mirrored

    def reset(self) -> None:
        """See `NetworkStream.reset`."""
        self._plain.reset()
        self._mirrored.reset()

    def step(self, frame: Frame) -> tuple[Tensor, ...]:
        """See `NetworkStream.step`: the mean alpha alone, float32 (1, 1, H, W)."""
        alpha = self._plain.step(frame)[0]
        other = self._mirrored.step(np.ascontiguousarray(frame[:, ::-1]))[0]
        mean = np.add(alpha, other[..., ::-1], dtype=np.float32)
        mean *= np.float32(0.5)
        return (mean,)
