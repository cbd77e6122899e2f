"""MatAnyone beside upstream's code in one process: same random weights, frames in turns.

Each frame is run by upstream and by every variant in turn, so that what else runs on the machine weighs on all
of them alike. Times are CPU time on a CPU and synchronised wall time on a GPU. The memory bank is full
before the first frame that counts. Random weights show equality, speed and memory, never quality. Memory is
counted on a GPU only: what a side holds, weights included, and the most that a frame takes besides; what CUDA graphs
keep for themselves is not in it.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from bench import reference_matanyone as reference
from utils.messages import render

Advance: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Takes the next frame, uint8 RGB (H, W, 3), and gives its alpha, float32 (H, W)."""

FILL_FRAMES = 5
"""Frames that fill the memory bank, each one a memory frame."""


@dataclass(frozen=True)
class Variant:
    """A way to run our network: on the fixed crop, at half precision, as CUDA graphs, or changed by `change`."""

    name: str
    crops: bool = False
    half: str = ""
    graphs: bool = False
    change: Callable[[Any], Any] = lambda module: module


@dataclass
class Side:
    """One contestant: how it advances a frame, and what came out."""

    name: str
    advance: Advance = field(default=lambda frame: frame)
    is_compared: bool = True
    held_bytes: int = 0
    frame_bytes: int = 0
    seconds: list[float] = field(default_factory=list)
    max_difference: float = 0.0
    mean_difference: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """One row; `ratio` is the median over frames of upstream's time to this one's."""

    variant: str
    seconds_a_frame: float
    ratio: float
    max_difference: float | None
    mean_difference: float | None
    peak_bytes: int | None


def compare_matanyone(
    frames: list[np.ndarray], masks: list[np.ndarray], device: str, variants: bool
) -> list[Comparison]:
    """Upstream first, then ours, ours on the fixed crop, and with `variants` what else was tried."""
    network = reference.random_network(0)
    region = _region(masks)
    ours = [Variant("ours"), Variant(f"ours, crop ({round(100 * region.share)} %)", crops=True)]
    ours += [*_VARIANTS, *(_ON_GPU if device == "cuda" else [])] if variants else []
    sides: list[Side] = []

    def add(side: Side, open_side: Callable[[], Advance]) -> None:
        before = _allocated(device)
        side.advance = open_side()
        for frame in frames[1 : 1 + FILL_FRAMES]:
            side.advance(frame)
        side.held_bytes = _allocated(device) - before
        sides.append(side)

    with _every_frame_memorised():
        upstream = partial(_open_upstream, network, frames[0], masks[0], device)
        add(Side("upstream"), partial(upstream, amp=False))
        if device == "cuda":
            # As upstream's own command runs there.
            add(Side("upstream, autocast"), partial(upstream, amp=True))
        for variant in ours:
            used = region if variant.crops else None
            # On a crop upstream sees another picture: the tests compare it on the same crop.
            side = Side(variant.name, is_compared=not variant.crops)
            add(side, partial(_open_ours, network, variant, device, frames[0], masks[0], used))
    for frame in frames[1 + FILL_FRAMES :]:
        _advance_all(sides, frame, device)
    return [_row(side, sides[0], device) for side in sides]


def _advance_all(sides: list[Side], frame: np.ndarray, device: str) -> None:
    import torch

    clock = time.process_time if device == "cpu" else time.perf_counter
    expected: np.ndarray | None = None
    for side in sides:
        before = _allocated(device)
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        start = clock()
        alpha = side.advance(frame)
        if device == "cuda":
            torch.cuda.synchronize()
            side.frame_bytes = max(side.frame_bytes, torch.cuda.max_memory_allocated() - before)
        side.seconds.append(clock() - start)
        expected = alpha if expected is None else expected
        difference = np.abs(alpha - expected)
        side.max_difference = max(side.max_difference, float(difference.max()))
        side.mean_difference = max(side.mean_difference, float(difference.mean()))


def _row(side: Side, upstream: Side, device: str) -> Comparison:
    ratios = [a / b for a, b in zip(upstream.seconds, side.seconds, strict=True)]
    compared = side is not upstream and side.is_compared
    return Comparison(
        side.name,
        statistics.median(side.seconds),
        statistics.median(ratios),
        side.max_difference if compared else None,
        side.mean_difference if compared else None,
        side.held_bytes + side.frame_bytes if device == "cuda" else None,
    )


def _allocated(device: str) -> int:
    import torch

    return int(torch.cuda.memory_allocated()) if device == "cuda" else 0


def _region(masks: list[np.ndarray]) -> Any:
    from engines.matanyone.region import Region
    from utils.mask_utils import bounding_box

    height, width = masks[0].shape
    return Region.around(bounding_box(np.logical_or.reduce(masks)), (width, height))


