"""MatAnyone beside upstream's code in one process: same random weights, frames in turns.

Each frame is run by upstream and by every variant in turn, so that what else runs on the machine weighs on all
of them alike. Times are CPU time on a CPU and synchronised wall time on a GPU. The memory bank is full
before the first frame that counts. Random weights show equality, speed and memory, never quality.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench import reference_matanyone as reference

FILL_FRAMES = 5
"""Frames that fill the memory bank, each one a memory frame."""


@dataclass
class Side:
    """One contestant: how it advances a frame, and what came out."""

    name: str
    advance: Callable[[np.ndarray], np.ndarray]
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


def compare_matanyone(
    frames: list[np.ndarray], masks: list[np.ndarray], device: str, variants: bool
) -> list[Comparison]:
    """Upstream first, then ours, ours on the fixed crop, and with `variants` what else was tried."""
    import torch

    network = reference.random_network(0).to(device)
    upstream = reference.open_core(network, device)
    sides = [Side("upstream", lambda frame: _upstream_step(upstream, frame, device))]
    region = _region(masks)
    with _every_frame_memorised(upstream):
        _upstream_first(upstream, frames[0], masks[0], device)
        ours = {"ours": _plain, f"ours, crop ({round(100 * region.share)} %)": _plain}
        ours |= _VARIANTS if variants else {}
        for name, change in ours.items():
            used = region if "crop" in name else None
            core = _open_core(network, change, device, frames[0], masks[0], used, "bf16" in name)
            sides.append(Side(name, _advancing(core, used)))
        for frame in frames[1 : 1 + FILL_FRAMES]:
            for side in sides:
                side.advance(frame)
    clock = time.process_time if device == "cpu" else time.perf_counter
    for frame in frames[1 + FILL_FRAMES :]:
        expected: np.ndarray | None = None
        for side in sides:
            start = clock()
            alpha = side.advance(frame)
            if device == "cuda":
                torch.cuda.synchronize()
            side.seconds.append(clock() - start)
            expected = alpha if expected is None else expected
            difference = np.abs(alpha - expected)
            side.max_difference = max(side.max_difference, float(difference.max()))
            side.mean_difference = max(side.mean_difference, float(difference.mean()))
    return [_row(side, sides[0]) for side in sides]


def _row(side: Side, upstream: Side) -> Comparison:
    ratios = [a / b for a, b in zip(upstream.seconds, side.seconds, strict=True)]
    # On a crop upstream sees another picture: the tests compare it on the same crop.
    compared = side is not upstream and "crop" not in side.name
    return Comparison(
        side.name,
        statistics.median(side.seconds),
        statistics.median(ratios),
        side.max_difference if compared else None,
        side.mean_difference if compared else None,
    )


def _region(masks: list[np.ndarray]) -> Any:
    from engines.matanyone.region import Region
    from utils.mask_utils import bounding_box

    height, width = masks[0].shape
    return Region.around(bounding_box(np.logical_or.reduce(masks)), (width, height))


@contextmanager
def _every_frame_memorised(upstream: Any) -> Any:
    from engines.matanyone import target

    interval, target.MEMORY_INTERVAL = target.MEMORY_INTERVAL, 1
    kept, upstream.mem_every = upstream.mem_every, 1
    try:
        yield
    finally:
        target.MEMORY_INTERVAL, upstream.mem_every = interval, kept


def _image(frame: np.ndarray, device: str) -> Any:
    import torch

    return torch.from_numpy(frame).to(device).permute(2, 0, 1).contiguous().float() / 255


def _upstream_first(core: Any, frame: np.ndarray, mask: np.ndarray, device: str) -> None:
    import torch

    seed = torch.from_numpy(mask.astype(np.float32) * 255).to(device)
    with torch.inference_mode():
        core.step(_image(frame, device), seed, objects=[1])
        core.step(_image(frame, device), first_frame_pred=True)


def _upstream_step(core: Any, frame: np.ndarray, device: str) -> np.ndarray:
    import torch

    with torch.inference_mode():
        alpha = core.output_prob_to_mask(core.step(_image(frame, device)))
        return np.array(alpha.cpu().numpy())


def _open_core(
    network: Any,
    change: Callable[[Any], Any],
    device: str,
    frame: np.ndarray,
    mask: np.ndarray,
    region: Any,
    amp: bool,
) -> Any:
    from engines.matanyone.core import TorchNetwork
    from engines.matanyone.network.network import MatAnyoneNetwork

    module = MatAnyoneNetwork()
    module.load_state_dict(network.state_dict())
    module = change(module.requires_grad_(False).eval().to(device))
    if region is not None:
        frame, mask = _cropped(frame, region), region.crop_mask(mask)
    height, width = mask.shape
    core = TorchNetwork(module, device).open_cores((width, height), min(width, height), amp)()
    core.begin(frame, mask.astype(np.float32) * 255)
    core.settle()
    core.first_alpha()
    return core


def _advancing(core: Any, region: Any) -> Callable[[np.ndarray], np.ndarray]:
    if region is None:
        return core.advance
    return lambda frame: region.paste(core.advance(_cropped(frame, region)))


def _cropped(frame: np.ndarray, region: Any) -> np.ndarray:
    x0, y0, x1, y1 = region.box
    return np.ascontiguousarray(frame[y0:y1, x0:x1])


def _plain(module: Any) -> Any:
    return module


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


_VARIANTS: dict[str, Callable[[Any], Any]] = {
    "batch norms folded": _folded,
    "channels_last": _channels_last,
    "channels_last, folded": lambda module: _channels_last(_folded(module)),
    "bf16 (option amp)": _plain,
}
