"""Decoder: the target's features at stride 16 to alpha at full resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.blocks import GatedUpdate, ResidualBlock, add
from engines.matanyone.network.encoders import SENSORY_CHANNELS, ImageFeatures

_SKIP_CHANNELS = (512, 256, 64, 3)
"""Of the image's features at strides 8, 4, 2 and 1."""
_CHANNELS = (256, 128, 128, 64, 16)
"""Of the decoder at strides 16, 8, 4, 2 and 1."""


class SensoryUpdate(GatedUpdate):
    """Updates the sensory memory from all levels of the decoder, averaged down to stride 16."""

    def __init__(self) -> None:
        super().__init__(SENSORY_CHANNELS, SENSORY_CHANNELS)
        for level, stride in enumerate((16, 8, 4, 2, 1)):
            channels = _CHANNELS[level] + (stride == 1)
            self.add_module(f"g{stride}_conv", nn.Conv2d(channels, SENSORY_CHANNELS, 1))

    def forward(self, levels: Sequence[torch.Tensor], state: torch.Tensor) -> torch.Tensor:
        """Return the new sensory memory, (1, 256, h, w).

        Args:
            levels: features at strides 16, 8, 4, 2 and 1, the last with the raw alpha as a channel.
            state: (1, 256, h, w).
        """
        size = state.shape[-2:]
        total = self.g16_conv(levels[0])
        for stride, level in zip((8, 4, 2, 1), levels[1:], strict=True):
            pooled = functional.interpolate(level, size=size, mode="area")
            total = total + self.get_submodule(f"g{stride}_conv")(pooled)
        return super().forward(total, state)


class SkipProjection(nn.Module):
    """1x1 convolutions of the image's features to the decoder's channels, a level each."""

    def __init__(self) -> None:
        super().__init__()
        pairs = zip(_SKIP_CHANNELS, _CHANNELS[:-1], strict=True)
        self.transforms = nn.ModuleList(nn.Conv2d(skip, out, 1) for skip, out in pairs)

    def forward(self, features: ImageFeatures) -> list[torch.Tensor]:
        """Return the projections at strides 8, 4, 2 and 1."""
        levels = (features.f8, features.f4, features.f2, features.f1)
        return [conv(level) for conv, level in zip(self.transforms, levels, strict=True)]


class UpsampleBlock(nn.Module):
    """Doubles the resolution: (1, in, H, W) and a skip (1, in, 2H, 2W) to (1, out, 2H, 2W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.out_conv = ResidualBlock(in_channels, out_channels)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the block's output; see the class for shapes."""
        doubled = functional.interpolate(
            features, scale_factor=2, mode="bilinear", align_corners=False
        )
        return self.out_conv(add(doubled, skip))


class AlphaDecoder(nn.Module):
    """Target features and image features to alpha; updates the sensory memory."""

    def __init__(self) -> None:
        super().__init__()
        self.sensory_update = SensoryUpdate()
        self.decoder_feat_proc = SkipProjection()
        self.up_16_8 = UpsampleBlock(_CHANNELS[0], _CHANNELS[1])
        self.up_8_4 = UpsampleBlock(_CHANNELS[1], _CHANNELS[2])
        self.up_4_2 = UpsampleBlock(_CHANNELS[2], _CHANNELS[3])
        self.up_2_1 = UpsampleBlock(_CHANNELS[3], _CHANNELS[4])
        # The segmentation head serves training alone; it is part of the checkpoint.
        self.pred_seg = nn.Conv2d(_CHANNELS[4], 1, 3, padding=1)
        self.pred_mat = nn.Conv2d(_CHANNELS[4], 1, 3, padding=1)

    def forward(
        self, skips: Sequence[torch.Tensor], target: torch.Tensor, sensory: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return alpha (1, 1, H, W), float32 in [0, 1], and the new sensory memory.

        Args:
            skips: the image's features from `decoder_feat_proc`.
            target: the target's features, (1, 256, H/16, W/16).
            sensory: (1, 256, H/16, W/16).
        """
        g8 = self.up_16_8(target, skips[0])
        g4 = self.up_8_4(g8, skips[1])
        g2 = self.up_4_2(g4, skips[2])
        g1 = self.up_2_1(g2, skips[3])
        with torch.autocast(target.device.type, enabled=False):
            raw = self.pred_mat(functional.relu(g1.float()))
        g1 = torch.cat([g1, raw], dim=1)
        sensory = self.sensory_update([target, g8, g4, g2, g1], sensory)
        return raw.clamp(0, 1), sensory
