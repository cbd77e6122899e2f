"""Runs upstream MatAnyone's own `process_video` on arrays and keeps its alphas before they are rounded."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engines.matanyone.contract import Generation
from engines.matanyone.upstream import Package, build_config, import_package


def random_network(package: Package, seed: int = 0) -> Any:
    """A network of the full architecture with random weights, in eval mode."""
    import torch

    torch.manual_seed(seed)
    network = package.network_class(build_config(package.config_dir, {}), single_object=True)
    return network.eval()


def process_video(
    generation: Generation,
    network: Any,
    frames: Sequence[np.ndarray],
    mask: np.ndarray,
    folder: Path,
    *,
    amp: bool = False,
    device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
    times: list[float] | None = None,
    **options: int,
) -> np.ndarray:
    """Upstream's alphas, float32 (N, h, w), before its rounding.

    Without `amp` the body runs outside the autocast that upstream wraps it in.

    Args:
        folder: an empty folder for the files that upstream reads and writes.
        times: gets the clock's value after each of upstream's steps, warm-up included.
        options: `n_warmup`, `r_erode`, `r_dilate`, `max_size`.
    """
    import torch

    package = import_package(generation)
    inference = importlib.import_module(package.inference_core.__module__)
    images = folder / "images"
    images.mkdir(parents=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(images / f"{index:05d}.png"), frame[..., ::-1])
    cv2.imwrite(str(folder / "mask.png"), mask.astype(np.uint8) * 255)
    core = package.inference_core(network, cfg=network.cfg, device=device)
    kept: list[np.ndarray] = []
    original = core.output_prob_to_mask

    def keep(probability: Any) -> Any:
        alpha = original(probability)
        kept.append(alpha.float().cpu().numpy().copy())
        if times is not None:
            times.append(clock())
        return alpha

    core.output_prob_to_mask = keep
    writer, inference.imageio.mimwrite = inference.imageio.mimwrite, lambda *args, **kwargs: None
    progress, inference.tqdm = inference.tqdm, lambda steps: steps
    run = package.inference_core.process_video
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            # Its own conversions of arrays warn beside numpy 2 and on NaN.
            warnings.simplefilter("ignore")
            unwrapped = run if amp else run.__wrapped__.__wrapped__
            unwrapped(core, str(images), str(folder / "mask.png"), str(folder / "out"), **options)
    finally:
        inference.imageio.mimwrite, inference.tqdm = writer, progress
    return np.stack(kept[-len(frames) :])
