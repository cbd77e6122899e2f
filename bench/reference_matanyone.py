"""Upstream MatAnyone, from `.venv/reference`, on arrays: the reference for tests and benchmarks.

PyPI's `matanyone2-runtime` holds the package `matanyone2`, whose steps are those of both generations'
repositories. It is imported from a folder of its own, since its list of dependencies doesn't fit the
product's; `scripts/test.sh` installs it there.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / ".venv" / "reference"
INSTALL_COMMAND = (
    ".venv/bin/python -m pip install --no-deps --target .venv/reference"
    " -r requirements-reference.txt"
)


def missing_reason() -> str:
    """Why upstream can't run here, for a test's skip; empty where it can."""
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    if not (FOLDER / "matanyone2").is_dir():
        return f"MatAnyone's reference is not installed: {INSTALL_COMMAND}"
    return ""


@contextlib.contextmanager
def importable() -> Iterator[None]:
    """Let upstream be imported for the time of an import.

    One of its helpers imports torchvision for a video reader that is never called here, and PyPI's
    torchvision does not import beside a CPU-only torch: a stand-in serves where it fails.
    """
    sys.path.append(str(FOLDER))
    stand_in = False
    try:
        try:
            importlib.import_module("torchvision")
        except (ImportError, OSError, RuntimeError, AttributeError):
            sys.modules["torchvision"] = ModuleType("torchvision")
            stand_in = True
        yield
    finally:
        sys.path.remove(str(FOLDER))
        if stand_in:
            sys.modules.pop("torchvision", None)


def random_network(seed: int = 0) -> Any:
    """Upstream's network with random weights, in eval mode; its constructor fetches nothing."""
    import torch

    with importable():
        from omegaconf import OmegaConf

        module = importlib.import_module("matanyone2.model.matanyone2")
    folder = FOLDER / "matanyone2" / "config"
    config = OmegaConf.load(folder / "eval_matanyone_config.yaml")
    for key in ("defaults", "hydra"):
        config.pop(key, None)
    config.model = OmegaConf.load(folder / "model" / "base.yaml")
    config.model.pretrained_resnet = False
    torch.manual_seed(seed)
    return module.MatAnyone2(config, single_object=True).eval()


def open_core(network: Any, device: str = "cpu") -> Any:
    """A fresh `InferenceCore` on the network."""
    with importable():
        inference = importlib.import_module("matanyone2.inference.inference_core")
    store = importlib.import_module("matanyone2.inference.image_feature_store")
    return inference.InferenceCore(
        network,
        cfg=network.cfg,
        # Its own store warns from its destructor when a run ends between two steps.
        image_feature_store=store.ImageFeatureStore(network, no_warning=True),
        device=device,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """How `process_video` is run; `times` gets the clock's value after each step, warm-up included."""

    amp: bool = False
    device: str = "cpu"
    clock: Callable[[], float] = time.perf_counter
    times: list[float] | None = None


def process_video(
    network: Any,
    frames: Sequence[np.ndarray],
    mask: np.ndarray,
    folder: Path,
    run: Run = Run(),
    **options: int,
) -> np.ndarray:
    """Upstream's alphas, float32 (N, h, w), before its rounding.

    Args:
        folder: an empty folder for the files that upstream reads and writes.
        options: `n_warmup`, `r_erode`, `r_dilate`, `max_size`.
    """
    import torch

    images = folder / "images"
    images.mkdir(parents=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(images / f"{index:05d}.png"), frame[..., ::-1])
    cv2.imwrite(str(folder / "mask.png"), mask.astype(np.uint8) * 255)
    core = open_core(network, run.device)
    kept: list[np.ndarray] = []
    original = core.output_prob_to_mask

    def keep(probability: Any) -> Any:
        alpha = original(probability)
        kept.append(alpha.float().cpu().numpy().copy())
        if run.times is not None:
            run.times.append(run.clock())
        return alpha

    core.output_prob_to_mask = keep
    # Without its decorators: the runtime's autocast works on CUDA alone.
    unwrapped = type(core).process_video.__wrapped__.__wrapped__
    with _quiet(), warnings.catch_warnings(), torch.inference_mode():
        # Its own conversions of arrays warn beside numpy 2 and on NaN.
        warnings.simplefilter("ignore")
        with _autocast(run):
            unwrapped(core, str(images), str(folder / "mask.png"), str(folder / "out"), **options)
    return np.stack(kept[-len(frames) :])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep upstream from writing videos and progress bars."""
    inference: Any = importlib.import_module("matanyone2.inference.inference_core")
    writer, progress = inference.imageio.mimwrite, inference.tqdm
    inference.imageio.mimwrite, inference.tqdm = lambda *args, **kwargs: None, lambda steps: steps
    try:
        yield
    finally:
        inference.imageio.mimwrite, inference.tqdm = writer, progress


@contextlib.contextmanager
def _autocast(run: Run) -> Iterator[None]:
    """Run under autocast, with upstream's float32 regions, as the repositories' own decorator does."""
    import torch

    if not run.amp:
        yield
        return

    def region(enabled: bool = True, device: Any = None) -> Any:
        return torch.autocast(run.device, enabled=enabled)

    patched = [
        module
        for name, module in sys.modules.items()
        if name.startswith("matanyone2.") and hasattr(module, "safe_autocast")
    ]
    kept: list[Any] = [module.safe_autocast for module in patched]
    for module in patched:
        module.safe_autocast = region
    try:
        with torch.autocast(run.device):
            yield
    finally:
        for module, original in zip(patched, kept, strict=True):
            module.safe_autocast = original
