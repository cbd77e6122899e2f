"""Conversion between frames and SAM's tensors: the network's input, and masks from its logits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engines.sam.loading import Network
from utils.errors import EngineError
from utils.types import Frame, Mask

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


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


def to_mask(
    logits: torch.Tensor,
    size_wh: tuple[int, int],
    name: str,
    frame: int = 0,
    speck_area: int = 0,
) -> Mask:
    """Return low-resolution logits (h, w) as a mask, bool (H, W), of the picture's size.

    Args:
        logits: of the object's presence; above 0 is inside.
        size_wh: the picture's size in pixels.
        name: the engine, for the error's text.
        frame: the frame's number in the clip, for the error's text.
        speck_area: see `without_specks`; 0 keeps all.

    Raises:
        EngineError: a logit is not finite.
    """
    import torch.nn.functional as F

    width, height = size_wh
    logits = logits.float()
    check_finite(logits, name, frame)
    if speck_area:
        logits = without_specks(logits, speck_area)
    large = F.interpolate(logits[None, None], (height, width), mode="bilinear", align_corners=False)
    mask: Mask = (large[0, 0] > 0).cpu().numpy()
    return mask


def without_specks(logits: torch.Tensor, area: int) -> torch.Tensor:
    """Return logits (h, w) with small holes filled and small separate parts removed, in main memory.

    As `fill_holes_in_mask_scores` of Meta's `sam3_tracker_utils.py`: parts of up to `area` pixels, joined
    over corners as well, change sign; of the object at most half its area may go, so that a tiny object
    stays.
    """
    import torch

    values = logits.float().cpu().numpy()
    values = np.where(_small_parts(values <= 0, area), np.float32(0.1), values)
    inside = values > 0
    limit = min(area, int(inside.sum()) // 2)
    return torch.from_numpy(np.where(_small_parts(inside, limit), np.float32(-0.1), values))


def _small_parts(mask: Mask, area: int) -> Mask:
    """Return the connected parts of a mask, bool (h, w), that have at most `area` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= area
    small[0] = False
    parts: Mask = small[labels]
    return parts


def within_range(network: Network, encode: Callable[[], list[torch.Tensor]]) -> list[torch.Tensor]:
    """Return what `encode` gives; where float16 overflows, once more in bfloat16, and so from then on.

    Args:
        network: the one that `encode` runs.
        encode: returns features; it must not change any state.
    """
    import torch

    features = encode()
    if network.dtype is torch.float16 and not all(bool(f.isfinite().all()) for f in features):
        logger.warning("%s: float16 overflowed; going on in bfloat16", network.kind.model_type)
        network.widen()
        features = encode()
    return features


def check_finite(values: torch.Tensor, name: str, frame: int = 0) -> None:
    """Check what a model gave.

    Raises:
        EngineError: a value is not finite.
    """
    import torch

    if not bool(torch.isfinite(values).all()):
        raise EngineError("engine.bad_alpha", name=name, frame=frame, problem="not a number")
