"""Blocks that several parts of the network use."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


def add(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the sum, in the memory of `first` unless autocast made their types differ."""
    return first.add_(second) if first.dtype == second.dtype else first + second


def normalised(norm: nn.Module, tensor: torch.Tensor) -> torch.Tensor:
    """Return the batch norm of a tensor (1, C, H, W) that nobody needs any more.

    On a CPU the result takes the tensor's own memory: the same bits in half of the time.
    """
    is_plain = tensor.device.type == "cpu" and tensor.dtype == torch.float32
    if not (is_plain and isinstance(norm, nn.BatchNorm2d)):
        result: torch.Tensor = norm(tensor)
        return result
    unused = tensor.new_empty(0)
    return torch.native_batch_norm(
        tensor,
        norm.weight,
        norm.bias,
        norm.running_mean,
        norm.running_var,
        False,
        0.0,
        norm.eps,
        out=(tensor, unused, unused),
    )[0]


def pixel_major(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor with its channels innermost in memory, on a CPU.

    There convolutions of up to 16 channels and pooling take half to a seventh of the time in this layout and
    give the same bits; wider convolutions don't give the same bits. On a GPU the tensor stays as it is.
    """
    if tensor.device.type != "cpu":
        return tensor
    return tensor.contiguous(memory_format=torch.channels_last)


def channel_major(tensor: torch.Tensor) -> torch.Tensor:
    """Return a `pixel_major` tensor (1, C, H, W) in the usual layout again.

    On a CPU torch transposes a matrix block by block, in a sixth of the time of its copy of a picture.
    """
    if tensor.device.type != "cpu" or not tensor.is_contiguous(memory_format=torch.channels_last):
        return tensor.contiguous()
    _, channels, height, width = tensor.shape
    pixels = tensor.permute(0, 2, 3, 1).reshape(height * width, channels)
    return pixels.t().contiguous().view(1, channels, height, width)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with the activation first: (1, in, H, W) to (1, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        same = in_channels == out_channels
        self.downsample = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's output; see the class for shapes."""
        inner = self.conv1(functional.relu(features))
        return add(self.conv2(functional.relu_(inner)), self.downsample(features))


class ChannelAttentionBlock(nn.Module):
    """Residual block whose channels are weighted by their means, (1, C, H, W) to the same shape.

    The attention is a 1-D convolution over the channels' means (Wang et al., ECA-Net, CVPR 2020), whose
    kernel size follows from the number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        width = int((math.log2(channels) + 1) // 2) | 1
        self.conv = nn.Conv1d(1, 1, width, padding=width // 2, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the block's output; see the class for shapes."""
        inner = self.conv1(functional.relu(features))
        inner = self.conv2(functional.relu_(inner))
        means = functional.adaptive_avg_pool2d(inner, 1).flatten(start_dim=1)[:, None]
        weights = self.conv(means)[0, 0, :, None, None].sigmoid()
        return add(inner * weights, features)


class SumProjection(nn.Module):
    """Sum of two feature maps after a 1x1 convolution of each."""

    def __init__(self, image_channels: int, target_channels: int, out_channels: int) -> None:
        super().__init__()
        self.x_transform = nn.Conv2d(image_channels, out_channels, 1)
        self.g_transform = nn.Conv2d(target_channels, out_channels, 1)

    def forward(self, image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return (1, out, H, W) of (1, image, H, W) and (1, target, H, W)."""
        return self.x_transform(image) + self.g_transform(target)


class FusionBlock(nn.Module):
    """Fuses features of the image and of the target, both at stride 16, into (1, out, H, W)."""

    def __init__(self, image_channels: int, target_channels: int, out_channels: int) -> None:
        super().__init__()
        self.distributor = SumProjection(image_channels, target_channels, out_channels)
        self.block1 = ChannelAttentionBlock(out_channels)
        self.block2 = ChannelAttentionBlock(out_channels)

    def forward(self, image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return (1, out, H, W) of (1, image, H, W) and (1, target, H, W)."""
        return self.block2(self.block1(self.distributor(image, target)))


class GatedUpdate(nn.Module):
    """Convolutional GRU step of the sensory memory, in float32 also under autocast (XMem, 3.4)."""

    def __init__(self, in_channels: int, state_channels: int) -> None:
        super().__init__()
        self.transform = nn.Conv2d(in_channels + state_channels, state_channels * 3, 3, padding=1)

    def forward(self, features: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Return the new state, (1, state, H, W), of features (1, in, H, W) and the old state."""
        with torch.autocast(features.device.type, enabled=False):
            state = state.float()
            gates = self.transform(torch.cat([features.float(), state], dim=1))
            forget, update, new = gates.chunk(3, dim=1)
            forget, update = forget.sigmoid(), update.sigmoid()
            return forget * state * (1 - update) + update * new.tanh()
