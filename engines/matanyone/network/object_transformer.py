"""Cutie's object transformer: 16 object queries and the target's pixels attend to each other."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.blocks import ChannelAttentionBlock

CHANNELS = 256
QUERIES = 16
_HEADS = 8
_BLOCKS = 3
_HIDDEN = 2048
_PE_SCALE = 32
_PE_TEMPERATURE = 128


class PositionalEncoding(nn.Module):
    """2-D sines and cosines of positions normalised to [0, 32]; half of the channels a direction."""

    def __init__(self) -> None:
        super().__init__()
        half = CHANNELS // 2
        exponents = torch.arange(0, half, 2).float() / half
        self.register_buffer("inv_freq", 1 / _PE_TEMPERATURE**exponents)

    def forward(self, size_hw: tuple[int, int]) -> torch.Tensor:
        """Return the encoding of a grid, float32 (H, W, 256): columns in the first half, then rows."""
        rows, columns = (self._one_direction(length) for length in size_hw)
        height, width = size_hw
        return torch.cat(
            [columns.expand(height, -1, -1), rows[:, None].expand(-1, width, -1)], dim=-1
        )

    def _one_direction(self, length: int) -> torch.Tensor:
        positions = torch.arange(length, device=self.inv_freq.device, dtype=self.inv_freq.dtype)
        positions = positions / (positions[-1] + 1e-6) * _PE_SCALE
        angles = positions[:, None] * self.inv_freq
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(start_dim=1)


class CrossAttention(nn.Module):
    """Residual multi-head attention of (1, N, 256) to (1, M, 256), with encodings on query and key."""

    def __init__(self, normalised: bool) -> None:
        super().__init__()
        self.cross_attn = nn.MultiheadAttention(CHANNELS, _HEADS, batch_first=True)
        self.norm = nn.LayerNorm(CHANNELS) if normalised else nn.Identity()

    def forward(
        self,
        tokens: torch.Tensor,
        memory: torch.Tensor,
        encodings: tuple[torch.Tensor, torch.Tensor],
        blocked: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the new tokens.

        Args:
            tokens: (1, N, 256).
            memory: (1, M, 256).
            encodings: of the tokens and of the memory.
            blocked: bool (heads, N, M), true where attention is not allowed.
        """
        tokens = self.norm(tokens)
        read, _ = self.cross_attn(
            tokens + encodings[0],
            memory + encodings[1],
            memory,
            attn_mask=blocked,
            need_weights=False,
        )
        return tokens + read


class SelfAttention(nn.Module):
    """Residual multi-head attention of the object queries, (1, 16, 256), to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(CHANNELS, _HEADS, batch_first=True)
        self.norm = nn.LayerNorm(CHANNELS)

    def forward(self, queries: torch.Tensor, encoding: torch.Tensor) -> torch.Tensor:
        """Return the new queries."""
        queries = self.norm(queries)
        encoded = queries + encoding
        return queries + self.self_attn(encoded, encoded, queries)[0]


class QueryFeedForward(nn.Module):
    """Residual two-layer perceptron of each object query."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(CHANNELS, _HIDDEN)
        self.linear2 = nn.Linear(_HIDDEN, CHANNELS)
        self.norm = nn.LayerNorm(CHANNELS)

    def forward(self, queries: torch.Tensor) -> torch.Tensor:
        """Return the new queries, (1, 16, 256)."""
        return queries + self.linear2(functional.relu(self.linear1(self.norm(queries))))


