"""VideoMaMa at full size: seconds a frame and memory, and the official pipeline's in the same run.

    python bench/videomama_full.py --scratch DIR [--size 1024x576] [--frames 48] [--device cuda]
        [--official CHECKOUT] [--weights DIR] [--json]

Without `--weights` it writes random weights of the real shapes (3.3 GB) into the scratch folder first:
speed and memory do not depend on their values. `--official` is a checkout of cvlab-kaist/VideoMaMa; its
`VideoInferencePipeline` then runs the same frames in windows of 16, as its own command does; it imports einops and
torchvision, which are not among the product's packages. Times are processor time on a CPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from engines.videomama.networks import Networks
    from utils.types import Frame, Mask

OFFICIAL_WINDOW = 16
FULL_UNET: dict[str, Any] = {
    "addition_time_embed_dim": 256,
    "block_out_channels": [320, 640, 1280, 1280],
    "cross_attention_dim": 1024,
    "layers_per_block": 2,
    "num_attention_heads": [5, 10, 20, 20],
    "projection_class_embeddings_input_dim": 768,
}
FULL_VAE: dict[str, Any] = {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2}


def write_random_weights(folder: Path) -> Path:
    """Write random weights of the real shapes, fp16, in the real layout."""
    from engines.videomama.loading import VAE_FILES
    from tests.engines import tiny_videomama as tiny

    if not (folder / tiny.VAE_FOLDER / VAE_FILES[1]).is_file():
        tiny.write_random(
            folder, {**tiny.UNET_CONFIG, **FULL_UNET}, {**tiny.VAE_CONFIG, **FULL_VAE}
        )
    return folder


def clip(count: int, width: int, height: int) -> tuple[list[Frame], dict[int, Mask]]:
    """A disc that fills the frame's height, so that nothing is cropped."""
    from tests.engines.tiny_videomama import moving_disc

    return moving_disc(count, width, height, radius=min(width, height) / 2)


def run_ours(
    folder: Path, device: str, frames: list[Frame], masks: dict[int, Mask]
) -> dict[str, Any]:
    from engines.base import ArrayFrames, RunContext
    from engines.videomama.engine import VideoMaMaEngine
    from tests.engines.tiny_videomama import tiny_settings

    engine = VideoMaMaEngine(tiny_settings(folder, device=device, allow_slow_cpu=True))
    clock = time.process_time if device == "cpu" else time.perf_counter
    began_s = clock()
    engine.load_model(device)
    loaded_s = clock()
    reset_peak(device)
    notices: list[str] = []
    context = RunContext(on_notice=lambda message: notices.append(message.code))
    count = sum(1 for _ in engine.process(ArrayFrames(frames), masks, 0, {}, context))
    seconds = clock() - loaded_s
    result = {
        "load_s": round(loaded_s - began_s, 2),
        "seconds_a_frame": round(seconds / count, 4),
        "peak_bytes": peak_bytes(device),
        "notices": notices,
    }
    engine.unload()
    return result


def run_official(
    folder: Path, checkout: Path, device: str, frames: list[Frame], masks: dict[int, Mask]
) -> dict[str, Any]:
    """Run upstream's class on the same networks; only its zeroed image encoder is replaced."""
    import torch
    from PIL import Image

    sys.path.insert(0, str(checkout))
    from pipeline_svd_mask import VideoInferencePipeline  # type: ignore[import-not-found]

    networks = build(folder, device)
    pipeline = VideoInferencePipeline.__new__(VideoInferencePipeline)
    pipeline.device, pipeline.weight_dtype = torch.device(device), networks._dtype
    pipeline.unet, pipeline.vae = networks._unet, networks._vae
    width = networks._unet.config.cross_attention_dim
    pipeline.feature_extractor = lambda images, return_tensors: Bunch(pixel_values=images)
    pipeline.image_encoder = lambda pixels: Bunch(
        image_embeds=torch.zeros(1, width, device=device, dtype=networks._dtype)
    )
    reset_peak(device)
    clock = time.process_time if device == "cpu" else time.perf_counter
    began_s = clock()
    for start in range(0, len(frames), OFFICIAL_WINDOW):
        stop = min(start + OFFICIAL_WINDOW, len(frames))
        pipeline.run(
            [Image.fromarray(frame) for frame in frames[start:stop]],
            [Image.fromarray(masks[i].astype(np.uint8) * 255) for i in range(start, stop)],
        )
    seconds = clock() - began_s
    return {
        "seconds_a_frame": round(seconds / len(frames), 4),
        "peak_bytes": peak_bytes(device),
    }


class Bunch:
    """Attributes by keyword."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


def build(folder: Path, device: str) -> Networks:
    import torch

    from engines.videomama.loading import ModelFiles, build_networks
    from tests.engines.tiny_videomama import UNET_FOLDER, VAE_FOLDER

    files = ModelFiles(folder / UNET_FOLDER, folder / VAE_FOLDER)
    return build_networks(files, device, torch.float16 if device == "cuda" else torch.float32)


def reset_peak(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device: str) -> int:
    """Peak of live tensors on the GPU, of resident memory on a CPU; weights included."""
    import resource

    import torch

    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, help="folder for random weights (3.3 GB)")
    parser.add_argument("--weights", type=Path, help="folder of both weight folders instead")
    parser.add_argument("--size", default="1024x576", help="frame size, WxH")
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--official", type=Path, help="checkout of cvlab-kaist/VideoMaMa")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if (options.weights or options.scratch) is None:
        parser.error("give --scratch or --weights")
    folder = options.weights or write_random_weights(options.scratch)
    width, height = (int(side) for side in options.size.split("x"))
    frames, masks = clip(options.frames, width, height)
    result: dict[str, Any] = {"size": options.size, "frames": options.frames}
    result["device"] = options.device
    result["ours"] = run_ours(folder, options.device, frames, masks)
    if options.official is not None:
        result["official"] = run_official(folder, options.official, options.device, frames, masks)
    print(json.dumps(result) if options.json else json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
