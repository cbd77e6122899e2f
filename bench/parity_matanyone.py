"""MatAnyone's alphas of a folder of frames, for anyone to compare; with --upstream compared right here.

Without --processing-size the network sees full frames, as upstream's `process_video` does by default. Speed is
CPU time a frame on the CPU (wall time on a GPU); memory is the process's peak while one side runs.
Random weights (--weights random) prove protocol, speed and memory, never quality.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from bench import reference_matanyone as reference
from config import Settings
from engines.base import RunContext
from engines.matanyone.checkpoint import find_weights, read_config
from engines.matanyone.contract import Generation
from engines.matanyone.engine import MatAnyoneEngine
from engines.weights import missing_files, write_receipt
from utils.types import Frame, Mask

SUFFIXES = (".jpg", ".jpeg", ".png")


class FolderFrames:
    """A `FrameSource` over the sorted images of a folder, read one at a time."""

    def __init__(self, folder: Path, limit: int | None) -> None:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        self._paths = paths[:limit]
        if not self._paths:
            raise SystemExit(f"{folder} holds no {', '.join(SUFFIXES)}")
        height, width = self._load(0).shape[:2]
        self.size_wh = width, height

    def __len__(self) -> int:
        return len(self._paths)

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        return (self._load(index) for index in range(start, stop, step))

    def _load(self, index: int) -> Frame:
        image = cv2.imread(str(self._paths[index]), cv2.IMREAD_COLOR)
        if image is None:
            raise SystemExit(f"{self._paths[index]} is no image")
        return np.ascontiguousarray(image[..., ::-1])


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the first frame with its warm-up and of each later frame (median), peak memory."""

    first_s: float
    frame_s: float
    peak_mb: float


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        return _run(options, Path(scratch))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/parity.py --engine matanyone")
    parser.add_argument("--frames", type=Path, required=True, help="folder of JPEG or PNG frames")
    parser.add_argument(
        "--mask", type=Path, required=True, help="mask of the start frame; >0 is in"
    )
    parser.add_argument("--weights", required=True, help="folder or file of weights, or: random")
    parser.add_argument("--save", type=Path, help="write float32 alphas (N, H, W) here, as .npy")
    parser.add_argument("--max-frames", type=int)
    parser.add_argument("--start", type=int, default=0, help="frame of the mask")
    parser.add_argument("--generation", choices=("1", "2"), help="default: told from the weights")
    parser.add_argument("--processing-size", choices=("720", "1080", "full"), default="full")
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--dilate", type=int, default=10)
    parser.add_argument("--erode", type=int, default=10)
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, help="CPU threads of torch")
    parser.add_argument("--upstream", action="store_true", help="also run upstream and compare")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, scratch: Path) -> int:
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    generation, weights = _weights(options, scratch)
    frames = FolderFrames(options.frames, options.max_frames)
    mask = _read_mask(options.mask)
    engine = MatAnyoneEngine(
        Settings(
            _env_file=None,
            matanyone_generation=generation,
            matanyone_model=str(weights),
            matanyone2_model=str(weights),
        )
    )
    engine.load_model(options.device)
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    alphas, cost = _ours(engine, frames, mask, options, clock)
    if options.save:
        np.save(options.save, alphas)
    report: dict[str, Any] = {
        "generation": generation,
        "frames": len(frames),
        "size": list(frames.size_wh),
        "device": options.device,
        "ours": _rounded(cost),
    }
    if options.upstream:
        if reference.missing_reason():
            raise SystemExit(reference.missing_reason())
        expected, cost = _upstream(engine, frames, mask, options, scratch)
        report["upstream"] = _rounded(cost)
        report["max_difference"] = float(np.abs(alphas - expected).max())
        report["between_0_and_1"] = float(np.mean((expected > 0.01) & (expected < 0.99)))
    print(json.dumps(report))
    return 0


