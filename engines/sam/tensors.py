"""Conversion between frames and SAM's tensors: the network's input, and masks from its logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engines.sam.loading import Network
from utils.errors import EngineError
from utils.types import Frame, Mask

if TYPE_CHECKING:
    import torch


def pixels(network: Network, image: Frame) -> torch.Tensor:
    """Return the network's input (1, 3, S, S): the image resized to a square, normalised.

    The resize runs on the CPU: the antialiasing kernel for bytes exists only there. Equal to
    transformers' own processors on a CPU.
    """
    import torch
    import torch.nn.functional as F

    side = network.image_size
    planes = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    small = F.interpolate(planes, (side, side), mode="bilinear", antialias=True)
    mean = torch.tensor(network.kind.mean).view(1, 3, 1, 1)
    std = torch.tensor(network.kind.std).view(1, 3, 1, 1)
    return ((small.float() / 255 - mean) / std).to(network.device, network.dtype)


def to_mask(logits: torch.Tensor, size_wh: tuple[int, int], name: str, frame: int = 0) -> Mask:
    """Return low-resolution logits (h, w) as a mask, bool (H, W), of the picture's size.

    Raises:
        EngineError: a logit is not finite.
    """
    import torch
    import torch.nn.functional as F

    width, height = size_wh
    logits = logits.float()
    if not bool(torch.isfinite(logits).all()):
        raise EngineError("engine.bad_alpha", name=name, frame=frame, problem="not a number")
    large = F.interpolate(logits[None, None], (height, width), mode="bilinear", align_corners=False)
    mask: Mask = (large[0, 0] > 0).cpu().numpy()
    return mask
