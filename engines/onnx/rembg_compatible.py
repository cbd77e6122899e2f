"""Alphas as rembg makes them, for users who compare: image by image, stretched to the full range.

Not for video: an empty frame becomes a mask of noise, and the brightness pumps. Protocol: `sessions/base.py`
and the sessions of each network in rembg 2.0.86.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from engines.onnx.pictures import activated, normalised
from engines.onnx.runtime.interface import Tensor
from engines.onnx.spec import NetworkSpec, Square
from utils.types import Alpha, Frame

_LEAST_MAXIMUM = 1e-6


def rembg_input(spec: NetworkSpec, image: Frame, dtype: str) -> Tensor:
    """Return the network's input (1, 3, S, S) of an image, uint8 RGB (H, W, 3).

    It is scaled to the square by Lanczos and divided by its own maximum, as rembg's sessions do.
    """
    if not isinstance(spec.size, Square):
        raise ValueError("rembg has no network with such a size rule")
    side = (spec.size.side, spec.size.side)
    scaled = np.asarray(Image.fromarray(image).resize(side, Image.Resampling.LANCZOS), np.float32)
    return normalised(spec, scaled / max(float(scaled.max()), _LEAST_MAXIMUM), dtype)


def rembg_alpha(spec: NetworkSpec, output: Tensor, size_wh: tuple[int, int]) -> Alpha:
    """Return the alpha: stretched to 0..1, floored to 8 bits, Lanczos to `size_wh`; float32 (H, W).

    A constant output, which rembg divides by zero, gives an empty alpha.
    """
    values = activated(spec, output)
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    levels = ((values - low) / span * 255).astype(np.uint8)
    full = Image.fromarray(levels).resize(size_wh, Image.Resampling.LANCZOS)
    return np.asarray(full, np.float32) / np.float32(255.0)
