"""Robust Video Matting on one image by itself, as a foreground network; see `ForegroundNetwork`."""

from __future__ import annotations

import cv2
import numpy as np

from engines.onnx.runtime.choice import memory_errors
from engines.onnx.runtime.interface import NetworkSession, Tensor
from engines.onnx.runtime.with_onnxruntime import to_tensor
from engines.onnx.spec import NativeSize, NetworkSpec
from utils.types import Alpha, Frame

_LONG_SIDE = 512
"""Longer side, in pixels, that an image goes in at: what the network's inside works at in a clip, too."""
_STEPS = 3
"""Times that the image goes in: from empty states the outline is ragged."""


def foreground_of(session: NetworkSession, spec: NetworkSpec, image: Frame) -> Alpha:
    """Return the alpha of the people in an image, float32 (H, W) in [0, 1] of its own size.

    It opens no stream, which a runtime would compile again for each size of a crop.

    Args:
        session: the loaded network.
        spec: its row.
        image: uint8 RGB (H, W, 3).
    """
    assert isinstance(spec.size, NativeSize)
    height, width = image.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA) if scale < 1.0 else image
    dtype = next(item.dtype for item in session.inputs if item.name == spec.image_input)
    feeds: dict[str, Tensor] = {
        spec.image_input: to_tensor(small, dtype, spec.colour_order),
        spec.size.ratio_input: np.ones(1, np.float32),
    }
    states = [np.zeros((1, state.channels, 1, 1), dtype) for state in spec.states]
    wanted = [spec.alpha_output, *(state.output_name for state in spec.states)]
    for _ in range(_STEPS):
        names = (state.input_name for state in spec.states)
        with memory_errors():
            alpha, *states = session.run({**feeds, **dict(zip(names, states, strict=True))}, wanted)
    full = cv2.resize(np.asarray(alpha[0, 0], np.float32), (width, height))
    result: Alpha = np.clip(full, 0.0, 1.0, dtype=np.float32)
    return result
