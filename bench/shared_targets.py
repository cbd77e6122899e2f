"""What two targets of a clip cost beside one with MatAnyone, in one process, frames in turns.

Each frame is run for one target, then for two that share the image encoder, so that what else runs on the
machine weighs on both alike. Times are CPU time on a CPU and synchronised wall time on a GPU, of later
frames with a full memory bank. Random weights show speed and equality, never quality.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.against_upstream import FILL_FRAMES


@dataclass(frozen=True)
class SharedCost:
    """Seconds a frame, the median over frames of their ratio, and whether the first target's alphas are equal."""

    one_s: float
    two_s: float
    ratio: float
    equal: bool


def compare_targets(frames: list[np.ndarray], masks: list[np.ndarray], device: str) -> SharedCost:
    """Run frames, uint8 RGB (H, W, 3), for one target and for two; the masks are of the first one."""
    import torch

    from engines.matanyone.core import TorchNetwork
    from engines.matanyone.network.network import MatAnyoneNetwork

    torch.manual_seed(0)
    module = MatAnyoneNetwork().requires_grad_(False).eval().to(device)
    network = TorchNetwork(module, device)
    second = np.roll(masks[0], masks[0].shape[1] // 3, axis=1)
    one = _begin(network, frames[0], [masks[0]])
    two = _begin(network, frames[0], [masks[0], second])
    clock = time.process_time if device == "cpu" else time.perf_counter
    seconds: list[tuple[float, float]] = []
    equal = True
    for index, frame in enumerate(frames[1:]):
        alphas, spent = [], []
        for cores in (one, two):
            start = clock()
            first, *_ = [core.advance(frame) for core in cores]
            if device == "cuda":
                torch.cuda.synchronize()
            spent.append(clock() - start)
            alphas.append(first)
        equal = equal and np.array_equal(*alphas)
        # Every fifth frame is memorised.
        if index >= 5 * FILL_FRAMES:
            seconds.append((spent[0], spent[1]))
    one_s, two_s = (statistics.median(side) for side in zip(*seconds, strict=True))
    return SharedCost(one_s, two_s, statistics.median(b / a for a, b in seconds), equal)


def _begin(network: Any, frame: np.ndarray, masks: list[np.ndarray]) -> list[Any]:
    height, width = masks[0].shape
    open_core = network.open_cores((width, height), min(width, height), False)
    cores = [open_core() for _ in masks]
    for core, mask in zip(cores, masks, strict=True):
        core.begin(frame, mask.astype(np.float32) * 255)
        core.settle()
        core.first_alpha()
    return cores
