"""Memory bank of one target: attention keys and values of the first frame and the last four."""

from __future__ import annotations

import math

import torch

RECENT_FRAMES = 4
"""Memory frames kept besides the first one (upstream's `max_mem_frames` 5)."""
TOP_K = 30
"""Memory tokens that each query token reads from (XMem, 3.3)."""


class MemoryBank:
    """Keys (1, 64, N), shrinkage (1, 1, N) and values (1, 256, N) of N = frames x tokens."""

    def __init__(self) -> None:
        self._frames: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self._joined: tuple[torch.Tensor, ...] = ()

    def add(self, key: torch.Tensor, shrinkage: torch.Tensor, value: torch.Tensor) -> None:
        """Add a frame; the oldest one but the first leaves when there are too many.

        Args:
            key: (1, 64, T), T tokens of stride 16.
            shrinkage: (1, 1, T).
            value: (1, 256, h, w) with h x w = T.
        """
        self._frames.append((key, shrinkage, value.flatten(start_dim=2)))
        if len(self._frames) > 1 + RECENT_FRAMES:
            del self._frames[1]
        self._joined = tuple(torch.cat(parts, dim=-1) for parts in zip(*self._frames, strict=True))

    def clear(self) -> None:
        """Drop all frames."""
        self._frames.clear()
        self._joined = ()

    def read(self, key: torch.Tensor, selection: torch.Tensor) -> torch.Tensor:
        """Return the values that the query tokens read, (1, 256, T).

        Args:
            key: of the query, (1, 64, T).
            selection: of the query, (1, 64, T).
        """
        memory_key, shrinkage, values = self._joined
        scores = similarity(memory_key, shrinkage, key, selection)
        best, indices = scores.topk(min(TOP_K, scores.shape[1]), dim=1)
        weights = best.exp_()
        weights /= weights.sum(dim=1, keepdim=True)
        affinity = scores.zero_().scatter_(1, indices, weights)
        return values @ affinity


def similarity(
    key: torch.Tensor, shrinkage: torch.Tensor, query: torch.Tensor, selection: torch.Tensor
) -> torch.Tensor:
    """Return XMem's anisotropic L2 similarity, (1, N, T): -shrinkage sum(selection (key - query)^2) / 8.

    Columns in which every memory token is so unlike the query that all exponentials would be 0 are
    shifted by their maximum, which leaves their softmax as it is; upstream divides 0 by 0 there.

    Args:
        key: of the memory, (1, 64, N).
        shrinkage: of the memory, (1, 1, N).
        query: key of the query, (1, 64, T).
        selection: of the query, (1, 64, T).
    """
    tokens = key.transpose(1, 2)
    result = (tokens.pow(2) @ selection).neg_()
    result.add_((tokens @ (query * selection)).mul_(2))
    result.sub_((selection * query.pow(2)).sum(1, keepdim=True))
    result.mul_(shrinkage.transpose(1, 2)).div_(math.sqrt(key.shape[1]))
    peak = result.amax(dim=1, keepdim=True)
    lowest = math.log(torch.finfo(result.dtype).tiny)
    return result.sub_(torch.where(peak < lowest, peak, torch.zeros_like(peak)))
