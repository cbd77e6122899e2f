"""Residual stages of ResNet-18 and ResNet-50 (He et al., Deep Residual Learning, CVPR 2016)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.blocks import normalised


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, ResNet-18's block: (1, in, H, W) to (1, width, H/stride, W/stride)."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _projection(in_channels, width, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's output; see the class for shapes."""
        inner = functional.relu_(normalised(self.bn1, self.conv1(features)))
        inner = normalised(self.bn2, self.conv2(inner))
        shortcut = _shortcut(self.downsample, features)
        return functional.relu_(inner.add_(shortcut))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, ResNet-50's block: `width` inside, 4 x `width` out."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        out_channels = width * self.expansion
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = _projection(in_channels, out_channels, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's output; see the class for shapes."""
        inner = functional.relu_(normalised(self.bn1, self.conv1(features)))
        inner = functional.relu_(normalised(self.bn2, self.conv2(inner)))
        inner = normalised(self.bn3, self.conv3(inner))
        shortcut = _shortcut(self.downsample, features)
        return functional.relu_(inner.add_(shortcut))


def stage(
    block: type[BasicBlock] | type[Bottleneck],
    in_channels: int,
    width: int,
    count: int,
    stride: int = 1,
) -> nn.Sequential:
    """Return `count` blocks, of which the first one reduces the resolution by `stride`."""
    blocks = [block(in_channels, width, stride)]
    blocks += [block(width * block.expansion, width, 1) for _ in range(count - 1)]
    return nn.Sequential(*blocks)


def _shortcut(downsample: nn.Sequential | None, features: torch.Tensor) -> torch.Tensor:
    if downsample is None:
        return features
    return normalised(downsample[1], downsample[0](features))


def _projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )
