"""Images into a frame network and alphas out of it, as the network's row declares; pure array work."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from engines.onnx.runtime.interface import Tensor
from engines.onnx.spec import NativeSize, NetworkSpec, ShortSide, SizeRule, Square
from utils.types import Alpha, Frame


def input_size_wh(rule: SizeRule, size_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the size, in pixels, that an image of `size_wh` goes in at."""
    width, height = size_wh
    if isinstance(rule, Square):
        return _width_in(rule, width / height), rule.side
    if isinstance(rule, ShortSide):
        between = max(width, height) >= rule.side >= min(width, height)
        if rule.always or not between:
            scale = rule.side / min(width, height)
            width, height = int(width * scale), int(height * scale)
        floor = rule.multiple
        return max(width // floor, 1) * floor, max(height // floor, 1) * floor
    return tuple(-(-side // rule.multiple) * rule.multiple for side in size_wh)  # type: ignore[return-value]


def _width_in(rule: Square, aspect: float) -> int:
    """Return the width, in pixels, that an image of an aspect ratio, width / height, goes in at."""
    if not rule.filled_from:
        return rule.side
    steps = round(rule.side * aspect / rule.filled_from / rule.multiple)
    return min(max(steps, 1) * rule.multiple, rule.side)


def to_input(
    spec: NetworkSpec, image: Frame, dtype: str, picture_wh: tuple[int, int] | None = None
) -> Tensor:
    """Return an image, uint8 RGB (H, W, 3), as the network's input, (1, 3, h, w) of the dtype.

    A crop of a picture of `picture_wh` pixels goes into a `Square` network in that one's shape.
    """
    if picture_wh is not None and isinstance(spec.size, Square):
        planes = cv2.split(resized(image, input_size_wh(spec.size, picture_wh)))
    else:
        planes = cv2.split(fitted(spec.size, image))
    if spec.colour_order == "BGR":
        planes = planes[::-1]
    # A channel has 256 levels: looking them up takes an eighth of the time of computing with each pixel.
    levels = np.arange(256, dtype=np.float32) * np.float32(spec.scale)
    tables = normalised(spec, levels[None, :, None].repeat(3, axis=2), dtype="float32")
    values = [cv2.LUT(plane, table) for plane, table in zip(planes, tables[0, :, 0], strict=True)]
    return np.stack(values)[None].astype(dtype, copy=False)


def fitted(rule: SizeRule, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an image or a map, (H, W[, C]), at the size that the rule wants."""
    width, height = input_size_wh(rule, (image.shape[1], image.shape[0]))
    if isinstance(rule, NativeSize):
        below, right = height - image.shape[0], width - image.shape[1]
        return np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE))
    return resized(image, (width, height))


def resized(values: npt.NDArray[Any], size_wh: tuple[int, int]) -> npt.NDArray[Any]:
    """Return an image or a map, (H, W[, C]), of another size: area means where it shrinks, else linear."""
    shrinks = size_wh[0] * size_wh[1] < values.shape[0] * values.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size_wh, interpolation=method))


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
    if isinstance(spec.size, NativeSize):
        values = values[: size_wh[1], : size_wh[0]]
    alpha: Alpha = np.clip(resized(values, size_wh), 0.0, 1.0, dtype=np.float32)
    return alpha


def activated(spec: NetworkSpec, output: Tensor) -> npt.NDArray[np.float32]:
    """Return the alpha output as float32 (h, w), through the activation that the file leaves out."""
    values = np.asarray(output, np.float32).reshape(output.shape[-2:])
    if spec.activation == "sigmoid":
        # Far below 0 the exponential would overflow.
        values = np.float32(1.0) / (np.float32(1.0) + np.exp(-np.maximum(values, -80.0)))
    return values
