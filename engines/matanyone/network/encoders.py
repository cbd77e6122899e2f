"""Encoders: an image into features and attention keys, an alpha into the target's memory value."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.blocks import (
    FusionBlock,
    GatedUpdate,
    channel_major,
    normalised,
    pixel_major,
)
from engines.matanyone.network.resnet import BasicBlock, Bottleneck, stage

PIXEL_CHANNELS = 256
KEY_CHANNELS = 64
VALUE_CHANNELS = 256
SENSORY_CHANNELS = 256
_F16_CHANNELS = 1024


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Features of one normalised image (1, 3, H, W), the same for every target.

    f16 (1, 1024, H/16, W/16), f8 (1, 512, …), f4 (1, 256, …), f2 (1, 64, …), f1 the image itself;
    pixel (1, 256, H/16, W/16); key and selection (1, 64, HW/256), shrinkage (1, 1, HW/256).
    """

    f16: torch.Tensor
    f8: torch.Tensor
    f4: torch.Tensor
    f2: torch.Tensor
    f1: torch.Tensor
    pixel: torch.Tensor
    key: torch.Tensor
    shrinkage: torch.Tensor
    selection: torch.Tensor


class ImageEncoder(nn.Module):
    """ResNet-50 without its last stage."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.res2 = stage(Bottleneck, 64, 64, 3)
        self.layer2 = stage(Bottleneck, 256, 128, 4, stride=2)
        self.layer3 = stage(Bottleneck, 512, 256, 6, stride=2)

    def forward(
        self, image: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return f16, f8, f4 and f2 of an image (1, 3, H, W); see `ImageFeatures`."""
        f2 = functional.relu_(normalised(self.bn1, self.conv1(pixel_major(image))))
        f4 = self.res2(channel_major(functional.max_pool2d(f2, 3, stride=2, padding=1)))
        f8 = self.layer2(f4)
        return self.layer3(f8), f8, f4, f2


class KeyProjection(nn.Module):
    """Key, shrinkage and selection of XMem's anisotropic L2 attention."""

    def __init__(self) -> None:
        super().__init__()
        self.pix_feat_proj = nn.Conv2d(_F16_CHANNELS, PIXEL_CHANNELS, 1)
        self.key_proj = nn.Conv2d(PIXEL_CHANNELS, KEY_CHANNELS, 3, padding=1)
        self.d_proj = nn.Conv2d(PIXEL_CHANNELS, 1, 3, padding=1)
        self.e_proj = nn.Conv2d(PIXEL_CHANNELS, KEY_CHANNELS, 3, padding=1)

    def forward(self, f16: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return key (1, 64, T), shrinkage (1, 1, T) and selection (1, 64, T), T = H/16 x W/16."""
        pixel = self.pix_feat_proj(f16)
        key, shrinkage = self.key_proj(pixel), self.d_proj(pixel) ** 2 + 1
        selection = self.e_proj(pixel).sigmoid()
        return key.flatten(2), shrinkage.flatten(2), selection.flatten(2)


class MaskEncoder(nn.Module):
    """ResNet-18 over image and alpha without its last stage, fused with the image's features."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = stage(BasicBlock, 64, 64, 2)
        self.layer2 = stage(BasicBlock, 64, 128, 2, stride=2)
        self.layer3 = stage(BasicBlock, 128, 256, 2, stride=2)
        self.fuser = FusionBlock(PIXEL_CHANNELS, 256, VALUE_CHANNELS)
        self.sensory_update = GatedUpdate(VALUE_CHANNELS, SENSORY_CHANNELS)

    def forward(self, features: ImageFeatures, alpha: torch.Tensor) -> torch.Tensor:
        """Return the memory value, (1, 256, H/16, W/16), of an alpha (1, 1, H, W) in [0, 1]."""
        inner = self.conv1(pixel_major(torch.cat([features.f1, alpha], dim=1)))
        inner = normalised(self.bn1, inner)
        inner = channel_major(functional.max_pool2d(inner, 3, stride=2, padding=1))
        inner = functional.relu_(inner)
        inner = self.layer3(self.layer2(self.layer1(inner)))
        return self.fuser(features.pixel, inner)
