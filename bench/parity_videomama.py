"""VideoMaMa's bare window against what the official code gave: fp32 on the CPU, noise injected.

A case is an .npz with frames uint8 (T, H, W, 3), masks uint8 (T, H, W), noise float32 (T, 4, H/8, W/8)
and alpha float32 (T, H, W). Posterior mode, decode in plain chunks of 8 without context frames, no
empty-mask rule, no crop.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engines.videomama.networks import Networks

_KEYS = ("frames", "masks", "noise", "alpha")
MAX_BOUND = 2e-3
MEAN_BOUND = 2e-5
UNET_FOLDERS = ("VideoMaMa", "videomama")
VAE_FOLDERS = ("stable-video-diffusion-img2vid-xt",)


@dataclass(frozen=True, slots=True)
class Difference:
    """Absolute difference of alpha, in units of alpha."""

    case: str
    frames: int
    width: int
    height: int
    max: float
    mean: float

    @property
    def within(self) -> bool:
        return self.max <= MAX_BOUND and self.mean <= MEAN_BOUND


def load_networks(weights: Path) -> Networks:
    """Load the networks below a folder that holds both weight folders."""
    import torch

    from engines.videomama.loading import ModelFiles, build_networks

    files = ModelFiles(_subfolder(weights, UNET_FOLDERS), _subfolder(weights, VAE_FOLDERS))
    return build_networks(files, "cpu", torch.float32)


def compare(networks: Networks, case: Path) -> Difference:
    """Run one case; see the module's docstring for its format."""
    from bench.reference_videomama import run_window

    try:
        with np.load(case, allow_pickle=False) as data:
            frames, masks, noise, wanted = (data[key] for key in _KEYS)
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"{case}: not a case file with {', '.join(_KEYS)} ({error})") from error
    alpha = run_window(networks, frames, masks, noise)
    if alpha.shape != wanted.shape:
        raise SystemExit(f"{case}: alpha has shape {wanted.shape}, not {alpha.shape}")
    difference = np.abs(alpha.astype(np.float64) - wanted)
    count, height, width = alpha.shape
    return Difference(
        case.name, count, width, height, float(difference.max()), float(difference.mean())
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/parity.py --engine videomama")
    parser.add_argument("--case", type=Path, required=True, nargs="+", help="case files (.npz)")
    parser.add_argument("--weights", type=Path, required=True, help="folder of both weight folders")
    parser.add_argument("--json", action="store_true", help="one JSON object a case")
    options = parser.parse_args(arguments)
    networks = load_networks(options.weights)
    passed = True
    for case in options.case:
        result = compare(networks, case)
        passed &= result.within
        if options.json:
            print(json.dumps({"engine": "videomama", **asdict(result), "within": result.within}))
        else:
            print(
                f"{result.case}: max {result.max:.3e} mean {result.mean:.3e} "
                f"({'within' if result.within else 'BEYOND'} {MAX_BOUND:g} and {MEAN_BOUND:g})"
            )
    return 0 if passed else 1


def _subfolder(folder: Path, names: tuple[str, ...]) -> Path:
    found = [folder / name for name in names if (folder / name).is_dir()]
    return found[0] if found else folder
