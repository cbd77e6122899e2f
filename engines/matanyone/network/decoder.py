"""Decoder: the target's features at stride 16 to alpha at full resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.blocks import GatedUpdate, ResidualBlock, add, pixel_major
from engines.matanyone.network.encoders import SENSORY_CHANNELS, ImageFeatures

_SKIP_CHANNELS = (512, 256, 64, 3)
"""Of the image's features at strides 8, 4, 2 and 1."""
_CHANNELS = (256, 128, 128, 64, 16)
"""Of the decoder at strides 16, 8, 4, 2 and 1."""
_STRIP_VALUES = 5 * 2**16
"""Values of a strip before its doubling, on a CPU: 5 MB after it."""


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
            levels: features at strides 16, 8, 4, 2 and 1, and the raw alpha, a further channel of the last.
            state: (1, 256, h, w).
        """
        size = state.shape[-2:]
        pooled = [functional.interpolate(level, size=size, mode="area") for level in levels[1:]]
        pooled[-2:] = [torch.cat(pooled[-2:], dim=1)]
        total = self.g16_conv(levels[0])
        for stride, level in zip((8, 4, 2, 1), pooled, strict=True):
            total = total + self.get_submodule(f"g{stride}_conv")(level)
        return super().forward(total, state)


class SkipProjection(nn.Module):
    """1x1 convolutions of the image's features to the decoder's channels, a level each."""

    def __init__(self) -> None:
        super().__init__()
        pairs = zip(_SKIP_CHANNELS, _CHANNELS[:-1], strict=True)
        self.transforms = nn.ModuleList(nn.Conv2d(skip, out, 1) for skip, out in pairs)

    def forward(self, features: ImageFeatures) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the projections at strides 8 and 4; the larger ones are made strip by strip."""
        return self.transforms[0](features.f8), self.transforms[1](features.f4)


class UpsampleBlock(nn.Module):
    """Doubles the resolution: (1, in, H, W) and a skip (1, in, 2H, 2W) to (1, out, 2H, 2W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.out_conv = ResidualBlock(in_channels, out_channels)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the block's output; see the class for shapes."""
        return self.out_conv(add(_doubled(features), skip))


class StripUpsampleBlock(UpsampleBlock):
    """An `UpsampleBlock` for large maps: its widest tensors exist for a strip of rows at a time.

    At 1080p the doubled map of the last level alone takes 530 MB. In strips it stays in a CPU's cache; the
    result is the same up to rounding. All of it is `pixel_major`, as is the result: nothing after it
    enlarges what the wider convolutions round otherwise there.
    """

    def upsample(
        self, features: torch.Tensor, skip: torch.Tensor, projection: nn.Conv2d
    ) -> torch.Tensor:
        """Return (1, out, 2H, 2W).

        Args:
            features: (1, in, H, W).
            skip: the image's features before their projection, (1, C, 2H, 2W).
            projection: 1x1 convolution of C to `in` channels.
        """
        features, skip = pixel_major(features), pixel_major(skip)
        whole: list[torch.Tensor] = []
        for start in range(0, features.shape[2], _strip_rows(features)):
            parts = self._strip(features, skip, projection, start)
            whole = whole or [self._map(part, skip.shape) for part in parts]
            for target, part in zip(whole, parts, strict=True):
                target[:, :, 2 * start : 2 * start + part.shape[2]] = part
        hidden, shortcut = whole
        return add(self.out_conv.conv2(hidden), shortcut)

    def _map(self, strip: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """Return memory for a whole map, into which its strips are written while the cache has them."""
        layout = torch.channels_last if strip.device.type == "cpu" else torch.contiguous_format
        whole = (1, strip.shape[1], *shape[2:])
        return torch.empty(whole, dtype=strip.dtype, device=strip.device, memory_format=layout)

    def _strip(
        self, features: torch.Tensor, skip: torch.Tensor, projection: nn.Conv2d, start: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first convolution's activation and the shortcut of one strip of source rows."""
        height = features.shape[2]
        stop = min(height, start + _strip_rows(features))
        # One row more on each side, for the interpolation and for the 3x3 convolution.
        low, high = max(0, start - 1), min(height, stop + 1)
        top, bottom = max(0, 2 * start - 1), min(2 * height, 2 * stop + 1)
        doubled = _doubled(features[:, :, low:high])[:, :, top - 2 * low : bottom - 2 * low]
        strip = add(projection(skip[:, :, top:bottom]), doubled)
        kept = slice(2 * start - top, 2 * stop - top)
        shortcut = self.out_conv.downsample(strip[:, :, kept])
        hidden = self.out_conv.conv1(functional.relu_(strip))
        return functional.relu_(hidden[:, :, kept]), shortcut


class AlphaDecoder(nn.Module):
    """Target features and image features to alpha; updates the sensory memory."""

    def __init__(self) -> None:
        super().__init__()
        self.sensory_update = SensoryUpdate()
        self.decoder_feat_proc = SkipProjection()
        self.up_16_8 = UpsampleBlock(_CHANNELS[0], _CHANNELS[1])
        self.up_8_4 = UpsampleBlock(_CHANNELS[1], _CHANNELS[2])
        self.up_4_2 = StripUpsampleBlock(_CHANNELS[2], _CHANNELS[3])
        self.up_2_1 = StripUpsampleBlock(_CHANNELS[3], _CHANNELS[4])
        # The segmentation head serves training alone; it is part of the checkpoint.
        self.pred_seg = nn.Conv2d(_CHANNELS[4], 1, 3, padding=1)
        self.pred_mat = nn.Conv2d(_CHANNELS[4], 1, 3, padding=1)

    def forward(
        self,
        features: ImageFeatures,
        skips: tuple[torch.Tensor, torch.Tensor],
        target: torch.Tensor,
        sensory: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return alpha (1, 1, H, W), float32 in [0, 1], and the new sensory memory.

        Args:
            features: of the image.
            skips: from `decoder_feat_proc`.
            target: the target's features, (1, 256, H/16, W/16).
            sensory: (1, 256, H/16, W/16).
        """
        projections = self.decoder_feat_proc.transforms
        g8 = self.up_16_8(target, skips[0])
        g4 = self.up_8_4(g8, skips[1])
        g2 = self.up_4_2.upsample(g4, features.f2, projections[2])
        g1 = self.up_2_1.upsample(g2, features.f1, projections[3])
        with torch.autocast(target.device.type, enabled=False):
            raw = self.pred_mat(functional.relu(g1.float()))
        sensory = self.sensory_update([target, g8, g4, g2, g1, raw], sensory)
        return raw.contiguous().clamp(0, 1), sensory


def _doubled(features: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def _strip_rows(features: torch.Tensor) -> int:
    """Return the source rows of a strip: on a CPU few enough for its cache, on a GPU few calls."""
    if features.device.type != "cpu":
        return 128
    row_values: int = features.shape[1] * features.shape[3]
    return max(16, _STRIP_VALUES // row_values)
