"""MatAnyone's whole network: four calls that a recurrent core makes for each frame."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.blocks import FusionBlock, normalised
from engines.matanyone.network.decoder import AlphaDecoder
from engines.matanyone.network.encoders import (
    PIXEL_CHANNELS,
    SENSORY_CHANNELS,
    VALUE_CHANNELS,
    ImageEncoder,
    ImageFeatures,
    KeyProjection,
    MaskEncoder,
)
from engines.matanyone.network.object_summary import ObjectSummarizer
from engines.matanyone.network.object_transformer import ObjectTransformer

STRIDE = 16
"""Pixels a side of one attention token; images are padded to a multiple."""
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Positions:
    """Positional encodings of one size, (H/16, W/16, 256): of the transformer and the summaries."""

    transformer: torch.Tensor
    summary: torch.Tensor


@dataclass(slots=True)
class FrameState:
    """What the next frame needs of a target besides its memory bank; h = H/16, w = W/16.

    sensory (1, 256, h, w), float32; summary (1, 16, 257), sums over the memory frames; alpha16, the last
    alpha averaged down to stride 16, (1, 1, h, w); value, the last frame's memory value, and pixel, its
    pixel features, (1, 256, h, w).
    """

    sensory: torch.Tensor
    summary: torch.Tensor
    alpha16: torch.Tensor
    value: torch.Tensor
    pixel: torch.Tensor


class UncertaintyHead(nn.Module):
    """Predicts where the target changed since the last frame (MatAnyone, 3.2)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1x1_v2 = nn.Conv2d(2 * PIXEL_CHANNELS + 1 + VALUE_CHANNELS, 64, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv3x3 = nn.Conv2d(64, 32, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3x3_out = nn.Conv2d(32, 1, 3, padding=1, bias=False)

    def forward(
        self,
        last_pixel: torch.Tensor,
        pixel: torch.Tensor,
        last_alpha: torch.Tensor,
        value_change: torch.Tensor,
    ) -> torch.Tensor:
        """Return the probability of a change, (1, 1, h, w).

        Args:
            last_pixel: pixel features of the last frame, (1, 256, h, w).
            pixel: pixel features of this frame, (1, 256, h, w).
            last_alpha: (1, 1, h, w) in [0, 1].
            value_change: memory readout less the last frame's value, (1, 256, h, w).
        """
        inner = torch.cat([last_pixel, pixel, last_alpha, value_change], dim=1)
        inner = functional.relu_(normalised(self.bn1, self.conv1x1_v2(inner)))
        inner = functional.relu_(normalised(self.bn2, self.conv3x3(inner)))
        return self.conv3x3_out(inner).sigmoid()


class PixelFuser(nn.Module):
    """Fuses memory readout, sensory memory, last alpha and the image's features."""

    def __init__(self) -> None:
        super().__init__()
        self.fuser = FusionBlock(PIXEL_CHANNELS, VALUE_CHANNELS, VALUE_CHANNELS)
        self.sensory_compress = nn.Conv2d(SENSORY_CHANNELS + 1, VALUE_CHANNELS, 1)

    def forward(
        self,
        pixel: torch.Tensor,
        readout: torch.Tensor,
        sensory: torch.Tensor,
        last_alpha: torch.Tensor,
    ) -> torch.Tensor:
        """Return the target's features, (1, 256, h, w); all arguments are at stride 16."""
        target = readout + self.sensory_compress(torch.cat([sensory, last_alpha], dim=1))
        return self.fuser(pixel, target)


class _SensoryPrediction(nn.Module):
    """A training loss's projection; it is part of the checkpoint and never called."""

    def __init__(self) -> None:
        super().__init__()
        self.projection = nn.Conv2d(SENSORY_CHANNELS, PIXEL_CHANNELS + 1, 1)


class MatAnyoneNetwork(nn.Module):
    """The published architecture of both generations for one target; 562 tensors in a checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.pixel_encoder = ImageEncoder()
        self.pix_feat_proj = nn.Conv2d(1024, PIXEL_CHANNELS, 1)
        self.key_proj = KeyProjection()
        self.mask_encoder = MaskEncoder()
        self.mask_decoder = AlphaDecoder()
        self.pixel_fuser = PixelFuser()
        self.object_transformer = ObjectTransformer()
        self.object_summarizer = ObjectSummarizer()
        self.aux_computer = nn.ModuleDict({"sensory_aux": _SensoryPrediction()})
        self.temp_sparity = UncertaintyHead()
        for name, values in (("pixel_mean", _MEAN), ("pixel_std", _STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def positions(self, size_hw: tuple[int, int]) -> Positions:
        """Return the positional encodings of images padded to `size_hw` pixels."""
        tokens_hw = size_hw[0] // STRIDE, size_hw[1] // STRIDE
        return Positions(
            self.object_transformer.spatial_pe(tokens_hw),
            self.object_summarizer.pos_enc(tokens_hw),
        )

    def encode_image(self, image: torch.Tensor) -> ImageFeatures:
        """Return the features of an image (1, 3, H, W) in [0, 1], sides multiples of 16."""
        image = (image - self.pixel_mean) / self.pixel_std
        f16, f8, f4, f2 = self.pixel_encoder(image)
        key, shrinkage, selection = self.key_proj(f16)
        return ImageFeatures(
            f16, f8, f4, f2, image, self.pix_feat_proj(f16), key, shrinkage, selection
        )

    def encode_alpha(self, features: ImageFeatures, alpha: torch.Tensor) -> torch.Tensor:
        """Return the memory value of an alpha (1, 1, H, W) in [0, 1], (1, 256, H/16, W/16)."""
        return self.mask_encoder(features, alpha)

    def change_probability(
        self, features: ImageFeatures, state: FrameState, readout: torch.Tensor
    ) -> torch.Tensor:
        """Return where the target changed since the last frame, (1, 1, h, w) in [0, 1]."""
        change = readout - state.value
        return self.temp_sparity(state.pixel, features.pixel, state.alpha16, change)

    def decode(
        self,
        features: ImageFeatures,
        skips: tuple[torch.Tensor, torch.Tensor],
        readout: torch.Tensor,
        state: FrameState,
        position: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return alpha (1, 1, H, W), float32 in [0, 1], and the new sensory memory.

        Args:
            features: of the image.
            skips: from `mask_decoder.decoder_feat_proc`.
            readout: memory readout, (1, 256, h, w).
            state: of the target after the last frame.
            position: from `positions(...).transformer`.
        """
        target = self.pixel_fuser(features.pixel, readout, state.sensory, state.alpha16)
        target = self.object_transformer(target, state.summary, position)
        alpha, sensory = self.mask_decoder(features, skips, target, state.sensory)
        return alpha, sensory

    def follow(
        self,
        features: ImageFeatures,
        skips: tuple[torch.Tensor, torch.Tensor],
        readout: torch.Tensor,
        state: FrameState,
        position: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return a later frame's alpha, new sensory memory and memory value; see `decode`.

        Where the target has not changed, the last frame's value takes the place of what memory gives.
        """
        changed = self.change_probability(features, state, readout)
        readout = readout * changed + state.value * (1 - changed)
        alpha, sensory = self.decode(features, skips, readout, state, position)
        return alpha, sensory, self.encode_alpha(features, alpha)
