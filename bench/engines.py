"""Seconds a frame and peak memory of every engine: `bench/engines.py [--engine NAME]… [--json]`.

Engines run through the registry on arrays, as in a job. Real weights are used where they are
installed. Where they are not, SAM 3, SAM 2.1 and VideoMaMa run on random weights: `--random tiny` (the
default; shows that everything works, its times mean nothing) or `--random full`, which builds SAM 3
and SAM 2.1 in their published size, so that times and memory are the real ones and masks are noise.

`--whole-job CLIP` times a whole job of `rvm` beside what bare ONNX Runtime and FFmpeg need; see bench/whole_job.py.
`--shared-targets` runs MatAnyone for one and for two targets instead; see bench/shared_targets.py.
`--against-upstream [--variants]` runs MatAnyone beside upstream's code instead; see bench/against_upstream.py.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config import Settings  # noqa: E402
from engines.base import ArrayFrames, Capability, RunContext  # noqa: E402
from engines.device.memory_probe import CudaProbe, MemoryProbe, RamProbe  # noqa: E402
from engines.device.placement import resolve_device  # noqa: E402
from engines.registry import build_registry  # noqa: E402
from utils.types import Point, Prompt  # noqa: E402

NAMES = ("builtin", "sam3", "sam2", "matanyone", "videomama")


@dataclass
class Row:
    """One engine at one size. Seconds are wall time, `cpu_s` processor time; memory in MB."""

    engine: str
    size: str
    weights: str
    device: str
    load_s: float = 0.0
    text_s: float | None = None
    text_cpu_s: float | None = None
    further_text_s: float | None = None
    further_text_cpu_s: float | None = None
    first_click_s: float | None = None
    first_click_cpu_s: float | None = None
    click_s: float | None = None
    click_cpu_s: float | None = None
    track_s_a_frame: float | None = None
    track_cpu_s_a_frame: float | None = None
    matte_s_a_frame: float | None = None
    matte_cpu_s_a_frame: float | None = None
    weights_mb: float = 0.0
    peak_mb: float = 0.0
    note: str = ""


@dataclass
class Clock:
    """Wall and processor seconds of a block."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        synchronise()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)
        return result