def _weights(options: argparse.Namespace, scratch: Path) -> tuple[Generation, Path]:
    if options.weights == "random":
        generation: Generation = options.generation or "2"
        from tests.engines.fake_matanyone import write_random_weights

        folder = write_random_weights(scratch / "random")
        # Without a receipt the published file's checksum is wanted.
        write_receipt(folder, ["model.safetensors"])
        return generation, folder
    folder = Path(options.weights).expanduser()
    generation = options.generation or detect_generation(folder)
    if find_weights(folder, generation) is None and folder.is_dir():
        files = [*folder.glob("*.safetensors"), *folder.glob("*.pth")]
        if len(files) == 1:
            return generation, files[0]
    return generation, folder


def detect_generation(folder: Path) -> Generation:
    """Return the generation of weights in a folder (or of one file), judged by their names.

    Both generations have the same architecture, so the tensors don't differ. In this order:
    a .pth of the release, the weights' name in config.json, the folder's own name; else generation 1.
    """
    if not folder.is_file():
        if not missing_files(folder, ["matanyone2.pth"]):
            return "2"
        if not missing_files(folder, ["matanyone.pth"]):
            return "1"
        named = str(read_config(folder).get("weights", "")).lower()
        if "matanyone" in named:
            return "2" if "matanyone2" in named else "1"
    name = folder.resolve().name.lower().replace("_", "").replace("-", "").replace(" ", "")
    return "2" if "matanyone2" in name else "1"


def _read_mask(path: Path) -> Mask:
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise SystemExit(f"{path} is no image")
    return mask > 0


def _ours(
    engine: MatAnyoneEngine,
    frames: FolderFrames,
    mask: Mask,
    options: argparse.Namespace,
    clock: Callable[[], float],
) -> tuple[np.ndarray, Cost]:
    width, height = frames.size_wh
    alphas = np.zeros((len(frames), height, width), np.float32)
    values = {
        name: getattr(options, name)
        for name in ("processing_size", "warmup", "dilate", "erode", "amp")
    }
    stream = engine.process(frames, {options.start: mask}, options.start, values, RunContext())
    _reset_peak()
    times = [clock()]
    for item in stream:
        times.append(clock())
        alphas[item.index] = item.alpha
    return alphas, _cost(times, 1, _peak_mb(options.device))


def _upstream(
    engine: MatAnyoneEngine,
    frames: FolderFrames,
    mask: Mask,
    options: argparse.Namespace,
    scratch: Path,
) -> tuple[np.ndarray, Cost]:
    """Upstream on the same weights: forwards, and on the reversed frames for those before `start`."""
    network = reference.random_network()
    network.load_state_dict(engine._loaded[1].module.state_dict())  # type: ignore[union-attr]
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    clip = list(frames.read(0, len(frames)))
    settings = {
        "n_warmup": options.warmup,
        "r_dilate": options.dilate,
        "r_erode": options.erode,
        "max_size": -1 if options.processing_size == "full" else int(options.processing_size),
    }
    _reset_peak()
    times = [clock()]
    run = reference.Run(options.amp, options.device, clock, times)
    forward = reference.process_video(
        network, clip[options.start :], mask, scratch / "forward", run, **settings
    )
    cost = _cost(times, 1 + options.warmup, _peak_mb(options.device))
    if options.start == 0:
        return forward, cost
    backward = reference.process_video(
        network, clip[options.start :: -1], mask, scratch / "backward", run, **settings
    )
    return np.concatenate([backward[:0:-1], forward]), cost


def _cost(times: list[float], first_steps: int, peak_mb: float) -> Cost:
    later = np.diff(times[first_steps:])
    return Cost(
        first_s=times[first_steps] - times[0],
        frame_s=statistics.median(later) if len(later) else 0.0,
        peak_mb=peak_mb,
    )


def _reset_peak() -> None:
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    # 5 resets the high-water mark of resident memory (proc(5), /proc/pid/clear_refs).
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb(device: str) -> float:
    import torch

    if device == "cuda":
        return float(torch.cuda.max_memory_allocated()) / 1e6
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) * 1024 / 1e6


def _rounded(cost: Cost) -> dict[str, float]:
    return {
        "first_s": round(cost.first_s, 2),
        "frame_s": round(cost.frame_s, 3),
        "peak_mb": round(cost.peak_mb),
    }
