"""Descriptors of a picture's places by the backbone of Robust Video Matting; see `DescriptorNetwork`."""

from __future__ import annotations

import cv2
import numpy as np

from engines.onnx.runtime.choice import memory_errors
from engines.onnx.runtime.interface import NetworkSession
from engines.onnx.runtime.with_onnxruntime import to_tensor
from engines.onnx.spec import NativeSize, NetworkSpec
from utils.types import FloatImage, Frame

_AREA = 864 * 480
"""Pixels at most that an image goes in with: 0.09 s on one core, and descriptors of about 6500 places."""
_MULTIPLE = 16
"""Both sides are multiples of it, so that the layers' places lie upon each other."""


def descriptors_of(session: NetworkSession, spec: NetworkSpec, image: Frame) -> FloatImage:
    """Return the tensors of a session side by side, float32 (h, w, C), at the size of the first one.

    Args:
        session: `NetworkFile.open_descriptors` of the network.
        spec: its row.
        image: uint8 RGB (H, W, 3).
    """
    assert isinstance(spec.size, NativeSize)
    height, width = image.shape[:2]
    scale = min(1.0, float(np.sqrt(_AREA / (width * height))))
    size_wh = _on_grid(width * scale), _on_grid(height * scale)
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    feeds = {
        spec.image_input: to_tensor(small, "float32", spec.colour_order),
        spec.size.ratio_input: np.ones(1, np.float32),
    }
    with memory_errors():
        tensors = session.run(feeds, spec.descriptors)
    first_wh = tensors[0].shape[:1:-1]
    # A channel at a time: OpenCV scales pictures of few channels only.
    channels = [cv2.resize(channel, first_wh) for tensor in tensors for channel in tensor[0]]
    return np.stack(channels, axis=-1, dtype=np.float32)


def _on_grid(side: float) -> int:
    return max(_MULTIPLE, round(side / _MULTIPLE) * _MULTIPLE)