def synchronise() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def moving_object(
    size_wh: tuple[int, int], count: int, radius: float = 0.25
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames, uint8 RGB, of a light disc drifting over a texture, and its masks; `radius` is a share of the height."""
    width, height = size_wh
    rng = np.random.default_rng(0)
    small = rng.integers(20, 140, (height // 16 + 1, width // 16 + 1, 3))
    ground = np.kron(small, np.ones((16, 16, 1)))[:height, :width].astype(np.uint8)
    rows, columns = np.mgrid[:height, :width]
    frames, masks = [], []
    for index in range(count):
        x, y = width * (0.3 + 0.3 * index / count), height / 2
        mask = (columns - x) ** 2 + (rows - y) ** 2 < (radius * height) ** 2
        frames.append(np.where(mask[..., None], np.uint8([230, 170, 90]), ground))
        masks.append(mask)
    return frames, masks


@contextmanager
def installed_or_random(names: list[str], random: str) -> Iterator[tuple[Settings, dict[str, str]]]:
    """Settings under which the engines find weights, and what each one's weights are."""
    settings = Settings()
    registry = build_registry(settings)
    kinds = {name: "installed" for name in names if registry.get(name).is_available}
    with tempfile.TemporaryDirectory(prefix="splazmatte-bench-") as made:
        overrides: dict[str, Any] = {}
        for name in names:
            if name in kinds or name not in ("sam3", "sam2", "videomama"):
                continue
            if name == "videomama" and random == "full":
                continue
            try:
                overrides |= build_random(name, Path(made) / name, random)
            except ImportError as error:
                print(f"{name}: {error}", file=sys.stderr)
                continue
            kinds[name] = f"random {random}"
        yield Settings(**overrides), kinds


def build_random(name: str, folder: Path, random: str) -> dict[str, Any]:
    """Write random weights of a tiny or the published size; returns the settings that find them."""
    from tests.engines import tiny_sam3

    if name == "videomama":
        from tests.engines.tiny_videomama import UNET_FOLDER, VAE_FOLDER, build_tiny_videomama

        build_tiny_videomama(folder)
        return {
            "videomama_model": str(folder / UNET_FOLDER),
            "svd_vae_model": str(folder / VAE_FOLDER),
            "allow_slow_cpu": True,
        }
    if random == "full":
        build = {"sam3": tiny_sam3.build_full_sam3, "sam2": tiny_sam3.build_full_sam2}[name]
    else:
        build = {"sam3": tiny_sam3.build_tiny_sam3, "sam2": tiny_sam3.build_tiny_sam2}[name]
    return {f"{name}_model": str(build(folder))}


def measure(engine: Any, size_wh: tuple[int, int], count: int, device: str, kind: str) -> Row:
    """Load the engine, use everything it can do, unload it."""
    probe: MemoryProbe = CudaProbe() if device == "cuda" else RamProbe()
    row = Row(engine.name, f"{size_wh[0]}x{size_wh[1]}", kind, device)
    gc.collect()
    probe.release()
    before = probe.allocated_bytes()
    probe.reset_peak()
    load = Clock()
    load.time(lambda: engine.load_model(device))
    row.load_s = load.wall[0]
    row.weights_mb = engine.weight_bytes / 1e6
    frames, masks = moving_object(size_wh, count)
    try:
        if hasattr(engine, "open_image"):
            measure_prompts(engine, frames[0], masks[0], row)
        if Capability.TRACK in engine.capabilities:
            row.track_s_a_frame, row.track_cpu_s_a_frame = a_frame(
                lambda n: engine.track_video(
                    ArrayFrames(frames[:n]), {0: {1: masks[0]}}, 0, RunContext()
                ),
                count,
            )
        if Capability.MATTE in engine.capabilities:
            row.matte_s_a_frame, row.matte_cpu_s_a_frame = a_frame(
                lambda n: engine.process(
                    ArrayFrames(frames[:n]), dict(enumerate(masks[:n])), 0, {}, RunContext()
                ),
                count,
            )
        row.peak_mb = max(0, probe.peak_bytes() - before) / 1e6
    finally:
        engine.unload()
    return row


def measure_prompts(engine: Any, frame: np.ndarray, mask: np.ndarray, row: Row) -> None:
    """Time the first and further prompts on one image: the first of all encodes it."""
    rows, columns = np.nonzero(mask)
    centre = Point(float(columns.mean()), float(rows.mean()))
    opened = engine.open_image(frame)
    if Capability.TEXT in engine.capabilities:
        clock = Clock()
        for text in ("person", "red car", "dog"):
            clock.time(lambda text=text: opened.segment(Prompt(text=text)))
        row.text_s, row.further_text_s = clock.wall[0], statistics.median(clock.wall[1:])
        row.text_cpu_s, row.further_text_cpu_s = clock.cpu[0], statistics.median(clock.cpu[1:])
    clock = Clock()
    points: tuple[Point, ...] = ()
    for offset in (0.0, 3.0, 6.0, 9.0):
        points = (*points, Point(centre.x + offset, centre.y))
        clock.time(lambda points=points: opened.segment(Prompt(points=points)))
    row.first_click_s, row.click_s = clock.wall[0], statistics.median(clock.wall[1:])
    row.first_click_cpu_s, row.click_cpu_s = clock.cpu[0], statistics.median(clock.cpu[1:])


def a_frame(start: Callable[[int], Iterator[Any]], count: int) -> tuple[float, float]:
    """Return mean wall and processor seconds a frame, after a run of one frame to warm up (of more).

    The mean over the whole run: engines that work in windows give several frames at once.
    """
    if count > 1:
        for _ in start(1):
            pass
    clock = Clock()
    clock.time(lambda: [None for _ in start(count)])
    return clock.wall[0] / count, clock.cpu[0] / count


def print_table(rows: list[Row]) -> None:
    head = (
        f"{'engine':10} {'size':>10} {'weights':12} {'dev':5} {'load':>6} {'text':>7} {'text+':>7} "
        f"{'click':>7} {'click+':>7} {'track/f':>8} {'matte/f':>8} {'weights':>8} {'peak':>8}"
    )
    print(head)
    print("-" * len(head))
    for row in rows:
        if row.note:
            print(f"{row.engine:10} {row.size:>10} {row.note}")
            continue
        times = (row.text_s, row.further_text_s, row.first_click_s, row.click_s)
        cells = " ".join(f"{'-' if s is None else f'{s:.3f}':>7}" for s in times)
        frames = " ".join(
            f"{'-' if s is None else f'{s:.3f}':>8}"
            for s in (row.track_s_a_frame, row.matte_s_a_frame)
        )
        print(
            f"{row.engine:10} {row.size:>10} {row.weights:12} {row.device:5} {row.load_s:6.1f} {cells} "
            f"{frames} {row.weights_mb:7.0f}M {row.peak_mb:7.0f}M"
        )
    print("Seconds; text+ and click+ are further prompts on the same image; /f is a frame.")


def against_upstream(sizes: list[Any], device: str, options: argparse.Namespace) -> int:
    """Print MatAnyone's comparison with upstream for each size."""
    from bench.against_upstream import FILL_FRAMES, compare_matanyone, reference

    if reference.missing_reason():
        print(reference.missing_reason(), file=sys.stderr)
        return 2
    found: dict[str, Any] = {}
    for size in sizes:
        frames, masks = moving_object(size, 1 + FILL_FRAMES + options.frames, options.radius)
        rows = compare_matanyone(frames, masks, device, options.variants)
        found[f"{size[0]}x{size[1]}"] = [asdict(row) for row in rows]
        if options.json:
            continue
        print(f"{machine(device)}, {size[0]}x{size[1]}, {options.frames} frames")
        for row in rows:
            differences = (row.max_difference, row.mean_difference)
            cells = " ".join(
                f"{'-' if value is None else f'{value:.1e}':>9}" for value in differences
            )
            memory = "" if row.peak_bytes is None else f" {row.peak_bytes / 1e6:8.0f} MB"
            print(
                f"{row.variant:28} {row.seconds_a_frame:8.4f} s {row.ratio:6.2f} x {cells}{memory}"
            )
    if options.json:
        print(json.dumps({"machine": machine(device), "against_upstream": found}))
    return 0


def shared_targets(sizes: list[Any], device: str, count: int) -> int:
    """Print what two targets cost beside one for each size."""
    from bench.shared_targets import FILL_FRAMES, compare_targets

    found = {}
    for size in sizes:
        frames, masks = moving_object(size, 1 + 5 * FILL_FRAMES + count)
        found[f"{size[0]}x{size[1]}"] = asdict(compare_targets(frames, masks, device))
    print(json.dumps({"machine": machine(device), "load": os.getloadavg(), "targets": found}))
    return 0


def machine(device: str) -> str:
    name = platform.processor() or platform.machine()
    if device == "cuda":
        import torch

        name = torch.cuda.get_device_name()
    return f"{name}, Python {platform.python_version()}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench/engines.py", description=__doc__)
    parser.add_argument("--engine", action="append", choices=NAMES, help="default: all")
    parser.add_argument("--size", action="append", help="WIDTHxHEIGHT; default 640x360")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--random", choices=("tiny", "full"), default="tiny")
    parser.add_argument("--threads", type=int, default=0, help="torch threads; 0 leaves them")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--whole-job", type=Path, metavar="CLIP")
    parser.add_argument("--against-upstream", action="store_true")
    parser.add_argument("--shared-targets", action="store_true")
    parser.add_argument(
        "--radius",
        type=float,
        default=0.25,
        help="with --against-upstream: of the disc, in heights",
    )
    parser.add_argument("--variants", action="store_true", help="also what was tried and not taken")
    options = parser.parse_args(arguments)
    names = options.engine or list(NAMES)
    sizes = [tuple(int(side) for side in size.split("x")) for size in options.size or ["640x360"]]
    device = resolve_device(options.device)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    if options.whole_job:
        from bench.whole_job import compare

        print(json.dumps(compare(options.whole_job, options.frames, 2, "auto"), indent=1))
        return 0
    if options.shared_targets:
        return shared_targets(sizes, device, options.frames)
    if options.against_upstream:
        return against_upstream(sizes, device, options)
    rows: list[Row] = []
    with installed_or_random(names, options.random) as (settings, kinds):
        registry = build_registry(settings)
        for name in names:
            engine = registry.get(name)
            for size in sizes:
                if name not in kinds:
                    missing = [r.command for r in engine.requirements() if not r.present]
                    note = (
                        f"not here; {missing[0] if missing else 'no random weights of this size'}"
                    )
                    rows.append(Row(name, f"{size[0]}x{size[1]}", "-", device, note=note))
                    continue
                where = "cpu" if name == "builtin" else device
                rows.append(measure(engine, size, options.frames, where, kinds[name]))
    if options.json:
        print(json.dumps({"machine": machine(device), "rows": [asdict(row) for row in rows]}))
    else:
        print(machine(device))
        print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
