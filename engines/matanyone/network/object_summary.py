"""Object memory: 16 summaries of the target and its background, pooled over a frame (Cutie, 3.3)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from engines.matanyone.network.object_transformer import CHANNELS, QUERIES, PositionalEncoding


class ObjectSummarizer(nn.Module):
    """Pools memory values with learned weights, one half inside alpha, the other half outside."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_enc = PositionalEncoding()
        self.input_proj = nn.Linear(CHANNELS, CHANNELS)
        self.feature_pred = _perceptron(CHANNELS)
        self.weights_pred = _perceptron(QUERIES)

    def forward(
        self, alpha: torch.Tensor, value: torch.Tensor, position: torch.Tensor
    ) -> torch.Tensor:
        """Return the summaries, (1, 16, 257), float32: weighted sums and, last, the weights' sums.

        Args:
            alpha: (1, 1, 16H, 16W) in [0, 1].
            value: the frame's memory value, (1, 256, H, W).
            position: from `pos_enc`, (H, W, 256).
        """
        inside = functional.interpolate(alpha, size=value.shape[-2:], mode="area")[0, 0, ..., None]
        half = QUERIES // 2
        shares = torch.cat([inside.expand(-1, -1, half), (1 - inside).expand(-1, -1, half)], dim=-1)
        tokens = self.input_proj(value[0].permute(1, 2, 0))
        tokens = tokens + position.to(tokens.dtype)
        with torch.autocast(value.device.type, enabled=False):
            tokens = tokens.float()
            features = self.feature_pred(tokens).flatten(0, 1)
            weights = (self.weights_pred(tokens).sigmoid() * shares).flatten(0, 1)
            sums = weights.T @ features
            return torch.cat([sums, weights.sum(0)[:, None]], dim=-1)[None]


def _perceptron(out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(CHANNELS, CHANNELS), nn.ReLU(), nn.Linear(CHANNELS, out_channels)
    )
