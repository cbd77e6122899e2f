"""Images into a frame network and alphas out of it, as the network's row declares; pure array work."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from engines.onnx.runtime.interface import Tensor
from engines.onnx.spec import NetworkSpec, ShortSide, SizeRule, Square
from utils.types import Alpha, Frame


def input_size_wh(rule: SizeRule, size_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the size, in pixels, that an image of `size_wh` goes in at."""
    width, height = size_wh
    if isinstance(rule, Square):
        return rule.side, rule.side
    if isinstance(rule, ShortSide):
        if max(width, height) < rule.side or min(width, height) > rule.side:
            scale = rule.side / min(width, height)
            width, height = int(width * scale), int(height * scale)
        floor = rule.multiple
        return max(width // floor, 1) * floor, max(height // floor, 1) * floor
    return size_wh


def to_input(spec: NetworkSpec, image: Frame, dtype: str) -> Tensor:
    """Return an image, uint8 RGB (H, W, 3), as the network's input, (1, 3, h, w) of the dtype."""
    size_wh = input_size_wh(spec.size, (image.shape[1], image.shape[0]))
    shrinks = size_wh[0] * size_wh[1] < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled = cv2.resize(image, size_wh, interpolation=method).astype(np.float32)
    return normalised(spec, scaled * np.float32(spec.scale), dtype)


def normalised(spec: NetworkSpec, scaled: npt.NDArray[np.float32], dtype: str) -> Tensor:
    """Return a picture, float32 RGB (h, w, 3) in [0, 1], with mean and deviation taken out, NCHW."""
    values = (scaled - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    if spec.colour_order == "BGR":
        values = values[..., ::-1]
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=dtype)


def to_alpha(spec: NetworkSpec, output: Tensor, size_wh: tuple[int, int]) -> Alpha:
    """Return the alpha output, (1, 1, h, w) or (1, h, w), as float32 (H, W) in [0, 1] of `size_wh`.

    The network's own range is kept: a stretch to the full range would turn an empty frame into a mask.
    """
    values = activated(spec, output)
    shrinks = size_wh[0] * size_wh[1] < values.size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    alpha = np.clip(cv2.resize(values, size_wh, interpolation=method), 0.0, 1.0)
    return np.asarray(alpha, np.float32)


def activated(spec: NetworkSpec, output: Tensor) -> npt.NDArray[np.float32]:
    """Return the alpha output as float32 (h, w), through the activation that the file leaves out."""
    values = np.asarray(output, np.float32).reshape(output.shape[-2:])
    if spec.activation == "sigmoid":
        values = np.float32(1.0) / (np.float32(1.0) + np.exp(-values))
    return values