class PixelFeedForward(nn.Module):
    """Convolutions over the pixel tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = ChannelAttentionBlock(CHANNELS)

    def forward(self, tokens: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
        """Return (1, 256, H, W) of tokens (1, HW, 256)."""
        return self.conv(tokens.transpose(1, 2).unflatten(2, size_hw).contiguous())


class TransformerBlock(nn.Module):
    """Queries read from pixels, then from each other; pixels read from queries."""

    def __init__(self) -> None:
        super().__init__()
        self.read_from_pixel = CrossAttention(normalised=True)
        self.self_attn = SelfAttention()
        self.ffn = QueryFeedForward()
        self.read_from_query = CrossAttention(normalised=False)
        self.pixel_ffn = PixelFeedForward()

    def forward(
        self,
        queries: torch.Tensor,
        pixels: torch.Tensor,
        encodings: tuple[torch.Tensor, torch.Tensor],
        blocked: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the new queries (1, 16, 256) and pixels (1, 256, H, W).

        Args:
            queries: (1, 16, 256).
            pixels: (1, 256, H, W).
            encodings: of the queries (1, 16, 256) and of the pixels (1, HW, 256).
            blocked: bool (heads, 16, HW), true where a query must not read.
        """
        size_hw = pixels.shape[-2:]
        tokens = pixels.flatten(2).transpose(1, 2).contiguous()
        queries = self.read_from_pixel(queries, tokens, encodings, blocked)
        queries = self.ffn(self.self_attn(queries, encodings[0]))
        tokens = self.read_from_query(tokens, queries, encodings[::-1])
        return queries, self.pixel_ffn(tokens, size_hw)


class ObjectTransformer(nn.Module):
    """Refines the target's pixel features with the object memory (Cutie, 3.2)."""

    def __init__(self) -> None:
        super().__init__()
        self.query_init = nn.Embedding(QUERIES, CHANNELS)
        self.query_emb = nn.Embedding(QUERIES, CHANNELS)
        self.summary_to_query_init = nn.Linear(CHANNELS, CHANNELS)
        self.summary_to_query_emb = nn.Linear(CHANNELS, CHANNELS)
        self.pixel_init_proj = nn.Conv2d(CHANNELS, CHANNELS, 1)
        self.pixel_emb_proj = nn.Conv2d(CHANNELS, CHANNELS, 1)
        self.spatial_pe = PositionalEncoding()
        self.blocks = nn.ModuleList(TransformerBlock() for _ in range(_BLOCKS))
        # The last prediction serves training alone; it is part of the checkpoint.
        self.mask_pred = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.Conv2d(CHANNELS, 1, 1)) for _ in range(_BLOCKS + 1)
        )

    def forward(
        self, pixels: torch.Tensor, summary: torch.Tensor, position: torch.Tensor
    ) -> torch.Tensor:
        """Return the refined features, (1, 256, H, W).

        Args:
            pixels: the target's features, (1, 256, H, W).
            summary: the object memory, (1, 16, 257): sums over pixels and, last, their weights.
            position: from `spatial_pe`, (H, W, 256).
        """
        means = summary[..., :-1] / (summary[..., -1:] + 1e-4)
        queries = self.query_init.weight + self.summary_to_query_init(means)
        query_encoding = self.query_emb.weight + self.summary_to_query_emb(means)
        embedding = self.pixel_emb_proj(pixels).flatten(2).transpose(1, 2).contiguous()
        pixel_encoding = position.to(pixels.dtype).flatten(0, 1) + embedding
        pixels = self.pixel_init_proj(pixels)
        for block, predict in zip(self.blocks, self.mask_pred, strict=False):
            blocked = _blocked(predict(pixels))
            queries, pixels = block(queries, pixels, (query_encoding, pixel_encoding), blocked)
        return pixels


def _blocked(logits: torch.Tensor) -> torch.Tensor:
    """Return where queries must not read, bool (heads, 16, HW), of mask logits (1, 1, H, W).

    One half of the queries reads the foreground, the other the background; a half without any pixel
    reads everything.
    """
    probability = logits.sigmoid().float().flatten()
    foreground = probability >= 1 - probability
    halves = torch.stack([~foreground, foreground])
    halves &= ~halves.all(dim=1, keepdim=True)
    blocked = halves.repeat_interleave(QUERIES // 2, dim=0)
    return blocked.expand(_HEADS, -1, -1)
