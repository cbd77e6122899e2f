"""Frames and masks as padded tensors at the processing size, and alphas back at the clip's size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from engines.matanyone.contract import SeedMask
from engines.matanyone.network.network import STRIDE
from utils.types import Alpha, Frame


@dataclass(frozen=True, slots=True)
class PixelMapper:
    """Conversions for one clip.

    Frames are scaled down by area and masks by nearest pixel, as upstream's `max_size` does, then padded
    with zeros on all sides to multiples of 16; alphas are cropped and scaled back bilinearly.

    Args:
        clip_wh: size of the clip, (width, height) in pixels.
        processing_wh: size that the network computes at.
        device: where tensors go.
    """

    clip_wh: tuple[int, int]
    processing_wh: tuple[int, int]
    device: str

    @property
    def padded_hw(self) -> tuple[int, int]:
        """Height and width of padded tensors, multiples of 16."""
        width, height = self.processing_wh
        return -(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE

    def image(self, frame: Frame) -> torch.Tensor:
        """Return a frame, uint8 RGB (H, W, 3), as a padded tensor (1, 3, H', W'), float32 in [0, 1]."""
        pixels = torch.from_numpy(np.require(frame, requirements=["C", "W"])).to(self.device)
        image = pixels.permute(2, 0, 1).contiguous().float()[None]
        if self._is_scaled:
            image = functional.interpolate(image, size=self.processing_wh[::-1], mode="area")
        return self._padded(image / 255.0)

    def seed_alpha(self, mask: SeedMask) -> torch.Tensor:
        """Return a seed mask, float32 (H, W) of 0 and 255, as a padded tensor (1, 1, H', W') of 0 and 1."""
        alpha = torch.from_numpy(mask).to(self.device)[None, None]
        if self._is_scaled:
            alpha = functional.interpolate(alpha, size=self.processing_wh[::-1], mode="nearest")
        return self._padded(alpha) / 255.0

    def clip_alpha(self, alpha: torch.Tensor) -> Alpha:
        """Return a padded alpha (1, 1, H', W') as float32 (H, W) of the clip's size."""
        width, height = self.processing_wh
        left, _, top, _ = self._padding
        alpha = alpha[..., top : top + height, left : left + width].float()
        if self._is_scaled:
            alpha = functional.interpolate(
                alpha, size=self.clip_wh[::-1], mode="bilinear", align_corners=False
            )
        return np.array(alpha[0, 0].cpu().numpy(), dtype=np.float32)

    @property
    def _is_scaled(self) -> bool:
        return self.processing_wh != self.clip_wh

    @property
    def _padding(self) -> tuple[int, int, int, int]:
        """Pixels added left, right, top and bottom."""
        (height, width), (inner_width, inner_height) = self.padded_hw, self.processing_wh
        left, top = (width - inner_width) // 2, (height - inner_height) // 2
        return left, width - inner_width - left, top, height - inner_height - top

    def _padded(self, tensor: torch.Tensor) -> torch.Tensor:
        return functional.pad(tensor, self._padding) if any(self._padding) else tensor
