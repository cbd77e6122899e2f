"""One window by upstream's steps on our networks, without crop, blending or context frames: the reference for tests and
benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engines.videomama.networks import Latents, Networks
from engines.videomama.plan import DECODE_CHUNK, Span, split
from utils.types import Frame

if TYPE_CHECKING:
    import torch


def run_window(
    networks: Networks,
    frames: npt.NDArray[np.uint8],
    masks: npt.NDArray[np.uint8],
    noise: Latents,
) -> npt.NDArray[np.float32]:
    """Matte one window with the noise given: no crop, no context frames, no empty-mask rule.

    Args:
        frames: uint8 RGB (T, H, W, 3), sides multiples of 8.
        masks: uint8 (T, H, W), 0 to 255; grey edges of a scaled mask are taken as they are.
        noise: float32 (T, 4, H/8, W/8).

    Returns:
        Alpha, float32 (T, H, W) in [0, 1].
    """
    rgb = np.stack([networks.encode(_signed(frame)) for frame in frames])
    grey = (np.repeat(mask[..., None], 3, axis=2) for mask in masks)
    guides = np.stack([networks.encode(_signed(mask)) for mask in grey])
    latents = networks.predict(noise, rgb, guides)
    chunks = split(Span(0, len(latents)), DECODE_CHUNK)
    return np.concatenate([networks.decode(latents[chunk.start : chunk.stop]) for chunk in chunks])


def _signed(image: Frame) -> torch.Tensor:
    import torch

    return torch.from_numpy(image).permute(2, 0, 1).contiguous().float() / 255.0 * 2.0 - 1.0