@contextmanager
def _every_frame_memorised() -> Iterator[None]:
    """Let every frame of ours enter the memory bank; upstream's core has an attribute for it."""
    from engines.matanyone import target

    interval, target.MEMORY_INTERVAL = target.MEMORY_INTERVAL, 1
    try:
        yield
    finally:
        target.MEMORY_INTERVAL = interval


def _image(frame: np.ndarray, device: str) -> Any:
    import torch

    return torch.from_numpy(frame).to(device).permute(2, 0, 1).contiguous().float() / 255


def _open_upstream(
    network: Any, frame: np.ndarray, mask: np.ndarray, device: str, amp: bool
) -> Advance:
    import torch

    core = reference.open_core(copy.deepcopy(network).to(device), device)
    later = core.mem_every
    core.mem_every = 1
    seed = torch.from_numpy(mask.astype(np.float32) * 255).to(device)
    done = 0

    def step(image: Any, *more: Any, **options: Any) -> Any:
        with torch.inference_mode(), torch.autocast(device, enabled=amp):
            return core.step(image, *more, **options)

    def advance(frame: np.ndarray) -> np.ndarray:
        nonlocal done
        core.mem_every = 1 if done < FILL_FRAMES else later
        done += 1
        alpha = core.output_prob_to_mask(step(_image(frame, device)))
        return np.array(alpha.float().cpu().numpy())

    step(_image(frame, device), seed, objects=[1])
    step(_image(frame, device), first_frame_pred=True)
    return advance


def _open_ours(
    network: Any,
    variant: Variant,
    device: str,
    frame: np.ndarray,
    mask: np.ndarray,
    region: Any,
) -> Advance:
    import torch

    from engines.matanyone.core import TorchNetwork
    from engines.matanyone.network.network import MatAnyoneNetwork
    from engines.matanyone.steps import record_cuda_graph

    module = MatAnyoneNetwork()
    module.load_state_dict(network.state_dict())
    module = variant.change(module.requires_grad_(False).eval().to(device))
    if region is not None:
        frame, mask = _cropped(frame, region), region.crop_mask(mask)
    height, width = mask.shape
    half = getattr(torch, variant.half) if variant.half else None
    ours = TorchNetwork(module, device, half, record_cuda_graph if variant.graphs else None)
    size_wh, amp = (width, height), bool(variant.half)
    core = ours.open_cores(size_wh, min(size_wh), amp, lambda notice: print(render(notice)))()
    core.begin(frame, mask.astype(np.float32) * 255)
    core.settle()
    core.first_alpha()
    if region is None:
        return core.advance
    return lambda frame: region.paste(core.advance(_cropped(frame, region)))


def _cropped(frame: np.ndarray, region: Any) -> np.ndarray:
    x0, y0, x1, y1 = region.box
    return np.ascontiguousarray(frame[y0:y1, x0:x1])


def _folded(module: Any) -> Any:
    """Batch norms folded into the convolutions before them."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    pairs = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"))
    pairs += (("conv1x1_v2", "bn1"), ("conv3x3", "bn2"))
    for part in list(module.modules()):
        for convolution, norm in pairs:
            conv, bn = getattr(part, convolution, None), getattr(part, norm, None)
            if isinstance(conv, torch.nn.Conv2d) and isinstance(bn, torch.nn.BatchNorm2d):
                setattr(part, convolution, fuse_conv_bn_eval(conv, bn))
                setattr(part, norm, torch.nn.Identity())
        shortcut = getattr(part, "downsample", None)
        if isinstance(shortcut, torch.nn.Sequential):
            fused = fuse_conv_bn_eval(copy.deepcopy(shortcut[0]), shortcut[1])
            part.downsample = torch.nn.Sequential(fused, torch.nn.Identity())
    return module


def _channels_last(module: Any) -> Any:
    """All weights and maps with their channels innermost."""
    import torch

    module = module.to(memory_format=torch.channels_last)
    encode = module.encode_image
    module.encode_image = lambda image: encode(image.contiguous(memory_format=torch.channels_last))
    return module


_VARIANTS = (
    Variant("batch norms folded", change=_folded),
    Variant("channels_last", change=_channels_last),
    Variant("channels_last, folded", change=lambda module: _channels_last(_folded(module))),
    Variant("bf16 (option amp)", half="bfloat16"),
)
_ON_GPU = (
    Variant("fp16 (option amp)", half="float16"),
    Variant("CUDA graphs", graphs=True),
    Variant("CUDA graphs, fp16", graphs=True, half="float16"),
)
