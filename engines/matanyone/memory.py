"""Memory bank of one target: attention keys and values of the first frame and the last four."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import torch
from torch.nn import functional

from engines.matanyone.options import QUERY_CHUNK

RECENT_FRAMES = 4
"""Memory frames kept besides the first one (upstream's `max_mem_frames` 5)."""
TOP_K = 30
"""Memory tokens that each query token reads from (XMem, 3.3)."""


@dataclass(frozen=True, slots=True)
class Attention:
    """The memory tokens that query tokens read, in chunks of them, and their weights, (chunk, 30) each.

    `keys` are those of the memory's frames, (1, 64, T).
    """

    keys: tuple[torch.Tensor, ...]
    indices: tuple[torch.Tensor, ...]
    weights: tuple[torch.Tensor, ...]


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

    def holds_keys_of(self, attention: Attention) -> bool:
        """Return whether the attention is to memory frames with these very keys; values may differ."""
        keys = [key for key, _, _ in self._frames]
        return len(keys) == len(attention.keys) and all(map(operator.is_, keys, attention.keys))

    def attend(self, key: torch.Tensor, selection: torch.Tensor) -> Attention:
        """Return which memory tokens the query tokens read, and with what weights.

        Query tokens are taken in chunks: a matrix of all similarities, N x T, would take 1.33 GB at 1080p.

        Args:
            key: of the query, (1, 64, T).
            selection: of the query, (1, 64, T).
        """
        memory_key, shrinkage, _ = self._joined
        count = min(TOP_K, memory_key.shape[-1])
        parts = []
        for start in range(0, key.shape[-1], QUERY_CHUNK):
            chunk = slice(start, start + QUERY_CHUNK)
            scores = similarity(memory_key, shrinkage, key[..., chunk], selection[..., chunk])
            best, indices = scores[0].topk(count, dim=1)
            parts.append((indices, softmax_without_underflow(best)))
        indices_by_chunk, weights_by_chunk = zip(*parts, strict=True)
        keys = tuple(frame_key for frame_key, _, _ in self._frames)
        return Attention(keys, indices_by_chunk, weights_by_chunk)

    def read(self, attention: Attention) -> torch.Tensor:
        """Return the values that the query tokens read, (1, 256, T)."""
        rows = self._joined[2][0].T.contiguous()
        parts = [
            functional.embedding_bag(indices, rows, per_sample_weights=weights, mode="sum")
            for indices, weights in zip(attention.indices, attention.weights, strict=True)
        ]
        return torch.cat(parts).T[None]


def similarity(
    key: torch.Tensor, shrinkage: torch.Tensor, query: torch.Tensor, selection: torch.Tensor
) -> torch.Tensor:
    """Return XMem's anisotropic L2 similarity, (1, T, N): -shrinkage sum(selection (key - query)^2) / 8.

    Args:
        key: of the memory, (1, 64, N).
        shrinkage: of the memory, (1, 1, N).
        query: key of the query, (1, 64, T).
        selection: of the query, (1, 64, T).
    """
    result = (selection.transpose(1, 2) @ key.pow(2)).neg_()
    result.add_(((query * selection).transpose(1, 2) @ key).mul_(2))
    result.sub_((selection * query.pow(2)).sum(1)[..., None])
    return result.mul_(shrinkage).div_(math.sqrt(key.shape[1]))


def softmax_without_underflow(best: torch.Tensor) -> torch.Tensor:
    """Return the softmax over the last axis of similarities, largest first, (T, k), in place.

    Upstream takes exponentials without the usual shift by the maximum and divides 0 by 0 where a query is
    like nothing in memory; such rows, and only they, are shifted here.
    """
    peak = best[:, :1]
    lowest = math.log(torch.finfo(best.dtype).tiny)
    weights = best.sub_(torch.where(peak < lowest, peak, torch.zeros_like(peak))).exp_()
    return weights.div_(weights.sum(dim=1, keepdim=True))
